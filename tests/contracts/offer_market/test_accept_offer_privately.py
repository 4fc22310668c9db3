"""acceptOfferPrivately: the buyer names a one-time key that proves itself and co-signs (CoE)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.crypto import keccak

from energy_trading.bindings.offer_market import (
    BadSignature,
    DeliveryConfirmed,
    Expired,
    ReceiptRefused,
    UnknownReceiptKey,
    WrongState,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.meter.signers import P256Meter, Secp256k1Meter
from energy_trading.types import Acceptance, DeliveryFault, Domain, TradeState
from tests.contracts.offer_market.tools import (
    DAY,
    Answer,
    ContractMeter,
    KeyList,
    hostile_signer,
    publish_keys,
    purse,
    purses,
    refused,
    taken,
    told,
)
from tests.world import FUNDS, World


def test_acceptance_names_the_one_time_key(world: World) -> None:
    """The log points at the key, not at the buyer's meter; that key's receipt pays (N-6)."""
    keys = publish_keys(world)
    terms = world.make(world.alice)
    sent = world.market.accept_offer_privately(terms, keys.name(terms, world.bob)).send(world.bob)
    assert told(world.market, sent) == [taken(world, terms, world.bob, keys.meters[0].signer)]
    assert purse(world, world.bob) == (FUNDS - terms.price, 0)
    receipt = world.receipt(terms, world.bob, meter=keys.meters[0])
    done = world.market.confirm_delivery(receipt).send(world.stranger)
    assert told(world.market, done) == [(DeliveryConfirmed, world.trade_id(terms))]


def test_buyer_needs_no_registered_meter(world: World) -> None:
    """A one-time key stands in for a meter (N-6)."""
    world.ledger.remove_meter(world.bob.address).send(world.dso)
    keys = publish_keys(world)
    terms = world.make(world.alice)
    world.market.accept_offer_privately(terms, keys.name(terms, world.bob)).send(world.bob)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


@pytest.mark.parametrize("fillers", [0, 1, 13])
def test_every_key_of_a_list_proves_itself(world: World, fillers: int) -> None:
    """Trees of one leaf and of many, full or not, lead to the root (N-6)."""
    signers = [Secp256k1Meter(SecretKey.from_int(700 + i)) for i in range(1 + fillers // 6)]
    keys = publish_keys(world, *signers, fillers=fillers)
    for index in range(len(signers)):
        terms = world.make(world.alice)
        world.market.accept_offer_privately(terms, keys.name(terms, world.bob, index)).send(world.bob)
        assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_p256_key(world: World) -> None:
    """A P-256 meter can be a one-time key: it co-signs, and its receipt pays (N-6)."""
    meter = P256Meter(ec.derive_private_key(77, ec.SECP256R1()), world.suite.p256_verifier)
    keys = publish_keys(world, meter)
    terms = world.make(world.alice)
    sent = world.market.accept_offer_privately(terms, keys.name(terms, world.bob)).send(world.bob)
    assert told(world.market, sent) == [taken(world, terms, world.bob, meter.signer)]
    world.market.confirm_delivery(world.receipt(terms, world.bob, meter=meter)).send(world.stranger)
    assert purses(world, world.alice, world.bob) == [(FUNDS + terms.price, 0), (FUNDS - terms.price, 0)]


def test_co_signature_of_65_bytes(world: World) -> None:
    """r ‖ s ‖ v counts like the compact form (EIP-2098, N-6)."""
    key = SecretKey.from_int(77)
    keys = publish_keys(world, Secp256k1Meter(key))
    terms = world.make(world.alice)
    digest = world.suite.market_domain.digest(Acceptance(world.trade_id(terms), world.bob.address))
    named = keys.name(terms, world.bob, signature=key.sign_digest(digest))
    world.market.accept_offer_privately(terms, named).send(world.bob)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


Fault = Callable[[World, KeyList], dict[str, object]]
UNKNOWN: dict[str, Fault] = {
    "proof of another key": lambda world, keys: {"proof": keys.tree.proof(1)},
    "no proof": lambda world, keys: {"proof": []},
    "proof too short": lambda world, keys: {"proof": keys.tree.proof(0)[:-1]},
    "proof too long": lambda world, keys: {"proof": [*keys.tree.proof(0), bytes(32)]},
    "key not in the tree": lambda world, keys: {"signer": b"\x77" * 20},
    "signer with a byte more": lambda world, keys: {"signer": keys.meters[0].signer + b"\0"},
    "last epoch": lambda world, keys: {"epoch": keys.epoch - 1},
    "next epoch": lambda world, keys: {"epoch": keys.epoch + 1},
    "huge epoch": lambda world, keys: {"epoch": 2**256 - 1},
}


@pytest.mark.parametrize("fault", UNKNOWN)
def test_revert_given_key_is_not_under_the_root(world: World, fault: str) -> None:
    """A key counts with its own proof under the current epoch's root, and not otherwise (N-6)."""
    keys = publish_keys(world)
    terms = world.make(world.alice)
    named = keys.name(terms, world.bob, **UNKNOWN[fault](world, keys))
    refused(
        world.market.accept_offer_privately(terms, named),
        world.bob,
        UnknownReceiptKey,
        named.epoch,
        keccak(named.signer),
    )


def test_revert_given_an_inner_node_posing_as_key(world: World) -> None:
    """No 64-byte node of the tree passes as a signer: leaves are hashed twice (N-6)."""
    meters = [Secp256k1Meter(SecretKey.from_int(500 + i)) for i in range(4)]
    keys = publish_keys(world, *meters, fillers=0)
    low, high = sorted(signer_leaf(meter.signer) for meter in meters[:2])
    terms = world.make(world.alice)
    named = keys.name(terms, world.bob, signer=low + high, proof=keys.tree.proof(0)[1:])
    refused(
        world.market.accept_offer_privately(terms, named),
        world.bob,
        UnknownReceiptKey,
        keys.epoch,
        keccak(low + high),
    )


def test_keys_count_in_their_epoch_only(world: World) -> None:
    """Tomorrow's keys cannot be named at 23:59:59 and can at midnight; today's the other way (N-6)."""
    today = world.chain.now() // DAY
    midnight = (today + 1) * DAY
    early, late = publish_keys(world), publish_keys(world, epoch=today + 1)
    window = {"accept_by": midnight + 3600, "deliver_by": midnight + 7200}
    first, second = world.make(world.alice, **window), world.make(world.alice, **window)
    accept = world.market.accept_offer_privately
    world.chain.set_next_time(midnight - 1)
    refused(
        accept(first, late.name(first, world.bob)),
        world.bob,
        UnknownReceiptKey,
        today + 1,
        keccak(late.meters[0].signer),
    )
    accept(first, early.name(first, world.bob)).send(world.bob)
    refused(
        accept(second, early.name(second, world.bob)),
        world.bob,
        UnknownReceiptKey,
        today,
        keccak(early.meters[0].signer),
    )
    accept(second, late.name(second, world.bob)).send(world.bob)
    assert world.chain.now() == midnight


def test_revert_given_root_revoked(world: World) -> None:
    """A revoked root names no more keys; a trade that named one keeps it (N-6)."""
    keys = publish_keys(world)
    first, second = world.make(world.alice), world.make(world.alice)
    world.market.accept_offer_privately(first, keys.name(first, world.bob)).send(world.bob)
    world.ledger.revoke_key_root(keys.epoch).send(world.dso)
    refused(
        world.market.accept_offer_privately(second, keys.name(second, world.bob)),
        world.bob,
        UnknownReceiptKey,
        keys.epoch,
        keccak(keys.meters[0].signer),
    )
    receipt = world.receipt(first, world.bob, meter=keys.meters[0])
    world.market.confirm_delivery(receipt).send(world.stranger)
    assert purse(world, world.alice) == (FUNDS + first.price - second.price, second.price)


def test_revert_given_co_signature_for_another_buyer(world: World) -> None:
    """A key that agreed to serve Carol does not serve Bob, who saw her transaction (N-6)."""
    keys = publish_keys(world)
    terms = world.make(world.alice)
    named = keys.name(terms, world.carol)
    refused(world.market.accept_offer_privately(terms, named), world.bob, BadSignature, keys.meters[0].signer)
    world.market.accept_offer_privately(terms, named).send(world.carol)


def test_revert_given_co_signature_for_another_trade(world: World) -> None:
    """A co-signature is for one trade (N-6)."""
    keys = publish_keys(world)
    terms, other = world.make(world.alice), world.make(world.alice)
    refused(
        world.market.accept_offer_privately(terms, keys.name(other, world.bob)),
        world.bob,
        BadSignature,
        keys.meters[0].signer,
    )


@pytest.mark.parametrize("what", ["chain", "contract", "name"])
def test_revert_given_co_signature_for_another_domain(world: World, what: str) -> None:
    """A co-signature is for one contract on one chain (EIP-712, N-6)."""
    domain = world.suite.market_domain
    wrong = {
        "chain": Domain(domain.name, domain.chain_id + 1, domain.verifying_contract),
        "contract": Domain(domain.name, domain.chain_id, world.ledger.address),
        "name": Domain("EnergyLedger", domain.chain_id, domain.verifying_contract),
    }[what]
    keys = publish_keys(world)
    terms = world.make(world.alice)
    digest = wrong.digest(Acceptance(world.trade_id(terms), world.bob.address))
    named = keys.name(terms, world.bob, signature=keys.meters[0].sign(digest))
    refused(world.market.accept_offer_privately(terms, named), world.bob, BadSignature, keys.meters[0].signer)


def test_revert_given_co_signature_of_another_key(world: World) -> None:
    """A listed key that did not co-sign cannot be named: it would never sign the receipt (N-6)."""
    keys = publish_keys(world)
    terms = world.make(world.alice)
    named = keys.name(terms, world.bob, signature=keys.name(terms, world.bob, 1).signature)
    refused(world.market.accept_offer_privately(terms, named), world.bob, BadSignature, keys.meters[0].signer)


@pytest.mark.parametrize("length", [0, 1, 63, 66, 100])
def test_revert_given_co_signature_of_odd_length(world: World, length: int) -> None:
    """A signature has 64 or 65 bytes (N-6)."""
    keys = publish_keys(world)
    terms = world.make(world.alice)
    named = keys.name(terms, world.bob)
    named = keys.name(terms, world.bob, signature=(named.signature * 2)[:length])
    refused(world.market.accept_offer_privately(terms, named), world.bob, BadSignature, keys.meters[0].signer)


class _Bytes:
    """A listed signer of any bytes; its signature is anybody's."""

    def __init__(self, signer: bytes) -> None:
        self.signer = signer

    def sign(self, digest: bytes) -> bytes:
        return SecretKey.from_int(5).sign_digest(digest)


@pytest.mark.parametrize(
    "signer",
    [b"", b"\x11" * 19, bytes(20), b"\x11" * 20, b"\x11" * 21, bytes(21), b"\x11" * 84],
    ids=lambda signer: f"{len(signer)} bytes of {signer[:1].hex()}",
)
def test_revert_given_signer_that_cannot_sign(world: World, signer: bytes) -> None:
    """Too short, the zero address, or a verifier without code: even listed it signs nothing (N-6)."""
    keys = publish_keys(world, _Bytes(signer))
    terms = world.make(world.alice)
    refused(
        world.market.accept_offer_privately(terms, keys.name(terms, world.bob)),
        world.bob,
        BadSignature,
        signer,
    )


@pytest.mark.parametrize("answer", [a for a in Answer if a not in (Answer.RIGHT, Answer.REENTER)])
def test_revert_given_hostile_verifier(world: World, answer: Answer) -> None:
    """A verifier that answers anything but the magic word, or writes, names no key (ERC-7913, N-6)."""
    meter = ContractMeter(hostile_signer(world, answer))
    keys = publish_keys(world, meter)
    terms = world.make(world.alice)
    refused(
        world.market.accept_offer_privately(terms, keys.name(terms, world.bob)),
        world.bob,
        BadSignature,
        meter.signer,
    )


def test_verifier_with_a_key_of_one_byte(world: World) -> None:
    """Whatever the DSO lists counts: 21 bytes are a verifier and its key (ERC-7913, N-6)."""
    meter = ContractMeter(hostile_signer(world, Answer.RIGHT))
    assert len(meter.signer) == 21
    keys = publish_keys(world, meter)
    terms = world.make(world.alice)
    world.market.accept_offer_privately(terms, keys.name(terms, world.bob)).send(world.bob)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_revert_given_no_root_at_all(world: World) -> None:
    """An epoch without a root has no keys, and a proof of the zero root proves nothing (N-6)."""
    meter = Secp256k1Meter(SecretKey.from_int(500))
    epoch = world.chain.now() // DAY
    unpublished = KeyList(world, epoch, [meter], MerkleTree([signer_leaf(meter.signer)]))
    terms = world.make(world.alice)
    refused(
        world.market.accept_offer_privately(terms, unpublished.name(terms, world.bob)),
        world.bob,
        UnknownReceiptKey,
        epoch,
        keccak(meter.signer),
    )


def test_revert_given_offer_expired(world: World) -> None:
    """From acceptBy on it is too late (N-7 scenario 3)."""
    keys = publish_keys(world)
    terms = world.make(world.alice)
    call = world.market.accept_offer_privately(terms, keys.name(terms, world.bob))
    world.chain.set_next_time(terms.accept_by)
    refused(call, world.bob, Expired, terms.accept_by, terms.accept_by)
    assert purse(world, world.bob) == (FUNDS, 0)


def test_acceptance_one_second_before_accept_by(world: World) -> None:
    """An offer can be accepted while now < acceptBy (N-2, half-open)."""
    keys = publish_keys(world)
    terms = world.make(world.alice)
    world.chain.set_next_time(terms.accept_by - 1)
    world.market.accept_offer_privately(terms, keys.name(terms, world.bob)).send(world.bob)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_revert_given_offer_is_taken(world: World) -> None:
    """An offer is accepted once, whichever way (N-2)."""
    keys = publish_keys(world)
    terms = world.accepted(world.alice, world.bob)
    refused(
        world.market.accept_offer_privately(terms, keys.name(terms, world.carol)),
        world.carol,
        WrongState,
        world.trade_id(terms),
        TradeState.ACCEPTED,
        TradeState.OFFERED,
    )


def test_registered_meter_cannot_stand_in_for_the_one_time_key(world: World) -> None:
    """After a private acceptance the buyer's own meter proves nothing (N-6)."""
    keys = publish_keys(world)
    terms = world.make(world.alice)
    world.market.accept_offer_privately(terms, keys.name(terms, world.bob)).send(world.bob)
    refused(
        world.market.confirm_delivery(world.receipt(terms, world.bob)),
        world.stranger,
        ReceiptRefused,
        world.trade_id(terms),
        DeliveryFault.NOT_PARTY,
    )
