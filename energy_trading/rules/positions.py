"""What a home's position in a delivery slot is and costs: the same Wh sold twice is bought back at retail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from energy_trading.errors import BadInput

HOUR_S: Final = 3600
WH_PER_KWH: Final = 1000


@dataclass(frozen=True)
class SlotRule:
    """Which slot a sale counts to. The supplier publishes it together with its tariffs.

    The slot follows from the signed terms alone, so seller and buyer have the same one, neither can move it
    afterwards, and the sum of sales and purchases is zero in every slot. Nobody's readings decide it: else
    surplus of noon could be sold in the evening, and a home could not check its bill by itself.

    Args:
        slot_seconds: length of a slot; a divisor of an hour.
        receipt_slots: slots between the end of delivery and `deliver_by`, in which receipts are submitted.

    Raises:
        BadInput: a number is out of its range.
    """

    slot_seconds: int
    receipt_slots: int = 2

    def __post_init__(self) -> None:
        """Refuse numbers that are out of range."""
        if self.slot_seconds < 1 or HOUR_S % self.slot_seconds:
            raise BadInput(f"a slot must divide an hour of {HOUR_S} s, which {self.slot_seconds} s does not")
        if not 0 <= self.receipt_slots <= 2**16:
            raise BadInput(f"the receipt slots must be between 0 and {2**16}, not {self.receipt_slots}")

    def check_lots(self, lot_slot_seconds: int) -> None:
        """Check that no lot spans two slots.

        Raises:
            BadInput: the slot is no multiple of the lots' slot.
        """
        if self.slot_seconds % lot_slot_seconds:
            raise BadInput(
                f"a slot must be a multiple of the lots' slot of {lot_slot_seconds} s, which"
                f" {self.slot_seconds} s is not"
            )

    def of_trade(self, accept_by: int, deliver_by: int) -> int:
        """Return the start of the slot that a trade counts to, unix seconds.

        It is the last slot that ends at least `receipt_slots` slots before `deliver_by`; but if that one is
        over when the trade could still be accepted, it is the slot in which `accept_by` lies. The settler of
        an auction picks `accept_by` of an award by the time of its call, so `deliver_by` decides.
        """
        last = (deliver_by // self.slot_seconds - self.receipt_slots - 1) * self.slot_seconds
        return max(last, self.of_time(accept_by))

    def of_time(self, time: int) -> int:
        """Return the start of the slot in which a time lies, unix seconds."""
        return time - time % self.slot_seconds


@dataclass(frozen=True)
class Tariffs:
    """The supplier's two prices, units of account per kWh.

    Args:
        retail: what it sells at.
        feed_in: what it pays for energy that was fed in; at most the retail price.

    Raises:
        BadInput: a price is out of its range.
    """

    retail: int
    feed_in: int

    def __post_init__(self) -> None:
        """Refuse prices at which one could buy from the supplier and sell to it at a profit."""
        if not 0 <= self.feed_in <= self.retail < 2**64:
            raise BadInput(
                "the prices must satisfy 0 <= feed-in <= retail < 2**64, but the feed-in price is"
                f" {self.feed_in} and the retail price is {self.retail}"
            )

    def owed_up(self, position_wh: int) -> int:
        """Return what a home owes the supplier for its position, units, rounded up; negative if it is paid.

        Every Wh that a home sells beyond what it fed in costs it `retail`, so a second sale of the same
        energy does not pay at any price up to `retail`.

        Args:
            position_wh: sold less bought less fed in plus drawn (`position`).
        """
        rate = self.retail if position_wh > 0 else self.feed_in
        return -(-position_wh * rate // WH_PER_KWH)


def position(sold_wh: int, bought_wh: int, import_wh: int, export_wh: int) -> int:
    """Return a home's position in a slot, Wh: sold less bought less the metered net of export and import.

    A positive position is what the supplier delivers to the home at retail, a negative one what the home
    delivers to the supplier for the feed-in price. The positions of all homes add up to what they drew less
    what they fed in, because every sale is a purchase.
    """
    return (sold_wh - bought_wh) - (export_wh - import_wh)
