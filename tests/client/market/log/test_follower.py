"""The log as the chain grows: told once, and taken back where its block vanished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from energy_trading.bindings import Event, read_events
from energy_trading.chain.connect import Chain, NodeError
from energy_trading.market.log import follower as module
from energy_trading.market.log.follower import REMEMBERED, Follower
from tests.world import World


def name(world: World, number: int) -> None:
    """Make a block with one event, which tells the number; the owner of the ledger names PKG."""
    world.ledger.set_pkg(f"0x{number:040x}").send(world.dso)


def told(news: Sequence[tuple[Event, bool]]) -> list[tuple[int, bool]]:
    """The numbers that `name` gave, and whether they were removed."""
    return [(int(event.new_pkg, 16), removed) for event, removed in news]  # type: ignore[attr-defined]


def follow(world: World, from_block: int | None = None) -> tuple[Follower, list[str]]:
    said: list[str] = []
    return Follower(world.suite, from_block, said.append), said


def test_every_event_is_told_once(world: World) -> None:
    """What came since the last call, in order; what was before is not told."""
    name(world, 1)
    follower, said = follow(world)
    assert follower.news() == []
    name(world, 2)
    name(world, 3)
    height = world.chain.height()
    assert told(follower.news()) == [(2, False), (3, False)]
    assert follower.news() == []
    world.chain.mine()
    assert follower.news() == []
    name(world, 4)
    assert told(follower.news()) == [(4, False)]
    assert said == []
    assert told(follow(world, height)[0].news()) == [(3, False), (4, False)]


def test_first_block_may_lie_ahead(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing before the block asked for is told, however many blocks came before it."""
    monkeypatch.setattr(module, "REMEMBERED", 2)
    follower, _ = follow(world, world.chain.height() + 5)
    for number in range(1, 7):
        name(world, number)
        assert told(follower.news()) == ([] if number < 5 else [(number, False)])


@pytest.mark.parametrize("as_many", [False, True])
def test_vanished_events_are_taken_back(world: World, as_many: bool) -> None:
    """Newest first, then what the new blocks hold; earlier ones are not repeated."""
    follower, said = follow(world)
    name(world, 1)
    assert told(follower.news()) == [(1, False)]
    snapshot = world.chain.snapshot()
    name(world, 2)
    name(world, 3)
    start = world.chain.height() - 1
    assert told(follower.news()) == [(2, False), (3, False)]
    world.chain.revert(snapshot)
    assert follower.news() == []  # a node that is behind took nothing back
    name(world, 4)
    if as_many:
        world.chain.mine()
        name(world, 5)
    news = [(3, True), (2, True), (4, False)] + [(5, False)] * as_many
    assert told(follower.news()) == news
    assert follower.news() == []
    assert said == [f"reorganisation: read again from block {start} on; events removed: 2"]


def test_blocks_from_before_the_first_one_may_change(world: World) -> None:
    """What was mined in place of blocks that were there at the start is new."""
    snapshot = world.chain.snapshot()
    name(world, 1)
    follower, said = follow(world)
    world.chain.revert(snapshot)
    name(world, 2)
    name(world, 3)
    assert told(follower.news()) == [(2, False), (3, False)]
    assert said == [f"reorganisation: read again from block {world.chain.height() - 1} on; events removed: 0"]


def test_reorganisation_deeper_than_what_is_remembered_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is remembered is taken back and read again; that older blocks may have changed is said."""
    monkeypatch.setattr(module, "REMEMBERED", 3)
    snapshot = world.chain.snapshot()
    follower, said = follow(world, 0)
    before = len(follower.news())
    assert before == len(read_events(world.chain, world.suite.markets))
    for number in range(1, 5):
        name(world, number)
        follower.news()
    first = world.chain.height() - 2
    world.chain.revert(snapshot)
    for number in range(11, 16):
        name(world, number)
    assert told(follower.news()) == [
        *((4, True), (3, True), (2, True)),
        *((12, False), (13, False), (14, False), (15, False)),
    ]
    assert said == [
        f"reorganisation: read again from block {first} on; events removed: 3",
        f"blocks before {first} may have changed too, but they are not remembered",
    ]


def test_what_is_asked_for_from_a_block_on_is_complete(world: World) -> None:
    """Nothing is forgotten yet, so a reorganisation below the first block told misses nothing."""
    snapshot = world.chain.snapshot()
    name(world, 1)
    name(world, 2)
    follower, said = follow(world, world.chain.height())
    assert told(follower.news()) == [(2, False)]
    world.chain.revert(snapshot)
    name(world, 3)
    name(world, 4)
    assert told(follower.news()) == [(2, True), (4, False)]
    assert len(said) == 1


def test_failure_loses_and_repeats_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that broke off at any request is made again by the next call."""
    follower, said = follow(world)
    snapshot = world.chain.snapshot()
    name(world, 1)
    follower.news()
    world.chain.revert(snapshot)
    name(world, 2)
    real = Chain.logs, type(world.chain).block
    for fails_at in range(1, 5):
        asked = 0

        def one(method: Any, fails_at: int = fails_at) -> Any:
            def request(*arguments: Any) -> Any:
                nonlocal asked
                asked += 1
                if asked == fails_at:
                    raise NodeError("no node answers")
                return method(*arguments)

            return request

        with monkeypatch.context() as patch:
            patch.setattr(type(world.chain), "logs", one(real[0]))
            patch.setattr(type(world.chain), "block", one(real[1]))
            with pytest.raises(NodeError):
                follower.news()
    assert said == []
    assert told(follower.news()) == [(1, True), (2, False)]


def test_chain_that_changes_while_it_is_read_is_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log and a head of two different chains are never told together."""
    follower, said = follow(world)
    snapshot = world.chain.snapshot()
    name(world, 1)
    logs = Chain.logs

    def changing(*arguments: Any) -> Any:
        found = logs(*arguments)
        world.chain.revert(snapshot)
        name(world, 2)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(type(world.chain), "logs", changing)
        assert follower.news() == []
    assert told(follower.news()) == [(2, False)]
    assert said == []


def test_as_many_blocks_are_remembered_as_a_final_block_is_deep() -> None:
    """A block of Ethereum is final after two epochs of 32."""
    assert REMEMBERED >= 64
