"""settle: a market ends a commitment; money moves and standings change (X-1, X-2, X-3, N-7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from energy_trading.bindings import Sent
from energy_trading.bindings.energy_ledger import CreditChanged, DefaultRecorded, DeliveryRecorded, NotMarket
from energy_trading.rules import credit
from energy_trading.rules import settlement as settlement_rules
from energy_trading.rules.credit import Standing
from energy_trading.rules.ledger import UNOPENED, Ledger
from energy_trading.rules.settlement import Split
from energy_trading.types import ZERO_ADDRESS, Cause, CreditParameters, Domain, Outcome, Settlement
from tests.contracts.energy_ledger.conftest import PEOPLE
from tests.contracts.energy_ledger.tools import Desk, ledger_parameters
from tests.contracts.offer_market.tools import purse, refused, told

Z_UNIT = 100  # the desk's


@pytest.fixture
def committed(desk: Desk) -> Desk:
    """Alice's guarantee of 500 is held and Bob has paid 700."""
    world = desk.world
    desk.ledger.commit(world.alice.address, world.bob.address, False, 500, 700).send(desk.market)
    return desk


def settlement(desk: Desk, outcome: Outcome, **changes: Any) -> Settlement:
    plain = Settlement(
        desk.world.alice.address, 500, 500, desk.world.bob.address, 700, outcome, 700, 2**32, 0
    )
    return replace(plain, **changes)


def settled(desk: Desk, outcome: Outcome, **changes: Any) -> Sent:
    sent: Sent = desk.ledger.settle(settlement(desk, outcome, **changes)).send(desk.market)
    return sent


def standing(desk: Desk, key: Any) -> Standing:
    view = desk.world.account(key)
    return Standing(*(getattr(view, name) for name in Standing.__dataclass_fields__))


def constants(desk: Desk) -> CreditParameters:
    return desk.ledger.credit_parameters()


def change(cause: Cause, old: int, new: int, z: int) -> int:
    return int(cause) | old << 8 | new << 48 | z << 88


def test_money_goes_where_the_market_says(committed: Desk) -> None:
    """Seller, buyer and treasury get their parts; nothing is held any more (N-3, N-4)."""
    world = committed.world
    sent = settled(committed, Outcome.NONE, seller_gets=900, buyer_gets=250, treasury_gets=50)
    assert told(committed.ledger, sent) == []
    assert purse(world, world.alice) == (PEOPLE - 500 + 900, 0)
    assert purse(world, world.bob) == (PEOPLE - 700 + 250, 0)
    assert purse(world, world.treasury) == (50, 0)


def test_nothing_but_funds_moves_without_an_outcome(committed: Desk) -> None:
    """An offer that only ran out leaves no trace in a standing (N-7 scenario 3)."""
    before = [standing(committed, key) for key in (committed.world.alice, committed.world.bob)]
    settled(committed, Outcome.NONE)
    assert [standing(committed, key) for key in (committed.world.alice, committed.world.bob)] == before


def test_guarantee_can_end_in_parts(committed: Desk) -> None:
    """Only what a trade held is released."""
    settled(committed, Outcome.NONE, buyer=ZERO_ADDRESS, unhold=1, seller_gets=1, buyer_gets=0)
    assert purse(committed.world, committed.world.alice) == (PEOPLE - 499, 499)


def test_delivery_raises_both_credits(committed: Desk) -> None:
    """Eqs 3 and 6: the seller's and the buyer's credit, window and event (X-1, X-2)."""
    world, k = committed.world, constants(committed)
    old = standing(committed, world.alice)
    sent = settled(committed, Outcome.DELIVERED)
    seller, buyer = credit.sold(old, 7, k), credit.bought(old, 7, k)
    assert standing(committed, world.alice) == seller
    assert standing(committed, world.bob) == buyer
    assert seller.seller_credit_e9 > old.seller_credit_e9
    assert buyer.buyer_credit_e9 > old.buyer_credit_e9
    packed = (
        old.seller_credit_e9
        | seller.seller_credit_e9 << 40
        | old.buyer_credit_e9 << 80
        | buyer.buyer_credit_e9 << 120
        | 7 << 160
    )
    assert told(committed.ledger, sent) == [
        (DeliveryRecorded, world.alice.address, world.bob.address, packed)
    ]


def test_delivery_tells_four_credits(committed: Desk) -> None:
    """With four different credits each stands in its own place of the one word (X-1, X-2)."""
    world = committed.world
    nothing = {"unhold": 0, "seller_gets": 0, "buyer_gets": 0}
    for z in (200, 90):
        settled(committed, Outcome.DELIVERED, value=z * Z_UNIT, **nothing)
    seller, buyer = standing(committed, world.alice), standing(committed, world.bob)
    sent = settled(committed, Outcome.DELIVERED, value=40 * Z_UNIT, **nothing)
    packed = sent.event(DeliveryRecorded).change
    credits = [packed >> place & 2**40 - 1 for place in (0, 40, 80, 120)]
    assert credits == [
        seller.seller_credit_e9,
        standing(committed, world.alice).seller_credit_e9,
        buyer.buyer_credit_e9,
        standing(committed, world.bob).buyer_credit_e9,
    ]
    assert len(set(credits)) == 4
    assert packed >> 160 == 40


def test_seller_default_lowers_credit_and_stays_on_record(committed: Desk) -> None:
    """Eqs 2 and 3, and the default is logged for ever; within the grace there is no ban (X-1, X-3, N-7)."""
    world, k = committed.world, constants(committed)
    old = standing(committed, world.alice)
    sent = settled(committed, Outcome.SELLER_DEFAULT)
    new = credit.seller_default(old, 7, world.chain.now(), k)
    assert standing(committed, world.alice) == new
    assert (new.defaults, new.banned_until) == (1, 0)
    assert told(committed.ledger, sent) == [
        (
            CreditChanged,
            world.alice.address,
            change(Cause.SELLER_DEFAULT, old.seller_credit_e9, new.seller_credit_e9, 7),
        ),
        (DefaultRecorded, world.alice.address, Cause.SELLER_DEFAULT, 1, 1, world.chain.now(), 0),
    ]
    assert standing(committed, world.bob) == old


def test_buyer_default_lowers_credit_and_bans(committed: Desk) -> None:
    """Eqs 4, 6 and 7: the second default is over the grace and bans the buyer in both roles (X-2, X-3)."""
    world, k = committed.world, constants(committed)
    settled(committed, Outcome.BUYER_DEFAULT, unhold=0, seller_gets=0, buyer_gets=0)
    old = standing(committed, world.bob)
    sent = settled(committed, Outcome.BUYER_DEFAULT, unhold=0, seller_gets=0, buyer_gets=0)
    new = credit.buyer_default(old, 7, world.chain.now(), k)
    assert standing(committed, world.bob) == new
    assert new.defaults == 2
    assert new.banned_until > world.chain.now()
    assert told(committed.ledger, sent) == [
        (
            CreditChanged,
            world.bob.address,
            change(Cause.BUYER_DEFAULT, old.buyer_credit_e9, new.buyer_credit_e9, 7),
        ),
        (DefaultRecorded, world.bob.address, Cause.BUYER_DEFAULT, 2, 2, world.chain.now(), new.banned_until),
    ]


def test_suspended_buyer_has_no_default(committed: Desk) -> None:
    """Whom the DSO keeps from paying is not blamed: nothing is logged, as the rules have it (C-10)."""
    world = committed.world
    old = standing(committed, world.bob)
    committed.ledger.suspend([world.bob.address]).send(world.dso)
    sent = settled(committed, Outcome.BUYER_DEFAULT, buyer_gets=0)
    assert told(committed.ledger, sent) == []
    assert standing(committed, world.bob) == old
    parameters = ledger_parameters(owner=world.dso.address, treasury=world.treasury.address)
    domain = Domain("EnergyLedger", world.chain.chain_id, committed.ledger.address)
    model = Ledger(replace(parameters, credit=constants(committed)), domain)
    model.accounts[world.bob.address] = replace(UNOPENED, roles=3, suspended=True, standing=old)
    unpaid = Split(0, 0, 0, 0, 7 * Z_UNIT, settlement_rules.Outcome.BUYER_DEFAULT)
    model.settle(world.alice.address, world.bob.address, unpaid, world.chain.now())
    assert model.account(world.bob.address).standing == old
    assert purse(world, world.alice) == (PEOPLE, 0)
    committed.ledger.reinstate([world.bob.address]).send(world.dso)
    sent = settled(committed, Outcome.BUYER_DEFAULT, unhold=0, seller_gets=0, buyer_gets=0)
    assert sent.event(DefaultRecorded).defaults == 1


def test_suspended_seller_has_its_default(committed: Desk) -> None:
    """A suspension keeps nobody from delivering, so it excuses no seller (N-7 scenario 4, C-10)."""
    world = committed.world
    committed.ledger.suspend([world.alice.address]).send(world.dso)
    assert settled(committed, Outcome.SELLER_DEFAULT).event(DefaultRecorded).account == world.alice.address


def test_seller_and_buyer_defaults_count_together(committed: Desk) -> None:
    """N-7 scenario 5 counts what an account did, in whichever role."""
    world = committed.world
    settled(committed, Outcome.SELLER_DEFAULT)
    sent = settled(
        committed,
        Outcome.BUYER_DEFAULT,
        **{"seller": world.bob.address, "buyer": world.alice.address},
        **{"unhold": 0, "seller_gets": 0, "buyer_gets": 0},
    )
    assert sent.event(DefaultRecorded).defaults == 2
    assert world.account(world.alice).banned_until > world.chain.now()


def test_withdrawal_lowers_credit_and_is_no_default(committed: Desk) -> None:
    """The same loss whatever the size; no entry in the window, no default (N-4)."""
    world, k = committed.world, constants(committed)
    settled(committed, Outcome.DELIVERED)
    old = standing(committed, world.alice)
    commit = committed.ledger.commit(world.alice.address, ZERO_ADDRESS, False, 500, 0)
    commit.send(committed.market)
    sent = settled(committed, Outcome.WITHDRAWN, buyer=ZERO_ADDRESS, buyer_gets=0)
    new = credit.withdrawn(old, k)
    assert standing(committed, world.alice) == new
    assert (new.sales, new.defaults) == (old.sales, 0)
    assert new.seller_credit_e9 < old.seller_credit_e9
    packed = change(Cause.WITHDRAWN, old.seller_credit_e9, new.seller_credit_e9, 0)
    assert told(committed.ledger, sent) == [(CreditChanged, world.alice.address, packed)]


@pytest.mark.parametrize(
    ("value", "z"),
    [(0, 0), (Z_UNIT - 1, 0), (Z_UNIT, 1), (2 * Z_UNIT - 1, 1), (255 * Z_UNIT, 255), (256 * Z_UNIT, 255),
     (2**256 - 1, 255)],
)  # fmt: skip
def test_value_becomes_z_rounding_down(committed: Desk, value: int, z: int) -> None:
    """Splitting a trade into crumbs earns nothing; size saturates at 255 (X-1)."""
    settled(committed, Outcome.DELIVERED, value=value)
    assert world_sales(committed) == z


def world_sales(desk: Desk) -> int:
    return int(desk.world.account(desk.world.alice).sales)


def test_treasury_may_be_a_party(committed: Desk) -> None:
    """A treasury that trades gets its own part and the fee, neither lost nor doubled."""
    world = committed.world
    settled(committed, Outcome.NONE, buyer=world.treasury.address, buyer_gets=700, treasury_gets=30)
    assert purse(world, world.treasury) == (730, 0)


def test_revert_when_caller_is_no_market(committed: Desk) -> None:
    """Nobody else moves held money or writes a standing."""
    world = committed.world
    for key in (world.dso, world.pkg, world.treasury, world.alice, world.bob, world.stranger):
        call = committed.ledger.settle(settlement(committed, Outcome.DELIVERED))
        refused(call, key, NotMarket, key.address)
