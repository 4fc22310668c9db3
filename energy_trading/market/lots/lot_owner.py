"""The client of an account that owns lots or buys them: permit, acceptance, retirement, split and merger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import is_address

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.energy_lot import LotsMerged
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.addresses import message_address
from energy_trading.errors import BadInput
from energy_trading.market._client import Client
from energy_trading.rules.lot import part_id
from energy_trading.types import MAX_UNITS, ExchangeAcceptance, ExchangePermit


@dataclass(frozen=True)
class SignedPermit(ExchangePermit):
    """The owner's signed consent that a lot becomes the buyer's for a price (Permit_B, eq 8).

    Args:
        signature: the owner's, 64 bytes (or what its contract account takes).
    """

    signature: bytes


@dataclass(frozen=True)
class SignedExchange(ExchangeAcceptance):
    """The buyer's signed consent to take the lot on the permit's terms (sign_A).

    Args:
        permit: what the buyer accepts, with the owner's signature.
        signature: the buyer's, 64 bytes (or what its contract account takes).
    """

    permit: SignedPermit
    signature: bytes


class LotOwner(Client):
    """One account and what it can do with lots."""

    def sign_permit(self, lot: int, buyer: str, price: int, deadline: int) -> SignedPermit:
        """Sign an own lot over to a buyer for a price; nothing is sent.

        Args:
            lot: id; the lot's nonce is read from the chain.
            buyer: account of the new owner.
            price: units of account.
            deadline: unix seconds, half open.

        Returns:
            The permit, for the buyer's `sign_acceptance`.

        Raises:
            BadInput: the buyer is no address, or the price is out of range.

        Source:
            Chen eq 8 (C-7).
        """
        if not is_address(buyer):
            raise BadInput(f"the buyer must be an address, not {buyer!r}")
        if not 0 <= price <= MAX_UNITS:
            raise BadInput(f"the price must be between 0 and 2**63-1 units, not {price}")
        permit = ExchangePermit(lot, buyer, price, self.suite.lots.nonces(lot), deadline)
        digest = self.suite.lots_domain.digest(permit)
        return SignedPermit(**vars(permit), signature=compact(self.key.sign_digest(digest)))

    def sign_acceptance(self, permit: SignedPermit) -> SignedExchange:
        """Accept a lot on the terms of a permit; nothing is sent.

        Args:
            permit: the owner's, for this account.

        Returns:
            The acceptance, for `exchange`.

        Raises:
            BadInput: the permit is for another account.

        Source:
            C-8.
        """
        if permit.buyer != self.address:
            raise BadInput(f"the permit is for {permit.buyer}, not for {self.address}")
        msg_addr = message_address(self.key)
        digest = self.suite.lots_domain.digest(ExchangeAcceptance(permit, msg_addr))
        return SignedExchange(permit, msg_addr, compact(self.key.sign_digest(digest)))

    def retire(self, lot: int) -> Sent:
        """End an own lot for good, because its energy is consumed.

        Source:
            C-4.
        """
        return self._send("retire a lot", self.suite.lots.retire(lot))

    def split(self, lot: int, energies_wh: Sequence[int]) -> list[int]:
        """End an own lot and make several lots of it.

        Args:
            lot: id.
            energies_wh: two or more quantities in Wh that add up to the lot's.

        Returns:
            Ids of the parts, in order.

        Source:
            C-4.
        """
        self._send("split a lot", self.suite.lots.split(lot, energies_wh))
        return [part_id(lot, i) for i in range(len(energies_wh))]

    def merge(self, lots: Sequence[int]) -> int:
        """End several own lots of one delivery slot and make one lot of them.

        Returns:
            Id of the new lot.

        Source:
            C-4.
        """
        return self._send("merge lots", self.suite.lots.merge(lots)).event(LotsMerged).lot


def exchange(suite: Suite, sender: Sender, acceptance: SignedExchange) -> Sent:
    """Change a lot's owner and pay for it in one transaction; anyone may submit the two signatures.

    Args:
        suite: the market.
        sender: pays for the gas.
        acceptance: the buyer's, with the owner's permit.

    Raises:
        ContractRevert: a signature is wrong, the permit has expired, or a party may not trade or cannot pay.

    Source:
        C-8.
    """
    p = acceptance.permit
    return suite.lots.exchange(
        p.lot, p.buyer, p.price, p.deadline, acceptance.msg_addr, p.signature, acceptance.signature
    ).send(sender)
