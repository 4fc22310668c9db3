"""Xia's Fig. 7 on a chain: a merchant who is honest below credit 7.5 and cheats at or above it (X-10)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

from eth_abi.abi import encode

from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.chain import artifacts
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import InternalFault
from energy_trading.market.log.replay import Change, changes_in
from energy_trading.rules import credit
from energy_trading.rules.credit import E9
from energy_trading.rules.credit_as_printed import Reading, seller_credits
from energy_trading.types import (
    ZERO_ADDRESS,
    AccountAttestation,
    Cause,
    Domain,
    LedgerParameters,
    Outcome,
    Role,
    Settlement,
    to_abi,
)

TRADES: Final = 200
HONEST_Z: Final = 10
FRAUD_Z: Final = 20
THRESHOLD_E9: Final = 75 * E9 // 10

GENESIS: Final = 1_614_556_800  # 2021-03-01 00:00 UTC
_LIFT_Z: Final = 255

#: The paper has no floor and starts at 1, while an account begins at the floor. So the floor lies just below
#: what the merchant ever falls to, and one sale of z = 255 lifts the new account from it to 1 exactly.
PARAMETERS: Final = replace(
    DEFAULT_CREDIT,
    k1_e9=E9,
    k2_e9=E9,
    z0=200,
    window=10,
    z_unit=1,
    floor_e9=640_845_071,
    ceiling_e9=1000 * E9,
    grace_defaults=100,  # no ban: the paper's merchant trades on
)


class Disagreement(InternalFault):
    """Contract and reference do not have the same standing after the same trade: a bug in one of them."""


@dataclass(frozen=True)
class Fig7Trade:
    """One trade of the merchant on the chain.

    Args:
        z: its size.
        fraud: whether the merchant cheated.
        before_e9: credit before, scale 1e9.
        after_e9: credit after, scale 1e9.
    """

    z: int
    fraud: bool
    before_e9: int
    after_e9: int


@dataclass(frozen=True)
class Fig7Result:
    """What the merchant did and where the files are.

    Args:
        trades: as the ledger recorded them, counted from 0.
        float_frauds: trades at which the frauds fall in floats, z0 in the denominator.
        printed_frauds: the same with z0 as printed.
        printed_credits: credit after each trade with z0 as printed.
        csv: every trade in all three versions.
        figure: PNG.
    """

    trades: tuple[Fig7Trade, ...]
    float_frauds: tuple[int, ...]
    printed_frauds: tuple[int, ...]
    printed_credits: tuple[float, ...]
    csv: Path
    figure: Path

    @property
    def frauds(self) -> tuple[int, ...]:
        """Trades at which the merchant cheated, counted from 0."""
        return tuple(i for i, trade in enumerate(self.trades) if trade.fraud)

    @property
    def kept_e9(self) -> tuple[int, ...]:
        """Share of the credit that each fraud left, scale 1e9, rounded down."""
        return tuple(trade.after_e9 * E9 // trade.before_e9 for trade in self.trades if trade.fraud)

    @property
    def honest_between(self) -> tuple[int, ...]:
        """Honest trades that each fraud but the last cost until the next one."""
        return tuple(b - a - 1 for a, b in pairwise(self.frauds))

    def lines(self) -> list[str]:
        """Say what was found: the frauds as one list, then one paragraph."""
        kept = ", ".join(f"{share / E9:.3f}" for share in self.kept_e9)
        between = ", ".join(str(n) for n in self.honest_between)
        printed = ", ".join(str(i) for i in self.printed_frauds[:5])
        return [
            "frauds at trades (counted from 0):",
            ",".join(str(i) for i in self.frauds),
            f"With z0 in the denominator the figure's course comes out: {len(self.frauds)} frauds in"
            f" {len(self.trades)} trades, each fall steeper than the last (share of the credit kept: {kept}),"
            f" and each way back longer (honest trades between frauds: {between}). Contract and integer"
            " reference agree at every trade, and floats put the frauds at the same trades. With z0 beside"
            " the fraction, as eqs 1 and 2 print it, the first honest trade multiplies the credit by"
            f" {self.printed_credits[0]:.0f}, one with a full window by 201, so a single one leads from 1"
            f" past 7.5 (frauds at {printed} …) and the figure cannot be had. The paper gives no numbers for"
            " its figure, so course and order are all there is to compare; it has no floor, and none is"
            " touched here.",
        ]


def reproduce_fig7(out: Path, say: Callable[[str], None] = print) -> Fig7Result:
    """Run the merchant on a chain, in the reference and in floats; write figure and table.

    Args:
        out: folder for fig7.png and fig7.csv, made if missing.
        say: told the result, line by line.

    Returns:
        The result.

    Raises:
        Disagreement: contract and reference differ after a trade.

    Source:
        X-10; Xia §4.2 and Fig. 7.
    """
    trades = run_on_chain()
    floats = {reading: _in_floats(reading) for reading in ("denominator", "printed")}
    out.mkdir(parents=True, exist_ok=True)
    result = Fig7Result(
        trades,
        _frauds(floats["denominator"]),
        _frauds(floats["printed"]),
        tuple(value for value, _ in floats["printed"]),
        out / "fig7.csv",
        out / "fig7.png",
    )
    _write_csv(result, floats["denominator"])
    _draw(result)
    for line in result.lines():
        say(line)
    return result


def run_on_chain() -> tuple[Fig7Trade, ...]:
    """Let the merchant trade on an EnergyLedger whose market is a key of ours.

    Returns:
        The trades, each already compared with the reference.

    Raises:
        Disagreement: contract and reference differ after a trade.
    """
    market, pkg, treasury, merchant, customer = (SecretKey.from_int(7000 + i) for i in range(5))
    chain = in_process(accounts=[market, pkg], genesis_time=GENESIS)
    parameters = LedgerParameters(
        ZERO_ADDRESS,
        1,
        market.address,
        pkg.address,
        treasury.address,
        [market.address],
        86_400,
        PARAMETERS,
    )
    code = artifacts.load(EnergyLedger.name).bytecode
    code += encode(EnergyLedger.constructor_types, [to_abi(parameters)])
    ledger = EnergyLedger(chain, chain.deploy(code, market)[0])
    domain = Domain("EnergyLedger", chain.chain_id, ledger.address)
    for account in (merchant.address, customer.address):
        a = AccountAttestation(account, Role.PROSUMER, b"\0" * 32, b"", chain.now() + 3600)
        digest = domain.digest(a)
        ledger.open_account(a, pkg.sign_digest(digest)).send(market)

    standing = credit.new_standing(PARAMETERS)

    def settle(z: int, fraud: bool) -> Change:
        nonlocal standing
        outcome = Outcome.SELLER_DEFAULT if fraud else Outcome.DELIVERED
        call = ledger.settle(Settlement(merchant.address, 0, 0, customer.address, 0, outcome, z, 0))
        sent = call.send(market)
        changes = [change for event in sent.events for change in changes_in(event)]
        (change,) = (c for c in changes if c.cause in (Cause.SOLD, Cause.SELLER_DEFAULT))
        if fraud:
            standing = credit.seller_default(standing, z, chain.now(), PARAMETERS)
        else:
            standing = credit.sold(standing, z, PARAMETERS)
        view = ledger.account_of(merchant.address)
        on_chain = replace(
            standing,
            seller_credit_e9=view.seller_credit_e9,
            sales=view.sales,
            defaults=view.defaults,
            banned_until=view.banned_until,
        )
        if on_chain != standing or change.new_e9 != standing.seller_credit_e9:
            raise Disagreement(f"merchant: the ledger has {on_chain}, the reference {standing}")
        return change

    settle(_LIFT_Z, False)
    for _ in range(credit.WINDOW_LENGTH):
        settle(0, False)  # moves no credit and empties the window
    trades = []
    for _ in range(TRADES):
        z, fraud = _conduct(standing.seller_credit_e9 >= THRESHOLD_E9)
        change = settle(z, fraud)
        trades.append(Fig7Trade(z, fraud, change.old_e9, change.new_e9))
    return tuple(trades)


def _conduct(tempted: bool) -> tuple[int, bool]:
    return (FRAUD_Z, True) if tempted else (HONEST_Z, False)


def _in_floats(reading: Reading) -> list[tuple[float, bool]]:
    return list(islice(seller_credits(lambda r: _conduct(r >= THRESHOLD_E9 / E9), reading), TRADES))


def _frauds(run: Sequence[tuple[float, bool]]) -> tuple[int, ...]:
    return tuple(i for i, (_, fraud) in enumerate(run) if fraud)


def _write_csv(result: Fig7Result, meant: Sequence[tuple[float, bool]]) -> None:
    with result.csv.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            ("trade", "z", "fraud", "credit_e9", "credit_float", "fraud_as_printed", "credit_as_printed")
        )
        for i, trade in enumerate(result.trades):
            table.writerow(
                (
                    i,
                    trade.z,
                    int(trade.fraud),
                    trade.after_e9,
                    f"{meant[i][0]:.9f}",
                    int(i in result.printed_frauds),
                    f"{result.printed_credits[i]:.9g}",
                )
            )


def _draw(result: Fig7Result) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.plot([t.after_e9 / E9 for t in result.trades], color="tab:blue")
    above.plot(
        result.frauds,
        [result.trades[i].after_e9 / E9 for i in result.frauds],
        "o",
        color="tab:red",
        label="fraud (z = 20)",
    )
    above.axhline(THRESHOLD_E9 / E9, color="grey", linestyle=":", label="cheats from 7.5 on")
    above.set_title("z0 in the denominator (contract and reference)")
    above.set_ylabel("seller credit")
    above.legend(loc="upper left")
    below.plot(result.printed_credits, color="tab:orange")
    below.set_yscale("log")
    below.set_title("z0 beside the fraction, as printed (floats)")
    below.set_ylabel("seller credit")
    below.set_xlabel("trade, counted from 0")
    figure.savefig(result.figure, dpi=150, metadata={"Software": None})
