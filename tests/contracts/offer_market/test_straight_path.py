"""The straight path of a trade: offer, acceptance, receipt."""

from energy_trading.bindings.offer_market import DeliveryConfirmed, OfferAccepted, OfferMade
from tests.world import EURO, FUNDS, World


def test_trade_pays_seller_on_receipt(world: World) -> None:
    """CTS, CTP and ERC in a row move the price from buyer to seller (N-1, N-2, N-3, N-7 scenario 1)."""
    price = EURO // 5
    terms = world.terms(world.alice)
    made = world.market.make_offer(terms).send(world.alice)
    assert made.event(OfferMade).price == price
    assert (world.account(world.alice).available, world.account(world.alice).held) == (FUNDS - price, price)
    accepted = world.market.accept_offer(terms).send(world.bob)
    assert accepted.event(OfferAccepted).buyer == world.bob.address
    assert world.account(world.bob).available == FUNDS - price
    done = world.deliver(terms, world.bob)
    assert done.event(DeliveryConfirmed).trade_id == world.trade_id(terms)
    assert (world.account(world.alice).available, world.account(world.alice).held) == (FUNDS + price, 0)
    assert world.account(world.bob).available == FUNDS - price
