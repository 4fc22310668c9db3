"""A signed order together with what is needed to submit it, as an object and as JSON."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Call
from energy_trading.bindings.suite import Suite
from energy_trading.chain.signers import signed_by
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import check_object, exact, from_hex, read_integer, reading, to_hex
from energy_trading.market.trade.offer import Offer, terms_from_json, terms_to_json
from energy_trading.types import (
    Bid,
    Cancellation,
    Deposit,
    Domain,
    GiveUp,
    NonceCancellation,
    Purchase,
    ReceiptKey,
    Relay,
    RelayedBid,
    RelayedPurchase,
    Terms,
    TokenPermit,
    Withdrawal,
)

Order: TypeAlias = Purchase | Bid | GiveUp | Cancellation | Withdrawal | Deposit | NonceCancellation
"""What an account signs so that somebody else may submit it."""

#: name of each order in JSON, and in the commands
KINDS: Final[Mapping[str, type[Order]]] = {
    "purchase": Purchase,
    "bid": Bid,
    "give-up": GiveUp,
    "cancellation": Cancellation,
    "withdrawal": Withdrawal,
    "deposit": Deposit,
    "nonce-cancellation": NonceCancellation,
}
_NAMES: Final = {order: kind for kind, order in KINDS.items()}
_KEYS: Final = {
    "kind", "domain", "order", "signer", "signature", "terms", "seller_signature", "receipt_key", "permit"
}  # fmt: skip
_NO_PERMIT: Final = TokenPermit(0, 0, bytes(32), bytes(32))


class WrongMarket(BadInput):
    """The intent was signed for another contract, or for another chain."""


class NotSignedBy(Forged):
    """The signature is not that of the account in whose name the intent speaks."""


@dataclass(frozen=True)
class Intent:
    """A signed order. It shows what it does and nothing secret, and it works only as it was signed.

    Args:
        order: what was signed.
        domain: the contract and chain that it was signed for.
        signer: account in whose name it speaks.
        signature: 64 or 65 bytes of a key, or whatever the account's code understands (ERC-1271).
        terms: the offer of a purchase, of a withdrawal of an offer, or of a cancellation; else None.
        seller_signature: the seller's signature of an offer signed off chain, for a purchase; else empty.
        receipt_key: the one-time key that a purchase or bid names; None for the registered meter.
        permit: the permit of a deposit's token; None if an allowance stands already.

    Raises:
        BadInput: the parts do not belong together.

    Source:
        EIP-712, ERC-1271; `docs/intents.md`.
    """

    order: Order
    domain: Domain
    signer: str
    signature: bytes
    terms: Terms | None = None
    seller_signature: bytes = b""
    receipt_key: ReceiptKey | None = None
    permit: TokenPermit | None = None

    def __post_init__(self) -> None:
        order = self.order
        needs_terms = isinstance(order, Purchase | GiveUp | Cancellation)
        if needs_terms != (self.terms is not None):
            raise BadInput(f"a {self.kind} {'needs' if needs_terms else 'has no'} terms of an offer")
        if (
            isinstance(order, Purchase | GiveUp | Cancellation)
            and self.terms is not None
            and self.terms.struct_hash() != order.trade_id
        ):
            raise BadInput(f"the {self.kind} was signed for other terms than those that come with it")
        speaks = self._account()
        if speaks != self.signer:
            raise BadInput(f"the {self.kind} speaks for {speaks}, not for {self.signer}")
        if self.seller_signature and not isinstance(order, Purchase):
            raise BadInput(f"a {self.kind} has no signature of a seller")
        if self.permit is not None and not isinstance(order, Deposit):
            raise BadInput(f"a {self.kind} has no permit")
        named = order.receipt_key if isinstance(order, Purchase | Bid) else bytes(32)
        given = bytes(32) if self.receipt_key is None else keccak(self.receipt_key.signer)
        if named != given:
            raise BadInput(f"the {self.kind} names another receipt key than the one that comes with it")

    @property
    def kind(self) -> str:
        """Name of the order: a key of `KINDS`."""
        return _NAMES[type(self.order)]

    @property
    def deadline(self) -> int:
        """Unix seconds; the order can be carried out before."""
        return self.order.deadline

    def check(self, suite: Suite) -> None:
        """Check that the intent is for this market and was signed by the account that it speaks for.

        An account that is a contract is asked.

        Args:
            suite: the market.

        Raises:
            WrongMarket: it is for another contract or chain.
            NotSignedBy: the signature is neither that of its key, nor does its code accept it (ERC-1271).
        """
        domains = {
            domain.name: domain
            for domain in (
                (suite.ledger_domain, suite.desk_domain)
                if isinstance(self.order, NonceCancellation)
                else (suite.ledger_domain,)
                if isinstance(self.order, Withdrawal | Deposit)
                else (suite.desk_domain,)
            )
        }
        if domains.get(self.domain.name) != self.domain:
            raise WrongMarket(
                f"the {self.kind} was signed for {self.domain.name} {self.domain.verifying_contract} on chain"
                f" {self.domain.chain_id}, which is not part of this market"
            )
        if not signed_by(suite.chain, self.signer, self.domain.digest(self.order), self.signature):
            raise NotSignedBy(f"the {self.kind} was not signed by {self.signer}, for whom it speaks")

    def call(self, suite: Suite, offer: Offer | None = None) -> Call[None]:
        """Return the call that carries the intent out; whoever sends it pays for the gas.

        Args:
            suite: the market.
            offer: what a bid buys; None for every other intent.

        Raises:
            BadInput: a bid comes without an offer, or another intent with one.
            WrongMarket, NotSignedBy: see `check`.
        """
        if isinstance(self.order, Bid) != (offer is not None):
            raise BadInput(
                "a bid needs the offer that it buys"
                if offer is None
                else f"a {self.kind} takes no offer; it names its own"
            )
        self.check(suite)
        order = self.order
        if isinstance(order, Purchase):
            return suite.desk.accept_for(self.purchase())
        if isinstance(order, Bid):
            assert offer is not None, "checked above"
            relayed = RelayedBid(offer.terms, order, self._keys(), self.signature, offer.signature or b"")
            return suite.desk.fill_bid(relayed)
        if isinstance(order, Withdrawal):
            return suite.ledger.withdraw_for(order, self.signature)
        if isinstance(order, Deposit):
            return suite.ledger.deposit_for(order, self.signature, self.permit or _NO_PERMIT)
        if isinstance(order, NonceCancellation):
            contract = suite.ledger if self.domain == suite.ledger_domain else suite.desk
            return contract.void_nonces_for(order, self.signature)
        assert self.terms is not None, "checked when the intent was made"
        relay = Relay(order.deadline, order.relayer, order.fee)
        if isinstance(order, GiveUp):
            return suite.desk.give_up_for(self.terms, order.not_before, order.max_cut, relay, self.signature)
        return suite.desk.cancel_for(self.terms, relay, self.signature)

    def purchase(self) -> RelayedPurchase:
        """Return a purchase in the form that the relay desk takes.

        Raises:
            BadInput: the intent is no purchase.
        """
        order = self.order
        if not isinstance(order, Purchase) or self.terms is None:
            raise BadInput(f"only a purchase can be accepted, not a {self.kind}")
        return RelayedPurchase(
            self.terms,
            order.buyer,
            order.max_price,
            Relay(order.deadline, order.relayer, order.fee),
            self._keys(),
            self.signature,
            self.seller_signature,
        )

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`, as `docs/intents.md` describes it.

        Integers beyond 2**53 are text, so that the intent survives other languages' readers.
        """
        key, permit = self.receipt_key, self.permit
        return {
            "kind": self.kind,
            "domain": {
                "name": self.domain.name,
                "chain_id": exact(self.domain.chain_id),
                "verifying_contract": self.domain.verifying_contract,
            },
            "order": _fields_to_json(self.order),
            "signer": self.signer,
            "signature": to_hex(self.signature),
            "terms": None if self.terms is None else terms_to_json(self.terms),
            "seller_signature": to_hex(self.seller_signature),
            "receipt_key": None
            if key is None
            else {
                "signer": to_hex(key.signer),
                "epoch": exact(key.epoch),
                "proof": [to_hex(node) for node in key.proof],
                "signature": to_hex(key.signature),
            },
            "permit": None if permit is None else _fields_to_json(permit),
        }

    @classmethod
    def from_json(cls, value: Any) -> Intent:
        """Read the object of `to_json`, with its integers as numbers or as text.

        Raises:
            BadInput: a field is missing or malformed, or the parts do not belong together. The signature is
                not checked; `check` does that.
        """
        with reading("intent"):
            value = check_object(value, "intent", _KEYS)
            kind = value["kind"]
            if kind not in KINDS:
                raise BadInput(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
            domain = check_object(value["domain"], "domain", {"name", "chain_id", "verifying_contract"})
            key, permit, terms = value["receipt_key"], value["permit"], value["terms"]
            if key is not None:
                key = check_object(key, "receipt_key", {"signer", "epoch", "proof", "signature"})
                key = ReceiptKey(
                    from_hex(key["signer"], "signer"),
                    read_integer(key["epoch"], "epoch", most=2**256 - 1),
                    [from_hex(node, "proof", 32) for node in key["proof"]],
                    from_hex(key["signature"], "signature"),
                )
            return cls(
                _fields_from_json(KINDS[kind], KINDS[kind].TYPE, value["order"]),
                Domain(
                    str(domain["name"]),
                    read_integer(domain["chain_id"], "chain_id", most=2**256 - 1),
                    _account(domain["verifying_contract"], "verifying_contract"),
                ),
                _account(value["signer"], "signer"),
                from_hex(value["signature"], "signature"),
                None if terms is None else terms_from_json(terms),
                from_hex(value["seller_signature"], "seller_signature"),
                key,
                None if permit is None else _fields_from_json(TokenPermit, PERMIT_TYPE, permit),
            )

    def _account(self) -> str:
        order = self.order
        if isinstance(order, Purchase | Bid):
            return order.buyer
        if isinstance(order, Withdrawal):
            return order.account
        if isinstance(order, Deposit | NonceCancellation):
            return order.owner
        assert self.terms is not None, "checked before"
        return self.terms.seller

    def _keys(self) -> list[ReceiptKey]:
        return [] if self.receipt_key is None else [self.receipt_key]


#: fields of a permit, in the form in which a signed message states its own
PERMIT_TYPE: Final = "TokenPermit(uint256 deadline,uint8 v,bytes32 r,bytes32 s)"


def fields_of(kind: str) -> list[tuple[str, str]]:
    """Return the Solidity type and the name of each field of an EIP-712 type, in Solidity's spelling."""
    inside = kind[kind.index("(") + 1 : kind.index(")")]
    return [(a, b) for a, _, b in (field.partition(" ") for field in inside.split(","))]


def _fields_to_json(record: Any) -> dict[str, Any]:
    plain = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    return {name: to_hex(v) if isinstance(v, bytes) else exact(v) for name, v in plain.items()}


def _fields_from_json(record: Any, kind: str, value: Any) -> Any:
    names = [field.name for field in dataclasses.fields(record)]
    value = check_object(value, kind.partition("(")[0], set(names))
    return record(
        *(
            _read_field(solidity, value[name], name)
            for (solidity, _), name in zip(fields_of(kind), names, strict=True)
        )
    )


def _read_field(solidity: str, value: Any, name: str) -> Any:
    if solidity == "address":
        return _account(value, name)
    if found := re.fullmatch(r"bytes(\d+)", solidity):
        return from_hex(value, name, int(found[1]))
    return read_integer(value, name, most=2 ** int(solidity.removeprefix("uint")) - 1)


def _account(value: Any, name: str) -> str:
    if not isinstance(value, str) or not is_address(value):
        raise BadInput(f"{name} must be an address, not {value!r}")
    return str(to_checksum_address(value))
