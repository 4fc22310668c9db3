"""The trading day: in every slot surplus homes offer, deficit homes accept, meters sign, receipts settle."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from energy_trading.bindings.contract import ContractRevert, Event, Sent, read_events
from energy_trading.bindings.offer_market import (
    DeliveredShort,
    DeliveryConfirmed,
    DeliveryRefused,
    TradeExpired,
)
from energy_trading.crypto.signatures import P256_SIGNER_BYTES
from energy_trading.market.trade.offer import Offer, Trade
from energy_trading.market.trade.trader import confirm, confirm_many, expire
from energy_trading.meter.smart_meter import NothingDelivered
from energy_trading.simulation.faults import Faults
from energy_trading.simulation.neighbourhood import (
    EURO,
    FEED_IN_CT,
    FUNDS,
    RECEIPT_SLOTS,
    RETAIL_CT,
    Home,
    Neighbourhood,
)
from energy_trading.types import AccountView, Delivery

#: Units of account per Wh at one cent per kWh.
UNITS_PER_WH_CENT: Final = EURO // 100 // 1000
#: A forecast errs by up to this many per cent; people offer and buy this many per cent of it.
FORECAST_ERROR_PERCENT: Final = 12
PRUDENT_PERCENT: Final = 88
#: Offers a home makes in a slot; the smallest that is worth a transaction, the largest that finds a buyer.
MAX_LOTS: Final = 4
MIN_LOT_WH: Final = 20
MAX_LOT_WH: Final = 80

Ending = Literal["open", "delivered", "short", "expired", "late", "withdrawn", "unsold"]


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
        surplus_wh: what surplus homes had over.
        deficit_wh: what deficit homes lacked.
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
    """All that the day's report tells.

    Args:
        there: the neighbourhood after the day.
        trades: every offer, in order.
        slots: every slot, in order.
        accounts: account of every home at the end, by name.
        treasury: units in the treasury at the end.
        events: everything the contracts logged.
        story: what happened to the injected faults, in words.
    """

    there: Neighbourhood
    trades: list[TradeRow]
    slots: list[SlotRow]
    accounts: dict[str, AccountView] = field(default_factory=dict)
    treasury: int = 0
    events: list[Event] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    @property
    def traded_wh(self) -> int:
        """Energy that reached a neighbour, Wh."""
        return sum(row.delivered_wh for row in self.trades)


@dataclass
class _Open:
    """An offer on its way: the row, the parties, the deadline of its present state."""

    row: TradeRow
    offer: Offer
    seller: Home
    trade: Trade | None = None
    buyer: Home | None = None


class TradingDay:
    """Runs the slots of one day.

    The market of a slot opens one slot earlier and closes when the slot begins. When a slot is over its
    meters are read, the receipts are submitted in batches by the agent, and what is overdue is expired.

    Args:
        there: the neighbourhood, settled in.
        seed: of forecasts and the order of buyers.
        faults: what goes wrong on purpose.
        progress: told how many slots are done, of how many.
    """

    def __init__(
        self,
        there: Neighbourhood,
        seed: int,
        faults: Faults,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self.there = there
        self.chain = there.chain
        self.faults = faults
        self._progress = progress
        self.seed = seed
        self._rng = random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
        profile = there.homes[0].profile
        self.starts = profile.slot_starts
        self.step = profile.step_s
        self.open: list[_Open] = []
        self.rows: list[TradeRow] = []
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

    def run(self) -> DayResult:
        """Trade the whole day, settle everything, and read the result.

        Raises:
            ContractRevert: the market refused what it should not have; nothing is swallowed.
        """
        for home in self.there.homes:
            home.record(self.starts[0], 0, 0)
        self.faults.before_the_day(self)
        for slot in range(len(self.starts)):
            self._wait_until(self.starts[slot] - self.step + 10)
            if slot >= 2:
                self._settle(slot - 2)
            self._trade(slot)
            self._progress(slot, len(self.starts))
        for slot in (len(self.starts) - 2, len(self.starts) - 1):
            self._wait_until(self.starts[slot] + self.step + 10)
            self._settle(slot)
        self._wait_until(self.starts[-1] + (2 + RECEIPT_SLOTS) * self.step)
        self._end_overdue()
        self.faults.after_the_day(self)
        self._progress(len(self.starts), len(self.starts))
        return self._result()

    # ------------------------------------------------------------ the market of a slot

    def surplus(self, home: Home, slot: int) -> int:
        """Return what a home has over in a slot, Wh; negative: what it lacks."""
        return home.profile.pv_wh[slot] - home.profile.load_wh[slot]

    def forecast(self, home: Home, slot: int) -> int:
        """Return what a home expects to have over, Wh, and is prudent enough to count on."""
        error = self._rng.randint(100 - FORECAST_ERROR_PERCENT, 100 + FORECAST_ERROR_PERCENT)
        return int(self.surplus(home, slot) * error * PRUDENT_PERCENT / 10_000)

    def _trade(self, slot: int) -> None:
        expected = {home.number: self.forecast(home, slot) for home in self.there.homes}
        for entry in self.open:
            if entry.row.slot_start == self.starts[slot] and entry.buyer is not None:  # sold ahead
                expected[entry.seller.number] -= entry.offer.energy_wh
                expected[entry.buyer.number] = 0  # has its one seller
        book: list[_Open] = []
        for home in self.there.homes:
            if expected[home.number] >= MIN_LOT_WH:
                book += self._offer(home, expected[home.number], slot)
        self.slots[slot].offered_wh = sum(entry.offer.energy_wh for entry in book)
        self.faults.before_acceptance(self, slot, book)
        # Price first, then time; a home takes its slot's energy from one seller, so that its meter's reading
        # tells whose delivery fell short.
        book.sort(key=lambda entry: entry.row.price_ct)
        buyers = [home for home in self.there.homes if -expected[home.number] >= MIN_LOT_WH]
        self._rng.shuffle(buyers)
        for buyer in buyers:
            self._buy(buyer, -expected[buyer.number], slot, book)
        for home in self.there.homes:
            own = [entry for entry in book if entry.seller is home]
            if own:
                sold = sum(entry.trade is not None for entry in own)
                step = 1 if sold == len(own) else -1 if sold == 0 else 0
                home.lots = min(MAX_LOTS, sold + 1)
                home.ask_ct = min(RETAIL_CT, max(FEED_IN_CT, home.ask_ct + step))
        self.faults.after_acceptance(self, slot, book)
        for entry in book:
            if entry.trade is None and entry.offer.signature is not None and entry.row.ending == "open":
                entry.row.ending = "unsold"  # nothing was held, so nothing is to be ended
        self.open += [entry for entry in book if entry.row.ending == "open"]

    def _offer(self, home: Home, energy_wh: int, slot: int) -> list[_Open]:
        lots = max(1, min(home.lots, energy_wh // (3 * MIN_LOT_WH)))
        energy_wh = min(energy_wh, lots * MAX_LOT_WH)
        start = self.starts[slot]
        entries = []
        for lot in range(lots):
            lot_wh = energy_wh * (lot + 1) // lots - energy_wh * lot // lots
            price = lot_wh * home.ask_ct * UNITS_PER_WH_CENT
            make = home.trader.sign_offer if home.offers_signed else home.trader.offer
            try:
                offer = make(
                    lot_wh,
                    price,
                    accept_by=start,
                    deliver_by=start + (1 + RECEIPT_SLOTS) * self.step,
                    hidden=home.hides_energy,
                )
            except ContractRevert as error:
                self.faults.refused(self, home, error)
                break
            mode = "signed" if home.offers_signed else "on chain"
            row = TradeRow(start, offer.trade_id, home.name, "", mode, lot_wh, price, home.ask_ct)
            self.rows.append(row)
            entries.append(_Open(row, offer, home))
        return entries

    def _buy(self, buyer: Home, wanted_wh: int, slot: int, book: list[_Open]) -> None:
        supplier: Home | None = None
        for entry in book:
            free = entry.trade is None and entry.row.ending == "open"
            fits = entry.offer.energy_wh <= wanted_wh and entry.row.price_ct <= buyer.limit_ct
            if not free or not fits or supplier not in (None, entry.seller):
                continue
            try:
                entry.trade = self.accept(buyer, entry.offer, slot)
            except ContractRevert as error:
                self.faults.refused(self, buyer, error, entry.seller)
                continue
            supplier = entry.seller
            entry.buyer = buyer
            entry.row.buyer = buyer.name
            entry.row.mode += ", private" if buyer.buys_privately else ""
            wanted_wh -= entry.offer.energy_wh

    def sold_ahead(self, buyer: Home, seller: Home, offer: Offer, slot: int) -> None:
        """Let a buyer accept what it won before the day; the slot delivers and settles it with its others."""
        price = offer.terms.price
        price_ct = price // (offer.energy_wh * UNITS_PER_WH_CENT)
        row = TradeRow(
            self.starts[slot],
            offer.trade_id,
            seller.name,
            buyer.name,
            "auction, private" if buyer.buys_privately else "auction",
            offer.energy_wh,
            price,
            price_ct,
        )
        self.rows.append(row)
        self.open.append(_Open(row, offer, seller, self.accept(buyer, offer, slot), buyer))

    def accept(self, buyer: Home, offer: Offer, slot: int) -> Trade:
        """Accept as this home does: with its registered meter, or with a one-time key."""
        start = self.starts[slot]
        if not buyer.buys_privately:
            return buyer.trader.accept(offer, start, start + self.step)
        epoch = self.chain.now() // self.there.suite.ledger.epoch_seconds()
        return buyer.trader.accept_privately(offer, start, start + self.step, self.there.evidence[epoch])

    # ------------------------------------------------------------ delivery and settlement

    def _settle(self, slot: int) -> None:
        self._measure(slot)
        start = self.starts[slot]
        batch: list[Delivery] = []
        for entry in list(self.open):
            if entry.row.slot_start != start or entry.trade is None or entry.buyer is None:
                continue
            try:
                delivery = entry.buyer.trader.receipt(entry.trade)
            except NothingDelivered:
                continue
            if entry.offer.salt is not None and delivery.energy.is_plain:
                self._settled(
                    confirm(self.there.suite, self.there.agent, delivery, entry.offer), "confirm one"
                )
            else:
                batch.append(delivery)
        self.faults.before_settlement(self, batch)
        p256 = [delivery for delivery in batch if len(delivery.signer) == P256_SIGNER_BYTES]
        secp256k1 = [delivery for delivery in batch if len(delivery.signer) != P256_SIGNER_BYTES]
        for receipts, verb in ((secp256k1, "confirm, in a batch"), (p256, "confirm, in a batch, P-256")):
            for sent in confirm_many(self.there.suite, self.there.agent, receipts):
                self._settled(sent, verb)
        self._end_overdue()

    def _measure(self, slot: int) -> None:
        """Let the energy flow as sold, within what sellers fed in and buyers drew, and read every meter.

        What a home's meter is asked about is the energy from neighbours, so that is what its register counts.
        """
        start = self.starts[slot]
        fed_in = {h.number: max(0, self.faults.fed_in(self, h, slot)) for h in self.there.homes}
        drawn = {h.number: max(0, -self.surplus(h, slot)) for h in self.there.homes}
        from_neighbours = {h.number: 0 for h in self.there.homes}
        to_neighbours = {h.number: 0 for h in self.there.homes}
        for entry in self.open:
            if entry.row.slot_start == start and entry.buyer is not None:
                seller, buyer = entry.seller.number, entry.buyer.number
                flow = min(entry.offer.energy_wh, fed_in[seller], drawn[buyer])
                fed_in[seller] -= flow
                drawn[buyer] -= flow
                from_neighbours[buyer] += flow
                to_neighbours[seller] += flow
                entry.row.delivered_wh = flow
                self.slots[slot].traded_wh += flow
        for home in self.there.homes:
            home.record(start + self.step, from_neighbours[home.number], to_neighbours[home.number])

    def _settled(self, sent: Sent, verb: str) -> None:
        receipts = sum(
            isinstance(e, DeliveryConfirmed | DeliveredShort | DeliveryRefused) for e in sent.events
        )
        self.there.gas.setdefault(verb, []).extend([sent.gas_used // receipts] * receipts)
        for event in sent.events:
            if isinstance(event, DeliveryConfirmed):
                entry = self._entry(event.trade_id)
                entry.row.ending, entry.row.paid = "delivered", entry.row.price
            elif isinstance(event, DeliveredShort):
                entry = self._entry(event.trade_id)
                entry.row.ending, entry.row.paid, entry.row.cut = "short", event.payment, event.cut
            elif isinstance(event, DeliveryRefused):
                self.faults.receipt_refused(self, event)
        self.open = [entry for entry in self.open if entry.row.ending == "open"]

    def _end_overdue(self) -> None:
        now = self.chain.now()
        for entry in self.open:
            due = entry.offer.terms.accept_by if entry.trade is None else entry.offer.terms.deliver_by
            if now >= due:
                overdue = entry.offer if entry.trade is None else entry.trade
                sent = self.there.note("expire", expire(self.there.suite, self.there.agent, overdue))
                entry.row.ending = "unsold" if entry.trade is None else "expired"
                for event in sent.events:
                    if isinstance(event, TradeExpired):
                        entry.row.cut = event.cut
                        self.faults.expired(self, entry.seller, event)
        self.open = [entry for entry in self.open if entry.row.ending == "open"]

    def _entry(self, trade_id: bytes) -> _Open:
        return next(entry for entry in self.open if entry.offer.trade_id == trade_id)

    def _wait_until(self, time: int) -> None:
        if self.chain.now() < time:
            self.chain.mine(time)

    def _result(self) -> DayResult:
        suite = self.there.suite
        return DayResult(
            self.there,
            self.rows,
            self.slots,
            {home.name: home.trader.account for home in self.there.homes},
            suite.ledger.account_of(self.there.treasury.address).available,
            read_events(self.chain, suite.markets),
            self.faults.story,
        )


def money_is_conserved(result: DayResult) -> bool:
    """Return whether all deposits are in the accounts and the treasury, and nothing is held any more."""
    accounts = result.accounts.values()
    total = sum(a.available + a.held for a in accounts) + result.treasury
    return total == FUNDS * len(accounts) and all(a.held == 0 for a in accounts)
