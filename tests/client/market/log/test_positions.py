"""Positions from the log: every Wh counts once, and who sells one twice buys it back at retail."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_trading.bindings import read_events
from energy_trading.bindings.energy_lot import LotExchanged, Transfer
from energy_trading.errors import BadInput
from energy_trading.market.log.fold import Fold, fold
from energy_trading.market.log.positions import (
    NotMetered,
    Position,
    SlotReading,
    SlotRule,
    Tariffs,
    check_metered,
    entries_of,
    positions_of,
    read_openings,
    read_slot_readings,
)
from energy_trading.market.log.records import (
    DELIVERED,
    DELIVERED_SHORT,
    TRADE_STATES,
    LotRecord,
    TradeRecord,
)
from energy_trading.market.lots.lot_owner import LotOwner
from energy_trading.market.trade.offer import Offer
from energy_trading.types import AWARD_NONCE, Energy, Terms
from tests.contracts.energy_lot.tools import SLOT, SLOT_S, exchange, minted, minted_for, slot_of
from tests.contracts.sealed_bid_auction.house import START, House
from tests.world import EURO, World

RULE = SlotRule(SLOT_S)
RETAIL, FEED_IN = 30 * EURO // 100, 8 * EURO // 100
TARIFFS = Tariffs(RETAIL, FEED_IN)
A, B, C = ("0x" + digit * 40 for digit in "abc")


def found(world: World, metered: dict[tuple[str, int], SlotReading] | None = None) -> list[Position]:
    sold = entries_of(fold(read_events(world.chain, world.suite.markets)), RULE, SLOT_S)
    return positions_of(sold, metered or {}, TARIFFS)


def net(positions: list[Position]) -> dict[tuple[str, int], int]:
    return {(p.account, p.slot_start): p.sold_wh - p.bought_wh for p in positions}


@pytest.mark.parametrize("ct", [1, 8, 19, 30])
@pytest.mark.parametrize("hidden", [False, True])
def test_selling_the_same_energy_twice_does_not_pay(world: World, ct: int, hidden: bool) -> None:
    """1 kWh fed in, sold by offer and by lot to two homes: the bill is no less than the second price."""
    alice, bob, carol = world.alice, world.bob, world.carol
    price, slot = ct * EURO // 100, RULE.of_time(world.chain.now()) + SLOT_S
    salt = b"\x07" * 32 if hidden else None
    terms = world.accepted(
        *(alice, bob),
        price=price,
        energy=Energy.of(1000, salt),
        accept_by=slot,
        deliver_by=slot + 3 * SLOT_S,
    )
    world.pass_time(slot + SLOT_S)
    receipt = world.receipt(terms, bob)
    if hidden:
        receipt = world.receipt(terms, bob, terms.energy)
    world.market.confirm_delivery(receipt).send(world.stranger)
    offer = Offer(terms, 1000, salt)
    metered = {
        (alice.address, slot): SlotReading(0, 1000),
        (bob.address, slot): SlotReading(1000, 0),
        (carol.address, slot): SlotReading(1000, 0),
    }

    def billed() -> dict[str, int]:
        folded = fold(read_events(world.chain, world.suite.markets))
        sold = entries_of(folded, RULE, SLOT_S, {offer.trade_id: offer.energy_wh})
        positions = positions_of(sold, metered, TARIFFS)
        check_metered("readings", positions)
        owed = {p.account: p.owed for p in positions}
        return {who: world.account(who).available - (owed[who] or 0) for who in owed}

    once = billed()
    lot = minted(world, alice, 1000, slot)
    exchange(world, lot, alice, carol, signed={"price": price}, price=price).send(world.stranger)
    twice = billed()
    assert twice[alice.address] - once[alice.address] == price - RETAIL <= 0
    assert twice[bob.address] == once[bob.address]
    assert twice[carol.address] - once[carol.address] == RETAIL - price  # she has what she paid for
    assert sum(twice.values()) == sum(once.values())


def test_every_way_of_a_lot_counts_once(world: World) -> None:
    """Sold, given, split, merged, retired; delivered in place of a receipt, which then counts nothing."""
    alice, bob, carol, suite = world.alice, world.bob, world.carol, world.suite
    a, b, c = alice.address, bob.address, carol.address
    whole, kept = minted(world, alice, 500), minted(world, alice, 40)
    assert net(found(world)) == {}
    left, right = LotOwner(suite, alice).split(whole, [200, 300])
    LotOwner(suite, alice).retire(kept)
    assert net(found(world)) == {}  # what a producer keeps or consumes is not sold
    exchange(world, left, alice, bob).send(world.stranger)
    suite.lots.transfer_from(a, b, right).send(alice)
    assert net(found(world)) == {(a, SLOT): 500, (b, SLOT): -500}
    both = LotOwner(suite, bob).merge([left, right])
    exchange(world, both, bob, carol).send(world.stranger)
    LotOwner(suite, carol).retire(both)
    assert net(found(world)) == {(a, SLOT): 500, (b, SLOT): 0, (c, SLOT): -500}

    world.ledger.register_meter(b, suite.lots.receipt_signer(b)).send(world.dso)
    terms = world.accepted(alice, bob, energy=Energy.plain(900))
    forward = minted_for(world, terms, alice)  # accepted first; then its slot passes
    later = slot_of(terms)
    assert terms.accept_by <= later
    assert later != SLOT
    suite.lots.deliver(terms, b, [forward]).send(alice)
    trade = fold(read_events(world.chain, suite.markets)).trades[world.trade_id(terms)]
    assert (trade.state, trade.by_lots, trade.delivered_wh) == (DELIVERED, True, 900)
    # The lot counts with all of its energy, in its own slot; the trade counts nothing.
    assert net(found(world)) == {
        (a, SLOT): 500,
        (b, SLOT): 0,
        (c, SLOT): -500,
        (a, later): 1000,
        (b, later): -1000,
    }


def test_trades_count_what_was_delivered(world: World) -> None:
    """In full, short, more than agreed, not at all; also the award of an auction (N-3, N-7, X-7)."""
    alice, bob = world.alice, world.bob
    full, short, more, nothing = (world.accepted(alice, bob) for _ in range(4))
    world.deliver(full, bob)
    world.deliver(short, bob, 400)
    world.deliver(more, bob, 5000)
    slot = RULE.of_trade(full.accept_by, full.deliver_by)
    assert {RULE.of_trade(t.accept_by, t.deliver_by) for t in (short, more, nothing)} == {slot}
    assert net(found(world)) == {(alice.address, slot): 2400, (bob.address, slot): -2400}
    house = House.open(world, lots_wh=(700,))
    house.bid((bob, START))
    house.settle()
    award = next(
        t
        for t in fold(read_events(world.chain, world.suite.markets)).trades.values()
        if t.is_open and t.terms.nonce & AWARD_NONCE
    )
    world.market.accept_offer(award.terms).send(bob)
    world.deliver(award.terms, bob, 700)
    sold = entries_of(fold(read_events(world.chain, world.suite.markets)), RULE, SLOT_S)
    when = RULE.of_trade(award.terms.accept_by, award.terms.deliver_by)
    seller = award.terms.seller
    assert [(e.account, e.slot_start, e.energy_wh) for e in sold if e.source == "award"] == [
        (seller, when, 700),
        (bob.address, when, -700),
    ]


def test_hidden_quantity_counts_nothing_until_it_is_opened(world: World, tmp_path: Path) -> None:
    """It is listed; the seller is not paid twice for it, for the buyer who hides it pays retail (N-5)."""
    alice, bob, salt = world.alice, world.bob, b"\x07" * 32
    terms = world.accepted(alice, bob, energy=Energy.hidden(800, salt))
    world.market.confirm_delivery(world.receipt(terms, bob, terms.energy)).send(world.stranger)
    slot, trade_id = RULE.of_trade(terms.accept_by, terms.deliver_by), world.trade_id(terms)
    metered = {
        (alice.address, slot): SlotReading(0, 800),
        (bob.address, slot): SlotReading(800, 0),
    }
    closed = found(world, metered)
    assert [(p.sold_wh, p.bought_wh, p.hidden) for p in closed] == [(0, 0, (trade_id,))] * 2
    assert {p.account: p.owed for p in closed} == {
        alice.address: -800 * FEED_IN // 1000,
        bob.address: 800 * RETAIL // 1000,
    }
    assert closed[0].to_dict()["hidden_trades"] == ["0x" + trade_id.hex()]
    file = tmp_path / "offers.json"
    file.write_text(json.dumps([Offer(terms, 800, salt).to_json()]))
    sold = entries_of(
        fold(read_events(world.chain, world.suite.markets)), RULE, SLOT_S, read_openings("--offers", file)
    )
    assert [(p.position_wh, p.owed, p.hidden) for p in positions_of(sold, metered, TARIFFS)] == [
        (0, 0, ())
    ] * 2
    lie = Offer(terms, 800, salt).to_json() | {"energy_wh": 799}
    file.write_text(json.dumps(lie))
    with pytest.raises(BadInput, match=r"^the quantity of 799 Wh is not the one that the terms hold$"):
        read_openings("--offers", file)


accounts = st.sampled_from([A, B, C])
slots = st.integers(0, 5).map(lambda i: 1_614_600_000 + i * SLOT_S)
energies = st.integers(1, 2**40)


def made(event: Any, **known: str) -> Any:
    """An event of which only these fields matter."""
    return event(**{field.name: known.get(field.name) for field in fields(event)})


@st.composite
def folds(draw: st.DrawFn) -> Fold:
    """The fold of a log with any trades and lots."""
    folded = Fold()
    for number in range(draw(st.integers(0, 6))):
        slot, energy_wh = draw(slots), draw(energies)
        hidden = draw(st.booleans())
        terms = Terms(
            draw(accounts),
            B,
            Energy.of(energy_wh, b"\x01" * 32 if hidden else None),
            1,
            slot,
            slot + 2700,
            number,
        )
        state = draw(st.sampled_from(TRADE_STATES))
        delivered = {DELIVERED: terms.energy.wh if not hidden else None, DELIVERED_SHORT: energy_wh // 2}
        folded.trades[bytes([number]) * 32] = TradeRecord(
            *(bytes([number]) * 32, terms, 1, state),
            buyer=draw(accounts),
            delivered_wh=delivered.get(state, 0),
            by_lots=draw(st.booleans()),
        )
    for number in range(draw(st.integers(0, 4))):
        steps = []
        for _ in range(draw(st.integers(0, 4))):
            one, other = draw(accounts), draw(accounts)
            if draw(st.booleans()):
                event = made(Transfer, from_=one, to=other)
            else:
                event = made(LotExchanged, seller=one, buyer=other)
            steps.append(event)
        folded.lots[number] = LotRecord(
            number, A, (A,), (C,), (b"\x02" * 32,), draw(energies), draw(slots), 1, steps=tuple(steps)
        )
    return folded


@given(folds(), st.dictionaries(st.tuples(accounts, slots), st.tuples(energies, energies)))
def test_positions_add_up_to_the_fold_and_the_meters(
    folded: Fold, metered: dict[tuple[str, int], tuple[int, int]]
) -> None:
    """Per slot, sales are purchases; in all they are the fold's; positions are what was drawn less fed in."""
    readings = {key: SlotReading(*value) for key, value in metered.items()}
    sold = entries_of(folded, RULE, SLOT_S)
    positions = positions_of(sold, readings, TARIFFS)
    for slot in {p.slot_start for p in positions}:
        assert sum(p.sold_wh - p.bought_wh for p in positions if p.slot_start == slot) == 0
    moved = sum(t.delivered_wh or 0 for t in folded.trades.values() if t.was_delivered and not t.by_lots)
    moved += sum(lot.energy_wh * len(lot.steps) for lot in folded.lots.values())
    assert sum(p.sold_wh for p in positions) == sum(p.bought_wh for p in positions) == moved
    hidden = [
        t for t in folded.trades.values() if t.state == DELIVERED and t.delivered_wh is None and not t.by_lots
    ]
    assert sum(len(p.hidden) for p in positions) == 2 * len(hidden)
    everybody = {(p.account, p.slot_start): p for p in positions}
    assert set(readings) <= set(everybody)
    zero = {key: readings.get(key, SlotReading(0, 0)) for key in everybody}
    whole = positions_of(sold, zero, TARIFFS)
    assert sum(p.position_wh or 0 for p in whole) == sum(r.import_wh - r.export_wh for r in readings.values())
    one = positions_of(sold, readings, TARIFFS, account=A, start=1_614_600_900, end=1_614_602_700)
    assert one == [p for p in positions if p.account == A and 1_614_600_900 <= p.slot_start < 1_614_602_700]


def test_position_without_a_reading_has_no_amount(world: World) -> None:
    """A home that hides its reading gets no amount, and neither does the stranger who was given a lot."""
    lot = minted(world, world.alice, 5)
    world.suite.lots.transfer_from(world.alice.address, world.stranger.address, lot).send(world.alice)
    positions = found(world, {(world.alice.address, SLOT): SlotReading(0, 5)})
    assert {p.account: p.owed for p in positions} == {world.alice.address: 0, world.stranger.address: None}
    with pytest.raises(NotMetered) as caught:
        check_metered("--readings", positions)
    assert (caught.value.account, caught.value.slot_start, caught.value.count) == (
        world.stranger.address,
        SLOT,
        1,
    )
    assert str(caught.value) == (
        f"--readings must have a reading of {world.stranger.address} for the slot {SLOT}, in which it traded;"
        " without a reading a position has no amount, and 1 have none"
    )


def test_readings_as_csv_and_as_json(tmp_path: Path) -> None:
    """Both forms give the same; an address counts in any writing."""
    row = {"account": A, "slot_start": SLOT, "import_wh": 3, "export_wh": 70}
    csv, json_ = tmp_path / "r.csv", tmp_path / "r.json"
    csv.write_text(f"account,slot_start,import_wh,export_wh\n{A},{SLOT},3,70\n")
    json_.write_text(json.dumps([row]))
    one, other = (read_slot_readings("--readings", path, RULE) for path in (csv, json_))
    assert one == other
    assert list(one.values()) == [SlotReading(3, 70)]
    assert {who.lower() for who, _ in one} == {A}


HEADER = "account,slot_start,import_wh,export_wh\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ": the first line must be account,slot_start,import_wh,export_wh"),
        ("account,slot\n", ": the first line must be account,slot_start,import_wh,export_wh"),
        (
            f"{HEADER}{A},{SLOT},3\n",
            ", line 2 must have account,slot_start,import_wh,export_wh in whole seconds",
        ),
        (f"{HEADER}{A},{SLOT},-3,0\n", ", line 2 must have account,slot_start,import_wh,export_wh in whole"),
        (f"{HEADER}{A},{SLOT},3.5,0\n", ", line 2 must have account,slot_start,import_wh,export_wh in whole"),
        (f"{HEADER}me,{SLOT},3,0\n", ", line 2: account must be an address, not 'me'"),
        (
            f"{HEADER}{A},{SLOT + 1},3,0\n",
            f", line 2: a slot must start at a multiple of 900 s, not at {SLOT + 1}",
        ),
        (
            f"{HEADER}{A},{SLOT},3,0\n{A.upper().replace('X', 'x')},{SLOT},3,0\n",
            ", line 3: there is a reading of ",
        ),
        ("{}", " must be a JSON list, not dict"),
        ("[{}]", ", entry 1 must have the keys ['account', 'export_wh', 'import_wh', 'slot_start'], not []"),
        (
            json.dumps([{"account": A, "slot_start": SLOT, "import_wh": -1, "export_wh": 0}]),
            ", entry 1: import_wh must be between 0 and 18446744073709551615, not -1",
        ),
        ("[", " is not JSON"),
    ],
)
def test_malformed_readings_are_one_typed_error(tmp_path: Path, text: str, line: str) -> None:
    """File and row are named."""
    path = tmp_path / "readings"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_slot_readings("--readings", path, RULE)
    assert str(caught.value).startswith(f"--readings {path}{line}")
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and one of another kind are typed errors, too."""
    with pytest.raises(BadInput, match="cannot be read"):
        read_slot_readings("--readings", tmp_path / "no", RULE)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="is neither CSV nor JSON"):
        read_slot_readings("--readings", tmp_path / "binary", RULE)
    with pytest.raises(BadInput, match="cannot be read"):
        read_openings("--offers", tmp_path / "no")
