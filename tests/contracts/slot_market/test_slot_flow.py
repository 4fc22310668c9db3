"""A slot from the posting to the money."""

from __future__ import annotations

from tests.contracts.slot_market.house import LOCKED, WINDOW, House

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
    assert house.council.seat(house.owners[4].address).owed == FEE
    assert house.council.seat(draft.result.leader).owed == FEE
    house.ok("collect", "council", by=house.owners[4])
    house.ok("collect", "council", by=house.keys[draft.result.leader])
