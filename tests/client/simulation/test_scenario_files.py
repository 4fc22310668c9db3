"""Scenario files: what is wrong is refused with one sentence that names the place."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from energy_trading.errors import BadInput
from energy_trading.simulation.options import ScenarioRefused
from energy_trading.simulation.scenario.scenario import (
    Scenario,
    read_scenario,
    ready_scenarios,
    scenario_of,
    scenario_schema,
)
from energy_trading.simulation.simulate import check_people, simulate
from tests.client.cli_runs import cli

ROOT = Path(__file__).resolve().parents[3]
READY = ROOT / "energy_trading" / "simulation" / "scenario" / "ready"


def read(text: str, folder: Path = Path()) -> Scenario:
    return scenario_of(tomllib.loads(text, parse_float=Decimal), "mine", folder)


def as_json(text: str) -> object:
    """TOML as a schema sees it: dates are texts, decimals numbers."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


V = "version = 1\n"
WRONG = {
    "no version": ("", "mine.toml needs the option version"),
    "version": ("version = 2", "mine.toml.version must be 1 or less, not 2"),
    "unknown table": (V + "[peple]", "mine.toml has no table or option 'peple'"),
    "unknown option": (V + "[people]\nhoems = 3", "[people] has no option 'hoems'; did you mean homes?"),
    "type": (V + "[people]\nhomes = 'six'", "[people].homes must be a whole number, not 'six'"),
    "truth for a number": (V + "[people]\nhomes = true", "[people].homes must be a whole number, not True"),
    "decimal for a whole": (V + "[people]\nhomes = 2.5", "[people].homes must be a whole number, not '2.5'"),
    "low": (V + "[people]\nhomes = 1", "[people].homes must be 2 or more, not 1"),
    "high": (V + "[people]\npv_percent = 101", "[people].pv_percent must be 100 or less, not 101"),
    "date": (V + "[time]\nstart = 'June'", "[time].start must be a date such as 2026-06-21, not 'June'"),
    "table": (V + "time = 3", "mine.toml [time] must be a table, not 3"),
    "list": (V + "[designs]\nkind = 'pool'", "mine.toml.designs must be a list of tables"),
    "no kind": (V + "[[devices]]\nhomes = []", "[[devices]] 1 needs a kind, one of battery, car"),
    "unknown kind": (V + "[[devices]]\nkind = 'boat'", "[[devices]] 1.kind must be one of battery"),
    "option of a kind": (V + "[[devices]]\nkind = 'battery'\ntrip_wh = 3", "has no option 'trip_wh'"),
    "choice": (V + "[[designs]]\nkind = 'pool'\nprice = 'high'", "must be one of mid rate, supply-demand"),
    "share": (
        V + "[[faults]]\nkind = 'last-look'\nshare_percent = 101",
        "share_percent must be a whole number",
    ),
    "homes": (V + "[[faults]]\nkind = 'last-look'\nhomes = [3]", "homes must be a list of names"),
    "nested": (
        V + "[[tariffs.time_of_use]]\nretail_ct_per_kwh = 3",
        "[tariffs].time_of_use[1] needs the option begin",
    ),
    "empty stages": (V + "[[designs]]\nkind = 'combination'\nstages = []", "a combination has stages"),
    "a name of a design": (V + "[[designs]]\nkind = 'pool'\nname = 3", "[[designs]] 1.name must be a text"),
}
#: wrong in a way that a schema cannot state
WRONG_TOGETHER = {
    "venue": ("version = 1\nvenue = 'moon'", "mine.toml.venue must be one of memory, revm"),
    "slot": (V + "[time]\nslot_seconds = 700", "[time]: slot_seconds must divide an hour of 3600 s, not 700"),
    "zone": (V + "[time]\nzone = 'Europe/Kassel'", "no time zone is called 'Europe/Kassel'"),
    "price": (V + "[tariffs]\nretail_ct_per_kwh = 30.00001", "must have at most four decimals"),
    "infinite": (V + "[tariffs]\nretail_ct_per_kwh = inf", "must be a finite number, not Infinity"),
    "tariffs": (V + "[tariffs]\nfeed_in_ct_per_kwh = 31", "must not be above the retail price 30"),
    "times": (
        V
        + "[[tariffs.time_of_use]]\nbegin = 07:00:00\nretail_ct_per_kwh = 9\n"
        + "[[tariffs.time_of_use]]\nbegin = 06:00:00\nretail_ct_per_kwh = 9",
        "time_of_use must be in the order of its times",
    ),
    "fees": (V + "[grid]\nsame_feeder_ct_per_kwh = 1", "grid fees must not fall with the distance"),
    "order of stages": (
        V + "[[designs]]\nkind = 'combination'\nstages = [{kind = 'pool'}, {kind = 'gsp'}]",
        "the stages must be in the order in which they close",
    ),
    "a design twice": (V + "[[designs]]\nkind = 'pool'\n" * 2, "[[designs]] 2: the name pool is taken"),
    "shares": (V + "[[strategies]]\nkind = 'standing'\nshare_percent = 60\n" * 2, "more than 100 per cent"),
    "both": (
        V + "[[devices]]\nkind = 'battery'\nhomes = ['home_1']\nshare_percent = 3",
        "must have homes or share_percent, not both",
    ),
    "no listed": (V + "[people]\nprofiles = 'listed'", "listed exactly if there are [[home]] tables"),
    "a home twice": (
        V + "[people]\nprofiles = 'listed'\n" + "[[home]]\nname = 'a'\n" * 2,
        "two homes have the same name",
    ),
    "powers": (
        V + "[people]\nprofiles = 'listed'\n[[home]]\nname = 'a'\nload_w = [1, 2, 3, 4, 5]",
        "[[home]] 1: load_w must have 1, 2, 3, 4, 6, 8, 12 or 24 numbers, not 5",
    ),
    "trip": (V + "[[devices]]\nkind = 'car'\ncapacity_wh = 7000", "a trip of 8000 Wh needs a battery"),
    "quorum": (V + "[[faults]]\nkind = 'dead-verifiers'\nquorum = 9", "must rise, not 9, 7, 48"),
    "no file": (V + "[[designs]]\nkind = 'none.py:Mine'", "there is no Python file"),
    "bounds": (
        V + "[[strategies]]\nkind = 'zero-intelligence'\nlow_ct_per_kwh = 9\nhigh_ct_per_kwh = 8",
        "low_ct_per_kwh must be at most high_ct_per_kwh, not 9 above 8",
    ),
}
#: wrong only together with the profiles
WRONG_PEOPLE = {
    "an unknown home": (V + "[[devices]]\nkind = 'battery'\nhomes = ['nobody']", "there is no home 'nobody'"),
    "no folder": (V + "[people]\nprofiles = 'nowhere'", "nowhere is neither a file nor a directory"),
    "no tariffs": (V + "[tariffs]\ncsv = 'nowhere.csv'", "nowhere.csv cannot be read"),
    "a chain": (V + "[[faults]]\nkind = 'reorganisations'", "reorganisations needs a venue with a chain"),
    "too many homes": (
        V + "[people]\nprofiles = 'two.csv'\nhomes = 3",
        "two.csv has 2 homes, not 3; copies = true makes copies of them",
    ),
    "outside the data": (V + "[people]\nprofiles = 'two.csv'", "has no data for the whole of 2026-06-21"),
    "two strategies": (
        V + "[[strategies]]\nkind = 'standing'\nhomes = ['home_1']\n" * 2,
        "[[strategies]] 2: a home has a strategy already",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), [*WRONG.values(), *WRONG_TOGETHER.values()])
def test_wrong_files_are_refused(text: str, sentence: str) -> None:
    """One plain sentence with the place of the fault."""
    with pytest.raises(ScenarioRefused) as refused:
        read(text)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("text", "sentence"), WRONG_PEOPLE.values(), ids=list(WRONG_PEOPLE))
def test_wrong_people_are_refused(text: str, sentence: str, tmp_path: Path) -> None:
    """What only the profiles show is found by `scenario check`, before anything runs."""
    lines = [f"{start},100,200" for start in range(1_614_556_800, 1_614_556_800 + 86_400, 900)]
    (tmp_path / "two.csv").write_text("timestamp,a_load_w,b_load_w\n" + "\n".join(lines))
    with pytest.raises(BadInput) as refused:
        check_people(read(text, tmp_path))
    assert sentence in str(refused.value)


@pytest.mark.parametrize("name", WRONG)
def test_schema_refuses_the_same_files(name: str) -> None:
    """An editor marks what the reader refuses."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(WRONG[name][0]), scenario_schema())


@pytest.mark.parametrize("name", ready_scenarios())
def test_ready_scenarios_are_right(name: str) -> None:
    """The schema and the reader accept them; written again they are the same."""
    text = (READY / f"{name}.toml").read_text(encoding="utf-8")
    jsonschema.validate(as_json(text), scenario_schema())
    ready = read_scenario(name)
    assert ready.name == name
    again = scenario_of(tomllib.loads(ready.to_toml(), parse_float=Decimal), name, Path())
    assert again.to_json() == ready.to_json()


def test_ready_scenarios_have_their_names() -> None:
    """They are those that the documents name."""
    assert ready_scenarios() == [
        *("demo", "feeder-100", "measured", "nazari", "neighbourhood-1000"),
        *("setm-table1", "xia-merchant", "zaman-attackers"),
    ]


def test_schema_of_the_documents_is_current() -> None:
    """`docs/scenario.schema.json` is what the reader's own classes say."""
    written = json.loads((ROOT / "docs" / "scenario.schema.json").read_text(encoding="utf-8"))
    assert written == scenario_schema()
    jsonschema.Draft202012Validator.check_schema(written)


def test_files_that_are_no_scenarios(tmp_path: Path) -> None:
    """No file, no TOML, no text: one line each."""
    (tmp_path / "bad.toml").write_text("version = ")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name, sentence in (
        ("nothing", "there is no scenario nothing; name a file, or one of demo"),
        (str(tmp_path / "nothing.toml"), "cannot be read"),
        (str(tmp_path / "bad.toml"), "is not TOML: Invalid value (at end of document)"),
        (str(tmp_path / "bytes.toml"), "is not a text in UTF-8"),
    ):
        done = cli("scenario", "check", name)
        assert done.status == 1
        assert sentence in done.err
        assert done.err.count("\n") == 1


def test_copies_are_asked_for_and_named(tmp_path: Path) -> None:
    """All homes of a file, unless the scenario says otherwise; copies only where it asks, and by name."""
    lines = [f"{start},100,0,200" for start in range(1_614_556_800, 1_614_556_800 + 86_400, 900)]
    (tmp_path / "two.csv").write_text("timestamp,a_load_w,a_pv_w,b_load_w\n" + "\n".join(lines))
    text = V + "[time]\nstart = 2021-03-01\n[people]\nprofiles = 'two.csv'\n"
    assert check_people(read(text, tmp_path)) == (2, 0)
    result = simulate(read(text + "homes = 5\ncopies = true", tmp_path))
    assert result.copies == ["a#2", "b#2", "a#3"]
    assert result.names == ["a", "b", *result.copies]


def test_new_check_and_show(tmp_path: Path) -> None:
    """`scenario new` writes a file that `check` accepts and `show` prints; it overwrites nothing."""
    file = tmp_path / "mine.toml"
    assert cli("scenario", "new", file, "--from", "nazari").status == 0
    assert "mine is right: 12 homes for 1 days in slots of 900 s under grid-only, offers" in " ".join(
        cli("scenario", "check", file).out.split()
    )
    assert cli("scenario", "show", file).out == file.read_text()
    assert cli("scenario", "show", file, "--json").json["people"]["homes"] == 12
    assert cli("scenario", "show", "--schema").json == scenario_schema()
    assert [row["name"] for row in cli("scenario", "show", "--json").json] == ready_scenarios()
    assert cli("scenario", "new", file).status == 1
