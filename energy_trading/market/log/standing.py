"""An account's standing in words: what it is now, and what made it so."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from eth_utils.address import is_address, to_checksum_address

from energy_trading.bindings.suite import Suite
from energy_trading.errors import BadInput
from energy_trading.market.log.fold import fold
from energy_trading.market.log.records import CreditRecord
from energy_trading.rules.credit import window_of
from energy_trading.types import Cause

_WORDS: Final = {
    Cause.SOLD: ("sold", "seller"),
    Cause.BOUGHT: ("bought", "buyer"),
    Cause.SELLER_DEFAULT: ("did not deliver", "seller"),
    Cause.BUYER_DEFAULT: ("did not pay", "buyer"),
    Cause.WITHDRAWN: ("withdrew an offer", "seller"),
}


@dataclass(frozen=True)
class StandingChange:
    """One change of a credit.

    Args:
        time: unix seconds of its block.
        cause: reason for the change.
        old_e9: credit before, scale 1e9.
        new_e9: credit after, scale 1e9.
        z: size of the trade in z units; 0 for a withdrawal.
        defaults: defaults on record after it, if it was one; otherwise None.
        banned_until: unix seconds, if it was a default; 0 means that there is no ban.
    """

    time: int
    cause: Cause
    old_e9: int
    new_e9: int
    z: int
    defaults: int | None = None
    banned_until: int | None = None

    def line(self) -> str:
        """Describe the change in one line."""
        what, whose = _WORDS[self.cause]
        size = "" if self.cause == Cause.WITHDRAWN else f", z = {self.z}"
        credits = f"{whose} credit {_credit(self.old_e9)} → {_credit(self.new_e9)}"
        text = f"{_date(self.time)}  {what}{size}: {credits}"
        if self.defaults is None:
            return text
        ban = f"banned until {_date(self.banned_until)}" if self.banned_until else "no ban"
        return f"{text}; default number {self.defaults}, {ban}"


@dataclass(frozen=True)
class StandingReport:
    """An account's standing at one time.

    Args:
        account: EIP-55 address.
        time: unix seconds of the block in which it was read.
        suspended: whether the distribution system operator (DSO) keeps it from new commitments.
        seller_credit_e9: scale 1e9.
        buyer_credit_e9: scale 1e9.
        defaults: number of defaults on record.
        banned_until: unix seconds; 0 if the account was never banned.
        held: guarantees held, in units of account.
        open_limit: guarantees that may be held at once, in units of account.
        sales: z of the last ten sales, newest first; 0 where there was none.
        purchases: z of the last ten purchases, likewise.
        changes: the last changes, oldest first.
        earlier: number of changes before those.
    """

    account: str
    time: int
    suspended: bool
    seller_credit_e9: int
    buyer_credit_e9: int
    defaults: int
    banned_until: int
    held: int
    open_limit: int
    sales: tuple[int, ...]
    purchases: tuple[int, ...]
    changes: tuple[StandingChange, ...]
    earlier: int

    @property
    def banned(self) -> bool:
        """Whether new commitments are refused because of the ban date (X-3)."""
        return self.time < self.banned_until

    def to_dict(self) -> dict[str, Any]:
        """Return an object for `json.dumps`, with causes by name."""
        return {
            **asdict(self),
            "banned": self.banned,
            "sales": list(self.sales),
            "purchases": list(self.purchases),
            "changes": [{**asdict(c), "cause": c.cause.name.lower()} for c in self.changes],
        }

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        ban = f"until {_date(self.banned_until)}" if self.banned_until else "never"
        if self.banned_until and not self.banned:
            ban += " (over)"
        lines = [
            f"account        {self.account}",
            f"at             {_date(self.time)}",
            f"seller credit  {_credit(self.seller_credit_e9)}",
            f"buyer credit   {_credit(self.buyer_credit_e9)}",
            f"guarantees     {self.held} of {self.open_limit} units held",
            f"defaults       {self.defaults}",
            f"banned         {ban}",
            f"suspended      {'yes' if self.suspended else 'no'}",
        ]
        if self.earlier:
            lines.append(f"({self.earlier} earlier changes)")
        return lines + [change.line() for change in self.changes]


def standing_of(suite: Suite, account: str, last: int = 10, from_block: int = 0) -> StandingReport:
    """Read an account's standing and its last changes.

    Args:
        suite: the market.
        account: address.
        last: number of changes to report, 0 or more.
        from_block: first block whose log is read; the block of the market's deployment is early enough.

    Returns:
        The report, to be shown by `lines` or `to_dict`.

    Raises:
        BadInput: there is no such account, or the number of changes is negative.

    Source:
        X-1 … X-4; every change is in the ledger's log with its cause, its old value and its new value.
    """
    if not is_address(account):
        raise BadInput(f"the account must be an address, not {account!r}")
    if last < 0:
        raise BadInput(f"the number of changes must be 0 or more, not {last}")
    account = to_checksum_address(account)
    view = suite.ledger.account_of(account)
    if not view.open:
        raise BadInput(f"the account {account} is not open on the ledger {suite.ledger.address}")
    changes = fold(suite.ledger.events(from_block)).credits.get(account, [])
    shown = changes[max(len(changes) - last, 0) :]
    return StandingReport(
        account=account,
        time=suite.chain.now(),
        suspended=view.suspended,
        seller_credit_e9=view.seller_credit_e9,
        buyer_credit_e9=view.buyer_credit_e9,
        defaults=view.defaults,
        banned_until=view.banned_until,
        held=view.held,
        open_limit=suite.ledger.open_limit(view.seller_credit_e9),
        sales=window_of(view.sales),
        purchases=window_of(view.purchases),
        changes=tuple(_dated(suite, record) for record in shown),
        earlier=len(changes) - len(shown),
    )


def _dated(suite: Suite, record: CreditRecord) -> StandingChange:
    change, default = record.change, record.default
    return StandingChange(
        int(suite.chain.web3.eth.get_block(record.block)["timestamp"]),
        change.cause,
        change.old_e9,
        change.new_e9,
        change.z,
        default.defaults if default else None,
        default.banned_until if default else None,
    )


def _credit(e9: int) -> str:
    """Write a credit with three decimals, rounded down."""
    return f"{e9 // 10**9}.{e9 % 10**9 // 10**6:03}"


def _date(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")
