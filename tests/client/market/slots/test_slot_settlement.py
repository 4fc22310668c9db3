"""A slot settled from signed messages: the chain takes it, and what is wrong names who failed."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from energy_trading import (
    ConditionBroken,
    Settled,
    SignedAck,
    SignedOrder,
    SignedResult,
    SignedSlotReading,
    SlotBook,
    SlotEntry,
    SlotNotClosed,
    check_final,
    check_order,
    check_reading,
    check_settled,
    read_book,
    read_events,
    settle,
)
from energy_trading.market.slots.posting import Posting
from energy_trading.rules.slot_pool import pack_rows, rows_root, unpack_rows
from energy_trading.types import Reading
from tests.contracts.slot_market.house import CAP, EURO, LOCKED, POST, SLOT, Draft, House


def book_of(house: House) -> SlotBook:
    """The book as a node reads it from the chain now."""
    chain, market = house.chain, house.suite.slots
    events = read_events(chain, [market.address])
    return read_book(market.slot_parameters(), events, chain.time_of, chain.now())


class Slot:
    """A slot with everybody's order and reading, as far as a leader's proposal."""

    def __init__(self, house: House, nets: list[int]) -> None:
        self.house, self.domain = house, house.suite.slots_domain
        self.slot = house.next_time // SLOT
        house.go((self.slot + 1) * SLOT)
        house.chain.mine()
        self.book = book_of(house)
        self.homes = self.book.homes_in(self.slot)
        self.entries = {number: self.entry(number, net) for number, net in enumerate(nets)}
        self.cluster = house.suite.council.cluster_of(self.slot, 0)
        self.leader = house.keys[self.cluster[0]]

    def entry(self, number: int, net: int, **changes: Any) -> SlotEntry:
        house, owner = self.house, self.house.owners[number]
        signed = SignedOrder.sign(house.order(number, self.slot, **changes), owner, self.domain)
        reading = Reading(owner.address, self.slot, net)
        return SlotEntry(signed, SignedSlotReading.sign(reading, house.meters[number], self.domain))

    def settled(self) -> Settled:
        return settle(self.slot, self.homes, self.entries, self.book.parameters, self.leader.address)

    def check(self, given: Settled, acks: Any = ()) -> None:
        signed = SignedResult.sign(given.result, self.leader, self.domain)
        check_settled(given, self.homes, self.entries, self.book.parameters, signed, dict(acks))

    def post(self, given: Settled) -> Draft:
        from energy_trading.types import Posted

        draft = Draft(Posted(given.result, ()), given.rows, 0, b"", {}, {}, {})
        draft = self.house.signed(draft, self.cluster, [1, 2])
        self.house.ok("post", *self.house.args(draft), by=self.leader)
        return draft


def test_chain_takes_what_is_settled(house: House) -> None:
    """Slot after slot is settled from the log and signed messages alone; book and chain stay the same."""
    rng = random.Random(13)
    for _ in range(4):
        slot = Slot(house, [rng.randrange(-900, 900) for _ in house.owners])
        settled = slot.settled()
        slot.check(settled)
        draft = slot.post(settled)
        event = book_of(house).posted[slot.slot]
        posting = Posting.read(house.chain, event, slot.domain)
        assert (posting.posted, posting.rows) == (draft.posted, draft.rows)
        check_final(book_of(house), [slot.slot])
        house.finalised(draft)
        house.next_slot()
        book = book_of(house)
        for number, home in enumerate(house.market.homes):
            assert book.balance(number) == home.balance
        with pytest.raises(SlotNotClosed):
            book.homes_in(slot.slot)


def test_budget_leaves_out_what_is_not_free(house: House) -> None:
    """Exits, posted charges and the caps of late slots are no longer there to be charged (Z-5)."""
    slot = Slot(house, [1000, -1000, 0, 0, 0])
    assert [home.budget for home in slot.homes] == [CAP] * 5
    slot.post(slot.settled())
    house.ok("request_exit", LOCKED - CAP, by=house.owners[1])
    later = Slot(house, [0, -1000, 0, 0, 0])
    charged = 1000 * 190_000 + 100_000
    assert later.homes[1].budget == CAP - charged
    # `later` is never posted. If it still can be at the end of the next slot, its cap may still be charged.
    house.chain.mine((later.slot + 2) * SLOT + 1)
    market = house.suite.slots
    events = read_events(house.chain, [market.address])
    for post_seconds, free in ((SLOT, CAP - charged), (SLOT + 1, 0)):
        parameters = replace(market.slot_parameters(), post_seconds=post_seconds)
        book = read_book(parameters, events, house.chain.time_of, house.chain.now())
        assert book.homes_in(later.slot + 1)[1].budget == free
        assert book.homes_in(later.slot + 1)[0].budget == CAP


def test_changes_count_from_the_next_slot(house: House) -> None:
    """Caps, revocations and freezes are those of the slot, whatever comes later (Z-7)."""
    house.ok("set_cap", 5, by=house.owners[0])
    house.ok("revoke_below", 9, by=house.owners[0])
    house.on_ledger("suspend", [house.owners[2].address], by=house.people["dso"])
    house.ok("freeze", 2)
    slot = Slot(house, [100, -100, 500, 0, 0])
    before, after = slot.homes[0], Slot(house, [0] * 5).homes[0]
    assert (before.cap, before.min_nonce, after.cap, after.min_nonce) == (CAP, 0, 5, 9)
    later = Slot(house, [0] * 5)
    assert (slot.homes[2].frozen, later.homes[2].frozen) == (False, True)
    later.entries = {2: later.entry(2, 500), 1: later.entry(1, -500)}
    assert unpack_rows(later.settled().rows)[:3] == [0, 0, 0]


def test_what_a_home_failed_is_named(house: House) -> None:
    """A forged reading or order is declined, and the record names the home with its evidence (Z-7)."""
    slot = Slot(house, [100, -100, 0, 0, 0])
    home, verifier = slot.homes[0], house.suite.p256_verifier
    entry = slot.entries[0]
    check_order(entry.order, home, slot.slot, slot.domain)
    check_reading(entry.reading, home, slot.slot, slot.domain, verifier)
    forged = SignedSlotReading.sign(Reading(home.account, slot.slot, 9_999), house.meters[2], slot.domain)
    cases: list[Any] = [
        (1, lambda: check_reading(forged, home, slot.slot, slot.domain, verifier), "another meter"),
        (1, lambda: check_reading(entry.reading, home, slot.slot + 1, slot.domain, verifier), "for slot"),
        (2, lambda: check_order(entry.order, home, slot.slot + 1, slot.domain), "is for slots"),
        (
            2,
            lambda: check_order(entry.order, replace(home, min_nonce=1), slot.slot, slot.domain),
            "has revoked",
        ),
        (
            2,
            lambda: check_order(
                SignedOrder(replace(entry.order.order, max_spend=1), entry.order.signature),
                home,
                slot.slot,
                slot.domain,
            ),
            "did not sign",
        ),
    ]
    for condition, check, text in cases:
        with pytest.raises(ConditionBroken, match=text) as caught:
            check()
        assert (caught.value.condition, caught.value.who) == (condition, home.account)
        assert caught.value.to_json()["evidence"]


def test_what_a_leader_failed_is_named(house: House) -> None:
    """No member signs rows, totals or a price that do not follow; the record shows the leader's signature."""
    slot = Slot(house, [700, -300, -200, 50, 0])
    settled = slot.settled()
    rows = unpack_rows(settled.rows)
    moved = pack_rows([rows[0], rows[1] + 10, rows[2] - 10, *rows[3:]])
    lies = {
        1: [
            Settled(replace(settled.result, rows=rows_root(moved)), moved),
            Settled(replace(settled.result, supply_wh=1), settled.rows),
        ],
        2: [
            Settled(replace(settled.result, price=1), settled.rows),
            Settled(replace(settled.result, orders=bytes(32)), settled.rows),
        ],
    }
    for condition, wrong in lies.items():
        for lie in wrong:
            with pytest.raises(ConditionBroken) as caught:
                slot.check(lie)
            assert (caught.value.condition, caught.value.who) == (condition, slot.leader.address)
            SignedResult.from_json(caught.value.to_json()["evidence"]["signed"]).check(slot.domain)


def test_member_keeps_its_word(house: House) -> None:
    """Nobody signs a slot that contradicts what it has acknowledged: one left out, another reading (Z-6)."""
    slot = Slot(house, [700, -300, -200, 50, 0])
    key = house.keys[slot.cluster[1]]
    entry = slot.entries[1]
    ack = SignedAck.sign(slot.slot, entry.order, entry.reading, slot.homes[1].budget, key, slot.domain)
    slot.check(slot.settled(), {1: (ack, entry)})
    left_out = {number: each for number, each in slot.entries.items() if number != 1}
    for entries in (left_out, {**slot.entries, 1: slot.entry(1, -250)}):
        slot.entries = entries
        with pytest.raises(ConditionBroken, match="not what was acknowledged") as caught:
            slot.check(slot.settled(), {1: (ack, entry)})
        assert caught.value.who == slot.leader.address


def test_buyer_without_money_is_capped(house: House) -> None:
    """An order above what a home has locked buys what it can pay for, and nobody is overdrawn (Z-7)."""
    house.ok("request_exit", LOCKED - EURO // 10, by=house.owners[1])
    slot = Slot(house, [30_000, 0, 0, 0, 0])
    slot.entries[1] = slot.entry(1, -30_000, max_spend=2**64)
    settled = slot.settled()
    row = unpack_rows(settled.rows)[1]
    assert -row == (EURO // 10 - 100_000) // 190_000
    draft = slot.post(settled)
    house.go(house.chain.now() + POST)
    house.finalised(draft)
    assert house.market.homes[1].balance >= LOCKED - EURO // 10


def test_conditions_3_and_4(house: House) -> None:
    """A slot with an open demand, or that a home cannot pay, is not made final (Z-4, Z-5)."""
    slot = Slot(house, [700, -300, 0, 0, 0])
    draft = slot.post(slot.settled())
    book = book_of(house)
    check_final(book, [slot.slot])
    book._homes[1].balance = 1
    with pytest.raises(ConditionBroken, match="home 1 has 1 and slot") as caught:
        check_final(book, [slot.slot])
    assert (caught.value.condition, caught.value.who) == (4, draft.result.leader)
    house.ok("demand", slot.slot, 1, by=house.owners[1])
    with pytest.raises(ConditionBroken, match="has a demand") as caught:
        check_final(book_of(house), [slot.slot])
    assert caught.value.condition == 3
