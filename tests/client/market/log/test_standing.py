"""An account's standing as a person reads it (X-1 … X-4)."""

import json

import pytest

from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.errors import BadInput
from energy_trading.market.log.standing import StandingChange, standing_of
from energy_trading.types import Cause
from tests.world import EURO, World

Z = DEFAULT_CREDIT.z_unit


def default(world: World) -> None:
    """Let alice break a trade of z = 20 with bob."""
    terms = world.accepted(world.alice, world.bob, price=20 * Z)
    world.pass_time(terms.deliver_by)
    receipt_key = world.ledger.meter_of(world.bob.address)
    world.market.expire(terms, world.bob.address, receipt_key).send(world.stranger)


def test_changes_are_told_in_words(world: World) -> None:
    """Sale, withdrawal and default each tell date, cause, size, old and new credit (X-1, X-3, N-4)."""
    world.pass_time(1_614_600_900)  # 2021-03-01 12:15 UTC
    terms = world.accepted(world.alice, world.bob, price=10 * Z)
    world.deliver(terms, world.bob)
    world.market.give_up(world.make(world.alice)).send(world.alice)
    default(world)
    report = standing_of(world.suite, world.alice.address.lower())
    assert [change.line() for change in report.changes] == [
        "2021-03-01 12:15 UTC  sold, z = 10: seller credit 1.000 → 1.047",
        "2021-03-01 12:15 UTC  withdrew an offer: seller credit 1.047 → 1.000",
        "2021-03-01 14:15 UTC  did not deliver, z = 20: seller credit 1.000 → 1.000;"
        " default number 1, no ban",
    ]
    buyer = standing_of(world.suite, world.bob.address)
    assert [change.line() for change in buyer.changes] == [
        "2021-03-01 12:15 UTC  bought, z = 10: buyer credit 1.000 → 1.023"
    ]


def test_figures_are_the_ledgers(world: World) -> None:
    """The report repeats the account and adds the limit and whether the ban still holds (X-2, X-3, X-4)."""
    for _ in range(3):
        default(world)
    made = world.make(world.bob)
    report, view = standing_of(world.suite, world.alice.address), world.account(world.alice)
    assert (report.defaults, report.banned_until, report.banned) == (3, view.banned_until, True)
    assert report.banned_until - report.changes[-1].time == 4 * 86_400  # c(3) = 4, credit 1
    assert report.changes[-1] == StandingChange(
        report.changes[-1].time, Cause.SELLER_DEFAULT, EURO, EURO, 20, 3, view.banned_until
    )
    assert (report.sales, report.purchases) == ((20, 20, 20, *[0] * 7), (0,) * 10)
    offering = standing_of(world.suite, world.bob.address)
    assert (offering.held, offering.open_limit) == (made.price, 10 * EURO)
    world.pass_time(view.banned_until)
    world.make(world.alice)
    assert not standing_of(world.suite, world.alice.address).banned


def test_report_is_plain_lines_and_json(world: World) -> None:
    """The report is readable as text and as JSON, with the last changes only if asked (X-4)."""
    for _ in range(3):
        default(world)
    report = standing_of(world.suite, world.alice.address, last=1)
    assert report.lines() == [
        f"account        {world.alice.address}",
        "at             2021-03-01 06:00 UTC",
        "seller credit  1.000",
        "buyer credit   1.000",
        f"guarantees     0 of {10 * EURO} units held",
        "defaults       3",
        "banned         until 2021-03-05 06:00 UTC",
        "suspended      no",
        "(2 earlier changes)",
        "2021-03-01 06:00 UTC  did not deliver, z = 20: seller credit 1.000 → 1.000; default number 3,"
        " banned until 2021-03-05 06:00 UTC",
    ]
    document = report.to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["changes"][0]["cause"] == "seller_default"
    assert document["banned"] is True


def test_revert_given_unknown_account(world: World) -> None:
    """Who has no account has no standing; the text says what was given (X-4)."""
    with pytest.raises(BadInput) as unknown:
        standing_of(world.suite, world.stranger.address)
    where = f"is not open on the ledger {world.ledger.address}"
    assert str(unknown.value) == f"the account {world.stranger.address} {where}"
    with pytest.raises(BadInput) as no_address:
        standing_of(world.suite, "alice")
    assert str(no_address.value) == "the account must be an address, not 'alice'"
    with pytest.raises(BadInput) as negative:
        standing_of(world.suite, world.alice.address, last=-1)
    assert str(negative.value) == "the number of changes must be 0 or more, not -1"
