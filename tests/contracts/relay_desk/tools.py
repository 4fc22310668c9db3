"""Signed orders for the relay desk's tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Sent, error_of
from energy_trading.bindings.relay_desk import PurchaseRefused
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import (
    MAX_UNITS,
    ZERO_ADDRESS,
    Bid,
    Cancellation,
    GiveUp,
    ReceiptKey,
    Relay,
    RelayedBid,
    RelayedPurchase,
    Terms,
)
from tests.contracts.offer_market.tools import compiled
from tests.world import EURO, World

FEE = EURO // 100
HOUR = 3_600


def offer(world: World, seller: SecretKey, **changes: Any) -> tuple[Terms, bytes]:
    """An offer signed off chain, and its signature."""
    terms = world.terms(seller, signed=True, **changes)
    return terms, world.sign_offer(terms, seller)


def purchase(
    world: World, buyer: SecretKey, seller: SecretKey | None = None, /, **changes: Any
) -> RelayedPurchase:
    """A purchase of a signed offer, by default Alice's, with a fee for Carol."""
    terms, signature = offer(world, seller or world.alice)
    carried = {"relayer": world.carol.address, "fee": FEE, "max_price": terms.price}
    return world.purchase(terms, buyer, signature, **(carried | changes))


def bid(world: World, terms: Terms, buyer: SecretKey, /, **changes: Any) -> RelayedBid:
    """A bid that an offer keeps to exactly, with a fee for Carol; `signature`, `key`, `signer`, `domain`."""
    extra = {name: changes.pop(name, None) for name in ("signature", "key", "signer", "domain")}
    key: ReceiptKey | None = extra["key"]
    wh = (terms.energy.wh if terms.energy.is_plain else 0) or 1
    signed = replace(
        Bid(
            buyer.address,
            ZERO_ADDRESS,
            wh,
            wh,
            -(-terms.price * 10**6 // wh),
            terms.accept_by,
            terms.deliver_by,
            0,
            world.chain.now() + HOUR,
            7,
            bytes(32) if key is None else keccak(key.signer),
            world.carol.address,
            FEE,
        ),
        **changes,
    )
    digest = (extra["domain"] or world.suite.desk_domain).digest(signed)
    signature = (extra["signer"] or buyer).sign_digest(digest)
    return RelayedBid(terms, signed, [] if key is None else [key], signature, extra["signature"] or b"")


def relay(world: World, **changes: Any) -> Relay:
    """An hour, and a fee for Carol."""
    return replace(Relay(world.chain.now() + HOUR, world.carol.address, FEE), **changes)


def give_up(world: World, terms: Terms, signer: SecretKey, **changes: Any) -> tuple[Any, ...]:
    """Arguments of `give_up_for`: by default from now on, at any cut."""
    domain = changes.pop("domain", world.suite.desk_domain)
    not_before, max_cut = changes.pop("not_before", 0), changes.pop("max_cut", MAX_UNITS)
    carried = relay(world, **changes)
    order = GiveUp(terms.struct_hash(), not_before, max_cut, carried.deadline, carried.relayer, carried.fee)
    return terms, not_before, max_cut, carried, signer.sign_digest(domain.digest(order))


def cancel(world: World, terms: Terms, signer: SecretKey, **changes: Any) -> tuple[Any, ...]:
    """Arguments of `cancel_for`."""
    domain = changes.pop("domain", world.suite.desk_domain)
    carried = relay(world, **changes)
    order = Cancellation(terms.struct_hash(), carried.deadline, carried.relayer, carried.fee)
    return terms, carried, signer.sign_digest(domain.digest(order))


def refusals(sent: Sent) -> list[tuple[bytes, str, type[Exception], tuple[Any, ...]]]:
    """What a batch refused: trade, buyer, error and its fields."""
    found: list[tuple[bytes, str, type[Exception], tuple[Any, ...]]] = []
    for event in sent.events:
        if isinstance(event, PurchaseRefused):
            error = error_of(event.reason)
            found.append((event.trade_id, event.buyer, type(error), getattr(error, "values", ())))
    return found


def contract_account(world: World, owner: SecretKey) -> str:
    """A contract account that its owner signs for (ERC-1271), open, funded and with a meter."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [owner.address])
    account = world.chain.deploy(code, world.stranger)[0]
    attestation, signature, _ = world.attest(account)
    consent = owner.sign_digest(world.suite.ledger_domain.digest(attestation))
    world.ledger.open_account(attestation, signature, consent).send(world.stranger)
    value = EURO * world.ledger.unit()
    world.ledger.deposit(account, EURO, value=value).send(world.stranger)
    world.ledger.register_meter(account, bytes.fromhex(owner.address[2:])).send(world.dso)
    return account
