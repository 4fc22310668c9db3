"""Lots of energy that was fed in: certified by the DSO, sold, divided, merged, consumed or delivered."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.rules.context import Context
from energy_trading.rules.ledger import Refused
from energy_trading.rules.trade import Market
from energy_trading.types import (
    MAX_LOT_WH,
    MAX_SLOT_START,
    ZERO_ADDRESS,
    Acceptance,
    Delivery,
    Domain,
    Energy,
    ExchangeAcceptance,
    ExchangePermit,
    Injection,
    LotParameters,
    LotState,
    LotView,
    Message,
    Receipt,
    Role,
    Terms,
)

UNMINTED: Final = LotView(ZERO_ADDRESS, 0, 0, 0, LotState.NONE)
"""A lot that nobody has minted."""
MAX_NONCE: Final = 2**22 - 1
"""Most changes of owner and cancellations of one lot."""
SIGNED: Final = keccak(text="verify(bytes,bytes32,bytes)")[:4]
"""The answer of a verifier to a signature that is its signer's (ERC-7913)."""
NOT_SIGNED: Final = b"\xff" * 4
"""The answer of a verifier to any other signature."""


class Lots:
    """All lots of one market, as tokens of ERC-721 that nobody is approved to move for their owner.

    Every step is given its `Context` first, and raises `Refused` where it is refused. A lot is named by its
    id.

    Args:
        parameters: the length of a delivery slot.
        domain: of the lots; certificates and permits are signed for it.
        market: whose trades lots can fulfil; from now on its meters' signatures include the lots' own.
    """

    def __init__(self, parameters: LotParameters, domain: Domain, market: Market) -> None:
        self.parameters = parameters
        self.domain = domain
        self.market = market
        self.ledger = market.ledger
        self.lots: dict[int, LotView] = {}
        #: the buyer and the receipt's digest that lots sign at this moment
        self._delivering: tuple[bytes, bytes] | None = None
        self.ledger.signers.verifiers[domain.verifying_contract] = lambda key, digest, signature: (
            self.verify(key, digest, signature) == SIGNED
        )

    # ------------------------------------------------------------ views

    def lot_of(self, lot: int) -> LotView:
        """Return a lot, also one that was never minted."""
        return self.lots.get(lot, UNMINTED)

    def nonces(self, lot: int) -> int:
        """Return the nonce that permits of a lot must carry."""
        return self.lot_of(lot).nonce

    def owner_of(self, lot: int) -> str:
        """Return the owner of a lot; refused if nobody has minted it, or if it has ended."""
        if self.lot_of(lot).owner == ZERO_ADDRESS:
            raise Refused("TokenDoesNotExist")
        return self.lot_of(lot).owner

    def balance_of(self, owner: str) -> int:
        """Return how many lots an account owns; refused for the zero address."""
        if owner == ZERO_ADDRESS:
            raise Refused("BalanceQueryForZeroAddress")
        return sum(lot.owner == owner for lot in self.lots.values())

    def token_uri(self, lot: int) -> str:
        """Return what wallets show of a lot, as a data URI of JSON; refused as `owner_of` is."""
        self.owner_of(lot)
        found = self.lot_of(lot)
        content = {
            "name": f"{found.energy_wh} Wh",
            "description": "Energy injected into the grid, certified by the DSO",
            "attributes": [
                {"trait_type": "energyWh", "value": found.energy_wh},
                {"display_type": "date", "trait_type": "slotStart", "value": found.slot_start},
                {"trait_type": "slotSeconds", "value": self.parameters.slot_seconds},
            ],
        }
        text = json.dumps(content, separators=(",", ":")).encode()
        return "data:application/json;base64," + b64encode(text).decode()

    def part_id(self, lot: int, i: int) -> int:
        """Return the id of the i-th part of a lot that was split, counted from 0."""
        return part_id(lot, i)

    def merged_id(self, lots: Sequence[int]) -> int:
        """Return the id of what lots merge into."""
        return merged_id(lots)

    def receipt_signer(self, buyer: str) -> bytes:
        """Return the ERC-7913 signer that a buyer names at acceptance to be delivered in lots."""
        return bytes.fromhex(self.domain.verifying_contract[2:] + buyer[2:])

    def lot_parameters(self) -> LotParameters:
        """Return what was fixed at the beginning."""
        return self.parameters

    def verify(self, key: bytes, digest: bytes, signature: bytes) -> bytes:
        """Sign for `receipt_signer`: that its buyer accepted a trade, and while `deliver` runs, the receipt.

        Args:
            key: the buyer's account, 20 bytes.
            digest: what is signed in the market's domain, 32 bytes.
            signature: the id of the accepted trade, or nothing for a receipt.

        Returns:
            `SIGNED` or `NOT_SIGNED`.

        Source:
            N-6, C-8; ERC-7913.
        """
        if len(key) != 20:
            return NOT_SIGNED
        if not signature:
            return SIGNED if self._delivering == (key, digest) else NOT_SIGNED
        accepted = Acceptance(signature[:32].ljust(32, b"\0"), "0x" + key.hex())
        return SIGNED if self.market.domain.digest(accepted) == digest else NOT_SIGNED

    # ------------------------------------------------------------ certificate and change of owner

    def mint(self, ctx: Context, injection: Injection, signature: bytes) -> int:
        """Make a lot of an injection that the DSO (distribution system operator) certified (C-4).

        Anybody may submit the certificate. Refused from its deadline on, for no energy or too much, for a
        slot that has not ended, starts after 2**32 - 1 or does not start at a multiple of its length, for a
        reading whose hash is the id of a lot already, for a producer who may not produce, and unless the DSO
        signed the injection.

        Returns:
            The lot's id, which is the reading's hash.
        """
        lot, slot_seconds = int.from_bytes(injection.reading, "big"), self.parameters.slot_seconds
        if ctx.now >= injection.deadline:
            raise Refused("EnergyLot_Expired", ctx.now, injection.deadline)
        self._check_energy(injection.energy_wh)
        latest = min(ctx.now - slot_seconds, MAX_SLOT_START)
        if injection.slot_start > latest or injection.slot_start % slot_seconds:
            raise Refused("EnergyLot_BadSlot", injection.slot_start, slot_seconds, latest)
        self._check_unused(lot)
        if not self.ledger.may_commit(injection.producer, Role.PRODUCER, ctx.now):
            raise Refused("EnergyLot_MayNotProduce", injection.producer)
        self._check_signature(self.ledger.owner, injection, signature)
        slot = injection.slot_start
        self.lots[lot] = LotView(injection.producer, injection.energy_wh, slot, 0, LotState.ALIVE)
        return lot

    def exchange(
        self,
        ctx: Context,
        lot: int,
        buyer: str,
        price: int,
        deadline: int,
        msg_addr: bytes,
        permit_: bytes,
        acceptance: bytes,
    ) -> None:
        """Change the owner of a lot and pay the old one in one step, on the signatures of both (C-7, C-8).

        Anybody may submit them. The permit carries the lot's nonce, so every change of owner voids it. The
        acceptance repeats the permit, so nobody pays another price than agreed. Refused from the deadline on,
        for a lot that does not exist, for a buyer who owns it, unless both signed, for a lot that has changed
        hands too often, and as `Ledger.transfer` refuses.

        Args:
            ctx: who calls, and when.
            lot: id.
            buyer: account of the new owner.
            price: units of account.
            deadline: unix seconds; the permit is valid before it.
            msg_addr: where the new owner can be reached, 32 bytes.
            permit_: the owner's signature of the permit.
            acceptance: the buyer's signature of permit and address.
        """
        if ctx.now >= deadline:
            raise Refused("EnergyLot_Expired", ctx.now, deadline)
        seller = self.owner_of(lot)
        if seller == buyer:
            raise Refused("EnergyLot_SelfExchange", buyer)
        permit = ExchangePermit(lot, buyer, price, self.nonces(lot), deadline)
        self._check_signature(seller, permit, permit_)
        self._check_signature(buyer, ExchangeAcceptance(permit, msg_addr), acceptance)
        moved = self._moved(lot, buyer)
        self.ledger.transfer(buyer, seller, price, ctx.now)
        self.lots[lot] = moved

    def cancel_permits(self, ctx: Context, lot: int) -> None:
        """Withdraw every permit signed for a lot so far (C-7).

        Refused unless the caller is the owner, and for a lot that has changed hands too often.
        """
        self.lots[lot] = self._moved(lot, self._owned(ctx.sender, lot).owner)

    def transfer_from(self, ctx: Context, from_: str, to: str, lot: int) -> None:
        """Give a lot away without payment, which voids every permit (C-7; ERC-721).

        Refused with coin, unless `from_` is the owner and the caller, for the zero address, and for a lot
        that has changed hands too often.
        """
        if ctx.value:
            raise Refused("EnergyLot_NoCoin", ctx.value)
        moved = self._moved(lot, to)
        if self.owner_of(lot) != from_:
            raise Refused("TransferFromIncorrectOwner")
        if ctx.sender != from_:
            raise Refused("NotOwnerNorApproved")
        if to == ZERO_ADDRESS:
            raise Refused("TransferToZeroAddress")
        self.lots[lot] = moved

    # ------------------------------------------------------------ retire, split, merge

    def retire(self, ctx: Context, lot: int) -> None:
        """End a lot whose energy its owner has consumed, for ever; refused unless the owner calls (C-9)."""
        self._owned(ctx.sender, lot)
        self._end(lot, LotState.RETIRED)

    def split(self, ctx: Context, lot: int, energies_wh: Sequence[int]) -> None:
        """End a lot and make two or more parts of it, of the same owner and slot (C-9).

        Refused unless the owner calls, for fewer parts, for a part without energy, with too much or with an
        id that is used already, and unless the parts are the whole.
        """
        whole = self._owned(ctx.sender, lot)
        if len(energies_wh) < 2:
            raise Refused("EnergyLot_TooFew", len(energies_wh))
        for i, energy_wh in enumerate(energies_wh):
            self._check_energy(energy_wh)
            self._check_unused(part_id(lot, i))
        if sum(energies_wh) != whole.energy_wh:
            raise Refused("EnergyLot_WrongSum", whole.energy_wh, sum(energies_wh))
        self._end(lot, LotState.SPLIT)
        for i, energy_wh in enumerate(energies_wh):
            self.lots[part_id(lot, i)] = replace(whole, energy_wh=energy_wh, nonce=0)

    def merge(self, ctx: Context, lots: Sequence[int]) -> int:
        """End two or more lots of one owner and slot, make one of them, and return its id (C-9).

        Refused for fewer lots, unless the caller owns all of them, for one that is named twice or is of
        another slot, for more energy than a lot can have, and for an id that is used already.
        """
        if len(lots) < 2:
            raise Refused("EnergyLot_TooFew", len(lots))
        first = self.lot_of(lots[0])
        for place, lot in enumerate(lots):
            if lot in lots[:place]:  # it ended when it was named first
                raise Refused("EnergyLot_NotOwner", lot, ctx.sender, ZERO_ADDRESS)
            part = self._owned(ctx.sender, lot)
            if part.slot_start != first.slot_start:
                raise Refused("EnergyLot_OtherSlot", lot, part.slot_start, first.slot_start)
        energy_wh = sum(self.lot_of(lot).energy_wh for lot in lots)
        self._check_energy(energy_wh)
        merged = merged_id(lots)
        self._check_unused(merged)
        for lot in lots:
            self._end(lot, LotState.MERGED)
        self.lots[merged] = replace(first, energy_wh=energy_wh, nonce=0)
        return merged

    # ------------------------------------------------------------ deliver

    def deliver(self, ctx: Context, terms: Terms, buyer: str, lots: Sequence[int]) -> None:
        """Fulfil an accepted trade with lots in place of a meter's receipt (N-3, C-8).

        The buyer, who accepted the terms, must have named `receipt_signer` then. The trade settles as for a
        receipt over the energy of the lots, and energy beyond the agreed is given away. Refused unless the
        caller is the seller and owns the lots, for a lot whose slot starts before the trade's `accept_by`,
        for one that has changed hands too often, and as `Market.confirm_delivery` refuses.
        """
        if ctx.sender != terms.seller:
            raise Refused("EnergyLot_NotSeller", ctx.sender, terms.seller)
        moved = {}
        for place, lot in enumerate(lots):
            if lot in lots[:place] and buyer != ctx.sender:  # it was handed over when it was named first
                raise Refused("EnergyLot_NotOwner", lot, ctx.sender, buyer)
            start = self._owned(ctx.sender, lot).slot_start
            if start < terms.accept_by:
                raise Refused("EnergyLot_SlotBeforeTrade", lot, start, terms.accept_by)
            moved[lot] = self._moved(lot, buyer)
            if buyer == ZERO_ADDRESS:
                raise Refused("TransferToZeroAddress")
        energy = Energy.plain(sum(self.lot_of(lot).energy_wh for lot in lots))
        signer = self.receipt_signer(buyer)
        digest = self.market.domain.digest(Receipt(terms.struct_hash(), energy))
        self._delivering = signer[20:], digest
        try:
            delivery = Delivery(terms, buyer, signer, energy, b"")
            self.market.confirm_delivery(Context(self.domain.verifying_contract, ctx.now), delivery)
        finally:
            self._delivering = None
        self.lots |= moved

    # ------------------------------------------------------------ what they share

    def _owned(self, caller: str, lot: int) -> LotView:
        found = self.lot_of(lot)
        if found.owner != caller:
            raise Refused("EnergyLot_NotOwner", lot, caller, found.owner)
        return found

    def _moved(self, lot: int, to: str) -> LotView:
        """Return a lot as it is with another owner, or again the same: its next nonce voids every permit."""
        found = self.lot_of(lot)
        if found.nonce == MAX_NONCE and to != ZERO_ADDRESS:
            raise Refused("EnergyLot_TooManyChanges", lot, MAX_NONCE)
        return replace(found, owner=to, nonce=found.nonce + 1)

    def _end(self, lot: int, state: LotState) -> None:
        self.lots[lot] = replace(self.lots[lot], owner=ZERO_ADDRESS, state=state)

    def _check_unused(self, lot: int) -> None:
        if lot in self.lots:
            raise Refused("EnergyLot_IdUsed", lot)

    def _check_energy(self, energy_wh: int) -> None:
        if not 0 < energy_wh <= MAX_LOT_WH:
            raise Refused("EnergyLot_BadEnergy", energy_wh, MAX_LOT_WH)

    def _check_signature(self, signer: str, message: Message, signature: bytes) -> None:
        if not self.ledger.signers.is_accounts(signer, self.domain.digest(message), signature):
            raise Refused("EnergyLot_BadSignature", signer)


def part_id(lot: int, i: int) -> int:
    """Return the id of part number i, counted from 0, of a lot that was split (C-4)."""
    return int.from_bytes(keccak(encode(["uint256", "uint256"], [lot, i])), "big")


def merged_id(lots: Sequence[int]) -> int:
    """Return the id of the lot that these lots, in this order, were merged into (C-4)."""
    return int.from_bytes(keccak(encode(["uint256[]"], [list(lots)])), "big")
