"""What a gateway must not forget: marks, readings, trades, orders, and what was handed over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, RuleBroken
from energy_trading.files._json import parse_json, to_hex
from energy_trading.files.journal import Journaled
from energy_trading.files.private_file import read_private, write_private
from energy_trading.gateway.registers import MWH_PER_WH, Gap, Registers, Sample
from energy_trading.market.slots.home_records import HomeRecords
from energy_trading.market.slots.messages import SignedOrder, SignedSlotReading
from energy_trading.market.trade.offer import Offer
from energy_trading.meter.signers import ReceiptSigner
from energy_trading.meter.smart_meter import Allotment, ReadingMissing, SmartMeter
from energy_trading.meter.smart_meter import Reading as Registered
from energy_trading.types import Delivery, Domain, Order, Reading

_NEWEST: Final = "newest.json"


@dataclass(frozen=True)
class Bought:
    """A trade whose energy this home receives.

    Args:
        offer: what was bought.
        slot_from: start of delivery, unix seconds.
        slot_to: end of delivery, unix seconds.
        delivery: the meter's receipt; None until it is signed.
        ended: how the trade ended as far as the gateway cares, as a sentence; None while it goes on.
    """

    offer: Offer
    slot_from: int
    slot_to: int
    delivery: Delivery | None = None
    ended: str | None = None


class GatewayHome(Journaled):
    """A home's meter with its journals: what was measured, what was signed, and what was handed over.

    A folder has three journals: the gateway's own, the meter's (`SmartMeter`), and the records that a wrong
    row is disputed with (`HomeRecords`). Everything is in the gateway's first; what a crash kept from the
    other two is entered when the folder is opened again. The newest sample is written now and then, so that a
    mark that passes while the gateway is away for a moment can still be interpolated.

    Args:
        folder: exists; only its owner should read it.
        signer: the meter's registered key.
        account: of the home.
        market: domain of the OfferMarket.
        slots: domain of the SlotMarket.
        slot_seconds: length of a slot; slot n begins at n · slot_seconds.
        names: serial numbers of the meters that may be read, newest last; empty: the first that is read.
        registers: empty.
        say: is called with a sentence for each gap, refused sample, swapped meter and slot without a reading.
        keep_seconds: how often the newest sample is written.

    Raises:
        BadInput: the journals are those of another meter, account, market or length of slot.
        JournalLocked, JournalCorrupt: see `Journal`.

    Source:
        N-3; Z-4, Z-5.
    """

    def __init__(
        self,
        folder: Path,
        signer: ReceiptSigner,
        account: str,
        market: Domain,
        slots: Domain,
        slot_seconds: int,
        names: Sequence[str],
        registers: Registers,
        say: Callable[[str], None],
        keep_seconds: int = 60,
    ) -> None:
        super().__init__(folder / "gateway.journal")
        for draft in folder.glob(f".{_NEWEST}.*"):
            draft.unlink()  # of a write that a crash cut short
        self.signer, self.account, self.slot_seconds = signer, account, slot_seconds
        self._folder, self._market, self._slots, self._say = folder, market, slots, say
        self._names = tuple(names)
        self._registers, self._keep_seconds, self._kept = registers, keep_seconds, 0
        self._refusing = False
        #: registers by time of the mark
        self._marks: dict[int, Registered] = {}
        #: slots in which the meter was swapped
        self._broken: set[int] = set()
        self.readings: dict[int, SignedSlotReading] = {}
        self.bought: dict[bytes, Bought] = {}
        self.orders: list[SignedOrder] = []
        #: what each receiver took: name of the item and of the receiver
        self.taken: set[tuple[str, str]] = set()
        identity = {
            "gateway": signer.signer.hex(),
            "account": account,
            "market": market.separator().hex(),
            "slots": slots.separator().hex(),
            "slot_seconds": slot_seconds,
        }
        self.meter: SmartMeter
        #: what a wrong row is disputed with
        self.records: HomeRecords
        try:
            self._open(identity)
        except BaseException:
            self.close()
            raise

    def _open(self, identity: dict[str, Any]) -> None:
        facts = self._journal.replay()
        first = next(facts, None)
        if first is None:
            self._journal.append(identity)
        elif first != identity:
            names = [name for name in identity if first.get(name) != identity[name]]
            raise BadInput(f"the journals in {self._folder} are for another {', '.join(names)}")
        self._restore(facts, "a fact does not fit those before it")
        self.meter = SmartMeter(self.signer, self._market, self._folder / "meter.journal")
        self.records = HomeRecords(self._folder / "records.journal", self._slots)
        for mark in self._marks.values():
            self._enter(mark)
        for signed in self.readings.values():
            self.records.keep_reading(signed)
        for held in self.orders:
            self.records.keep_order(held)
        for trade_id, trade in self.bought.items():
            self._allot(trade_id, trade)
        if (last := self.meter.last_reading) is not None:
            self._registers.resume(_sample(last))
        if (newest := self._newest()) is not None:
            self._registers.resume(newest)

    def close(self) -> None:
        """Release the journals."""
        super().close()
        for name in ("meter", "records"):
            if hasattr(self, name):
                getattr(self, name).close()

    # ------------------------------------------------------------ measuring

    def take(self, sample: Sample) -> list[Registered]:
        """Take in what the meter shows.

        Returns:
            The marks that it passed.
        """
        known, last = self._registers.meter, self._registers.last
        new = sample.meter != known
        if new:
            # Before anything is recorded: a sample that does not count must not bring in its meter.
            why = self._may_follow(known, sample.meter)
            if why is None and last is not None and sample.time <= last.time:
                why = f"its time {sample.time} is not after that of the last one, {last.time}"
            if why is not None:
                self._refuse(sample, why)
                return []
            # Where only the meter's own journal is left, go on from its last reading.
            goes_on = last is not None and (known is not None or _runs_back(sample, last))
            offsets = self._registers.offsets_for(sample) if goes_on else (0, 0)
            self._record({"meter": sample.meter, "time": sample.time, "offsets": list(offsets)})
        step = self._registers.take(sample, self._wanted(sample.time), swapped=new and known is not None)
        if step.refused is not None:
            self._refuse(sample, step.refused)
            return []
        if self._refusing:
            self._refusing = False
            self._say("the meter's readings count again")
        if step.gap is not None:
            self._tell_gap(step.gap, sample)
        for mark in step.marks:
            self._record({"mark": [mark.time, mark.import_wh, mark.export_wh]})
            self._enter(mark)
        newest = self._registers.last
        if newest is not None and (new or newest.time - self._kept >= self._keep_seconds):
            self._keep(newest)
        return list(step.marks)

    @property
    def last(self) -> Sample | None:
        """The newest sample, with the registers of the home."""
        return self._registers.last

    def sign_readings(self) -> list[SignedSlotReading]:
        """Sign the reading of each slot that has ended and has none yet, oldest first.

        Raises:
            SignatureRefused, SignerFailed: the meter's key did not sign; the call may be repeated.
        """
        new = []
        for start in sorted(self._marks):
            slot, rest = divmod(start, self.slot_seconds)
            end = self._marks.get(start + self.slot_seconds)
            if rest or end is None or slot in self.readings or slot in self._broken:
                continue
            begin = self._marks[start]
            net = end.export_wh - begin.export_wh - (end.import_wh - begin.import_wh)
            measured = Reading(self.account, slot, net)
            signed = SignedSlotReading.sign(measured, self.signer, self._slots)
            self._record(signed.to_json())
            self.records.keep_reading(signed)
            new.append(self.readings[slot])
        return new

    # ------------------------------------------------------------ trades

    def allot(self, offer: Offer, slot_from: int, slot_to: int) -> None:
        """Let a trade draw on the meter. Idempotent.

        Raises:
            BadInput: the slot does not lie in the offer's time, or its end leaves none for the receipt.
            RuleBroken: the gateway has no reading at an end of the slot, and never will.
        """
        terms = offer.terms
        if not terms.accept_by <= slot_from < slot_to < terms.deliver_by:
            raise BadInput(
                f"delivery must lie between {terms.accept_by} and {terms.deliver_by}, and end before that, "
                f"not go from {slot_from} to {slot_to}"
            )
        trade = Bought(offer, slot_from, slot_to)
        known, last = self.bought.get(offer.trade_id), self._registers.last
        if known is None:
            for time in (slot_from, slot_to):
                if last is not None and time <= last.time and time not in self._marks:
                    raise RuleBroken(f"delivery cannot begin or end at {time}: the meter was not read then")
            fact = {"offer": offer.to_json(), "delivery": [slot_from, slot_to]}
            self._record(fact)
        elif (known.slot_from, known.slot_to) != (slot_from, slot_to):
            slot = f"from {known.slot_from} to {known.slot_to}"
            raise BadInput(f"trade {to_hex(offer.trade_id)} is allotted already, {slot}")
        self._allot(offer.trade_id, trade)

    def sign_receipts(self) -> list[Bought]:
        """Sign the receipt of each trade whose delivery has ended, oldest first.

        A trade that can have no receipt ends here, and the log says so.

        Raises:
            SignatureRefused, SignerFailed: the meter's key did not sign; the call may be repeated.
        """
        new, last = [], self.meter.last_reading
        for trade_id, trade in list(self.bought.items()):
            if trade.ended or trade.delivery or last is None or last.time < trade.slot_to:
                continue
            try:
                receipt = self.meter.sign_receipt(trade_id)
            except ReadingMissing as error:
                self.end(trade_id, f"there is no receipt: {error}")
                self._say(f"trade {to_hex(trade_id)} has no receipt: {error}")
                continue
            terms = trade.offer.terms
            delivery = Delivery(terms, self.account, receipt.signer, receipt.energy, receipt.signature)
            # Not recorded here: the meter's journal has it, and gives the same one again.
            self.bought[trade_id] = replace(trade, delivery=delivery)
            new.append(self.bought[trade_id])
        return new

    def end(self, trade_id: bytes, how: str) -> None:
        """Forget a trade that needs no receipt any more; the meter keeps what it signed."""
        trade = self.bought[trade_id]
        if trade.ended is None:
            self._record({"ended": trade_id.hex(), "how": how})
        if trade.delivery is None:
            self._release(trade_id)

    # ------------------------------------------------------------ orders

    def hold(self, signed: SignedOrder) -> bool:
        """Keep a standing order that the account has signed. Idempotent.

        Returns:
            Whether it is new.

        Raises:
            BadInput: the order is for another account.
            SlotMessageForged: the account did not sign it.
            RuleBroken: another order has its nonce.
        """
        order = signed.order
        if order.account != self.account:
            raise BadInput(f"the order is that of {order.account}; the home's account is {self.account}")
        signed.check(self._slots)
        for held in self.orders:
            if held.order == order:
                return False
            if held.order.nonce == order.nonce:
                raise RuleBroken(f"another standing order has the nonce {order.nonce} already")
        self._record(signed.to_json())
        self.records.keep_order(signed)
        return True

    def sign_order(self, key: SecretKey, order: Order) -> SignedOrder:
        """Sign a standing order with the account's key, and keep it."""
        signed = SignedOrder.sign(order, key, self._slots)
        self.hold(signed)
        return signed

    def order_for(self, slot: int, least: int = 0) -> SignedOrder | None:
        """Return the order that counts in a slot: the one with the highest nonce; None if there is none.

        Args:
            slot: number of the slot.
            least: orders with a lower nonce were revoked on chain.
        """
        fitting = [
            held
            for held in self.orders
            if held.order.first_slot <= slot <= held.order.last_slot and held.order.nonce >= least
        ]
        return max(fitting, key=lambda held: held.order.nonce, default=None)

    def next_nonce(self, slot: int, least: int = 0) -> int:
        """Return the nonce of the next order, at least `least`.

        It grows with time, so that an order counts even if the journals of those before it were lost.
        """
        return max([slot, least, *(held.order.nonce + 1 for held in self.orders)])

    # ------------------------------------------------------------ handing over

    def hand_over(self, item: str, receiver: str) -> None:
        """Remember that a receiver took an item, or refused it for good."""
        if (item, receiver) not in self.taken:
            self._record({"taken": item, "by": receiver})

    def lost_slots(self, since: int, until: int) -> list[int]:
        """Return the slots from `since` up to `until`, exclusive, that have ended without a reading."""
        return [slot for slot in range(since, until) if slot not in self.readings]

    def __repr__(self) -> str:
        return f"<GatewayHome of {self.account}>"

    # ------------------------------------------------------------ inside

    def _wanted(self, until: int) -> Iterator[int]:
        last = self._registers.last
        begin = until if last is None else last.time + 1
        first = -(-begin // self.slot_seconds) * self.slot_seconds
        yield from range(first, until + 1, self.slot_seconds)
        for trade in self.bought.values():
            if trade.ended is None:
                yield from (time for time in (trade.slot_from, trade.slot_to) if begin <= time <= until)

    def _enter(self, mark: Registered) -> None:
        """Enter a mark in the meter's journal, unless it is there."""
        last = self.meter.last_reading
        if last is None or mark.time > last.time:
            self.meter.record(mark)

    def _allot(self, trade_id: bytes, trade: Bought) -> None:
        if trade.ended is None:
            offer = trade.offer
            slot = trade.slot_from, trade.slot_to
            self.meter.allot(Allotment(trade_id, *slot, offer.energy_wh, offer.salt))
        elif trade.delivery is None:
            self._release(trade_id)

    def _release(self, trade_id: bytes) -> None:
        try:
            self.meter.release(trade_id)
        except RuleBroken:
            return  # it was released before, or has its receipt

    def _may_follow(self, known: str | None, meter: str) -> str | None:
        """Return why a meter may not be read in place of the known one; None if it may."""
        if known is None and (not self._names or meter in self._names):
            return None
        if meter not in self._names:
            return f"the meter is not among the names in the configuration; {known or 'none'} is in use"
        if known in self._names and self._names.index(meter) < self._names.index(known):
            return f"meter {known} has replaced it"
        return None

    def _refuse(self, sample: Sample, why: str) -> None:
        if not self._refusing:
            self._refusing = True
            self._say(f"a reading of meter {sample.meter} at {sample.time} does not count: {why}")

    def _tell_gap(self, gap: Gap, sample: Sample) -> None:
        slots = range(gap.start // self.slot_seconds, -(-gap.end // self.slot_seconds))
        which = f"slot {slots[0]}" if len(slots) == 1 else f"slots {slots[0]} to {slots[-1]}"
        if gap.swapped:
            self._say(f"meter {sample.meter} is in use since {gap.end}; {which} cannot have a reading")
        else:
            self._say(f"no reading between {gap.start} and {gap.end}; {which} cannot have one")

    def _keep(self, newest: Sample) -> None:
        self._kept = newest.time
        fact = {"newest": [newest.time, newest.import_mwh, newest.export_mwh], "meter": newest.meter}
        write_private(self._folder / _NEWEST, json.dumps(fact).encode(), replace=True)

    def _newest(self) -> Sample | None:
        path = self._folder / _NEWEST
        if not path.exists():
            return None
        try:
            fact = parse_json(read_private(path), _NEWEST)
            time, import_mwh, export_mwh = (int(value) for value in fact["newest"])
            newest = Sample(time, import_mwh, export_mwh, str(fact["meter"]))
        except (BadInput, KeyError, TypeError, ValueError):
            self._say(f"{path} cannot be read; marks since the last one are lost")
            return None
        # A file that a new meter has overtaken would say what nobody measures any more.
        return newest if newest.meter == self._registers.meter else None

    def _apply(self, fact: dict[str, Any]) -> None:
        if "mark" in fact:
            mark = Registered(*fact["mark"])
            self._marks[mark.time] = mark
            self._registers.resume(_sample(mark))
            self._forget(mark.time)
        elif "reading" in fact:
            signed = SignedSlotReading.from_json(fact)
            self.readings[signed.reading.slot] = signed
        elif "taken" in fact:
            self.taken.add((fact["taken"], fact["by"]))
        elif "meter" in fact:
            if self._registers.meter is not None:
                last = self._registers.last
                since = fact["time"] if last is None else last.time
                self._broken.update(range(since // self.slot_seconds, -(-fact["time"] // self.slot_seconds)))
            self._registers.use(fact["meter"], (fact["offsets"][0], fact["offsets"][1]))
        elif "offer" in fact:
            offer = Offer.from_json(fact["offer"])
            self.bought[offer.trade_id] = Bought(offer, *fact["delivery"])
        elif "ended" in fact:
            trade_id = bytes.fromhex(fact["ended"])
            self.bought[trade_id] = replace(self.bought[trade_id], ended=fact["how"])
        else:
            self.orders.append(SignedOrder.from_json(fact))

    def _forget(self, now: int) -> None:
        """Drop from memory what is older than two days and settled; the journal keeps it."""
        oldest = now - 2 * 86_400
        if len(self._marks) > 4 * 86_400 // self.slot_seconds:
            self._marks = {time: mark for time, mark in self._marks.items() if time >= oldest}
            slot = oldest // self.slot_seconds
            self.readings = {s: signed for s, signed in self.readings.items() if s >= slot}
            self._broken = {s for s in self._broken if s >= slot}
            self.orders = [held for held in self.orders if held.order.last_slot >= slot]
            self.bought = {key: trade for key, trade in self.bought.items() if not trade.ended}
            kept = {reading_name(number) for number in self.readings}
            kept |= {order_name(held) for held in self.orders} | {receipt_name(key) for key in self.bought}
            self.taken = {(item, receiver) for item, receiver in self.taken if item in kept}


def reading_name(slot: int) -> str:
    """Names a slot's reading where it is remembered who took it."""
    return f"reading {slot}"


def order_name(signed: SignedOrder) -> str:
    """Names a standing order where it is remembered who took it."""
    return f"order {signed.order.nonce}"


def receipt_name(trade_id: bytes) -> str:
    """Names a trade's receipt where it is remembered who took it."""
    return f"receipt {trade_id.hex()}"


def _sample(mark: Registered) -> Sample:
    return Sample(mark.time, mark.import_wh * MWH_PER_WH, mark.export_wh * MWH_PER_WH, "")


def _runs_back(sample: Sample, last: Sample) -> bool:
    return sample.import_mwh < last.import_mwh or sample.export_mwh < last.export_mwh
