"""Where a market can be: in contracts on a chain, or in the rules, in memory. Both are called alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, Protocol

from energy_trading.bindings import Suite, SuiteParameters
from energy_trading.bindings.contract import error_named
from energy_trading.bindings.suite import PARTS, desk_of
from energy_trading.crypto.keys import SecretKey
from energy_trading.rules.auction import Auctions
from energy_trading.rules.context import Context
from energy_trading.rules.desk import RelayDesk
from energy_trading.rules.ledger import Ledger, Refused, Token
from energy_trading.rules.lot import Lots
from energy_trading.rules.signers import Signers, is_p256
from energy_trading.rules.trade import Market
from energy_trading.types import Domain


class Part:
    """A part of a venue, with the verbs and views of its contract's binding, under the same names.

    A verb takes the key of its caller first: `market.make_offer(caller, terms)`. One that takes native coin
    takes it as `value`, in wei. A view takes no caller: `market.state_of(trade_id)`. A refusal is raised as
    the binding's `ContractRevert` of that error, whatever the venue.

    Args:
        target: what has the verbs and views.
        call: calls one of them; its caller is None for a view.
    """

    def __init__(
        self,
        target: object,
        call: Callable[[Callable[..., Any], SecretKey | None, tuple[Any, ...], int], Any],
    ) -> None:
        self._target = target
        self._call = call

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a verb or a view."""
        method = getattr(self._target, name)

        def do(*arguments: Any, value: int = 0) -> Any:
            if arguments and isinstance(arguments[0], SecretKey):
                return self._call(method, arguments[0], arguments[1:], value)
            return self._call(method, None, arguments, 0)

        return do


class Venue(Protocol):
    """A market that people can call: its accounts, trades, auctions and lots, and its clock."""

    ledger: Part
    market: Part
    desk: Part
    auction: Part
    lots: Part

    @property
    def now(self) -> int:
        """Unix time, in seconds."""
        ...


class OnChain:
    """A market in contracts. A verb sends a transaction and returns it as `Sent`."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        contracts = suite.ledger, suite.market, suite.desk, suite.auction, suite.lots
        parts = (Part(contract, self._send) for contract in contracts)
        self.ledger, self.market, self.desk, self.auction, self.lots = parts

    @property
    def now(self) -> int:
        """Time of the last block, unix seconds."""
        return self.suite.chain.now()

    @staticmethod
    def _send(method: Callable[..., Any], caller: SecretKey | None, arguments: Any, value: int) -> Any:
        if caller is None:
            return method(*arguments)
        call = method(*arguments, value=value) if value else method(*arguments)
        return call.send(caller)


@dataclass(frozen=True)
class Rules:
    """The rules of one market, which call each other as its contracts do."""

    ledger: Ledger
    market: Market
    desk: RelayDesk
    auction: Auctions
    lots: Lots

    @classmethod
    def of(
        cls,
        parameters: SuiteParameters,
        chain_id: int,
        addresses: Mapping[str, str],
        token: Token | None = None,
    ) -> Rules:
        """Return the rules of a market that begins.

        Args:
            parameters: what is fixed when it begins.
            chain_id: chain that signatures are for.
            addresses: where each of `bindings.suite.PARTS` is, by name; signatures are for these, too.
            token: what it settles in; None: the native coin.

        Raises:
            BadInput: a constant of the credit model is out of its range.
        """
        fixed: dict[str, Any] = {x.name: x.argument(parameters, addresses) for x in PARTS if x.argument}
        domains = {name: Domain(name, chain_id, address) for name, address in addresses.items()}
        signers = Signers(verifiers={addresses["P256Verifier"]: is_p256})
        ledger = Ledger(fixed["EnergyLedger"], domains["EnergyLedger"], token, signers)
        market = Market(fixed["OfferMarket"], domains["OfferMarket"], ledger)
        desk = RelayDesk(Domain("RelayDesk", chain_id, desk_of(addresses["OfferMarket"])), market)
        auction = Auctions(fixed["SealedBidAuction"], domains["SealedBidAuction"], market)
        lots = Lots(fixed["EnergyLot"], domains["EnergyLot"], market)
        return cls(ledger, market, desk, auction, lots)


class InMemory:
    """A market in the rules. A verb returns what its rule returns; there are no transactions and no events.

    Args:
        rules: of the market.
        now: unix seconds; set it to let time pass.
    """

    def __init__(self, rules: Rules, now: int) -> None:
        self.rules = rules
        self.now = now
        kept = rules.ledger, rules.market, rules.desk, rules.auction, rules.lots
        parts = (Part(part, self._follow) for part in kept)
        self.ledger, self.market, self.desk, self.auction, self.lots = parts

    def _follow(
        self, method: Callable[..., Any], caller: SecretKey | None, arguments: Any, value: int
    ) -> Any:
        if caller is None:
            timed = {"now": self.now} if "now" in signature(method).parameters else {}
            return method(*arguments, **timed)
        try:
            return method(Context(caller.address, self.now, value), *arguments)
        except Refused as error:
            raise error_named(error.rule)(*error.values) from None
