"""What homes, meters and members sign for a slot, as objects and as JSON; each message proves itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import compact, recover_address, verify_signature
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import (
    check_address,
    check_list,
    check_object,
    exact_integer,
    from_hex,
    to_hex,
)
from energy_trading.meter.signers import ReceiptSigner, sign_checked
from energy_trading.types import Ack, Domain, Message, Order, Posted, Reading, Result

#: an order stands for at most a day of quarter-hours
MAX_SPAN: Final = 96
_MOST: Final = 2**256 - 1
_DIGITS: Final = re.compile("-?(0|[1-9][0-9]{0,77})")
_Words = TypeVar("_Words", Order, Reading, Ack, Result)


class SlotMessageForged(Forged):
    """The signature of an order, a reading, a result or an acknowledgement is not that of its signer."""


@dataclass(frozen=True)
class SignedOrder:
    """A home's standing order with the signature of its account.

    Args:
        order: what the home signs.
        signature: of the account's key, 64 bytes (EIP-2098).

    Raises:
        BadInput: the order spans no slot, or more than a day of them.

    Source:
        Z-4, Z-7.
    """

    order: Order
    signature: bytes

    def __post_init__(self) -> None:
        order = self.order
        if not order.first_slot <= order.last_slot < order.first_slot + MAX_SPAN:
            raise BadInput(
                f"an order must be for 1 to {MAX_SPAN} slots, not from {order.first_slot} to"
                f" {order.last_slot}"
            )

    @classmethod
    def sign(cls, order: Order, key: SecretKey, domain: Domain) -> SignedOrder:
        """Sign an order with the key of its account.

        Raises:
            BadInput: the key is another account's, or a field does not fit its type.
        """
        if key.address != order.account:
            raise BadInput(f"the order is {order.account}'s, and the key is that of {key.address}")
        return cls(order, _sign(order, key, domain))

    def check(self, domain: Domain) -> None:
        """Check whose signature it is; an account's code does not count.

        Raises:
            SlotMessageForged: it is not the account's.
        """
        _check_signer(self.order, self.signature, self.order.account, domain)

    def to_json(self) -> dict[str, Any]:
        """Return the order for `json.dumps`."""
        return {"order": words_to_json(self.order), "signature": to_hex(self.signature)}

    @classmethod
    def from_json(cls, value: Any) -> SignedOrder:
        """Read what `to_json` wrote; `check` checks the signature."""
        found = check_object(value, "the signed order", {"order", "signature"})
        return cls(words_from_json(Order, found["order"]), _signature(found["signature"]))


@dataclass(frozen=True)
class SignedSlotReading:
    """What a meter measured in a slot, with the meter's signature.

    Args:
        reading: what the meter signs.
        meter: the meter's ERC-7913 signer, 20 bytes (secp256k1) or 84 (P-256).
        signature: 64 bytes.

    Source:
        Z-4, Z-7; ERC-7913.
    """

    reading: Reading
    meter: bytes
    signature: bytes

    @classmethod
    def sign(cls, reading: Reading, meter: ReceiptSigner, domain: Domain) -> SignedSlotReading:
        """Have a meter sign a reading."""
        return cls(reading, meter.signer, sign_checked(meter, domain.digest(reading)))

    def check(self, domain: Domain, registered: bytes, p256_verifier: str) -> None:
        """Check that the meter that the home had in the slot signed it.

        Args:
            domain: the slot market's.
            registered: keccak256 of the ERC-7913 signer that measured the home in the slot.
            p256_verifier: the verifier contract that P-256 meters name.

        Raises:
            SlotMessageForged: another meter signed it, or nobody did.
        """
        named = len(self.meter) == 20 or self.meter[:20] == bytes.fromhex(p256_verifier[2:])
        if keccak(self.meter) != registered or not named:
            raise SlotMessageForged(
                f"the reading of {self.reading.account} for slot {self.reading.slot} is of another meter than"
                " the registered one"
            )
        try:
            good = verify_signature(self.meter, domain.digest(self.reading), self.signature)
        except BadInput:  # a registered signer that is no point of the curve signs nothing
            good = False
        if not good:
            raise SlotMessageForged(
                f"the meter of {self.reading.account} did not sign this reading for slot {self.reading.slot}"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the reading for `json.dumps`."""
        return {
            "reading": words_to_json(self.reading),
            "meter": to_hex(self.meter),
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> SignedSlotReading:
        """Read what `to_json` wrote; `check` checks the signature."""
        found = check_object(value, "the signed reading", {"reading", "meter", "signature"})
        return cls(
            words_from_json(Reading, found["reading"]),
            from_hex(found["meter"], "meter"),
            from_hex(found["signature"], "signature", 64),
        )


@dataclass(frozen=True)
class SignedAck:
    """An `Ack` with its signature: from which order and reading a member works out a home's row.

    Args:
        ack: what the member signs, once for each home and slot.
        member: account of the member.
        signature: of the member's key, 64 bytes.

    Source:
        Z-6, Z-7.
    """

    ack: Ack
    member: str
    signature: bytes

    @classmethod
    def sign(
        cls,
        slot: int,
        order: SignedOrder,
        reading: SignedSlotReading,
        budget: int,
        key: SecretKey,
        domain: Domain,
    ) -> SignedAck:
        """Acknowledge an order and a reading, and what the home can pay, units of account."""
        struct = (order.order.struct_hash(), reading.reading.struct_hash())
        ack = Ack(slot, order.order.account, *struct, budget)
        return cls(ack, key.address, _sign(ack, key, domain))

    def check(self, domain: Domain) -> None:
        """Check whose signature it is.

        Raises:
            SlotMessageForged: it is not the member's.
        """
        _check_signer(self.ack, self.signature, self.member, domain)

    def to_json(self) -> dict[str, Any]:
        """Return the acknowledgement for `json.dumps`."""
        return {
            "ack": words_to_json(self.ack),
            "member": self.member,
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> SignedAck:
        """Read what `to_json` wrote; `check` checks the signature."""
        found = check_object(value, "the acknowledgement", {"ack", "member", "signature"})
        return cls(
            words_from_json(Ack, found["ack"]),
            check_address(found["member"], "member"),
            from_hex(found["signature"], "signature", 64),
        )


@dataclass(frozen=True)
class SignedResult:
    """A slot's result with the signature of one member of its cluster.

    Args:
        result: how the pool divided the slot.
        member: who signs.
        signature: of the member's key, 64 bytes.

    Source:
        Z-2, Z-4.
    """

    result: Result
    member: str
    signature: bytes

    @classmethod
    def sign(cls, result: Result, key: SecretKey, domain: Domain) -> SignedResult:
        """Sign a result."""
        return cls(result, key.address, _sign(result, key, domain))

    def check(self, domain: Domain) -> None:
        """Check whose signature it is.

        Raises:
            SlotMessageForged: it is not the member's.
        """
        _check_signer(self.result, self.signature, self.member, domain)

    def to_json(self) -> dict[str, Any]:
        """Return the signed result for `json.dumps`."""
        return {
            "result": words_to_json(self.result),
            "member": self.member,
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> SignedResult:
        """Read what `to_json` wrote; `check` checks the signature."""
        found = check_object(value, "the signed result", {"result", "member", "signature"})
        return cls(
            words_from_json(Result, found["result"]),
            check_address(found["member"], "member"),
            from_hex(found["signature"], "signature", 64),
        )


def posted_to_json(posted: Posted) -> dict[str, Any]:
    """Return a posted slot for `json.dumps`."""
    return {"result": words_to_json(posted.result), "signers": list(posted.signers)}


def posted_from_json(value: Any) -> Posted:
    """Read what `posted_to_json` wrote."""
    found = check_object(value, "the posted slot", {"result", "signers"})
    signers = [check_address(each, "signer") for each in check_list(found["signers"], "signers")]
    return Posted(words_from_json(Result, found["result"]), tuple(signers))


def words_to_json(message: Order | Reading | Ack | Result) -> dict[str, Any]:
    """Return a message as a JSON object: bytes in hex, integers beyond 2**53 as text."""
    return {each.name: _plain(getattr(message, each.name)) for each in fields(message)}


def words_from_json(kind: type[_Words], value: Any) -> _Words:
    """Read what `words_to_json` wrote.

    Raises:
        BadInput: a field is missing or has another type.
    """
    name = kind.__name__
    found = check_object(value, name, {each.name for each in fields(kind)})
    return kind(**{each.name: _word(str(each.type), found[each.name], each.name) for each in fields(kind)})


def _signature(value: Any) -> bytes:
    """Read an account's signature, of 64 bytes or of 65 with v behind."""
    signature = from_hex(value, "signature")
    return compact(signature) if len(signature) == 65 else from_hex(value, "signature", 64)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return to_hex(value)
    return exact_integer(value) if isinstance(value, int) else value


def _word(kind: str, value: Any, name: str) -> Any:
    if kind == "bytes":
        return from_hex(value, name, 32)
    if kind == "str":
        return check_address(value, name)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) is not int or not -_MOST <= value <= _MOST:
        raise BadInput(f"{name} must be an integer, as a number or as text, not a {type(value).__name__}")
    if value < 0 and name != "net_wh":
        raise BadInput(f"{name} must not be negative, but is {value}")
    return value


def _sign(message: Message, key: SecretKey, domain: Domain) -> bytes:
    return compact(key.sign_digest(domain.digest(message)))


def _check_signer(message: Message, signature: bytes, signer: str, domain: Domain) -> None:
    if recover_address(domain.digest(message), signature) != signer:
        raise SlotMessageForged(f"{signer} did not sign this {type(message).__name__.lower()}")
