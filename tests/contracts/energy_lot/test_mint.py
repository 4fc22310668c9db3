"""mint: a certified injection becomes a lot, once (C-4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from energy_trading.bindings import energy_lot
from energy_trading.bindings.energy_lot import (
    BadEnergy,
    BadSlot,
    IdUsed,
    LotMinted,
    MayNotProduce,
    Transfer,
)
from energy_trading.types import LotState, LotView
from tests.contracts.energy_lot.tools import (
    NOBODY,
    SLOT,
    SLOT_S,
    certificate,
    minted,
    other_domains,
    sign_injection,
)
from tests.contracts.offer_market.tools import refused, told
from tests.world import World


def test_anyone_mints_for_the_producer(world: World) -> None:
    """A relayer brings the certificate; lot, contact data and sign_D are in slot and log (C-4)."""
    paper = certificate(world, world.alice, 1_234)
    sent = world.suite.lots.mint(paper.injection, paper.signature).send(world.stranger)
    i = paper.injection
    assert told(world.suite.lots, sent) == [
        (Transfer, NOBODY, world.alice.address, paper.lot),
        (
            LotMinted,
            paper.lot,
            world.alice.address,
            world.dso.address,
            1_234,
            SLOT,
            i.meter,
            world.alice.public_key,
            i.msg_addr,
            7,
            i.deadline,
            paper.signature,
        ),
    ]
    assert world.suite.lots.lot_of(paper.lot) == LotView(world.alice.address, 1_234, SLOT, 0, LotState.ALIVE)


def test_revert_when_minted_twice(world: World) -> None:
    """One reading, one lot (C-4)."""
    paper = certificate(world, world.alice)
    call = world.suite.lots.mint(paper.injection, paper.signature)
    call.send(world.stranger)
    refused(call, world.alice, IdUsed, paper.lot)


@pytest.mark.parametrize(
    "change",
    [
        {"slot_start": SLOT - SLOT_S},
        {"meter": b"\x99" * 32},
        {"energy_wh": 2},
        {"nonce": 8},
        {"deadline": 2**40},
        {"producer": "bob"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_revert_given_reading_in_another_lot(world: World, change: dict[str, Any]) -> None:
    """The reading is used up across meters, slots, energies, producers and certificates (C-4)."""
    lot = minted(world, world.alice)
    if "producer" in change:
        change = {"producer": world.bob.address}
    again = replace(certificate(world, world.alice).injection, **change)
    refused(
        world.suite.lots.mint(again, sign_injection(world, again, world.dso)),
        world.stranger,
        IdUsed,
        lot,
    )


@pytest.mark.parametrize("end", ["retire", "split", "merge"])
def test_revert_given_lot_that_has_ended(world: World, end: str) -> None:
    """Retired, split and merged energy cannot come back by its certificate (C-4)."""
    paper = certificate(world, world.alice, 1_000)
    lots = world.suite.lots
    lots.mint(paper.injection, paper.signature).send(world.stranger)
    other = minted(world, world.alice, 500)
    call = {
        "retire": lots.retire(paper.lot),
        "split": lots.split(paper.lot, [400, 600]),
        "merge": lots.merge([paper.lot, other]),
    }[end]
    call.send(world.alice)
    refused(lots.mint(paper.injection, paper.signature), world.alice, IdUsed, paper.lot)


def test_revert_from_deadline_on(world: World) -> None:
    """Valid while now < deadline (half open)."""
    paper = certificate(world, world.alice)
    deadline = paper.injection.deadline
    call = world.suite.lots.mint(paper.injection, paper.signature)
    world.chain.set_next_time(deadline)
    refused(call, world.stranger, energy_lot.Expired, deadline, deadline)


def test_last_second_counts(world: World) -> None:
    """One second before the deadline the certificate mints."""
    paper = certificate(world, world.alice)
    world.chain.set_next_time(paper.injection.deadline - 1)
    world.suite.lots.mint(paper.injection, paper.signature).send(world.stranger)
    assert world.suite.lots.owner_of(paper.lot) == world.alice.address


@pytest.mark.parametrize("energy", [0, 2**40, 2**200])
def test_revert_given_energy_out_of_range(world: World, energy: int) -> None:
    """A lot holds 1 … 2**40 - 1 Wh, so that it shares a slot with its owner."""
    paper = replace(certificate(world, world.alice).injection, energy_wh=energy)
    call = world.suite.lots.mint(paper, sign_injection(world, paper, world.dso))
    refused(call, world.stranger, BadEnergy, energy, 2**40 - 1)


@pytest.mark.parametrize("slot", [SLOT + 1, SLOT + 10 * SLOT_S, 2**40 * SLOT_S])
def test_revert_given_slot_unaligned_or_not_over(world: World, slot: int) -> None:
    """Energy is certified after its slot has ended, and slots do not overlap (C-4)."""
    paper = replace(certificate(world, world.alice).injection, slot_start=slot)
    call = world.suite.lots.mint(paper, sign_injection(world, paper, world.dso))
    now = world.chain.now() + 1
    world.chain.set_next_time(now)
    refused(call, world.stranger, BadSlot, slot, SLOT_S, now - SLOT_S)


def test_slot_after_2106_is_refused(world: World) -> None:
    """A lot has 32 bits for the start of its slot: a later start is refused and not cut off (C-4)."""
    last = (2**32 - 1) // SLOT_S * SLOT_S
    world.pass_time(last + 3 * SLOT_S)
    lot = minted(world, world.alice, slot=last)
    assert world.suite.lots.lot_of(lot).slot_start == last
    late = certificate(world, world.alice, slot=last + SLOT_S)
    call = world.suite.lots.mint(late.injection, late.signature)
    refused(call, world.stranger, BadSlot, last + SLOT_S, SLOT_S, 2**32 - 1)


def test_revert_given_certificate_of_another(world: World) -> None:
    """Only the DSO's signature counts: neither the producer's nor PKG's (C-4)."""
    paper = certificate(world, world.alice).injection
    for key in (world.alice, world.pkg):
        call = world.suite.lots.mint(paper, sign_injection(world, paper, key))
        refused(call, world.stranger, energy_lot.BadSignature, world.dso.address)


def test_revert_given_certificate_for_another_chain_or_contract(world: World) -> None:
    """The EIP-712 domain binds both."""
    paper = certificate(world, world.alice).injection
    for domain in other_domains(world):
        call = world.suite.lots.mint(paper, sign_injection(world, paper, world.dso, domain))
        refused(call, world.stranger, energy_lot.BadSignature, world.dso.address)


def test_revert_given_changed_field(world: World) -> None:
    """Every field is under the signature."""
    paper = certificate(world, world.alice)
    for change in (
        {"producer": world.bob.address},
        {"energy_wh": 1_001},
        {"slot_start": SLOT - SLOT_S},
        {"meter": bytes(32)},
        {"reading": b"\x01" * 32},
        {"public_key": world.bob.public_key},
        {"msg_addr": bytes(32)},
        {"nonce": 8},
        {"deadline": paper.injection.deadline + 1},
    ):
        call = world.suite.lots.mint(replace(paper.injection, **change), paper.signature)
        refused(call, world.stranger, energy_lot.BadSignature, world.dso.address)


def test_revert_given_producer_who_may_not_trade(world: World) -> None:
    """Strangers, consumers and suspended producers get no lot (C-4, C-10)."""
    for key in (world.stranger, world.buyer):
        paper = replace(certificate(world, world.alice).injection, producer=key.address)
        call = world.suite.lots.mint(paper, sign_injection(world, paper, world.dso))
        refused(call, world.stranger, MayNotProduce, key.address)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    paper2 = certificate(world, world.alice)
    call = world.suite.lots.mint(paper2.injection, paper2.signature)
    refused(call, world.stranger, MayNotProduce, world.alice.address)
