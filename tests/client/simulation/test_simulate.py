"""Scenarios run: the files account for every order, Wh and unit, and are the same each time."""

from __future__ import annotations

import csv
import json
import tomllib
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from energy_trading.errors import BadInput
from energy_trading.simulation.scenario.scenario import (
    Scenario,
    read_scenario,
    ready_scenarios,
    scenario_of,
)
from energy_trading.simulation.simulate import SimulationResult, simulate
from tests.client.cli_runs import cli
from tests.measured import HAMLET, needs_hamlet

EURO = 10**9
DESIGNS = """
[[designs]]
kind = "grid-only"
[[designs]]
kind = "fixed-tariff"
[[designs]]
kind = "offers"
[[designs]]
kind = "pool"
[[designs]]
kind = "double-auction"
[[designs]]
kind = "pay-as-bid"
[[designs]]
kind = "gsp"
[[designs]]
kind = "lots"
[[designs]]
kind = "combination"
[[designs.stages]]
kind = "gsp"
[[designs.stages]]
kind = "double-auction"
[[designs.stages]]
kind = "pool"
"""
PEOPLE = """
version = 1
[time]
slot_seconds = 1800
[people]
homes = 14
[grid]
homes_per_feeder = 4
feeders_per_transformer = 2
same_feeder_ct_per_kwh = 0.5
same_transformer_ct_per_kwh = 1
beyond_ct_per_kwh = 2
[[strategies]]
kind = "learning"
share_percent = 30
[[strategies]]
kind = "zero-intelligence"
share_percent = 30
bluffs = true
"""
FAULTS = """
[[faults]]
kind = "silent-meters"
rate_percent = 10
[[faults]]
kind = "late-readings"
rate_percent = 10
[[faults]]
kind = "withdrawals"
rate_percent = 10
[[faults]]
kind = "late-acceptances"
rate_percent = 10
[[faults]]
kind = "last-look"
share_percent = 50
[[faults]]
kind = "cheaters"
share_percent = 40
[[faults]]
kind = "cheaters"
role = "buyer"
share_percent = 8
[[faults]]
kind = "dead-verifiers"
rate_percent = 25
[[faults]]
kind = "captured-clusters"
rate_percent = 33
"""


def scenario(text: str, folder: Path = Path()) -> Scenario:
    return scenario_of(tomllib.loads(text, parse_float=Decimal), "test", folder)


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    """Rows of a CSV file, with integers where the text is one."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [{k: int(v) if v.lstrip("-").isdigit() else v for k, v in row.items()} for row in rows]


def account_for_everything(folder: Path) -> None:
    """Check from the files alone that orders, energy and money add up."""
    payments, rows, fills = table(folder, "payments"), table(folder, "rows"), table(folder, "fills")
    orders, slots, accounts = table(folder, "orders"), table(folder, "slots"), table(folder, "accounts")

    # Money: every account is what its payments make it, and nothing is made or lost.
    got: dict[tuple[str, str, str], int] = defaultdict(int)
    for each in payments:
        assert each["amount_units"] > 0
        got[each["design"], each["payer"], each["kind"]] -= each["amount_units"]
        got[each["design"], each["payee"], each["kind"]] += each["amount_units"]
    market_kinds = ("energy", "market_fee", "guarantee_cut", "withdrawal_cut")
    for each in accounts:
        paid = {kind: got[each["design"], each["account"], kind] for kind in (*market_kinds, "grid_fee")}
        bills = {kind: got[each["design"], each["account"], kind] for kind in ("retail", "feed_in")}
        assert each["closing_units"] - each["opening_units"] == sum(paid[kind] for kind in market_kinds)
        assert each["sold_units"] - each["bought_units"] == paid["energy"]
        assert each["market_fees_units"] == abs(paid["market_fee"])
        assert each["guarantee_cuts_units"] == abs(paid["guarantee_cut"] + paid["withdrawal_cut"])
        assert each["grid_fees_units"] == abs(paid["grid_fee"])
        assert (each["retail_units"], each["feed_in_units"]) == tuple(map(abs, bills.values()))
        if each["account"] not in ("treasury", "dso", "supplier"):
            assert each["bill_units"] == -sum(paid.values()) - sum(bills.values())
    for design in {each["design"] for each in accounts}:
        own = [each for each in accounts if each["design"] == design]
        assert sum(each["opening_units"] for each in own) == sum(each["closing_units"] for each in own)
        assert got[design, "market", "energy"] == 0

    # Energy: each row is what was metered; neighbours sold as much as they bought, within what there was.
    sold: dict[tuple[str, int], int] = defaultdict(int)
    at: dict[tuple[str, int], dict[str, int]] = {}
    for each in slots:
        at[each["design"], each["slot_start_unix_s"]] = each
        lost = ("withheld_wh", "faults_wh", "design_wh", "limits_wh", "last_look_wh", "undelivered_wh")
        assert each["possible_wh"] - each["matched_wh"] == sum(each[name] for name in lost)
        assert each["possible_wh"] == min(each["surplus_wh"], each["deficit_wh"])
        assert each["matched_wh"] <= each["possible_wh"]
    for each in rows:
        row = each["sold_wh"] - each["bought_wh"]
        assert each["net_wh"] == each["pv_wh"] - each["load_wh"] - each["stored_wh"]
        assert each["net_wh"] - row == each["supplier_export_wh"] - each["supplier_import_wh"]
        assert 0 <= each["sold_wh"] <= max(0, each["net_wh"])
        assert 0 <= each["bought_wh"] <= max(0, -each["net_wh"])
        prices = at[each["design"], each["slot_start_unix_s"]]
        assert each["retail_units"] == each["supplier_import_wh"] * prices["retail_units_per_wh"]
        assert each["feed_in_units"] == each["supplier_export_wh"] * prices["feed_in_units_per_wh"]
        sold[each["design"], each["slot_start_unix_s"]] += row
    assert set(sold.values()) == {0}
    assert len(rows) == len(slots) * len({each["home"] for each in rows})

    # Orders: each is filled as far as the fills say, none at a worse price than its limit.
    key = ("design", "stage", "slot_start_unix_s", "home", "side")
    filled: Counter[tuple[Any, ...]] = Counter()
    limits = {tuple(each[k] for k in key): each for each in orders}
    assert len(limits) == len(orders)
    for each in fills:
        which = tuple(each[k] for k in key)
        filled[which] += each["agreed_wh"]
        assert each["delivered_wh"] <= each["agreed_wh"]
        assert each["amount_units"] == each["delivered_wh"] * each["price_units_per_wh"]
        limit = limits[which]["limit_units_per_wh"]
        price = each["price_units_per_wh"]
        assert price >= limit if each["side"] == "sell" else price <= limit
    assert {which: each["filled_wh"] for which, each in limits.items() if each["filled_wh"]} == dict(filled)
    for each in orders:
        states = {"filled": each["ordered_wh"] == each["filled_wh"], "part": each["filled_wh"] > 0}
        assert states.get(each["state"], each["filled_wh"] == 0)
    delivered: Counter[tuple[Any, ...]] = Counter()
    for each in fills:
        sign = 1 if each["side"] == "sell" else -1
        delivered[each["design"], each["slot_start_unix_s"], each["home"]] += sign * each["delivered_wh"]
    for each in rows:
        which = each["design"], each["slot_start_unix_s"], each["home"]
        assert delivered[which] == each["sold_wh"] - each["bought_wh"]


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SimulationResult]:
    """Every design and every fault at once, with grid fees over three distances."""
    out = tmp_path_factory.mktemp("troubled") / "out"
    return out, simulate(scenario(PEOPLE + FAULTS + DESIGNS), out)


def test_files_account_for_everything(troubled: tuple[Path, SimulationResult]) -> None:
    """Accounts, energy and orders add up from the files alone, faults and all."""
    out, result = troubled
    account_for_everything(out)
    assert result.money_conserved
    states = {each["state"] for each in table(out, "orders")}
    assert states == {
        *("filled", "part", "unfilled", "dropped"),
        *("silent", "late", "declined", "withdrawn", "void", "banned"),
    }
    kinds = {each["kind"] for each in table(out, "payments")}
    assert kinds == {
        *("energy", "market_fee", "grid_fee", "retail", "feed_in"),
        *("guarantee_cut", "withdrawal_cut"),
    }


def test_same_scenario_same_bytes(troubled: tuple[Path, SimulationResult], tmp_path: Path) -> None:
    """Every table is byte-equal, result.json but for the keys about the machine; another seed differs."""
    out, result = troubled
    again = simulate(scenario(PEOPLE + FAULTS + DESIGNS), tmp_path / "again")
    for path in out.glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
    one, two = (json.loads((folder / "result.json").read_text()) for folder in (out, tmp_path / "again"))
    measured = ("cpuSeconds", "floorSeconds", "maxRssMb", "versions")
    assert {k: v for k, v in one.items() if k not in measured} == {
        k: v for k, v in two.items() if k not in measured
    }
    other = simulate(scenario(PEOPLE.replace("version = 1", "version = 1\nseed = 2") + FAULTS + DESIGNS))
    assert other.to_json()["digest"] != result.to_json()["digest"] == again.to_json()["digest"]


def test_result_makes_itself_again(troubled: tuple[Path, SimulationResult]) -> None:
    """The scenario in the folder of a result is the one that was run."""
    out, result = troubled
    assert simulate(read_scenario(str(out / "scenario.toml"))).tables == result.tables
    written = json.loads((out / "result.json").read_text())
    keys = {"trades", "orders", "localMatchShare", "moneyConserved", "cpuSeconds", "floorSeconds", "maxRssMb"}
    assert keys < written.keys()
    assert written["orders"] == len(table(out, "orders"))
    assert written["scenario"] == result.scenario.to_json()


@pytest.mark.parametrize("name", [name for name in ready_scenarios() if name != "measured"])
def test_ready_scenarios_run(name: str, tmp_path: Path) -> None:
    """Each ready scenario runs, by its bare name, and accounts for everything."""
    changes = {"people": {"homes": 40}} if name == "neighbourhood-1000" else {"time": {"days": 1}}
    if name == "xia-merchant":
        changes = {}
    result = simulate(read_scenario(name, changes), tmp_path / "out")
    account_for_everything(tmp_path / "out")
    assert result.money_conserved
    assert all(figures["trades"] for key, figures in result.designs.items() if key not in NO_MARKET)


NO_MARKET = ("grid-only", "fixed-tariff")


@needs_hamlet
def test_measured_homes_trade_all_they_could(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measured homes reach the local match in the pool, to the last Wh, by hours too."""
    monkeypatch.setenv("ENERGY_TRADING_MEASURED", str(HAMLET))
    possible = []
    for seconds in (900, 3600):
        result = simulate(
            read_scenario("measured", {"time": {"slot_seconds": seconds}}), tmp_path / str(seconds)
        )
        account_for_everything(tmp_path / str(seconds))
        assert result.local_match_share == 1
        assert len(result.names) == 16
        assert not result.copies
        possible.append(result.designs["pool"]["possible_wh"])
    # Within an hour surpluses and deficits of a home cancel, so less is left to trade; not a quarter of it.
    assert 0.8 * possible[0] < possible[1] <= possible[0]


@pytest.mark.parametrize("seconds", [60, 300, 900, 1800, 3600])
def test_pool_reaches_the_local_match(seconds: int) -> None:
    """Whatever the slot's length, all that neighbours could share they share; nothing is fixed in Wh."""
    text = f"version = 1\n[time]\nslot_seconds = {seconds}\n[people]\nhomes = 9"
    (figures,) = simulate(scenario(text)).designs.values()
    assert figures["matched_wh"] == figures["possible_wh"] > 0
    assert all(figures[f"lost_{name}_wh"] == 0 for name in ("withheld", "design", "limits", "undelivered"))


def test_limits_withholding_and_last_look_are_told_apart() -> None:
    """Random limits, held back surplus and the last look have their own figures; a pool loses none to it."""
    base = "version = 1\n[people]\nhomes = 30\nforecast_error_percent = 30\n"
    bluff = '[[strategies]]\nkind = "zero-intelligence"\nbluffs = true\n'
    held = '[[strategies]]\nkind = "standing"\noffer_percent = 50\n'
    look = '[[faults]]\nkind = "last-look"\n'
    designs = '[[designs]]\nkind = "pool"\n[[designs]]\nkind = "offers"\n'
    bluffing, holding, looking = (simulate(scenario(base + x + designs)).designs for x in (bluff, held, look))
    assert bluffing["pool"]["lost_limits_wh"] > 0 == bluffing["pool"]["lost_withheld_wh"]
    assert holding["pool"]["lost_withheld_wh"] > 0 == holding["pool"]["lost_limits_wh"]
    assert looking["pool"]["lost_last_look_wh"] == 0 == looking["pool"]["lost_limits_wh"]
    assert looking["offers"]["lost_last_look_wh"] > 0


def test_earlier_result_is_not_overwritten(tmp_path: Path) -> None:
    """A folder with a result is refused, and stays as it was, unless overwriting is asked for."""
    text = "version = 1\n[people]\nhomes = 3\n"
    simulate(scenario(text), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(BadInput, match="holds a result already"):
        simulate(scenario(text + "pv_percent = 100"), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    simulate(scenario(text + "pv_percent = 100"), tmp_path, overwrite=True)
    assert (tmp_path / "rows.csv").read_bytes() != before["rows.csv"]


@pytest.mark.parametrize(("day", "slots"), [("2026-03-29", 92), ("2026-06-21", 96), ("2026-10-25", 100)])
def test_clock_changes(day: str, slots: int, tmp_path: Path) -> None:
    """A day has 23 hours in spring and 25 in autumn; tariffs and cars follow the clock on the wall."""
    text = f"""
version = 1
[time]
start = {day}
zone = "Europe/Berlin"
[people]
homes = 3
[tariffs]
[[tariffs.time_of_use]]
begin = 06:00:00
retail_ct_per_kwh = 40
[[tariffs.time_of_use]]
begin = 22:00:00
retail_ct_per_kwh = 20
[[devices]]
kind = "car"
"""
    simulate(scenario(text), tmp_path / "out")
    found = table(tmp_path / "out", "slots")
    assert len(found) == slots
    dear = [each for each in found if each["retail_units_per_wh"] == 400_000]
    assert len(dear) == 64
    account_for_everything(tmp_path / "out")


def test_people_are_the_same_in_each_design(troubled: tuple[Path, SimulationResult]) -> None:
    """Load, photovoltaics and stores of every home and slot do not depend on the design."""
    seen: dict[tuple[Any, Any], set[tuple[Any, ...]]] = defaultdict(set)
    for each in table(troubled[0], "rows"):
        where = each["slot_start_unix_s"], each["home"]
        seen[where].add((each["load_wh"], each["pv_wh"], each["stored_wh"], each["net_wh"]))
    assert {len(each) for each in seen.values()} == {1}


def test_merchant_cheats_from_its_threshold_on(tmp_path: Path) -> None:
    """Xia's merchant builds credit by honest sales, cheats at 7.5, falls, and begins again (X-10)."""
    simulate(read_scenario("xia-merchant"), tmp_path / "out")
    sales = [each for each in table(tmp_path / "out", "fills") if each["side"] == "sell"]
    frauds = [i for i, each in enumerate(sales) if not each["delivered_wh"]]
    assert 50 < frauds[0] < 80
    gaps = np.diff(frauds)
    assert all(later >= earlier for earlier, later in pairwise(gaps[1:]))
    assert all(each["guarantee_cut_units"] > 0 for i, each in enumerate(sales) if i in frauds)


def test_command_prints_a_table_and_json(tmp_path: Path) -> None:
    """The command runs a ready scenario by its bare name; with --json it prints result.json."""
    done = cli("simulate", "demo", "--out", tmp_path / "demo")
    assert (done.status, done.err) == (0, "")
    assert "money is conserved" in done.out
    assert "100.00%" in next(line for line in done.lines if line.startswith("pool"))
    printed = cli("simulate", "demo", "--json").json
    written = json.loads((tmp_path / "demo" / "result.json").read_text())
    assert printed["digest"] == written["digest"]
    refused = cli("simulate", "demo", "--out", tmp_path / "demo")
    assert refused.status == 1
    assert refused.err.count("\n") == 1
