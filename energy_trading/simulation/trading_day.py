"""The state of a trading day: every offer, every slot, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from energy_trading.bindings.contract import Event, read_events
from energy_trading.market.log.fold import fold
from energy_trading.market.log.positions import (
    Position,
    SlotReading,
    SlotRule,
    Tariffs,
    entries_of,
    positions_of,
)
from energy_trading.market.trade.offer import Offer, Trade
from energy_trading.simulation.neighbourhood import (
    FEED_IN_CT,
    FUNDS,
    RECEIPT_SLOTS,
    RETAIL_CT,
    UNITS_PER_WH_CENT,
    Home,
    Neighbourhood,
)
from energy_trading.simulation.people import clock
from energy_trading.types import TESTIMONY_NONCE, AccountView

Ending = Literal["open", "delivered", "short", "expired", "unanswered", "withdrawn", "unsold"]


@dataclass
class TradeRow:
    """One offer and what became of it.

    Args:
        slot_start: start of delivery, unix seconds.
        trade_id: 32 bytes.
        seller: home.
        buyer: home, empty if none.
        mode: how it was made and accepted.
        energy_wh: agreed, Wh.
        price: whole price, units of account.
        price_ct: cents per kWh.
        ending: how it ended.
        delivered_wh: as the meter signed, Wh.
        paid: what the buyer paid, units.
        cut: guarantee that the treasury kept, units.
    """

    slot_start: int
    trade_id: bytes
    seller: str
    buyer: str
    mode: str
    energy_wh: int
    price: int
    price_ct: int
    ending: Ending = "open"
    delivered_wh: int = 0
    paid: int = 0
    cut: int = 0


@dataclass
class SlotRow:
    """One slot of the neighbourhood, Wh.

    Args:
        start: unix seconds.
        load_wh: used.
        pv_wh: produced.
        surplus_wh: what the homes with a surplus had in excess.
        deficit_wh: what the homes with a deficit lacked.
        offered_wh: offered in the market.
        traded_wh: delivered by trades.
    """

    start: int
    load_wh: int
    pv_wh: int
    surplus_wh: int
    deficit_wh: int
    offered_wh: int = 0
    traded_wh: int = 0


@dataclass
class DayResult:
    """All that the day's report shows.

    Args:
        there: the neighbourhood after the day.
        trades: every offer, in order.
        slots: every slot, in order.
        accounts: account of every home at the end, by name.
        treasury: units in the treasury at the end.
        events: everything the contracts logged.
        story: what happened in the auction, in the sale of a lot and because of faults, in words.
        metered: what every home drew and fed in, by account and start of the slot.
    """

    there: Neighbourhood
    trades: list[TradeRow]
    slots: list[SlotRow]
    accounts: dict[str, AccountView] = field(default_factory=dict)
    treasury: int = 0
    events: list[Event] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    metered: dict[tuple[str, int], SlotReading] = field(default_factory=dict)

    @property
    def traded_wh(self) -> int:
        """Energy that reached a neighbour, Wh."""
        return sum(row.delivered_wh for row in self.trades)

    def positions(self) -> list[Position]:
        """Return the position of every home in every slot, at the supplier's prices of the day.

        Raises:
            BadInput: the slots of the day do not divide an hour.
        """
        rule = SlotRule(self.there.homes[0].profile.step_s, RECEIPT_SLOTS)
        lot_slot_seconds = self.there.suite.lots.lot_parameters().slot_seconds
        openings = {row.trade_id: row.energy_wh for row in self.trades}
        entries = entries_of(fold(self.events), rule, lot_slot_seconds, openings)
        per_kwh = 1000 * UNITS_PER_WH_CENT
        return positions_of(entries, self.metered, Tariffs(RETAIL_CT * per_kwh, FEED_IN_CT * per_kwh))


@dataclass
class OpenOffer:
    """An offer that has not ended: its row, its parties and, once it is accepted, its trade.

    Args:
        is_testified: whether the seller's meter has testified and no receipt has come.
    """

    row: TradeRow
    offer: Offer
    seller: Home
    trade: Trade | None = None
    buyer: Home | None = None
    is_testified: bool = False

    @property
    def lets_testify(self) -> bool:
        """Whether the terms let the seller's meter testify."""
        return bool(self.offer.terms.nonce & TESTIMONY_NONCE)


class TradingDay:
    """The book of one day, and what homes do that is written into it.

    Args:
        there: the neighbourhood, settled in.
        seed: of everything that is drawn.
    """

    def __init__(self, there: Neighbourhood, seed: int) -> None:
        self.there, self.chain, self.seed = there, there.chain, seed
        profile = there.homes[0].profile
        self.starts: Final = profile.slot_starts
        self.step: Final = profile.step_s
        #: offers and trades that have not ended
        self.open: list[OpenOffer] = []
        self.rows: list[TradeRow] = []
        self.story: list[str] = []
        #: what every home drew and fed in, by account and start of the slot
        self.metered: dict[tuple[str, int], SlotReading] = {}
        self.slots = [
            SlotRow(
                start,
                sum(h.profile.load_wh[i] for h in there.homes),
                sum(h.profile.pv_wh[i] for h in there.homes),
                sum(max(0, self.surplus(h, i)) for h in there.homes),
                sum(max(0, -self.surplus(h, i)) for h in there.homes),
            )
            for i, start in enumerate(self.starts)
        ]

    def surplus(self, home: Home, slot: int) -> int:
        """Return the surplus of a home in a slot, Wh; a deficit is negative."""
        return home.profile.pv_wh[slot] - home.profile.load_wh[slot]

    def tell(self, line: str) -> None:
        """Add a line to the story, with the present time before it."""
        self.story.append(f"{clock(self.chain.now())}  {line}")

    def wait_until(self, time: int) -> None:
        """Let the clock of the chain reach a time, unless it is later already."""
        if self.chain.now() < time:
            self.chain.mine(time)

    def accept(self, buyer: Home, offer: Offer, slot: int) -> Trade:
        """Accept as this home does: with its registered meter, or with a one-time key."""
        start = self.starts[slot]
        if not buyer.buys_privately:
            return buyer.trader.accept(offer, start, start + self.step)
        epoch = self.chain.now() // self.there.ledger.epoch_seconds()
        return buyer.trader.accept_privately(offer, start, start + self.step, self.there.evidence[epoch])

    def sold_ahead(self, buyer: Home, seller: Home, offer: Offer, slot: int) -> None:
        """Let a buyer accept what it won before the day; it is delivered and settled with its slot."""
        price = offer.terms.price
        row = TradeRow(
            self.starts[slot],
            offer.trade_id,
            seller.name,
            buyer.name,
            "auction, private" if buyer.buys_privately else "auction",
            offer.energy_wh,
            price,
            price // (offer.energy_wh * UNITS_PER_WH_CENT),
        )
        self.rows.append(row)
        self.open.append(OpenOffer(row, offer, seller, self.accept(buyer, offer, slot), buyer))

    def drop_ended(self) -> None:
        """Take offers and trades that have ended off the open ones."""
        self.open = [entry for entry in self.open if entry.row.ending == "open"]

    def result(self) -> DayResult:
        """Read the accounts and the log from the chain."""
        there = self.there
        return DayResult(
            there,
            self.rows,
            self.slots,
            {home.name: home.trader.account for home in there.homes},
            there.ledger.account_of(there.treasury.address).available,
            read_events(self.chain, there.suite.markets),
            self.story,
            self.metered,
        )


def money_is_conserved(result: DayResult) -> bool:
    """Return whether all deposits are in the accounts and the treasury, and nothing is held any more."""
    accounts = result.accounts.values()
    total = sum(a.available + a.held for a in accounts) + result.treasury
    return total == FUNDS * len(accounts) and all(a.held == 0 for a in accounts)
