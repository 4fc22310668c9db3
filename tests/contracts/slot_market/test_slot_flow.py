"""A slot from the posting to the money."""

from __future__ import annotations

from energy_trading.types import ZERO_ADDRESS, Energy, Terms
from tests.contracts.slot_market.house import EURO, LOCKED, POST, SLOT, WINDOW, House

PRICE = (300_000 + 80_000) // 2
FEE = 100_000


def test_posted_and_finalised(house: House) -> None:
    """Sold at the mid rate, the short side whole, and the leader and the finaliser have the fees (Z-4)."""
    draft = house.post({0: 1000, 1: -600, 2: -200, 3: 0})
    assert house.finalise(draft).rule == "SlotMarket_TooEarly"
    house.go(house.chain.now() + WINDOW + 2000)
    house.ok("advance", 1)
    house.finalised(draft, by=house.owners[4])
    assert house.balances()[:4] == [
        LOCKED + 800 * PRICE,
        LOCKED - 600 * PRICE - FEE,
        LOCKED - 200 * PRICE - FEE,
        LOCKED,
    ]
    assert house.market.owed[house.owners[4].address] == FEE
    assert house.council.seat(draft.result.leader).owed == FEE
    house.ok("collect", by=house.owners[4])
    house.ok("collect", "council", by=house.keys[draft.result.leader])


def test_one_account_serves_every_market(house: House) -> None:
    """What a home locks for slots is its funds of the ledger, as what it pays for an offer is (N-1, Z-5)."""
    suite, buyer, seller = house.suite, house.owners[1], house.owners[0]
    funds = suite.ledger.account_of(buyer.address).available
    now, price = house.chain.now(), EURO // 5
    terms = Terms(seller.address, ZERO_ADDRESS, Energy.plain(1000), price, now + 3600, now + 7200, 1)
    with house.chain_alone():
        suite.market.make_offer(terms).send(seller)
        suite.market.accept_offer(terms).send(buyer)
        suite.slots.lock(EURO).send(buyer)
        assert suite.ledger.account_of(buyer.address).available == funds - price - EURO
        slot = house.chain.now() // SLOT + 1
        suite.slots.request_exit(EURO).send(buyer)
        house.chain.mine((slot + 1) * SLOT + POST)
        suite.slots.advance(slot - suite.slots.frontier()).send(buyer)
        suite.slots.withdraw(1).send(buyer)
        assert suite.ledger.account_of(buyer.address).available == funds - price
