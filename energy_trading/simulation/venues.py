"""Where a market can be: in contracts on a chain, or in the rules, in memory. Both are called alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Any, Protocol

from energy_trading.bindings import Suite, SuiteParameters
from energy_trading.bindings.contract import Call, ContractRevert, error_named, send_all
from energy_trading.bindings.suite import PARTS, desk_of
from energy_trading.crypto.keys import SecretKey
from energy_trading.rules.auction import Auctions
from energy_trading.rules.context import Context
from energy_trading.rules.council import Council
from energy_trading.rules.desk import RelayDesk
from energy_trading.rules.ledger import Ledger, Refused, Token
from energy_trading.rules.lot import Lots
from energy_trading.rules.signers import Signers, is_p256
from energy_trading.rules.slots import SlotMarket
from energy_trading.rules.trade import Market
from energy_trading.types import Domain
from energy_trading.types._keccak import keccak


@dataclass(frozen=True)
class Step:
    """A verb with its caller and arguments, to be taken with others.

    Args:
        caller: who calls.
        method: of the binding or of the rules.
        arguments: of the verb.
        value: native coin that goes along, in wei.
    """

    caller: SecretKey
    method: Callable[..., Any]
    arguments: tuple[Any, ...]
    value: int = 0

    def call(self) -> Call[Any]:
        """Return the verb as a call of its contract."""
        extra = {"value": self.value} if self.value else {}
        call: Call[Any] = self.method(*self.arguments, **extra)
        return call


class Part:
    """A part of a venue, with the verbs and views of its contract's binding, under the same names.

    A verb takes the key of its caller first: `market.make_offer(caller, terms)`. One that takes native coin
    takes it as `value`, in wei. A view takes no caller: `market.state_of(trade_id)`. A refusal is raised as
    the binding's `ContractRevert` of that error, whatever the venue.

    Args:
        target: what has the verbs and views.
        take: takes a step.
        look: asks a view.
    """

    def __init__(
        self,
        target: object,
        take: Callable[[Step], Any],
        look: Callable[[Callable[..., Any], tuple[Any, ...]], Any],
    ) -> None:
        self._target = target
        self._take = take
        self._look = look

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a verb or a view."""
        method = getattr(self._target, name)

        def do(*arguments: Any, value: int = 0) -> Any:
            if arguments and isinstance(arguments[0], SecretKey):
                return self._take(Step(arguments[0], method, arguments[1:], value))
            return self._look(method, arguments)

        return do

    def step(self, name: str, caller: SecretKey, *arguments: Any, value: int = 0) -> Step:
        """Return a verb as a step for `together`."""
        return Step(caller, getattr(self._target, name), arguments, value)


class Venue(Protocol):
    """A market that people can call: its accounts, trades, auctions, lots and slots, and its clock."""

    ledger: Part
    market: Part
    desk: Part
    auction: Part
    lots: Part
    slots: Part
    slot_disputes: Part
    council: Part

    @property
    def now(self) -> int:
        """Unix time, in seconds."""
        ...

    def together(self, steps: Sequence[Step], at: int) -> list[Any]:
        """Take steps none of which depends on another, in one block if it has room.

        Args:
            steps: in their order.
            at: unix seconds of the block; a second after the last block if that is later.

        Returns:
            For each what its verb returns, or the `ContractRevert` by which it was refused.
        """
        ...


class OnChain:
    """A market in contracts. A verb sends a transaction and returns it as `Sent`."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        part = self._part
        self.ledger, self.market, self.desk = part(suite.ledger), part(suite.market), part(suite.desk)
        self.auction, self.lots, self.slots = part(suite.auction), part(suite.lots), part(suite.slots)
        self.slot_disputes, self.council = part(suite.slot_disputes), part(suite.council)

    @property
    def now(self) -> int:
        """Time of the last block, unix seconds."""
        return self.suite.chain.now()

    def together(self, steps: Sequence[Step], at: int) -> list[Any]:
        """Send transactions together; see `Venue.together`. What succeeds is returned as `Sent`."""
        if not steps:
            return []
        self.suite.chain.set_next_time(max(at, self.now + 1))
        return send_all([(step.call(), step.caller) for step in steps])

    def _part(self, contract: object) -> Part:
        return Part(contract, self._send, lambda method, arguments: method(*arguments))

    @staticmethod
    def _send(step: Step) -> Any:
        return step.call().send(step.caller)


@dataclass(frozen=True)
class Rules:
    """The rules of one market, which call each other as its contracts do."""

    ledger: Ledger
    market: Market
    desk: RelayDesk
    auction: Auctions
    lots: Lots
    slots: SlotMarket
    council: Council

    @classmethod
    def of(
        cls,
        parameters: SuiteParameters,
        chain_id: int,
        addresses: Mapping[str, str],
        token: Token | None = None,
        now: int = 0,
    ) -> Rules:
        """Return the rules of a market that begins.

        Args:
            parameters: what is fixed when it begins.
            chain_id: chain that signatures are for.
            addresses: where each of `bindings.suite.PARTS` is, by name; signatures are for these, too.
            token: what it settles in; None: the native coin.
            now: time of the deployment, unix seconds, at which the slot market's first slot is under way.

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
        council = Council(fixed["VerifierCouncil"], domains["VerifierCouncil"], ledger)
        slots = SlotMarket(fixed["SlotMarket"], domains["SlotMarket"], ledger, council, now)
        return cls(ledger, market, desk, auction, lots, slots, council)


class InMemory:
    """A market in the rules. A verb returns what its rule returns; there are no transactions and no events.

    The hash of a block is that of its number, as on revm.

    Args:
        rules: of the market.
        now: unix seconds; set it to let time pass.
    """

    def __init__(self, rules: Rules, now: int) -> None:
        self.rules = rules
        self.now = now
        self._block = len(PARTS)  # as if each contract had taken a block
        part = self._part
        self.ledger, self.market, self.desk = part(rules.ledger), part(rules.market), part(rules.desk)
        self.auction, self.lots, self.slots = part(rules.auction), part(rules.lots), part(rules.slots)
        self.slot_disputes, self.council = self.slots, part(rules.council)

    def together(self, steps: Sequence[Step], at: int) -> list[Any]:
        """Take steps at one time; see `Venue.together`."""
        if not steps:
            return []
        self.now = max(at, self.now + 1)
        found: list[Any] = []
        self._block += 1
        for step in steps:
            try:
                found.append(self._do(step))
            except ContractRevert as error:
                found.append(error)
        return found

    def _part(self, rules: object) -> Part:
        return Part(rules, self._take, self._look)

    def _take(self, step: Step) -> Any:
        self._block += 1
        return self._do(step)

    def _do(self, step: Step) -> Any:
        named = _named(step.method)
        extra = (self._block,) if "block" in named else ()
        hashes = (_block_hash,) if "block_hash" in named else ()
        try:
            context = Context(step.caller.address, self.now, step.value)
            return step.method(context, *extra, *hashes, *step.arguments)
        except Refused as error:
            raise error_named(error.rule)(*error.values) from None

    def _look(self, method: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        timed = {"now": self.now} if "now" in _named(method) else {}
        return method(*arguments, **timed)


def _block_hash(number: int) -> bytes:
    return keccak(str(number).encode())


def _named(method: Callable[..., Any]) -> frozenset[str]:
    return _parameters(getattr(method, "__func__", method))


@cache
def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(signature(function).parameters)
