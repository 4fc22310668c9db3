"""What the market's tests share: whole errors and events, purses, receipt keys, hostile contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.conversions import to_bytes
from eth_utils.crypto import keccak

from energy_trading.bindings import Call, Contract, ContractRevert, Sent, UnknownRevert
from energy_trading.bindings.offer_market import OfferAccepted, OfferMade
from energy_trading.chain.artifacts import Artifact, load_from
from energy_trading.chain.compile import TEST_CONTRACTS, compile_profile
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.market.log.records import changes_in
from energy_trading.meter.signers import ReceiptSigner, Secp256k1Meter
from energy_trading.types import Acceptance, Cause, Energy, ReceiptKey, Terms
from tests.world import EURO, World

DAY = 86_400
MAX_UINT64 = 2**64 - 1
NONE = "0x" + "00" * 20
NO_KEY = bytes(32)
#: Key that stands where the auction contract is named in `award_world`.
AUCTIONEER = SecretKey.from_int(1009)


def refused(call: Call[Any], sender: SecretKey | str, error: type[ContractRevert], *values: Any) -> None:
    """Send and see this very error with these very fields."""
    with pytest.raises(ContractRevert) as caught:
        call.send(sender)
    assert (type(caught.value), caught.value.values) == (error, values)


def refused_silently(call: Call[Any], sender: SecretKey | str, gas: int | None = None) -> None:
    """Send and see it stop without any data: undecodable arguments, unwanted coin, no gas left."""
    with pytest.raises(UnknownRevert) as caught:
        call.send(sender, gas)
    assert caught.value.data == b""


def told(contract: Contract, sent: Sent) -> list[tuple[Any, ...]]:
    """Everything a contract said in a transaction: (event, field, field …), in order."""
    return [
        (type(event), *(getattr(event, name) for name, _, _ in event.layout))
        for event in sent.events
        if event.address == contract.address
    ]


def made(world: World, terms: Terms) -> tuple[Any, ...]:
    """The event that tells of an offer."""
    return (
        OfferMade,
        world.trade_id(terms),
        terms.seller,
        terms.buyer,
        terms.energy,
        terms.price,
        terms.accept_by,
        terms.deliver_by,
        terms.nonce,
    )


def taken(world: World, terms: Terms, buyer: SecretKey, signer: bytes | None = None) -> tuple[Any, ...]:
    """The event that tells of an acceptance, with the buyer's meter or another signer."""
    key = keccak(world.meters[buyer.address].signer if signer is None else signer)
    return (OfferAccepted, world.trade_id(terms), buyer.address, key)


def credit_moves(sent: Sent) -> list[tuple[Cause, str, int]]:
    """Which credits a transaction moved, in order: (cause, account, z)."""
    changes = [change for event in sent.events for change in changes_in(event)]
    return [(change.cause, change.account, change.z) for change in changes]


def z_of(world: World, value: int) -> int:
    """The z that a money value weighs in the credit model: rounded down, at most 255."""
    return min(value // int(world.ledger.credit_parameters().z_unit), 255)


def purse(world: World, key: SecretKey | str) -> tuple[int, int]:
    """Available and held funds of an account."""
    account = world.account(key)
    return account.available, account.held


def purses(world: World, *keys: SecretKey | str) -> list[tuple[int, int]]:
    """Available and held funds of several accounts."""
    return [purse(world, key) for key in keys]


def meter_key(world: World, key: SecretKey) -> bytes:
    """Hash of the signer that an acceptance by this account names."""
    return keccak(world.meters[key.address].signer)


def wh(energy: int) -> Energy:
    """A quantity as the terms and the receipt carry it."""
    return Energy(energy.to_bytes(32, "big"))


@dataclass
class KeyList:
    """One-time receipt keys of one epoch under a published root."""

    world: World
    epoch: int
    meters: Sequence[ReceiptSigner]
    tree: MerkleTree

    def name(self, terms: Terms, buyer: SecretKey, index: int = 0, **changes: Any) -> ReceiptKey:
        """The key as an acceptance names it: with its proof and its co-signature."""
        meter = self.meters[index]
        digest = self.world.suite.market_domain.digest(Acceptance(self.world.trade_id(terms), buyer.address))
        key = ReceiptKey(meter.signer, self.epoch, self.tree.proof(index), meter.sign(digest))
        return replace(key, **changes)


def publish_keys(world: World, *meters: ReceiptSigner, epoch: int | None = None, fillers: int = 3) -> KeyList:
    """Publish a root over these meters' keys (four of secp256k1 if none are given) and a few more."""
    listed = list(meters) or [Secp256k1Meter(SecretKey.from_int(500 + i)) for i in range(4)]
    others = [Secp256k1Meter(SecretKey.from_int(900 + i)) for i in range(fillers)]
    tree = MerkleTree([signer_leaf(meter.signer) for meter in [*listed, *others]])
    epoch = world.chain.now() // DAY if epoch is None else epoch
    world.ledger.publish_key_root(epoch, tree.root, bytes(32)).send(world.dso)
    return KeyList(world, epoch, listed, tree)


Prepare = Callable[[World, SecretKey, SecretKey, int, dict[str, Any]], Call[Any]]


def _offer(world: World, seller: SecretKey, at: int, changes: dict[str, Any], signed: bool) -> Terms:
    window = {"accept_by": at + 3600, "deliver_by": at + 7200}
    return world.terms(seller, signed=signed, **(window | changes))


def _make(world: World, seller: SecretKey, _: SecretKey, at: int, changes: dict[str, Any]) -> Call[Any]:
    return world.market.make_offer(_offer(world, seller, at, changes, False))


def _accept(world: World, seller: SecretKey, _: SecretKey, at: int, changes: dict[str, Any]) -> Call[Any]:
    terms = _offer(world, seller, at, changes, False)
    world.market.make_offer(terms).send(seller)
    return world.market.accept_offer(terms)


def _accept_privately(
    world: World, seller: SecretKey, buyer: SecretKey, at: int, changes: dict[str, Any]
) -> Call[Any]:
    terms = _offer(world, seller, at, changes, False)
    world.market.make_offer(terms).send(seller)
    keys = publish_keys(world, epoch=at // DAY)
    return world.market.accept_offer_privately(terms, keys.name(terms, buyer))


def _accept_signed(
    world: World, seller: SecretKey, _: SecretKey, at: int, changes: dict[str, Any]
) -> Call[Any]:
    terms = _offer(world, seller, at, changes, True)
    return world.market.accept_signed(terms, world.sign_offer(terms, seller))


def _accept_signed_privately(
    world: World, seller: SecretKey, buyer: SecretKey, at: int, changes: dict[str, Any]
) -> Call[Any]:
    terms = _offer(world, seller, at, changes, True)
    keys = publish_keys(world, epoch=at // DAY)
    return world.market.accept_signed_privately(
        terms, world.sign_offer(terms, seller), keys.name(terms, buyer)
    )


#: Calls in which a seller's guarantee is held, by the sender's role.
SELLING: dict[str, Prepare] = {
    "make_offer": _make,
    "accept_signed": _accept_signed,
    "accept_signed_privately": _accept_signed_privately,
}
#: Calls in which a buyer pays.
BUYING: dict[str, Prepare] = {
    "accept_offer": _accept,
    "accept_offer_privately": _accept_privately,
    "accept_signed": _accept_signed,
    "accept_signed_privately": _accept_signed_privately,
}


def prepare(
    way: str, world: World, seller: SecretKey, buyer: SecretKey, /, at: int | None = None, **changes: Any
) -> tuple[Call[Any], SecretKey]:
    """A commitment of the given kind that is in order at a time, and who sends it."""
    call = (SELLING | BUYING)[way](world, seller, buyer, world.chain.now() if at is None else at, changes)
    return call, seller if way == "make_offer" else buyer


def ban(world: World, key: SecretKey, customer: SecretKey) -> int:
    """Let an account default until it is banned (N-7 scenario 5) and return until when."""
    while world.account(key).banned_until == 0:
        world.deliver(world.accepted(key, customer, price=EURO // 100), customer, 0)
    return int(world.account(key).banned_until)


class Answer(IntEnum):
    """What a HostileSigner does, as the contract numbers it."""

    RIGHT = 0
    JUNK = 1
    DIRTY = 2
    SHORT = 3
    HUGE = 4
    NOTHING = 5
    REVERT = 6
    BURN = 7
    WRITE = 8
    REENTER = 9


@cache
def compiled(name: str) -> Artifact:
    """Compile tests/solidity and load one of its contracts."""
    compile_profile(TEST_CONTRACTS)
    return load_from(TEST_CONTRACTS.output, name)


def hostile_signer(world: World, answer: Answer, target: str = NONE, data: bytes = b"") -> str:
    """Deploy a signer contract that answers like this."""
    code = compiled("HostileSigner").bytecode + encode(["uint8", "address", "bytes"], [answer, target, data])
    return world.chain.deploy(code, world.stranger)[0]


class ContractMeter:
    """A meter whose signatures a verifier contract judges; what it signs is of no account."""

    def __init__(self, verifier: str, key: bytes = b"\x01") -> None:
        self.signer = to_bytes(hexstr=verifier) + key

    def sign(self, digest: bytes) -> bytes:
        """Sign nothing."""
        return b"any" + digest[:1]


def fit_meter(world: World, key: SecretKey, meter: Any) -> None:
    """Let the DSO name an account's meter."""
    world.ledger.register_meter(key.address, meter.signer).send(world.dso)
    world.meters[key.address] = meter
