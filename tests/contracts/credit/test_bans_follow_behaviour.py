"""A default escalates only if its trade was agreed at or after the last step; docs/credit.md repeats the
figures (X-3, N-7 scenario 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import pytest

from energy_trading.bindings.energy_ledger import Banned, DefaultRecorded
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.crypto.keys import SecretKey
from energy_trading.rules import credit
from energy_trading.rules.credit import Standing
from energy_trading.types import Terms
from tests.world import EURO, World, build_world

CONSTANTS: Final = DEFAULT_CREDIT
CENT: Final = EURO // 100
SLOT, DAY = 900, 86_400
#: Slots of a quarter of an hour in the 15 days that a pipeline cheat is watched.
SLOTS: Final = 15 * 96
#: Slots from a trade's agreement to its default: the cheat always has so many trades open.
DEPTH: Final = 3


@pytest.fixture(scope="module")
def _world() -> World:
    return build_world()


@pytest.fixture
def world(_world: World) -> Iterator[World]:
    """The module's market, put back after the test."""
    snapshot = _world.chain.snapshot()
    yield _world
    _world.chain.revert(snapshot)


def expire(world: World, terms: Terms, buyer: SecretKey) -> DefaultRecorded:
    """Let a trade run out in silence, and return the default that is logged."""
    if world.chain.now() < terms.deliver_by - 1:
        world.pass_time(terms.deliver_by)
    key = world.ledger.meter_of(buyer.address)
    event: DefaultRecorded = (
        world.market.expire(terms, buyer.address, key).send(world.stranger).event(DefaultRecorded)
    )
    return event


def cheat(world: World) -> None:
    """Alice lets a new trade run out."""
    expire(world, world.accepted(world.alice, world.bob, price=CENT), world.bob)


def test_silent_buyer_cannot_ban_an_honest_seller(world: World) -> None:
    """Ten 1-cent offers are accepted, the meter stays silent, all expire: ten defaults for ever, one step and
    no ban, where ten steps would be a ban of a year.
    """
    trades = [world.accepted(world.alice, world.bob, price=CENT) for _ in range(10)]
    logged = [expire(world, terms, world.bob) for terms in trades]
    assert [event.defaults for event in logged] == list(range(1, 11))
    assert {(event.steps, event.last_step_at) for event in logged} == {(1, logged[0].last_step_at)}
    view = world.account(world.alice)
    assert (view.defaults, view.steps, view.banned_until) == (10, 1, 0)
    assert view.last_step_at < world.chain.now()
    world.make(world.alice)  # and goes on trading
    # each of the ten costs what a default costs
    assert world.account(world.treasury).available == 10 * (CENT // 5)


def test_seller_who_goes_on_escalates(world: World) -> None:
    """Three trades one after the other are three steps: the third brings a ban, as ever."""
    cheat(world)
    cheat(world)
    assert world.account(world.alice).banned_until == 0
    cheat(world)
    view = world.account(world.alice)
    assert (view.defaults, view.steps) == (3, 3)
    assert view.banned_until == view.last_step_at + 4 * DAY


def test_default_agreed_before_the_last_step_leaves_the_ban_as_it_is(world: World) -> None:
    """Neither longer nor anew: also after the DSO has lifted the ban, an old trade brings none back."""
    later = [world.chain.now() + days * DAY for days in (1, 2)]
    old = [world.accepted(world.alice, world.bob, price=CENT, deliver_by=until) for until in later]
    for _ in range(3):
        cheat(world)
    until = world.account(world.alice).banned_until
    expire(world, old[0], world.bob)
    view = world.account(world.alice)
    assert (view.defaults, view.steps, view.banned_until) == (4, 3, until)
    assert until > world.chain.now()
    world.ledger.lift_ban(world.alice.address, "the gateway was down").send(world.dso)
    expire(world, old[1], world.bob)
    view = world.account(world.alice)
    assert (view.defaults, view.steps, view.banned_until) == (5, 3, 0)
    world.make(world.alice)


def test_trade_agreed_in_the_second_of_the_last_step_escalates() -> None:
    """The boundary: agreed at the time of the last step is after it, a second earlier is before it."""
    first = credit.seller_default(credit.new_standing(CONSTANTS), 10, 1000, CONSTANTS, 500)
    assert (first.defaults, first.steps, first.last_step_at) == (1, 1, 1000)
    before = credit.seller_default(first, 10, 2000, CONSTANTS, 999)
    assert (before.defaults, before.steps, before.last_step_at) == (2, 1, 1000)
    at = credit.seller_default(first, 10, 2000, CONSTANTS, 1000)
    assert (at.defaults, at.steps, at.last_step_at) == (2, 2, 2000)


def test_credit_falls_by_the_steps_and_not_by_the_count() -> None:
    """c(n) of a default that is no step is that of the last step (eq 3)."""
    rich = replace(credit.new_standing(CONSTANTS), seller_credit_e9=50 * credit.E9)
    standing = credit.seller_default(rich, 100, 10, CONSTANTS, 10)
    losses = []
    for _ in range(3):
        before = standing.seller_credit_e9
        standing = credit.seller_default(replace(standing, sales=0), 100, 20, CONSTANTS, 9)
        losses.append(standing.seller_credit_e9 * 10**6 // before)
    assert len(set(losses)) == 1
    assert (standing.defaults, standing.steps) == (4, 1)


# ---------------------------------------------------------------- simulation


Rule = Callable[[Standing, int, int], Standing]


def as_built(standing: Standing, agreed_at: int, now: int) -> Standing:
    """A step if the trade was agreed at or after the last step."""
    return credit.seller_default(standing, 10, now, CONSTANTS, agreed_at)


def literal(standing: Standing, agreed_at: int, now: int) -> Standing:
    """A step if the trade was agreed at or after the previous default, whether that was a step or not."""
    return replace(credit.seller_default(standing, 10, now, CONSTANTS, agreed_at), last_step_at=now)


def one_a_day(standing: Standing, agreed_at: int, now: int) -> Standing:
    """A step if it is the first default of its day."""
    is_new = standing.steps == 0 or now // DAY > standing.last_step_at // DAY
    at = now if is_new else standing.last_step_at - 1
    return credit.seller_default(standing, 10, now, CONSTANTS, at)


def every_default(standing: Standing, agreed_at: int, now: int) -> Standing:
    """Every default a step, as in the first edition."""
    return credit.seller_default(standing, 10, now, CONSTANTS, now)


def pipeline(rule: Rule, start: int) -> int:
    """Count the trades that a seller agrees in 15 days before its first ban, if it agrees one in each quarter
    of an hour and lets each run out `DEPTH` quarters later.
    """
    standing, agreed = credit.new_standing(CONSTANTS), []
    for slot in range(SLOTS):
        now = start + slot * SLOT
        agreed.append(now)
        if slot >= DEPTH:
            standing = rule(standing, agreed[slot - DEPTH], now)
        if standing.banned_until > now:
            return len(agreed)
    return len(agreed)


def victim_ban_days(rule: Rule) -> int:
    """Ban of a seller whose ten trades were agreed at one time and ran out one after the other, in days."""
    standing = credit.new_standing(CONSTANTS)
    for now in range(DAY, DAY + 10):
        standing = rule(standing, 0, now)
    return max(standing.banned_until - now, 0) // DAY


def test_simulation_of_the_rules_that_were_compared() -> None:
    """A pipeline cheat gets through 10 trades under the rule that was built, all 1,440 under the literal one,
    and 101 to 196 with one step a day; the victim of a silent buyer is banned for 0 days, not 365.
    """
    starts = [20_000 * DAY + slot * SLOT for slot in range(96)]
    rules = (as_built, literal, one_a_day, every_default)
    found = {rule: {pipeline(rule, start) for start in starts} for rule in rules}
    assert found[every_default] == {6}
    assert found[as_built] == {10}
    assert found[literal] == {SLOTS} == {1440}
    assert (min(found[one_a_day]), max(found[one_a_day])) == (101, 196)
    assert [victim_ban_days(rule) for rule in (every_default, literal, one_a_day, as_built)] == [365, 0, 0, 0]


def test_pipeline_cheat_is_banned_on_the_chain(world: World) -> None:
    """The same cheat on a chain, with three trades open at a time: after the ninth it is banned."""
    open_trades: list[Terms] = []
    while world.account(world.alice).banned_until == 0:
        now = world.chain.now()
        times = {"accept_by": now + SLOT, "deliver_by": now + DEPTH * SLOT}
        open_trades.append(world.accepted(world.alice, world.bob, price=CENT, **times))
        world.pass_time(now + SLOT)
        if len(open_trades) >= DEPTH:
            expire(world, open_trades[-DEPTH], world.bob)
        assert len(open_trades) < 20
    assert len(open_trades) == 9
    assert world.account(world.alice).steps == 3
    with pytest.raises(Banned):
        world.make(world.alice)
