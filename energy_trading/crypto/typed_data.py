"""EIP-712 digests of everything that is signed for the contracts, one function per message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

ATTESTATION_TYPE: Final = (
    "AccountAttestation(address account,uint256 roles,bytes32 certificateHash,"
    "bytes identityCiphertext,uint256 deadline)"
)
OFFER_TYPE: Final = (
    "Offer(address seller,address buyer,bytes32 energy,uint256 price,"
    "uint256 acceptBy,uint256 deliverBy,uint256 nonce)"
)
ACCEPTANCE_TYPE: Final = "Acceptance(bytes32 tradeId,address buyer)"
RECEIPT_TYPE: Final = "Receipt(bytes32 tradeId,bytes32 energy)"
QUOTE_TYPE: Final = "Quote(bytes32 auctionId,address bidder,bytes32 cx,bytes32 body)"
READING_TYPE: Final = "InjectionReading(bytes meter,uint256 slotStart,uint256 energyWh)"
INJECTION_TYPE: Final = (
    "Injection(address producer,uint256 energyWh,uint256 slotStart,bytes32 meter,bytes32 reading,"
    "bytes publicKey,bytes32 msgAddr,uint256 nonce,uint256 deadline)"
)
EXCHANGE_PERMIT_TYPE: Final = (
    "ExchangePermit(uint256 lot,address buyer,uint256 price,uint256 nonce,uint256 deadline)"
)
EXCHANGE_ACCEPTANCE_TYPE: Final = "ExchangeAcceptance(ExchangePermit permit,bytes32 msgAddr)"
APPROVAL_TYPE: Final = "Permit(address spender,uint256 tokenId,uint256 nonce,uint256 deadline)"
_DOMAIN_TYPE: Final = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


@dataclass(frozen=True)
class Domain:
    """The contract and chain a signature is for (EIP-712 domain, version "1").

    Args:
        name: the contract's name, "EnergyLedger", "OfferMarket", "SealedBidAuction" or "EnergyLot".
        chain_id: EIP-155 chain id.
        verifying_contract: the contract's address, 0x-prefixed.
    """

    name: str
    chain_id: int
    verifying_contract: str

    def separator(self) -> bytes:
        """Return the 32-byte domain separator (EIP-712)."""
        return _separator(self.name, self.chain_id, self.verifying_contract)

    def digest(self, struct_hash: bytes) -> bytes:
        """Return the 32-byte digest that is signed for a 32-byte struct hash (EIP-712)."""
        return keccak(b"\x19\x01" + self.separator() + struct_hash)


@lru_cache(maxsize=64)
def _separator(name: str, chain_id: int, verifying_contract: str) -> bytes:
    return keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(text=_DOMAIN_TYPE), keccak(text=name), keccak(text="1"), chain_id, verifying_contract],
        )
    )


def attestation_digest(
    domain: Domain,
    account: str,
    roles: int,
    certificate_hash: bytes,
    identity_ciphertext: bytes,
    deadline: int,
) -> bytes:
    """Return what PKG signs to let an account open (C-2).

    Args:
        domain: the EnergyLedger's.
        account: address to be opened.
        roles: bit 1 producer, bit 2 consumer.
        certificate_hash: keccak256 of the certificate, 32 bytes.
        identity_ciphertext: α of the certificate.
        deadline: unix seconds from which the attestation is void.
    """
    return domain.digest(
        keccak(
            encode(
                ["bytes32", "address", "uint256", "bytes32", "bytes32", "uint256"],
                [
                    keccak(text=ATTESTATION_TYPE),
                    account,
                    roles,
                    certificate_hash,
                    keccak(identity_ciphertext),
                    deadline,
                ],
            )
        )
    )


def offer_hash(
    seller: str,
    buyer: str,
    energy: bytes,
    price: int,
    accept_by: int,
    deliver_by: int,
    nonce: int,
) -> bytes:
    """Return the 32-byte trade id, which is the struct hash of the terms (N-1, N-5).

    Args:
        seller: account address.
        buyer: account the offer is reserved for, or the zero address for anyone.
        energy: 32 bytes, the quantity in Wh or its commitment.
        price: whole price in the asset's base units.
        accept_by: unix seconds, half open.
        deliver_by: unix seconds, half open.
        nonce: tells equal offers of one seller apart.
    """
    return keccak(
        encode(
            ["bytes32", "address", "address", "bytes32", "uint256", "uint256", "uint256", "uint256"],
            [keccak(text=OFFER_TYPE), seller, buyer, energy, price, accept_by, deliver_by, nonce],
        )
    )


def acceptance_digest(domain: Domain, trade_id: bytes, buyer: str) -> bytes:
    """Return what a one-time receipt key signs when it is named in an acceptance (N-6).

    Args:
        domain: the OfferMarket's.
        trade_id: 32 bytes.
        buyer: the accepting account.
    """
    return domain.digest(
        keccak(encode(["bytes32", "bytes32", "address"], [keccak(text=ACCEPTANCE_TYPE), trade_id, buyer]))
    )


def receipt_digest(domain: Domain, trade_id: bytes, energy: bytes) -> bytes:
    """Return what a meter signs to prove delivery (ERC, N-3).

    Args:
        domain: the OfferMarket's.
        trade_id: 32 bytes; it binds the deadline, since the terms carry `deliver_by`.
        energy: 32 bytes, the delivered quantity in Wh or the commitment of the terms.
    """
    return domain.digest(
        keccak(encode(["bytes32", "bytes32", "bytes32"], [keccak(text=RECEIPT_TYPE), trade_id, energy]))
    )


def quote_digest(domain: Domain, auction_id: bytes, bidder: str, cx: bytes, body: bytes) -> bytes:
    """Return what a bidder signs so that anyone may bring a sealed quote (X-5).

    Args:
        domain: the SealedBidAuction's.
        auction_id: 32 bytes.
        bidder: account that quotes.
        cx: 32 bytes, x of the quote's ephemeral point.
        body: 32 bytes, parity and masked amount.
    """
    return domain.digest(
        keccak(
            encode(
                ["bytes32", "bytes32", "address", "bytes32", "bytes32"],
                [keccak(text=QUOTE_TYPE), auction_id, bidder, cx, body],
            )
        )
    )


def reading_hash(meter: bytes, slot_start: int, energy_wh: int) -> bytes:
    """Return the struct hash of a meter's injection reading, which is the lot's id (C-4).

    Args:
        meter: ERC-7913 signer bytes of the meter.
        slot_start: unix seconds.
        energy_wh: injected in the slot.
    """
    return keccak(
        encode(
            ["bytes32", "bytes32", "uint256", "uint256"],
            [keccak(text=READING_TYPE), keccak(meter), slot_start, energy_wh],
        )
    )


def injection_digest(
    domain: Domain,
    producer: str,
    energy_wh: int,
    slot_start: int,
    meter: bytes,
    reading: bytes,
    public_key: bytes,
    msg_addr: bytes,
    nonce: int,
    deadline: int,
) -> bytes:
    """Return what the DSO signs to certify an injection (sign_D, C-4).

    Args:
        domain: the EnergyLot's.
        producer: account that injected.
        energy_wh: in the slot.
        slot_start: unix seconds.
        meter: keccak256 of the meter's ERC-7913 signer, 32 bytes.
        reading: hash of the meter's reading, 32 bytes.
        public_key: the producer's, or empty.
        msg_addr: 32 bytes (eq 2).
        nonce: serial number.
        deadline: unix seconds, half open.
    """
    kinds = ["bytes32", "address", "uint256", "uint256", *["bytes32"] * 4, "uint256", "uint256"]
    values = [producer, energy_wh, slot_start, meter, reading, keccak(public_key), msg_addr, nonce, deadline]
    return domain.digest(keccak(encode(kinds, [keccak(text=INJECTION_TYPE), *values])))


def exchange_permit_hash(lot: int, buyer: str, price: int, nonce: int, deadline: int) -> bytes:
    """Return the struct hash of a permit, whose digest is what the owner of a lot signs (eq 8, C-7).

    Args:
        lot: id.
        buyer: new owner's account.
        price: units of account.
        nonce: of the lot.
        deadline: unix seconds, half open.
    """
    return keccak(
        encode(
            ["bytes32", "uint256", "address", "uint256", "uint256", "uint256"],
            [keccak(text=EXCHANGE_PERMIT_TYPE), lot, buyer, price, nonce, deadline],
        )
    )


def exchange_acceptance_digest(domain: Domain, permit_hash: bytes, msg_addr: bytes) -> bytes:
    """Return what the new owner of a lot signs (sign_A, C-8).

    Args:
        domain: the EnergyLot's.
        permit_hash: struct hash of the permit, 32 bytes: it binds lot, price, nonce and deadline.
        msg_addr: where the new owner can be reached, 32 bytes (eq 2).
    """
    kind = keccak(text=EXCHANGE_ACCEPTANCE_TYPE + EXCHANGE_PERMIT_TYPE)
    return domain.digest(keccak(encode(["bytes32"] * 3, [kind, permit_hash, msg_addr])))


def approval_digest(domain: Domain, spender: str, lot: int, nonce: int, deadline: int) -> bytes:
    """Return what an owner signs to let a spender transfer a lot (ERC-4494).

    Args:
        domain: the EnergyLot's.
        spender: account that may transfer.
        lot: token id.
        nonce: of the lot.
        deadline: unix seconds, valid through it.
    """
    kinds = ["bytes32", "address", "uint256", "uint256", "uint256"]
    return domain.digest(keccak(encode(kinds, [keccak(text=APPROVAL_TYPE), spender, lot, nonce, deadline])))
