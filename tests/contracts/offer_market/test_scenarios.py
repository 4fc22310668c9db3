"""The five scenarios of N-7 and the attacks of N-8, end to end, with everybody's funds before and after."""

from __future__ import annotations

from dataclasses import replace

from energy_trading.bindings.energy_ledger import (
    Banned,
    Insufficient,
    OverCreditLimit,
    RoleMissing,
)
from energy_trading.bindings.offer_market import (
    DeliveryConfirmed,
    Expired,
    OfferAccepted,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    ReceiptRefused,
    TradeExpired,
    WrongState,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.types import DeliveryFault, TradeState
from tests.contracts.offer_market.tools import (
    NO_KEY,
    NONE,
    meter_key,
    purse,
    purses,
    refused,
    told,
)
from tests.world import CONSUMER, EURO, FUNDS, World

PRICE = EURO // 5
PARTS = 5  # people with funds


def _balanced(world: World, in_trades: int = 0) -> None:
    """Available + held + payments in open trades is the coin the ledger holds, to the unit."""
    people = (world.alice, world.bob, world.carol, world.seller, world.buyer, world.treasury)
    owned = sum(sum(purse(world, key)) for key in people)
    coin = world.chain.web3.eth.get_balance(world.ledger.address)
    assert (owned + in_trades) * EURO == coin == PARTS * FUNDS * EURO


def test_scenario_1_success(world: World) -> None:
    """Offer, payment, receipt: the price changes hands, the guarantee returns (N-7 scenario 1)."""
    _balanced(world)
    terms = world.terms(world.seller)
    world.market.make_offer(terms).send(world.seller)
    assert purses(world, world.seller, world.buyer) == [(FUNDS - PRICE, PRICE), (FUNDS, 0)]
    _balanced(world)
    world.market.accept_offer(terms).send(world.buyer)
    assert purses(world, world.seller, world.buyer) == [(FUNDS - PRICE, PRICE), (FUNDS - PRICE, 0)]
    _balanced(world, in_trades=PRICE)
    world.deliver(terms, world.buyer)
    assert purses(world, world.seller, world.buyer, world.treasury) == [
        (FUNDS + PRICE, 0),
        (FUNDS - PRICE, 0),
        (0, 0),
    ]
    _balanced(world)
    world.ledger.withdraw(world.seller.address, FUNDS + PRICE).send(world.seller)
    assert purse(world, world.seller) == (0, 0)
    trade = world.trade_id(terms)
    story = [event for event in world.market.events() if getattr(event, "trade_id", None) == trade]
    assert [type(event) for event in story] == [OfferMade, OfferAccepted, DeliveryConfirmed]


def test_scenario_2_cancel(world: World) -> None:
    """Giving up early costs a seller five per cent, at the expiry nothing (N-7 scenario 2)."""
    early, late = world.make(world.seller), world.make(world.seller)
    assert purse(world, world.seller) == (FUNDS - 2 * PRICE, 2 * PRICE)
    sent = world.market.give_up(early).send(world.seller)
    assert told(world.market, sent) == [(OfferWithdrawn, world.trade_id(early), PRICE // 20)]
    refused(
        world.market.accept_offer(early),
        world.buyer,
        WrongState,
        world.trade_id(early),
        TradeState.NONE,
        TradeState.OFFERED,
    )
    world.chain.set_next_time(late.accept_by)
    world.market.give_up(late).send(world.seller)
    assert purses(world, world.seller, world.buyer, world.treasury) == [
        (FUNDS - PRICE // 20, 0),
        (FUNDS, 0),
        (PRICE // 20, 0),
    ]
    _balanced(world)


def test_scenario_3_late_acceptance(world: World) -> None:
    """Who comes too late pays nothing, and the seller has the guarantee back (N-7 scenario 3)."""
    terms = world.make(world.seller)
    world.chain.set_next_time(terms.accept_by)
    refused(world.market.accept_offer(terms), world.buyer, Expired, terms.accept_by, terms.accept_by)
    sent = world.market.expire(terms, NONE, NO_KEY).send(world.buyer)
    assert told(world.market, sent) == [(OfferExpired, world.trade_id(terms))]
    assert purses(world, world.seller, world.buyer, world.treasury) == [(FUNDS, 0), (FUNDS, 0), (0, 0)]
    _balanced(world)


def test_scenario_4_late_delivery(world: World) -> None:
    """A receipt at the expiry is void; the buyer is refunded, the seller loses a fifth (N-7 scenario 4)."""
    terms = world.accepted(world.seller, world.buyer)
    _balanced(world, in_trades=PRICE)
    world.chain.set_next_time(terms.deliver_by)
    refused(
        world.market.confirm_delivery(world.receipt(terms, world.buyer)),
        world.seller,
        ReceiptRefused,
        world.trade_id(terms),
        DeliveryFault.EXPIRED,
    )
    call = world.market.expire(terms, world.buyer.address, meter_key(world, world.buyer))
    sent = call.send(world.buyer)
    assert told(world.market, sent) == [(TradeExpired, world.trade_id(terms), PRICE // 5)]
    assert purses(world, world.seller, world.buyer, world.treasury) == [
        (FUNDS - PRICE // 5, 0),
        (FUNDS, 0),
        (PRICE // 5, 0),
    ]
    account = world.account(world.seller)
    assert (account.defaults, account.banned_until) == (1, 0)
    _balanced(world)


def test_scenario_5_too_many_penalties(world: World) -> None:
    """Two defaults are forgiven, the third bans for 4/R days, and the date lets in again (N-7 scenario 5)."""
    bans = []
    for _ in range(3):
        terms = world.accepted(world.seller, world.buyer)
        world.deliver(terms, world.buyer, 0)
        bans.append(world.account(world.seller).banned_until)
    account = world.account(world.seller)
    until = account.banned_until
    seconds = 4 * 86_400 * 10**9 // account.seller_credit_e9  # c(3) = 4; eq 7
    assert bans == [0, 0, world.chain.now() + seconds]
    assert account.defaults == 3
    refused(
        world.market.make_offer(world.terms(world.seller)), world.seller, Banned, world.seller.address, until
    )
    world.ledger.withdraw(world.seller.address, 1).send(world.seller)  # what is free stays the seller's
    world.pass_time(until)
    terms = world.make(world.seller)
    world.market.accept_offer(terms).send(world.buyer)
    world.deliver(terms, world.buyer)
    lost = 3 * (PRICE // 5)
    assert purses(world, world.seller, world.buyer, world.treasury) == [
        (FUNDS - 1 - lost + PRICE, 0),
        (FUNDS - PRICE, 0),
        (lost, 0),
    ]


def test_attack_flood_of_offers(world: World) -> None:
    """A producer who floods the market is stopped by the credit limit, however many funds (N-8)."""
    limit = world.ledger.open_limit(world.account(world.seller).seller_credit_e9)
    many = [world.make(world.seller, price=limit // 5) for _ in range(5)]
    over = world.terms(world.seller, price=1)
    refused(
        world.market.make_offer(over), world.seller, OverCreditLimit, world.seller.address, limit + 1, limit
    )
    assert purse(world, world.seller) == (FUNDS - limit, limit)
    # Backing out of the flood costs money and credit never below the floor.
    for terms in many:
        world.market.give_up(terms).send(world.seller)
    assert purses(world, world.seller, world.treasury) == [(FUNDS - limit // 20, 0), (limit // 20, 0)]
    _balanced(world)


def test_attack_never_sends(world: World) -> None:
    """A producer who sells everything and sends nothing loses a fifth each time, the buyers nothing (N-8)."""
    # Each of its trades is agreed after the default before, so each is a step, and the third brings a ban.
    for buyer in (world.buyer, world.alice, world.bob):
        terms = world.accepted(world.seller, buyer)
        world.pass_time(terms.deliver_by)
        world.market.expire(terms, buyer.address, meter_key(world, buyer)).send(buyer)
        assert purse(world, buyer) == (FUNDS, 0)
    lost = 3 * (PRICE // 5)
    assert purses(world, world.seller, world.treasury) == [(FUNDS - lost, 0), (lost, 0)]
    assert world.account(world.seller).banned_until > world.chain.now()
    _balanced(world)


def test_attack_forged_receipt_by_the_producer(world: World) -> None:
    """A producer cannot make the receipt, nor use an old one, nor have the trade settled otherwise (N-8)."""
    paid = world.accepted(world.seller, world.buyer)
    old = world.receipt(paid, world.buyer)
    world.market.confirm_delivery(old).send(world.seller)
    terms = world.accepted(world.seller, world.buyer)
    before = purse(world, world.seller)
    trade = world.trade_id(terms)
    own = world.receipt(terms, world.buyer, meter=Secp256k1Meter(world.seller))
    attempts = [
        (own, DeliveryFault.NOT_PARTY),
        (replace(own, signer=old.signer), DeliveryFault.BAD_RECEIPT),
        (replace(old, terms=terms), DeliveryFault.BAD_RECEIPT),
    ]
    for receipt, fault in attempts:
        refused(world.market.confirm_delivery(receipt), world.seller, ReceiptRefused, trade, fault)
    refused(
        world.market.confirm_delivery(old),
        world.seller,
        ReceiptRefused,
        world.trade_id(paid),
        DeliveryFault.NOT_ACCEPTED,
    )
    assert purse(world, world.seller) == before


def test_attack_consumer_without_payment(world: World) -> None:
    """A consumer who cannot pay binds nobody: the offer stays open for others (N-8)."""
    world.ledger.withdraw(world.buyer.address, FUNDS - PRICE + 1).send(world.buyer)
    terms = world.make(world.seller)
    refused(
        world.market.accept_offer(terms), world.buyer, Insufficient, world.buyer.address, PRICE, PRICE - 1
    )
    world.market.accept_offer(terms).send(world.bob)
    world.deliver(terms, world.bob)
    assert purses(world, world.seller, world.buyer, world.bob) == [
        (FUNDS + PRICE, 0),
        (PRICE - 1, 0),
        (FUNDS - PRICE, 0),
    ]


def test_attack_consumer_claims_less(world: World) -> None:
    """A consumer cannot sign away what the meter measured, nor stop the seller from bringing it (N-8)."""
    terms = world.accepted(world.seller, world.buyer)
    claim = world.receipt(terms, world.buyer, 0, meter=Secp256k1Meter(world.buyer))
    trade = world.trade_id(terms)
    confirm = world.market.confirm_delivery
    refused(confirm(claim), world.buyer, ReceiptRefused, trade, DeliveryFault.NOT_PARTY)
    claim = replace(claim, signer=world.meters[world.buyer.address].signer)
    refused(confirm(claim), world.buyer, ReceiptRefused, trade, DeliveryFault.BAD_RECEIPT)
    world.ledger.withdraw(world.buyer.address, FUNDS - PRICE).send(world.buyer)  # all that is left to take
    confirm(world.receipt(terms, world.buyer)).send(world.seller)
    assert purses(world, world.seller, world.buyer) == [(FUNDS + PRICE, 0), (0, 0)]


def test_attack_fresh_key_without_identity(world: World) -> None:
    """A new key is no new person: without PKG's word it commits to nothing (N-8, C-10)."""
    nobody = SecretKey.from_int(31337)
    world.chain.send(nobody.address, b"", world.stranger, value=10**18)
    terms = world.make(world.seller)
    refused(world.market.accept_offer(terms), nobody, RoleMissing, nobody.address, 0, CONSUMER)
    assert purse(world, nobody) == (0, 0)


def test_attack_same_terms_again_with_an_old_receipt(world: World) -> None:
    """Neither before nor after acceptBy do finished terms come back to meet their old receipt (N-8)."""
    terms = world.terms(world.seller, signed=True)
    signature = world.sign_offer(terms, world.seller)
    world.market.accept_signed(terms, signature).send(world.buyer)
    receipt = world.receipt(terms, world.buyer)
    world.market.confirm_delivery(receipt).send(world.stranger)
    trade = world.trade_id(terms)
    refused(
        world.market.accept_signed(terms, signature),
        world.buyer,
        WrongState,
        trade,
        TradeState.CLOSED,
        TradeState.NONE,
    )
    world.pass_time(terms.accept_by)
    refused(
        world.market.confirm_delivery(receipt),
        world.seller,
        ReceiptRefused,
        trade,
        DeliveryFault.NOT_ACCEPTED,
    )
    assert purses(world, world.seller, world.buyer) == [(FUNDS + PRICE, 0), (FUNDS - PRICE, 0)]
