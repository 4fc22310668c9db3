"""Runs a scenario: the same people under each of its designs, and the tables that come of it."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from energy_trading.errors import BadInput, InternalFault
from energy_trading.files.whole_file import write_whole
from energy_trading.simulation._books import LOSSES, Books, Energy, Town
from energy_trading.simulation._clock import Day, day_of, zone_of
from energy_trading.simulation._tables import COLUMNS, Tables, quoted
from energy_trading.simulation.designs.design import Design
from energy_trading.simulation.designs.pools import MidRatePool
from energy_trading.simulation.designs.tariffs import FixedTariff
from energy_trading.simulation.devices.kinds import Battery, Car, HeatPump, Photovoltaics
from energy_trading.simulation.devices.stores import StoreDay, run_day
from energy_trading.simulation.execution import settlement_for
from energy_trading.simulation.options import ScenarioRefused, units_per_wh
from energy_trading.simulation.orders import Integers
from energy_trading.simulation.scenario._sources import (
    Listed,
    Made,
    Measured,
    Source,
    measured_folder,
    read_prices,
)
from energy_trading.simulation.scenario.disturbances import Reorganisations
from energy_trading.simulation.scenario.scenario import Given, Scenario
from energy_trading.simulation.settlements import Settlement
from energy_trading.simulation.strategies.simple import StandingLimits
from energy_trading.simulation.strategies.strategy import Strategy

#: Version of the result's form.
RESULT_VERSION: Final = 1
#: what a result states about the machine and its libraries; not part of the digest
MEASURED: Final = ("versions", "cpuSeconds", "floorSeconds", "maxRssMb")
_MADE_HOMES: Final = 6


@dataclass(frozen=True)
class SimulationResult:
    """What a scenario came to.

    Args:
        scenario: that was run.
        names: of the homes.
        copies: of them, those that are copies of others.
        designs: key figures of each design, by its name; energies in Wh, money in units of account.
        tables: rows and SHA-256 of each table.
        local_match_share: of the first mid-rate pool, from 0 to 1; None if there is no such design.
        money_conserved: whether all accounts together hold what was paid in.
        measured: CPU seconds, seconds of the signature floor, largest memory in MB, versions.
    """

    scenario: Scenario = field(repr=False)
    names: list[str]
    copies: list[str]
    designs: Mapping[str, Mapping[str, int | float]]
    tables: Mapping[str, Mapping[str, Any]]
    local_match_share: float | None
    money_conserved: bool
    measured: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the object of result.json."""
        import hashlib

        same = {
            "result": RESULT_VERSION,
            "scenario": self.scenario.to_json(),
            "homes": self.names,
            "copies": self.copies,
            "trades": sum(int(each["trades"]) for each in self.designs.values()),
            "orders": sum(int(each["orders"]) for each in self.designs.values()),
            "localMatchShare": self.local_match_share,
            "moneyConserved": self.money_conserved,
            "designs": {name: dict(each) for name, each in self.designs.items()},
            "tables": {name: dict(each) for name, each in self.tables.items()},
        }
        text = json.dumps(same, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return same | {"digest": hashlib.sha256(text.encode()).hexdigest(), **self.measured}


def simulate(
    scenario: Scenario,
    out: Path | None = None,
    *,
    overwrite: bool = False,
    settle: Callable[[Scenario, Sequence[Design], int], Settlement] = settlement_for,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> SimulationResult:
    """Run a scenario.

    Args:
        scenario: to run.
        out: folder for the result, made if it is missing; None writes nothing.
        overwrite: whether the result of an earlier run gives way.
        settle: returns who settles a design; see `execution.settlement_for`.
        progress: receives how many days are done, and of how many.

    Returns:
        Key figures; the tables are in the folder.

    Raises:
        BadInput: the folder holds a result already or cannot be written; the venue or a fault is not
            possible; a design or strategy of the scenario broke its rules.
        InternalFault: money was not conserved, which is a bug.
    """
    began = time.process_time()
    if out is not None:
        prepare_folder(out, overwrite)
    source = _source(scenario)
    names = source.names
    town = _town(scenario, names)
    tables = Tables(out)
    zone = zone_of(scenario.time.zone)
    first = day_of(0, scenario.time.start, zone, scenario.time.slot_seconds).starts[0]
    settlements = {name: settle(scenario, stages, int(first)) for name, stages in scenario.designs.items()}
    books = {
        name: Books(name, stages, town, settlements[name], tables)
        for name, stages in scenario.designs.items()
    }
    homes = _Homes(scenario, names, source)
    for number in range(scenario.time.days):
        day = day_of(number, scenario.time.start, zone, scenario.time.slot_seconds)
        energies: dict[tuple[int | None, int], Energy] = {}
        for book in books.values():
            fixed = book.stages[0] if isinstance(book.stages[0], FixedTariff) else None
            key = (None, 0) if fixed is None else fixed.tariffs(-1, 0)
            if key not in energies:
                energies[key] = homes.day(day, key, fixed)
            book.day(number, day.starts.tolist(), day.step_s, energies[key])
        progress(number + 1, scenario.time.days)
    for book in books.values():
        _write_accounts(book, names, town, tables)
    conserved = all(_is_conserved(book) for book in books.values())
    if not conserved:
        raise InternalFault(
            "money is not conserved, which is a bug: please report this scenario and its seed"
        )
    floors = [each.floor_seconds() for each in settlements.values()]
    known = [each for each in floors if each is not None]
    pool = next(
        (
            book
            for book in books.values()
            if len(book.stages) == 1 and isinstance(book.stages[0], MidRatePool)
        ),
        None,
    )
    result = SimulationResult(
        scenario,
        names,
        source.copies,
        {name: _figures(book) for name, book in books.items()},
        tables.close(),
        None if pool is None else _share(pool.matched_wh, pool.possible_wh),
        conserved,
        {
            "versions": _versions(),
            "cpuSeconds": round(time.process_time() - began, 3),
            "floorSeconds": round(sum(known), 3) if known else None,
            "maxRssMb": _max_rss_mb(),
        },
    )
    if out is not None:
        text = json.dumps(result.to_json(), indent=2, ensure_ascii=False) + "\n"
        (out / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
        write_whole(out / "result.json", text.encode(), replace=True)
    return result


def check_people(scenario: Scenario) -> tuple[int, int]:
    """Read all that a scenario names, and give devices, strategies and faults to its homes.

    Returns:
        How many homes there are, and how many of them are copies.

    Raises:
        ScenarioRefused: a file or a home that the scenario names is not there, or is not what it should be.
    """
    source = _source(scenario)
    homes = _Homes(scenario, source.names, source)
    zone = zone_of(scenario.time.zone)
    for number in {0, scenario.time.days - 1}:
        homes.check(day_of(number, scenario.time.start, zone, scenario.time.slot_seconds))
    return len(source.names), len(source.copies)


def prepare_folder(out: Path, overwrite: bool) -> None:
    """Make the folder of a result; take an earlier result away only if that is wanted.

    Raises:
        BadInput: it holds a result, and `overwrite` is false; or it cannot be written.
    """
    names = ["result.json", "scenario.toml", *(f"{name}.csv" for name in COLUMNS)]
    there = [out / name for name in names if (out / name).exists()]
    if there and not overwrite:
        raise BadInput(
            f"the folder {out} holds a result already ({there[0].name}); name another one, or --overwrite"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in there:
            path.unlink()
    except OSError as error:
        raise BadInput(f"the folder {out} cannot be written ({error.strerror}); name one that can") from error


# ---------------------------------------------------------------- people


def _source(scenario: Scenario) -> Source:
    people = scenario.people
    if people.profiles == "made":
        return Made(people.homes or _MADE_HOMES, people.pv_percent, scenario.seed)
    if people.profiles == "listed":
        if people.homes not in (None, len(scenario.homes)):
            raise ScenarioRefused(
                f"people.homes is {people.homes}, but {len(scenario.homes)} homes are listed; leave it out"
            )
        if len(scenario.homes) < 2:
            raise ScenarioRefused("a neighbourhood needs at least 2 homes; list another [[home]]")
        return Listed(scenario.homes)
    if people.profiles == "measured":
        return Measured(measured_folder(Path.cwd()), people, scenario.seed)
    return Measured(scenario.folder / people.profiles, people, scenario.seed)


def _members(given: Given, names: list[str], seed: int, what: str, number: int) -> NDArray[np.bool_]:
    """Return which homes something is given to."""
    flags = np.zeros(len(names), bool)
    if given.homes:
        for name in given.homes:
            if name not in names:
                raise ScenarioRefused(f"[[{what}]] {number + 1}: there is no home {name!r}")
            flags[names.index(name)] = True
        return flags
    draw = np.random.default_rng([seed, 5, sum(map(ord, what)), number])
    flags[draw.permutation(len(names))[: len(names) * given.share_percent // 100]] = True
    return flags


def _town(scenario: Scenario, names: list[str]) -> Town:
    homes = len(names)
    free = np.ones(homes, bool)
    groups: list[tuple[Strategy, Integers]] = []
    taken: dict[int, NDArray[np.bool_]] = {}
    # Names first; the shares are of all homes, drawn among those that are left.
    order = sorted(range(len(scenario.strategies)), key=lambda i: not scenario.strategies[i].homes)
    queue = np.random.default_rng([scenario.seed, 6]).permutation(homes)
    for i in order:
        given = scenario.strategies[i]
        if given.homes:
            flags = _members(given, names, scenario.seed, "strategies", i)
            if (flags & ~free).any():
                raise ScenarioRefused(f"[[strategies]] {i + 1}: a home has a strategy already")
        else:
            flags = np.zeros(homes, bool)
            flags[queue[free[queue]][: -(-homes * given.share_percent // 100)]] = True
        free &= ~flags
        taken[i] = flags
    groups = [(scenario.strategies[i].what, np.flatnonzero(taken[i])) for i in sorted(taken)]
    groups.append((StandingLimits(), np.flatnonzero(free)))
    faults = [
        (each.what, _members(each, names, scenario.seed, "faults", i))
        for i, each in enumerate(scenario.faults)
    ]
    if scenario.venue == "memory" and any(isinstance(what, Reorganisations) for what, _ in faults):
        raise ScenarioRefused("[[faults]] reorganisations needs a venue with a chain, and memory has none")
    present = tuple((what, numbers) for what, numbers in groups if numbers.size)
    return Town(scenario, names, quoted(names), present, tuple(faults))


class _Homes:
    """The energy of all homes, day after day, devices included; under tariffs of its own if a design has."""

    def __init__(self, scenario: Scenario, names: list[str], source: Source) -> None:
        self._scenario, self._source = scenario, source
        homes = len(names)
        self._strategy: list[Strategy] = [StandingLimits()] * homes
        for strategy, numbers in _town(scenario, names).groups:
            for number in numbers.tolist():
                self._strategy[number] = strategy
        self._devices: list[list[tuple[int, Battery | Car | HeatPump]]] = [[] for _ in names]
        self._roofs: list[tuple[Photovoltaics, NDArray[np.bool_]]] = []
        for i, given in enumerate(scenario.devices):
            flags = _members(given, names, scenario.seed, "devices", i)
            if isinstance(given.what, Photovoltaics):
                self._roofs.append((given.what, flags))
                continue
            for number in np.flatnonzero(flags).tolist():
                self._devices[number].append((i, given.what))
        # A battery takes what the others leave.
        for own in self._devices:
            own.sort(key=lambda each: isinstance(each[1], Battery))
        self._levels: dict[object, list[list[int]]] = {}
        self._prices = read_prices(scenario.folder / scenario.tariffs.csv) if scenario.tariffs.csv else None
        self._last: tuple[int, Integers, Integers] | None = None

    def day(self, day: Day, key: object, fixed: FixedTariff | None) -> Energy:
        """Return the energy of a day.

        Args:
            day: which.
            key: names the tariffs; stores have levels of their own under each.
            fixed: tariffs in place of the scenario's.
        """
        if self._last is None or self._last[0] != day.number:
            energies = self._source.day(day)
            pv = energies.pv_wh
            for roof, flags in self._roofs:
                pv[flags] = roof.limited(pv[flags], day.step_s)
            self._last = day.number, energies.load_wh, pv
        _, load, pv = self._last
        retail, feed_in = own = self._tariffs(day)
        if fixed is not None:
            pairs = [fixed.tariffs(*each) for each in zip(retail.tolist(), feed_in.tolist(), strict=True)]
            retail, feed_in = (np.array(each, np.int64) for each in zip(*pairs, strict=True))
        net = pv - load
        stored = np.zeros_like(net)
        levels = self._levels.setdefault(
            key, [[what.first_level_mwh() for _, what in each] for each in self._devices]
        )
        for number, devices in enumerate(self._devices):
            if not devices:
                continue
            stores = tuple(
                what.store(
                    day,
                    levels[number][place],
                    np.random.default_rng([self._scenario.seed, 7, day.number, number, i]),
                )
                for place, (i, what) in enumerate(devices)
            )
            today = StoreDay(net[number], retail, feed_in, stores)
            done = run_day(today, self._strategy[number].plan(today))
            stored[number] = net[number] - done.net_wh
            levels[number] = done.level_mwh[:, -1].tolist()
        net = net - stored
        error = self._scenario.people.forecast_error_percent
        draw = np.random.default_rng([self._scenario.seed, 8, day.number])
        expected = net + net * draw.integers(-error, error + 1, net.shape) // 100
        grid_only = ((-net).clip(0) * own[0] - net.clip(0) * own[1]).sum(axis=1)
        return Energy(load, pv, stored, net, expected, retail, feed_in, grid_only)

    def check(self, day: Day) -> None:
        """Read the profiles and tariffs of a day."""
        self._source.day(day)
        self._tariffs(day)

    def _tariffs(self, day: Day) -> tuple[Integers, Integers]:
        """Return the scenario's retail and feed-in price of each slot, units per Wh."""
        tariffs = self._scenario.tariffs
        if self._prices is not None:
            times, retail, feed_in = self._prices
            places = np.searchsorted(np.array(times), day.starts, "right") - 1
            if places.min() < 0:
                raise ScenarioRefused(f"tariffs.csv: {tariffs.csv} has no price for the whole of {day.date}")
            found = np.array(retail, np.int64)[places], np.array(feed_in, np.int64)[places]
            if (found[1] > found[0]).any():
                raise ScenarioRefused(f"tariffs.csv: {tariffs.csv} has a feed-in price above retail")
            return found
        count, base = day.starts.size, tariffs.feed_in_ct_per_kwh
        result = (
            np.full(count, units_per_wh(tariffs.retail_ct_per_kwh), np.int64),
            np.full(count, units_per_wh(base), np.int64),
        )
        if not tariffs.time_of_use:
            return result
        begins = [each.begin.hour * 3600 + each.begin.minute * 60 for each in tariffs.time_of_use]
        places = np.searchsorted(np.array(begins), day.second_of_day, "right") - 1
        for i, each in enumerate(tariffs.time_of_use):
            inside = places % len(begins) == i
            own = base if each.feed_in_ct_per_kwh is None else each.feed_in_ct_per_kwh
            result[0][inside], result[1][inside] = units_per_wh(each.retail_ct_per_kwh), units_per_wh(own)
        return result


# ---------------------------------------------------------------- results


def _bills(book: Books) -> Integers:
    sums = book.sums
    paid = sums["bought"] + sums["market_fees"] + sums["cuts"] + sums["grid_fees"] + sums["retail"]
    return paid - sums["sold"] - sums["feed_in"]


def _is_conserved(book: Books) -> bool:
    return int(book.funds.sum()) + book.treasury == book.opening * book.funds.size


def _share(part: int, whole: int) -> float:
    """Return a share to six decimals; of nothing everything was reached."""
    return 1.0 if not whole else (part * 10**6 // whole) / 10**6


def _figures(book: Books) -> dict[str, int | float]:
    bills = _bills(book)
    used_own = book.load_wh - book.import_wh
    return {
        "orders": book.orders,
        "trades": book.trades,
        "load_wh": book.load_wh,
        "pv_wh": book.pv_wh,
        "surplus_wh": book.surplus_wh,
        "deficit_wh": book.deficit_wh,
        "possible_wh": book.possible_wh,
        "matched_wh": book.matched_wh,
        "local_match_share": _share(book.matched_wh, book.possible_wh),
        **{f"lost_{name}_wh": book.lost_wh[name] for name in LOSSES},
        "import_wh": book.import_wh,
        "export_wh": book.export_wh,
        "self_sufficiency": _share(max(0, used_own), book.load_wh),
        "bills_units": int(bills.sum()),
        "grid_only_bills_units": int(book.sums["grid_only"].sum()),
        "treasury_units": book.treasury,
        "grid_fees_units": int(book.sums["grid_fees"].sum()),
        "defaults": sum(each.defaults for each in book.standing),
        "banned_homes": sum(each.banned_until > 0 for each in book.standing),
    }


def _write_accounts(book: Books, names: list[str], town: Town, tables: Tables) -> None:
    count, sums = len(names), book.sums
    bills = _bills(book)
    tables.add(
        "accounts",
        count,
        book.label,
        town.quoted.tolist(),
        book.opening,
        sums["sold"],
        sums["bought"],
        sums["market_fees"],
        sums["cuts"],
        book.funds,
        sums["grid_fees"],
        sums["retail"],
        sums["feed_in"],
        bills,
        sums["grid_only"],
    )
    fees, cuts = int(sums["market_fees"].sum()), int(sums["cuts"].sum())
    tables.add("accounts", 1, book.label, "treasury", 0, 0, 0, fees, cuts, book.treasury, 0, 0, 0, 0, 0)
    grid = int(sums["grid_fees"].sum())
    tables.add("accounts", 1, book.label, "dso", 0, 0, 0, 0, 0, 0, grid, 0, 0, 0, 0)
    retail, feed_in = int(sums["retail"].sum()), int(sums["feed_in"].sum())
    tables.add("accounts", 1, book.label, "supplier", 0, 0, 0, 0, 0, 0, 0, retail, feed_in, 0, 0)


def _versions() -> dict[str, str]:
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in ("energy-trading", "numpy", "scipy", "pvlib", "demandlib"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _max_rss_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "linux" else peak // 2**20
