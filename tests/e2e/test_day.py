"""A trading day end to end: what homes did, what meters signed, what the contracts hold."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest

from energy_trading.bindings.energy_lot import LotExchanged, LotMinted
from energy_trading.bindings.offer_market import (
    DeliveryConfirmed,
    DeliveryTestified,
    OfferAccepted,
    OfferMade,
    TestimonyUnanswered,
    TradeExpired,
)
from energy_trading.crypto._signatures import P256_SIGNER_BYTES
from energy_trading.errors import BadInput
from energy_trading.meter.export_ledger import injection_purpose
from energy_trading.simulation.faults import Faults, InjectedFaults
from energy_trading.simulation.neighbourhood import FUNDS, settle_in
from energy_trading.simulation.report import write_report
from energy_trading.simulation.script import Script
from energy_trading.simulation.trading_day import DayResult, money_is_conserved
from tests import days

ENDED = ("delivered", "short")


def trade_a_day(faults: Faults, seed: int = 1) -> DayResult:
    return Script(settle_in(days.profiles(), seed), seed, faults).run()


@pytest.fixture(scope="module")
def quiet() -> DayResult:
    return trade_a_day(Faults())


@pytest.fixture(scope="module")
def troubled() -> DayResult:
    # Long enough for three defaults that escalate, each agreed after the one before, and one more try.
    return Script(settle_in(days.profiles(slots=16), 1), 1, InjectedFaults(sober_slots=1)).run()


def test_quiet_day_delivers_what_was_accepted(quiet: DayResult) -> None:
    """Without faults every accepted offer ends with a receipt (N-7 scenario 1)."""
    accepted = [row for row in quiet.trades if row.buyer]
    assert len(accepted) >= 10
    assert {row.ending for row in accepted} <= {"delivered", "short"}
    assert money_is_conserved(quiet)
    assert quiet.traded_wh == sum(slot.traded_wh for slot in quiet.slots) > 0
    fees = sum(row.paid // 100 for row in accepted) + sum(row.cut for row in accepted)
    assert quiet.treasury == fees


def test_books_fit_the_log(quiet: DayResult) -> None:
    """Each row of the day's book has its events on chain."""
    accepted = {row.trade_id for row in quiet.trades if row.buyer}
    assert {e.trade_id for e in quiet.events if isinstance(e, OfferAccepted)} == accepted
    made = {e.trade_id for e in quiet.events if isinstance(e, OfferMade)}
    assert made == accepted | {row.trade_id for row in quiet.trades if row.mode.startswith("on chain")}
    whole = {row.trade_id for row in quiet.trades if row.ending == "delivered"}
    assert {e.trade_id for e in quiet.events if isinstance(e, DeliveryConfirmed)} == whole


def test_meters_certify_no_more_than_they_measured(quiet: DayResult) -> None:
    """What a home bought in a slot is at most what it lacked (N-3)."""
    for home in quiet.there.homes:
        for i, start in enumerate(home.profile.slot_starts):
            bought = sum(
                row.delivered_wh
                for row in quiet.trades
                if row.buyer == home.name and row.slot_start == start and row.ending in ("delivered", "short")
            )
            assert bought <= max(0, home.profile.load_wh[i] - home.profile.pv_wh[i])


def lots_taken(day: DayResult, side: str = "buyer") -> dict[tuple[str, int], int]:
    """Wh of the lot that was sold, by the account on that side and the slot."""
    minted = {event.lot: event for event in day.events if isinstance(event, LotMinted)}
    return {
        (getattr(event, side), minted[event.lot].slot_start): minted[event.lot].energy_wh
        for event in day.events
        if isinstance(event, LotExchanged)
    }


def test_positions_add_up_to_the_meters(quiet: DayResult, troubled: DayResult) -> None:
    """What homes owe for adds up to what they drew less what they fed in; nobody sells anything twice."""
    for day in (quiet, troubled):
        positions, taken = day.positions(), lots_taken(day)
        assert {(p.account, p.slot_start) for p in positions} == set(day.metered)
        assert len(positions) == len(day.there.homes) * len(day.slots)
        drawn = sum(reading.import_wh - reading.export_wh for reading in day.metered.values())
        assert sum(p.position_wh or 0 for p in positions) == drawn
        for p in positions:
            assert p.metered is not None
            assert not p.hidden
            assert p.sold_wh <= p.metered.export_wh
            # a lot may be bought by a home that drew nothing in the lot's slot
            assert p.bought_wh - taken.get((p.account, p.slot_start), 0) <= p.metered.import_wh
    taker_of, lot_of = lots_taken(quiet), lots_taken(quiet, "seller")
    assert {row.ending for row in quiet.trades if row.buyer} <= set(ENDED)
    for home in quiet.there.homes:
        account = home.trader.address
        own = [p for p in quiet.positions() if p.account == account]
        for p in own:  # the slot that the terms name is the one in which the energy flowed
            rows = [row for row in quiet.trades if row.slot_start == p.slot_start and row.ending in ENDED]
            sold, bought = (
                sum(row.delivered_wh for row in rows if getattr(row, side) == home.name)
                for side in ("seller", "buyer")
            )
            at = (account, p.slot_start)
            assert (p.sold_wh, p.bought_wh) == (sold + lot_of.get(at, 0), bought + taker_of.get(at, 0))
        # the import register counts what neighbours sold, the export register all that was fed in
        assert sum(p.bought_wh for p in own) - sum(v for k, v in taker_of.items() if k[0] == account) == (
            home.import_wh
        )
        assert sum(p.metered.export_wh for p in own if p.metered) == home.export_wh


def test_every_kind_of_offer_and_meter_takes_part(quiet: DayResult) -> None:
    """On chain and signed, open and private, secp256k1 and P-256 all trade in one day (N-5, N-6)."""
    modes = {row.mode for row in quiet.trades if row.buyer}
    assert {"on chain", "signed"} & modes
    assert any("private" in mode for mode in modes)
    signers = {len(home.meter._signer.signer) for home in quiet.there.homes}
    assert signers == {20, P256_SIGNER_BYTES}


def test_equal_seeds_trade_alike() -> None:
    """Seed and profiles fix who trades what at which price; keys are random all the same."""

    def book(result: DayResult) -> list[tuple[object, ...]]:
        return [
            (r.slot_start, r.seller, r.buyer, r.energy_wh, r.price, r.ending, r.delivered_wh)
            for r in result.trades
        ]

    first, again, other = (book(trade_a_day(Faults(), seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_all_scenarios_happen_and_are_told(troubled: DayResult) -> None:
    """Every scenario of N-7, the forger of N-8 and the trace of C-10 are in the story."""
    story = "\n".join(troubled.story)
    for words in (
        "scenario 1, success",
        "scenario 2, withdrawal",
        "scenario 3, late acceptance",
        "scenario 4, late delivery",
        "scenario 5, ban",
        "attack, forged receipt: refused as NOT_PARTY",
        "EnergyLedger_Banned",
        "trace: PKG and DSO together open",
        "suspends all 2 accounts",
        "this person is banned",
        "silent meter:",
    ):
        assert words in story, story
    assert "no occasion" not in story


def test_each_exported_wh_is_signed_once(quiet: DayResult, troubled: DayResult) -> None:
    """The seller's meter has a range for each trade it served and for the lot; no two overlap (N-3, C-4)."""
    for day in (quiet, troubled):
        minted = {
            (event.producer, event.slot_start): event for event in day.events if isinstance(event, LotMinted)
        }
        assert minted
        for home in day.there.homes:
            used: list[tuple[int, int]] = []
            for row in (row for row in day.trades if row.seller == home.name and row.delivered_wh):
                part = home.meter.take(row.trade_id, row.slot_start, row.slot_start + days.STEP_S, 1)
                assert row.delivered_wh <= part.energy_wh <= row.energy_wh
                used.append((part.from_wh, part.to_wh))
            for (producer, start), event in minted.items():
                if producer == home.trader.address:
                    part = home.meter.take(injection_purpose(start), start, start + days.STEP_S, 1)
                    assert part.energy_wh == event.energy_wh
                    used.append((part.from_wh, part.to_wh))
            used.sort()
            assert all(one[1] <= other[0] for one, other in pairwise(used))


def test_silent_meter_costs_the_seller_no_standing(troubled: DayResult) -> None:
    """A buyer's meter is silent, the seller's testifies: no default, no cut, the buyer refunded (N-7)."""
    (row,) = [row for row in troubled.trades if row.ending == "unanswered"]
    assert (row.paid, row.cut) == (0, 0)
    assert row.delivered_wh == row.energy_wh
    assert troubled.accounts[row.seller].defaults == 0
    kinds = [
        type(event)
        for event in troubled.events
        if getattr(event, "trade_id", None) == row.trade_id
        and isinstance(event, OfferAccepted | DeliveryTestified | TestimonyUnanswered | TradeExpired)
    ]
    assert kinds == [OfferAccepted, DeliveryTestified, TestimonyUnanswered]
    (said, ended) = [line for line in troubled.story if "silent meter" in line]
    assert f"the meter of {row.seller} testifies" in said
    assert f"{row.seller} gets its whole guarantee back and has 0 defaults" in ended


def test_cheater_loses_money_and_standing(troubled: DayResult) -> None:
    """Who sells and does not deliver ends poorer, banned, suspended; victims lose nothing (N-8)."""
    (cheater,) = [name for name, account in troubled.accounts.items() if account.defaults]
    account = troubled.accounts[cheater]
    assert account.defaults > 2
    assert account.suspended
    assert account.banned_until > troubled.slots[-1].start
    fines = sum(row.cut for row in troubled.trades if row.seller == cheater and row.ending == "expired")
    assert fines > 0
    expired = [row for row in troubled.trades if row.ending == "expired"]
    assert {row.seller for row in expired} == {cheater}
    assert all(row.paid == 0 for row in expired)
    assert money_is_conserved(troubled)


def test_report_files(troubled: DayResult, tmp_path: Path) -> None:
    """The four files hold what the result holds, and no secret."""
    files = write_report(troubled, tmp_path / "a" / "b")
    assert [f.name for f in files] == ["trades.csv", "accounts.csv", "events.jsonl", "report.html"]
    trades, accounts, events, page = (f.read_text(encoding="utf-8") for f in files)
    rows = list(csv.DictReader(trades.splitlines()))
    assert [int(r["delivered_wh"]) for r in rows] == [t.delivered_wh for t in troubled.trades]
    gains = {r["home"]: int(r["gain_units"]) for r in csv.DictReader(accounts.splitlines())}
    assert gains == {name: a.available - FUNDS for name, a in troubled.accounts.items()}
    lines = [json.loads(line) for line in events.splitlines()]
    assert len(lines) == len(troubled.events)
    assert {"event", "address", "block_number"} <= set(lines[0])
    assert page.count("<svg") == 4
    assert "<td>ended on testimony alone</td><td>1</td>" in page
    assert all(line.split("  ", 1)[1][:20] in page for line in troubled.story)
    for home in troubled.there.homes:
        secret = home.trader.key.reveal().hex()
        assert secret not in trades + accounts + events + page
        assert home.person not in trades + accounts + events


def test_report_into_an_impossible_place(troubled: DayResult) -> None:
    """A folder that cannot be made is a typed error."""
    with pytest.raises(BadInput, match=r"^the folder /proc/no cannot be written "):
        write_report(troubled, Path("/proc/no"))


def test_too_few_homes_and_unequal_slots() -> None:
    """A neighbourhood has two homes or more over the same slots."""
    with pytest.raises(BadInput, match=r"^a neighbourhood needs at least 2 homes, not 1"):
        settle_in(days.profiles()[:1], 1)
    first, second, *_ = days.profiles()
    moved = type(second)(**{**asdict(second), "slot_starts": [s + 1 for s in second.slot_starts]})
    with pytest.raises(BadInput, match=r"^the profiles cover different slots"):
        settle_in([first, moved], 1)
