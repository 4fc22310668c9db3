"""The script of every day, in order: day-ahead auction, offers, acceptances, deliveries, sale of a lot."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from energy_trading.bindings.contract import ContractRevert, Sent
from energy_trading.bindings.offer_market import (
    DeliveredShort,
    DeliveryConfirmed,
    DeliveryRefused,
    DeliveryTestified,
    PaidShort,
    ShortSettled,
    TestimonyUnanswered,
    TradeExpired,
)
from energy_trading.crypto._signatures import P256_SIGNER_BYTES
from energy_trading.market.log.positions import SlotReading
from energy_trading.market.trade.trader import confirm, confirm_many, expire, testify, witness_of
from energy_trading.meter.smart_meter import NothingDelivered
from energy_trading.rules.settlement import is_beyond_tolerance
from energy_trading.simulation._auction import run_day_ahead_auction
from energy_trading.simulation._lot_sale import sell_a_lot
from energy_trading.simulation.faults import Faults
from energy_trading.simulation.neighbourhood import (
    FEED_IN_CT,
    RECEIPT_SLOTS,
    RETAIL_CT,
    UNITS_PER_WH_CENT,
    Home,
    Neighbourhood,
)
from energy_trading.simulation.trading_day import DayResult, OpenOffer, TradeRow, TradingDay
from energy_trading.types import Delivery, Energy

#: A forecast errs by up to this many per cent; people offer and buy this many per cent of it.
FORECAST_ERROR_PERCENT: Final = 12
PRUDENT_PERCENT: Final = 88
#: Offers a home makes in a slot; the smallest that is worth a transaction, the largest that finds a buyer.
MAX_OFFERS: Final = 4
MIN_OFFER_WH: Final = 20
MAX_OFFER_WH: Final = 80
#: Seconds after the end of a slot at which meters are read and the next market opens.
_LATER_S: Final = 10


class Script:
    """Runs one day.

    The market of a slot opens one slot earlier and closes when the slot begins. When a slot is over, its
    meters are read, the agent submits the receipts in batches, then testimony where a receipt is missing or
    short, and what is overdue is expired.

    Args:
        there: the neighbourhood, settled in.
        seed: of forecasts, of the order of buyers, and of the lot that is sold.
        faults: what goes wrong on purpose; None is nothing.
        progress: receives how many slots are done, and of how many.
    """

    def __init__(
        self,
        there: Neighbourhood,
        seed: int,
        faults: Faults | None = None,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self.day = TradingDay(there, seed)
        self.there, self.faults = there, faults or Faults()
        self._progress = progress
        self._parameters = there.market.market_parameters()
        self._rng = random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret

    def run(self) -> DayResult:
        """Trade the whole day, settle everything, and read the result.

        Raises:
            ContractRevert: the market refused what it should have allowed; nothing is swallowed.
        """
        day, count = self.day, len(self.day.starts)
        for home in self.there.homes:
            home.record(day.starts[0], 0, 0)
        day.story += run_day_ahead_auction(day, count)
        for slot in range(count):
            day.wait_until(day.starts[slot] - day.step + _LATER_S)
            if slot >= 2:
                self._settle(slot - 2)
            self._trade(slot)
            self._progress(slot, count)
        for slot in (count - 2, count - 1):
            day.wait_until(day.starts[slot] + day.step + _LATER_S)
            self._settle(slot)
        while day.open:
            day.wait_until(min(map(self._deadline, day.open)))
            self._end_overdue()
        self.faults.after_the_day(day)
        day.story += sell_a_lot(self.there, day.seed)
        self._progress(count, count)
        return day.result()

    # ------------------------------------------------------------ the market of a slot

    def _forecast(self, home: Home, slot: int) -> int:
        """Return the surplus that a home expects, Wh, and is prudent enough to count on."""
        error = self._rng.randint(100 - FORECAST_ERROR_PERCENT, 100 + FORECAST_ERROR_PERCENT)
        return int(self.day.surplus(home, slot) * error * PRUDENT_PERCENT / 10_000)

    def _trade(self, slot: int) -> None:
        day = self.day
        expected = {home.number: self._forecast(home, slot) for home in self.there.homes}
        for entry in day.open:
            if entry.row.slot_start == day.starts[slot] and entry.buyer is not None:  # sold ahead
                expected[entry.seller.number] -= entry.offer.energy_wh
                expected[entry.buyer.number] = 0  # has its one seller
        book: list[OpenOffer] = []
        for home in self.there.homes:
            if expected[home.number] >= MIN_OFFER_WH:
                book += self._offer(home, expected[home.number], slot)
        day.slots[slot].offered_wh = sum(entry.offer.energy_wh for entry in book)
        self.faults.before_acceptance(day, slot, book)
        # By price first, then by time. A home takes a slot's energy from one seller, so that the reading of
        # its meter shows whose delivery fell short.
        book.sort(key=lambda entry: entry.row.price_ct)
        buyers = [home for home in self.there.homes if -expected[home.number] >= MIN_OFFER_WH]
        self._rng.shuffle(buyers)
        for buyer in buyers:
            self._buy(buyer, -expected[buyer.number], slot, book)
        for home in self.there.homes:
            own = [entry for entry in book if entry.seller is home]
            if own:
                sold = sum(entry.trade is not None for entry in own)
                step = 1 if sold == len(own) else -1 if sold == 0 else 0
                home.offers = min(MAX_OFFERS, sold + 1)
                home.ask_ct = min(RETAIL_CT, max(FEED_IN_CT, home.ask_ct + step))
        self.faults.after_acceptance(day, slot, book)
        for entry in book:
            if entry.trade is None and entry.offer.signature is not None and entry.row.ending == "open":
                entry.row.ending = "unsold"  # nothing was held, so there is nothing to expire
        day.open += book
        day.drop_ended()

    def _offer(self, home: Home, energy_wh: int, slot: int) -> list[OpenOffer]:
        day, start = self.day, self.day.starts[slot]
        count = max(1, min(home.offers, energy_wh // (3 * MIN_OFFER_WH)))
        energy_wh = min(energy_wh, count * MAX_OFFER_WH)
        make = home.trader.sign_offer if home.offers_signed else home.trader.offer
        entries = []
        for i in range(count):
            part_wh = energy_wh * (i + 1) // count - energy_wh * i // count
            price = part_wh * home.ask_ct * UNITS_PER_WH_CENT
            try:
                offer = make(
                    part_wh,
                    price,
                    accept_by=start,
                    deliver_by=start + (1 + RECEIPT_SLOTS) * day.step,
                    hidden=home.hides_energy,
                    testimony=home.testifies,
                )
            except ContractRevert as error:
                self.faults.refused(day, home, error)
                break
            mode = "signed" if home.offers_signed else "on chain"
            row = TradeRow(start, offer.trade_id, home.name, "", mode, part_wh, price, home.ask_ct)
            day.rows.append(row)
            entries.append(OpenOffer(row, offer, home))
        return entries

    def _buy(self, buyer: Home, wanted_wh: int, slot: int, book: list[OpenOffer]) -> None:
        supplier: Home | None = None
        for entry in book:
            free = entry.trade is None and entry.row.ending == "open"
            fits = entry.offer.energy_wh <= wanted_wh and entry.row.price_ct <= buyer.limit_ct
            if not free or not fits or supplier not in (None, entry.seller):
                continue
            try:
                entry.trade = self.day.accept(buyer, entry.offer, slot)
            except ContractRevert as error:
                self.faults.refused(self.day, buyer, error, entry.seller)
                continue
            supplier = entry.seller
            entry.buyer = buyer
            entry.row.buyer = buyer.name
            entry.row.mode += ", private" if buyer.buys_privately else ""
            wanted_wh -= entry.offer.energy_wh

    # ------------------------------------------------------------ delivery and settlement

    def _settle(self, slot: int) -> None:
        self._measure(slot)
        there, day = self.there, self.day
        batch: list[Delivery] = []
        doubtful: list[tuple[OpenOffer, bytes]] = []
        for entry in list(day.open):
            if entry.row.slot_start != day.starts[slot] or entry.trade is None or entry.buyer is None:
                continue
            if self.faults.is_silent(day, entry):
                doubtful.append((entry, entry.buyer.signer.signer))
                continue
            delivery = entry.buyer.trader.receipt(entry.trade)
            if delivery.energy != entry.offer.terms.energy:
                doubtful.append((entry, delivery.signer))
            if delivery.energy == Energy.plain(0):
                continue  # pays nobody: the deadline, or testimony, decides about the guarantee
            if entry.offer.salt is not None and delivery.energy.is_plain:
                self._settled(confirm(there.suite, there.agent, delivery, entry.offer), "confirm one")
            else:
                batch.append(delivery)
        self.faults.before_settlement(day, batch)
        p256 = [delivery for delivery in batch if len(delivery.signer) == P256_SIGNER_BYTES]
        secp256k1 = [delivery for delivery in batch if len(delivery.signer) != P256_SIGNER_BYTES]
        for receipts, verb in ((secp256k1, "confirm, in a batch"), (p256, "confirm, in a batch, P-256")):
            for sent in confirm_many(there.suite, there.agent, receipts):
                self._settled(sent, verb)
        for entry, receipt_signer in doubtful:
            if entry.lets_testify:
                self._testify(entry, receipt_signer, day.starts[slot])
        self._end_overdue()

    def _testify(self, entry: OpenOffer, receipt_signer: bytes, start: int) -> None:
        """Let the seller's meter testify, unless it fed in too little for that to count."""
        there, offer = self.there, entry.offer
        assert entry.trade is not None  # for the type checker
        party = offer, entry.trade.buyer, receipt_signer
        try:
            witness = witness_of(*party, entry.seller.meter, start, start + self.day.step)
        except NothingDelivered:
            return
        fed_in = offer.energy_wh if witness.energy == offer.terms.energy else witness.energy.wh
        if is_beyond_tolerance(fed_in, offer.energy_wh, self._parameters):
            return
        sent = testify(there.suite, there.agent, witness, offer)
        self._settled(sent, "testify")
        entry.is_testified = any(isinstance(event, DeliveryTestified) for event in sent.events)

    def _measure(self, slot: int) -> None:
        """Let the energy flow as sold, within what sellers fed in and buyers drew, and read every meter.

        A home's meter is asked about imports from neighbours only, so its import register counts only these.
        What a seller fed in is signed away to its trades, so that no lot can have it.
        """
        day, homes, start = self.day, self.there.homes, self.day.starts[slot]
        fed_in = {h.number: max(0, self.faults.fed_in(day, h, slot)) for h in homes}
        drawn = {h.number: max(0, -day.surplus(h, slot)) for h in homes}
        for h in homes:
            day.metered[h.trader.address, start] = SlotReading(drawn[h.number], fed_in[h.number])
        left, bought = dict(fed_in), {h.number: 0 for h in homes}
        trades = [entry for entry in day.open if entry.row.slot_start == start and entry.buyer is not None]
        for entry in trades:
            assert entry.buyer is not None  # for the type checker
            seller, buyer = entry.seller.number, entry.buyer.number
            flow = min(entry.offer.energy_wh, left[seller], drawn[buyer])
            left[seller] -= flow
            drawn[buyer] -= flow
            bought[buyer] += flow
            entry.row.delivered_wh = flow
            day.slots[slot].traded_wh += flow
        for home in homes:
            home.record(start + day.step, bought[home.number], fed_in[home.number])
        for entry in sorted(trades, key=lambda entry: entry.lets_testify):
            # Testimony is about all that was agreed, also if less of it found its way to the buyer.
            wanted = entry.offer.energy_wh if entry.lets_testify else entry.row.delivered_wh
            with suppress(NothingDelivered):
                entry.seller.meter.take(entry.offer.trade_id, start, start + day.step, wanted)

    def _settled(self, sent: Sent, verb: str) -> None:
        counted = DeliveryConfirmed | DeliveredShort | PaidShort | DeliveryRefused | DeliveryTestified
        receipts = sum(isinstance(event, counted) for event in sent.events)
        self.there.gas.setdefault(verb, []).extend([sent.gas_used // receipts] * receipts)
        rows = {entry.offer.trade_id: entry.row for entry in self.day.open}
        for event in sent.events:
            if isinstance(event, DeliveryConfirmed):
                row = rows[event.trade_id]
                row.ending, row.paid = "delivered", row.price
            elif isinstance(event, DeliveredShort):
                row = rows[event.trade_id]
                row.ending, row.paid, row.cut = "short", event.payment, event.cut
            elif isinstance(event, PaidShort):
                rows[event.trade_id].paid = event.payment
            elif isinstance(event, ShortSettled):
                rows[event.trade_id].ending = "short"
            elif isinstance(event, DeliveryRefused):
                self.faults.receipt_refused(self.day, event)
        self.day.drop_ended()

    def _end_overdue(self) -> None:
        now = self.day.chain.now()
        for entry in self.day.open:
            if now < self._deadline(entry):
                continue
            overdue = entry.trade or entry.offer
            sent = self.there.note("expire", expire(self.there.suite, self.there.agent, overdue))
            entry.row.ending = "unsold" if entry.trade is None else "expired"
            for event in sent.events:
                if isinstance(event, TradeExpired):
                    entry.row.cut = event.cut
                    self.faults.expired(self.day, entry.seller, event)
                elif isinstance(event, ShortSettled):
                    entry.row.ending, entry.row.cut = "short", event.cut
                elif isinstance(event, TestimonyUnanswered):
                    entry.row.ending = "unanswered"
                    self.faults.unanswered(self.day, entry)
        self.day.drop_ended()

    def _deadline(self, entry: OpenOffer) -> int:
        """Return when an offer or trade that has not ended can be expired, unix seconds."""
        terms = entry.offer.terms
        if entry.trade is None:
            return terms.accept_by
        return terms.deliver_by + (self._parameters.reply_time if entry.is_testified else 0)
