"""The lots of `EnergyLot`, in Python: the same steps, the same refusals in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.rules.ledger import Refused
from energy_trading.rules.trade import Accepted, CheckedReceipt, Market
from energy_trading.types import (
    MAX_LOT_WH,
    ZERO_ADDRESS,
    DeliveryFault,
    Energy,
    LotState,
    LotView,
    Role,
    Terms,
)

UNMINTED: Final = LotView(ZERO_ADDRESS, 0, 0, 0, LotState.NONE)
"""A lot that nobody has minted."""


@dataclass(frozen=True)
class SignedPermit:
    """What somebody signed for the exchange of a lot, already recovered by cryptography.

    Args:
        signer: account whose signature it is.
        lot: id.
        buyer: account.
        price: units of account.
        nonce: of the lot.
        deadline: unix seconds.
    """

    signer: str
    lot: int
    buyer: str
    price: int
    nonce: int
    deadline: int


class Lots:
    """All lots of one market.

    Args:
        market: whose trades lots can fulfil.
        address: the lots' own, which signs receipts.
        slot_seconds: length of a delivery slot.
    """

    def __init__(self, market: Market, address: str, slot_seconds: int) -> None:
        self.market = market
        self.ledger = market.ledger
        self.address = address
        self.slot_seconds = slot_seconds
        self.lots: dict[int, LotView] = {}

    def lot(self, lot: int) -> LotView:
        """Return a lot, also one that was never minted."""
        return self.lots.get(lot, UNMINTED)

    def mint(
        self, lot: int, producer: str, energy_wh: int, slot_start: int, deadline: int, signed: bool, now: int
    ) -> None:
        """Make a lot of an injection that the DSO certified (C-4).

        Args:
            lot: id, the reading's hash.
            producer: account that gets it.
            energy_wh: Wh.
            slot_start: unix seconds.
            deadline: of the certificate, unix seconds.
            signed: whether the certificate is the DSO's.
            now: unix seconds.

        Raises:
            Refused: as `EnergyLot.mint`.
        """
        if now >= deadline:
            raise Refused("EnergyLot_Expired", now, deadline)
        self._check_energy(energy_wh)
        latest = now - self.slot_seconds
        if slot_start > latest or slot_start % self.slot_seconds:
            raise Refused("EnergyLot_BadSlot", slot_start, self.slot_seconds, latest)
        if lot in self.lots:
            raise Refused("EnergyLot_ReadingUsed", lot.to_bytes(32, "big"))
        if not self.ledger.may_commit(producer, Role.PRODUCER, now):
            raise Refused("EnergyLot_MayNotProduce", producer)
        if not signed:
            raise Refused("EnergyLot_BadSignature", self.ledger.owner)
        self.lots[lot] = LotView(producer, energy_wh, slot_start, 0, LotState.ALIVE)

    def exchange(
        self,
        lot: int,
        buyer: str,
        price: int,
        deadline: int,
        permit: SignedPermit,
        acceptance: SignedPermit,
        now: int,
    ) -> None:
        """Change owner and pay in one step (C-7, C-8).

        Args:
            lot: id.
            buyer: account.
            price: units of account.
            deadline: unix seconds.
            permit: what the seller signed.
            acceptance: what the buyer signed.
            now: unix seconds.

        Raises:
            Refused: as `EnergyLot.exchange`.
        """
        if now >= deadline:
            raise Refused("EnergyLot_Expired", now, deadline)
        seller = self._owner(lot)
        if seller == buyer:
            raise Refused("EnergyLot_SelfExchange", buyer)
        said = SignedPermit(seller, lot, buyer, price, self.lot(lot).nonce, deadline)
        for signer, signed in ((seller, permit), (buyer, acceptance)):
            if signed != replace(said, signer=signer):
                raise Refused("EnergyLot_BadSignature", signer)
        self.ledger.transfer(buyer, seller, price, now)
        self._hand_over(lot, buyer)

    def cancel_permits(self, caller: str, lot: int) -> None:
        """Withdraw every permit signed for a lot.

        Raises:
            Refused: as `EnergyLot.cancelPermits`.
        """
        self._hand_over(lot, self._owned(caller, lot).owner)

    def transfer(self, caller: str, owner: str, to: str, lot: int) -> None:
        """Hand a lot over, by its owner and without payment.

        Raises:
            Refused: as ERC-721's `transferFrom`, where nobody is approved.
        """
        if self._owner(lot) != owner:
            raise Refused("TransferFromIncorrectOwner")
        if caller != owner:
            raise Refused("NotOwnerNorApproved")
        if to == ZERO_ADDRESS:
            raise Refused("TransferToZeroAddress")
        self._hand_over(lot, to)

    def retire(self, caller: str, lot: int) -> None:
        """Consume a lot.

        Raises:
            Refused: as `EnergyLot.retire`.
        """
        self._owned(caller, lot)
        self._end(lot, LotState.RETIRED)

    def split(self, caller: str, lot: int, energies_wh: Sequence[int]) -> None:
        """Make parts of a lot, of the same owner and slot.

        Raises:
            Refused: as `EnergyLot.split`.
        """
        whole = self._owned(caller, lot)
        if len(energies_wh) < 2:
            raise Refused("EnergyLot_TooFew", len(energies_wh))
        for energy_wh in energies_wh:
            self._check_energy(energy_wh)
        if sum(energies_wh) != whole.energy_wh:
            raise Refused("EnergyLot_WrongSum", whole.energy_wh, sum(energies_wh))
        self._end(lot, LotState.SPLIT)
        for i, energy_wh in enumerate(energies_wh):
            self.lots[part_id(lot, i)] = replace(whole, energy_wh=energy_wh, nonce=0)

    def merge(self, caller: str, lots: Sequence[int]) -> int:
        """Make one of several lots of one owner and slot, and return its id.

        Raises:
            Refused: as `EnergyLot.merge`.
        """
        if len(lots) < 2:
            raise Refused("EnergyLot_TooFew", len(lots))
        first = self.lot(lots[0])
        for place, lot in enumerate(lots):
            if lot in lots[:place]:  # ended a moment ago
                raise Refused("EnergyLot_NotOwner", lot, caller, ZERO_ADDRESS)
            part = self._owned(caller, lot)
            if part.slot_start != first.slot_start:
                raise Refused("EnergyLot_OtherSlot", lot, part.slot_start, first.slot_start)
        energy_wh = sum(self.lot(lot).energy_wh for lot in lots)
        self._check_energy(energy_wh)
        for lot in lots:
            self._end(lot, LotState.MERGED)
        merged = merged_id(lots)
        self.lots[merged] = replace(first, energy_wh=energy_wh, nonce=0)
        return merged

    def deliver(
        self, caller: str, trade_id: bytes, terms: Terms, buyer: str, lots: Sequence[int], now: int
    ) -> None:
        """Fulfil a trade with lots in place of a meter's receipt (N-3, C-8).

        Args:
            caller: who delivers.
            trade_id: hash of the terms.
            terms: the trade.
            buyer: account that gets the lots.
            lots: ids.
            now: unix seconds.

        Raises:
            Refused: as `EnergyLot.deliver`.
        """
        if caller != terms.seller:
            raise Refused("EnergyLot_NotSeller", caller, terms.seller)
        for place, lot in enumerate(lots):
            if lot in lots[:place] and buyer != caller:  # handed over a moment ago
                raise Refused("EnergyLot_NotOwner", lot, caller, buyer)
            self._owned(caller, lot)
        energy = Energy.plain(sum(self.lot(lot).energy_wh for lot in lots))
        signer = keccak(bytes.fromhex(self.address[2:] + buyer[2:]))
        fault = self.market.confirm(
            trade_id, terms, CheckedReceipt(Accepted(buyer, signer), energy, True), now
        )
        if fault != DeliveryFault.NONE:
            raise Refused("OfferMarket_ReceiptRefused", trade_id, fault)
        for lot in lots:
            self._hand_over(lot, buyer)

    def _owner(self, lot: int) -> str:
        if self.lot(lot).owner == ZERO_ADDRESS:
            raise Refused("TokenDoesNotExist")
        return self.lot(lot).owner

    def _owned(self, caller: str, lot: int) -> LotView:
        found = self.lot(lot)
        if found.owner != caller:
            raise Refused("EnergyLot_NotOwner", lot, caller, found.owner)
        return found

    def _hand_over(self, lot: int, to: str) -> None:
        """Change the owner, which voids every permit."""
        self.lots[lot] = replace(self.lots[lot], owner=to, nonce=self.lots[lot].nonce + 1)

    def _end(self, lot: int, state: LotState) -> None:
        self.lots[lot] = replace(self.lots[lot], owner=ZERO_ADDRESS, state=state)

    def _check_energy(self, energy_wh: int) -> None:
        if not 0 < energy_wh <= MAX_LOT_WH:
            raise Refused("EnergyLot_BadEnergy", energy_wh, MAX_LOT_WH)


def part_id(lot: int, i: int) -> int:
    """Return the id of part number i, counted from 0, of a lot that was split (C-4)."""
    return int.from_bytes(keccak(encode(["uint256", "uint256"], [lot, i])), "big")


def merged_id(lots: Sequence[int]) -> int:
    """Return the id of the lot that these lots, in this order, were merged into (C-4)."""
    return int.from_bytes(keccak(encode(["uint256[]"], [list(lots)])), "big")
