"""Settles the slots of a scenario at a venue with contracts: signed trades, and slots that are posted."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np

from energy_trading.bindings.contract import ContractRevert
from energy_trading.bindings.suite import DEFAULT_CREDIT, SlotSettings
from energy_trading.errors import BadInput, InternalFault
from energy_trading.market.slots.clearing import PoolPrice
from energy_trading.simulation.designs.bilateral import Offers, PayAsBid
from energy_trading.simulation.designs.design import Design
from energy_trading.simulation.designs.pools import MidRatePool
from energy_trading.simulation.designs.sealed import SealedGsp
from energy_trading.simulation.designs.tariffs import GridOnly
from energy_trading.simulation.engines import opened
from energy_trading.simulation.orders import Integers
from energy_trading.simulation.scenario.disturbances import Reorganisations, Withdrawals
from energy_trading.simulation.scenario.scenario import Scenario
from energy_trading.simulation.settlements import InMemory, SettledSlot, Settlement
from energy_trading.simulation.trading import Agreed, Cast, OfferTrading, SlotTrading, signature_floor
from energy_trading.types import CreditParameters, Pricing, Terms

#: seconds before the first slot in which everybody settles in
_SETTLING_S: Final = 43_200
#: seconds of a slot in which its offers can be accepted, at most
_ACCEPTING_S: Final = 60
#: seconds after a slot in which receipts and testimonies count
_CONFIRMING_S: Final = 86_400
#: the shortest windows that the contracts allow, so that a day is final soon after its end, seconds
_WINDOW_S, _POST_S = 60, 300
#: units that an order lets its home spend; what it has is less
_ANY_AMOUNT: Final = 2**55
#: messages by which the floor of all of them is measured
_SAMPLE: Final = 2_000


class _AtVenue:
    """A settlement whose chain ends with it.

    Args:
        scenario: what is settled.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._seconds = scenario.time.slot_seconds

    def _open(self, homes: int, start: int) -> tuple[Cast, int]:
        """Draw the people and start the chain; return them with the time at which it begins."""
        genesis = start - _SETTLING_S
        cast = Cast.drawn(homes, self._scenario.seed)
        stack = ExitStack()
        # The process of an Anvil ends with the settlement, or with this process.
        weakref.finalize(self, stack.close)
        self._chain = stack.enter_context(opened(self._scenario.venue, cast.senders, genesis, history=False))
        return cast, genesis


class Trades(_AtVenue):
    """Fills of two homes each as offers: signed, accepted, and settled by receipts of the buyers' meters.

    Where a receipt is short and the seller's meter can testify, it does. Which trades allow testimony is
    chosen in hindsight, so that none waits for one that does not come.

    Args:
        scenario: what is settled.
        start: unix seconds of its first slot.
    """

    def __init__(self, scenario: Scenario, start: int) -> None:
        super().__init__(scenario)
        self._start = start
        self._day: list[SettledSlot] = []

    def begin(self, names: Sequence[str], funds: int) -> None:
        """Deploy the market, open the accounts and register the meters."""
        market = self._scenario.market
        cast, genesis = self._open(len(names), self._start)
        self._market = OfferTrading(
            self._chain,
            cast,
            genesis,
            [funds] * len(names),
            unit=1,
            guarantee_bps=market.guarantee_bps,
            fee_bps=market.fee_bps,
            cancel_bps=market.cancel_bps,
            penalty_bps=market.penalty_bps,
            tolerance_bps=market.tolerance_bps,
            credit=_credit(self._scenario),
        )

    def settle(self, slot: SettledSlot) -> None:
        """Keep the trades of a slot until the day is whole: some were agreed before it began."""
        if slot.fills.home.size:
            self._day.append(slot)

    def _execute(self) -> None:
        """Let the trades of a day be agreed, and settled at the end of each slot.

        Raises:
            InternalFault: the market refused a trade that the books have.
        """
        day, self._day = self._day, []
        ahead = {id(slot): self._agree(slot) for slot in day if slot.stage.closes == "day ahead"}
        for _, group in groupby(day, key=lambda slot: slot.slot.start):
            stages = list(group)
            agreed = [ahead.get(id(slot)) or self._agree(slot) for slot in stages]
            for slot, trades in zip(stages, agreed, strict=True):
                self._deliver(slot, trades)

    def _agree(self, slot: SettledSlot) -> list[tuple[Terms, Agreed]]:
        """Let the trades of a stage be accepted, at the beginning of the slot or as soon as that is over."""
        fills, start = slot.fills, slot.slot.start
        homes, energies, prices = fills.home.tolist(), fills.energy_wh.tolist(), fills.price.tolist()
        testified = slot.testified_wh.tolist()
        # The two fills of a pair stand side by side, the seller's first.
        agreed = [
            Agreed(homes[i], homes[i + 1], energies[i], prices[i] * energies[i], testified[i] > 0)
            for i in range(0, len(homes), 2)
        ]
        accept_by = start + min(_ACCEPTING_S, self._seconds // 2)
        at = 0 if slot.stage.closes == "day ahead" else start
        terms = self._market.accept(agreed, at, accept_by, start + self._seconds + _CONFIRMING_S)
        for each in terms:
            if not isinstance(each, Terms):
                raise _not_taken(self._scenario, start, each)
        return [(each, trade) for each, trade in zip(terms, agreed, strict=True) if isinstance(each, Terms)]

    def _deliver(self, slot: SettledSlot, trades: list[tuple[Terms, Agreed]]) -> None:
        """Let the receipts of a stage be submitted, and testimonies where they are short."""
        delivered, testified = slot.delivered_wh.tolist(), slot.testified_wh.tolist()
        end = slot.slot.start + self._seconds
        receipts = [(*each, delivered[2 * i]) for i, each in enumerate(trades)]
        self._market.deliver(receipts, end)
        testimonies = [(*each, testified[2 * i]) for i, each in enumerate(trades) if testified[2 * i]]
        self._market.testify(testimonies, end, end)

    def balances(self) -> tuple[Integers, int]:
        """Execute the day, and return what every home and the treasury have in the ledger."""
        self._execute()
        accounts = self._market.accounts()
        if any(each.held for each in accounts):
            raise InternalFault("the market holds guarantees after the end of a day")
        return np.array([each.available for each in accounts], np.int64), self._market.treasury()

    def floor_seconds(self) -> float:
        """Return what signing and recovering as many messages takes, from a sample."""
        return _floor(self._market.signatures + self._market.settling_signatures)


class Slots(_AtVenue):
    """Rows of the pool as slots: orders and readings are signed, a cluster posts, four slots become final.

    Args:
        scenario: what is settled.
        start: unix seconds of its first slot.
        stage: the pool.
    """

    def __init__(self, scenario: Scenario, start: int, stage: MidRatePool) -> None:
        super().__init__(scenario)
        self._start, self._stage = start, stage
        self._market: SlotTrading | None = None

    def begin(self, names: Sequence[str], funds: int) -> None:
        """Draw the people; the market begins with the tariffs of the first slot."""
        self._homes, self._funds = len(names), funds

    def _deployed(self, slot: SettledSlot) -> SlotTrading:
        cast, genesis = self._open(self._homes, self._start)
        ratio = self._stage.price == PoolPrice.SUPPLY_DEMAND_RATIO.value
        self._buy = np.full(self._homes, slot.slot.retail)
        self._sell = np.zeros(self._homes, np.int64)
        return SlotTrading(
            self._chain,
            cast,
            genesis,
            [self._funds] * self._homes,
            settings=SlotSettings(
                post_seconds=_POST_S,
                window_seconds=_WINDOW_S,
                answer_seconds=_WINDOW_S,
                retail=slot.slot.retail,
                feed_in=max(1, slot.slot.feed_in),
                pricing=Pricing.SUPPLY_DEMAND_RATIO if ratio else Pricing.MID_RATE,
                fee=0,
            ),
            unit=1,
            slot_seconds=self._seconds,
            credit=_credit(self._scenario),
        )

    def settle(self, slot: SettledSlot) -> None:
        """Let homes and meters sign, and a cluster post the slot.

        Raises:
            BadInput: the tariffs have changed, or a home offered a part of what its meter measured.
            InternalFault: the market divides the slot in another way than the books.
        """
        if self._market is None:
            self._market = self._deployed(slot)
        market, net = self._market, slot.orders.energy_wh
        if (market.rule.retail, market.rule.feed_in) != (slot.slot.retail, max(1, slot.slot.feed_in)):
            raise BadInput(
                "the slot market has one tariff for ever, and this scenario has others with time; settle its"
                " pool in memory"
            )
        if ((net != 0) & (net != slot.metered_wh)).any():
            raise BadInput(
                "the slot market divides whole readings, and a strategy of this scenario withholds a part;"
                " settle its pool in memory"
            )
        # What a home does not need now stays as it was signed last.
        limit = slot.orders.limit
        self._buy = np.where(net < 0, limit, self._buy)
        self._sell = np.where(net > 0, limit, self._sell)
        metered = (net != 0) | (slot.metered_wh == 0)
        spend = np.full(net.size, _ANY_AMOUNT)
        try:
            cleared = market.slot(slot.slot.slot, net, self._buy, self._sell, spend, metered)
        except ContractRevert as error:
            raise _not_taken(self._scenario, slot.slot.start, error) from None
        rows = np.zeros(net.size, np.int64)
        np.add.at(rows, slot.fills.home, slot.delivered_wh)
        if not np.array_equal(rows, cleared.rows):
            raise BadInput(
                f"at the venue a home has too little money for the slot {slot.slot.start} until earlier ones"
                " are final; give the homes more (market.funds_eur)"
            )
        market.finalise()

    def balances(self) -> tuple[Integers, int]:
        """Return what the market holds for each home, all slots final."""
        if self._market is None:
            return np.full(self._homes, self._funds, np.int64), 0
        self._market.finalise(last=True)
        return np.array(self._market.balances(), np.int64), 0

    def floor_seconds(self) -> float:
        """Return what signing and recovering as many messages takes, from a sample."""
        market = self._market
        return 0.0 if market is None else _floor(market.signatures + market.settling_signatures)


def settlement_for(scenario: Scenario, stages: Sequence[Design], start: int) -> Settlement:
    """Return who settles a design of a scenario at the scenario's venue.

    Args:
        scenario: what is settled.
        stages: the design's.
        start: unix seconds of the first slot.

    Raises:
        BadInput: the contracts have no place for the design, or for a disturbance of the scenario.
    """
    if scenario.venue == "memory" or all(isinstance(stage, GridOnly) for stage in stages):
        return InMemory()
    venue = scenario.venue
    for given in scenario.faults:
        if isinstance(given.what, (Withdrawals, Reorganisations)):
            raise BadInput(f"{given.what.kind} cannot be played at the venue {venue}; leave them out")
    if len(stages) == 1 and isinstance(stages[0], MidRatePool):
        if scenario.market.fee_bps:
            raise BadInput(
                "the slot market takes no share of a payment: set fee_bps = 0 in [market] to settle a pool"
                f" at the venue {venue}"
            )
        if scenario.time.slot_seconds < _WINDOW_S:
            raise BadInput(f"a slot at the venue {venue} lasts {_WINDOW_S} s at least")
        return Slots(scenario, start, stages[0])
    if all(isinstance(stage, (Offers, PayAsBid, SealedGsp)) for stage in stages):
        return Trades(scenario, start)
    names = " + ".join(stage.kind for stage in stages)
    raise BadInput(
        f"the design {names} cannot be settled at the venue {venue}: offers, pay-as-bid, gsp and a pool alone"
        " can; settle it in memory"
    )


def _credit(scenario: Scenario) -> CreditParameters:
    """Return the constants of credit; the books have no limit on what is open at once."""
    own = scenario.credit
    return replace(
        DEFAULT_CREDIT,
        z0=own.z0,
        z_unit=own.z_unit,
        window=own.window,
        grace_defaults=own.grace_defaults,
        ban_unit=own.ban_unit,
        open_base=2**63 - 1,
    )


def _floor(messages: int) -> float:
    return signature_floor(_SAMPLE) * messages / _SAMPLE


def _not_taken(scenario: Scenario, start: int, error: ContractRevert) -> InternalFault:
    return InternalFault(
        f"the contracts at the venue {scenario.venue} refused what the books have of slot {start}: {error}"
    )
