"""A scenario: everything that a simulation needs, read from TOML and checked."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, time
from decimal import Decimal
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from energy_trading.errors import BadInput
from energy_trading.files.whole_file import unreadable
from energy_trading.simulation._clock import zone_of
from energy_trading.simulation.designs.bilateral import NegotiatedLots, Offers, PayAsBid
from energy_trading.simulation.designs.design import Design
from energy_trading.simulation.designs.pools import DoubleAuction, MidRatePool
from energy_trading.simulation.designs.sealed import SealedGsp
from energy_trading.simulation.designs.tariffs import FixedTariff, GridOnly
from energy_trading.simulation.devices.kinds import Battery, Car, HeatPump, Photovoltaics
from energy_trading.simulation.options import (
    ScenarioRefused,
    option,
    plain,
    read_table,
    schema_of,
    units_per_wh,
)
from energy_trading.simulation.scenario.disturbances import KINDS
from energy_trading.simulation.strategies.linear import CostMinimising
from energy_trading.simulation.strategies.simple import LearningBySuccess, StandingLimits, ZeroIntelligence
from energy_trading.simulation.strategies.strategy import Strategy

#: Version of the format. A scenario of another version is refused.
VERSION: Final = 1
VENUES: Final = ("memory", "revm", "eth-tester", "anvil")
DESIGNS: Final[Mapping[str, type]] = {
    each.kind: each
    for each in (
        GridOnly,
        FixedTariff,
        Offers,
        MidRatePool,
        DoubleAuction,
        PayAsBid,
        SealedGsp,
        NegotiatedLots,
    )
}
STRATEGIES: Final[Mapping[str, type]] = {
    each.kind: each for each in (ZeroIntelligence, StandingLimits, LearningBySuccess, CostMinimising)
}
DEVICES: Final[Mapping[str, type]] = {each.kind: each for each in (Battery, Car, HeatPump, Photovoltaics)}
DISTURBANCES: Final[Mapping[str, type]] = {each.kind: each for each in KINDS}
_READY: Final = files("energy_trading.simulation.scenario") / "ready"
_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class TimeOptions:
    """When it takes place."""

    start: date = option(date(2026, 6, 21), about="First day, in the time zone.")
    days: int = option(1, about="Number of days.", low=1, high=3660)
    slot_seconds: int = option(900, about="Length of a slot, seconds; it divides an hour.", low=1, high=3600)
    zone: str = option("UTC", about="Time zone of days, tariffs and cars, such as Europe/Berlin.")

    def __post_init__(self) -> None:
        """Refuse slots that do not divide an hour, and unknown zones."""
        if 3600 % self.slot_seconds:
            raise BadInput(f"slot_seconds must divide an hour of 3600 s, not {self.slot_seconds}")
        zone_of(self.zone)


@dataclass(frozen=True)
class HomeOptions:
    """A home whose powers the scenario lists."""

    name: str = option(about="Name of the home.")
    load_w: tuple[int, ...] = option(
        (0,), about="Power used, W: one number, or one for each of equal parts of a day.", low=0, high=10**9
    )
    pv_w: tuple[int, ...] = option((0,), about="Power produced, W, likewise.", low=0, high=10**9)

    def __post_init__(self) -> None:
        """Refuse lists that do not divide a day."""
        for name in ("load_w", "pv_w"):
            if (count := len(getattr(self, name))) not in (1, 2, 3, 4, 6, 8, 12, 24):
                raise BadInput(f"{name} must have 1, 2, 3, 4, 6, 8, 12 or 24 numbers, not {count}")


@dataclass(frozen=True)
class People:
    """Who lives there, and what they use and produce."""

    profiles: str = option(
        "made",
        about="made (by demandlib and pvlib), listed (in [[home]]), measured (the folder that the environment"
        " names), or the path of a folder or a wide CSV.",
    )
    homes: int | None = option(
        None,
        about="Number of homes; without it all that the profiles have, or 6 made ones.",
        low=2,
        high=65_536,
    )
    copies: bool = option(
        False,
        about="Whether more homes than the profiles have may be made as copies, which the result names.",
    )
    pv_percent: int = option(
        50,
        about="Share of made homes, or of those of a folder, that have photovoltaics, per cent.",
        low=0,
        high=100,
    )
    forecast_error_percent: int = option(
        10, about="By how many per cent a forecast errs, at most.", low=0, high=100
    )
    prudent_percent: int = option(
        90,
        about="Share of a forecast surplus that a seller sells before the slot, per cent: what is missing"
        " costs a part of the guarantee.",
        low=0,
        high=100,
    )


@dataclass(frozen=True)
class TimeOfUse:
    """A tariff for a part of the day."""

    begin: time = option(about="From this time of the wall clock on.")
    retail_ct_per_kwh: Decimal = option(
        about="What the supplier sells at, cents per kWh.", low=0, high=10_000, price=True
    )
    feed_in_ct_per_kwh: Decimal | None = option(
        None,
        about="What it pays, cents per kWh; without it the tariff's.",
        low=0,
        high=10_000,
        price=True,
    )


@dataclass(frozen=True)
class TariffOptions:
    """What the supplier takes and pays."""

    retail_ct_per_kwh: Decimal = option(
        Decimal(30), about="What the supplier sells at, cents per kWh.", low=0, high=10_000, price=True
    )
    feed_in_ct_per_kwh: Decimal = option(
        Decimal(8),
        about="What it pays for what is fed in, cents per kWh.",
        low=0,
        high=10_000,
        price=True,
    )
    time_of_use: tuple[TimeOfUse, ...] = option(
        (), about="Tariffs by the time of day; before the first of them the last one holds."
    )
    csv: str = option(
        "",
        about="Path of a CSV with timestamp, retail_ct_per_kwh and feed_in_ct_per_kwh; replaces the others.",
    )

    def __post_init__(self) -> None:
        """Refuse a feed-in price above retail: one could earn without energy."""
        times = [each.begin for each in self.time_of_use]
        if times != sorted(set(times)):
            raise BadInput("time_of_use must be in the order of its times, each of them once")
        pairs = [(self.retail_ct_per_kwh, self.feed_in_ct_per_kwh)]
        for each in self.time_of_use:
            own = each.feed_in_ct_per_kwh
            pairs.append((each.retail_ct_per_kwh, self.feed_in_ct_per_kwh if own is None else own))
        for retail, feed_in in pairs:
            if feed_in > retail:
                raise BadInput(f"the feed-in price of {feed_in} must not be above the retail price {retail}")


@dataclass(frozen=True)
class GridOptions:
    """Where homes are in the grid, and what neighbours pay for it; homes are numbered along the feeders."""

    homes_per_feeder: int = option(25, about="Homes on one feeder.", low=1, high=65_536)
    feeders_per_transformer: int = option(4, about="Feeders at one transformer.", low=1, high=65_536)
    same_feeder_ct_per_kwh: Decimal = option(
        Decimal(0), about="Grid fee on one feeder, cents per kWh.", low=0, high=1000, price=True
    )
    same_transformer_ct_per_kwh: Decimal = option(
        Decimal(0), about="Grid fee at one transformer.", low=0, high=1000, price=True
    )
    beyond_ct_per_kwh: Decimal = option(
        Decimal(0), about="Grid fee between transformers.", low=0, high=1000, price=True
    )

    @property
    def fees(self) -> tuple[int, int, int]:
        """The three fees, units per Wh."""
        three = self.same_feeder_ct_per_kwh, self.same_transformer_ct_per_kwh, self.beyond_ct_per_kwh
        return units_per_wh(three[0]), units_per_wh(three[1]), units_per_wh(three[2])

    def __post_init__(self) -> None:
        """Refuse fees that fall with the distance."""
        if list(self.fees) != sorted(self.fees):
            raise BadInput("grid fees must not fall with the distance")


@dataclass(frozen=True)
class MarketOptions:
    """What is fixed in the market's contracts."""

    fee_bps: int = option(
        100, about="Fee of the market, hundredths of a per cent of a payment.", low=0, high=1000
    )
    guarantee_bps: int = option(
        10_000, about="Guarantee of a seller, hundredths of a per cent of the price.", low=1, high=10_000
    )
    cancel_bps: int = option(
        500, about="Part of the guarantee that a withdrawal costs, likewise.", low=0, high=10_000
    )
    penalty_bps: int = option(
        2_000,
        about="Part of the guarantee that is lost for energy not delivered, likewise.",
        low=1,
        high=10_000,
    )
    tolerance_bps: int = option(
        1_000, about="Share of the energy that may be missing before it is a default.", low=0, high=10_000
    )
    funds_eur: int = option(
        1_000, about="What each home pays into the market at the start, euros.", low=0, high=10**8
    )


@dataclass(frozen=True)
class CreditOptions:
    """Constants of the credit model (Xia §3.1), where they differ from the market's."""

    z0: int = option(200, about="Constant z0 in the denominator of eqs 1 and 2.", low=1, high=2**32 - 1)
    z_unit: int = option(10**6, about="Value of a trade of size 1, units of account.", low=1, high=2**53 - 1)
    window: int = option(10, about="Trades that count.", low=1, high=10)
    grace_defaults: int = option(2, about="Defaults before the first ban.", low=0, high=100)
    ban_unit: int = option(86_400, about="Unit of a ban, seconds.", low=60, high=3650 * 86_400)


@dataclass(frozen=True)
class Combination:
    """Designs one after the other, each with what the earlier ones have left: day ahead, then slots."""

    kind: ClassVar[str] = "combination"
    stages: tuple[Design, ...]


@dataclass(frozen=True)
class Given:
    """Something that a part of the homes has.

    Args:
        what: device, strategy or disturbance.
        homes: names of those homes; empty: a share.
        share_percent: of all homes, drawn from the seed.
    """

    what: Any
    homes: tuple[str, ...]
    share_percent: int


@dataclass(frozen=True)
class Scenario:
    """A whole question.

    Args:
        name: of the scenario.
        about: what it is for.
        seed: of everything that is drawn.
        venue: where it is settled: memory, revm, eth-tester, anvil or the URL of a node.
        time: days and slots.
        people: homes and profiles.
        homes: those that the scenario lists.
        tariffs: of the supplier.
        grid: places and fees.
        market: constants of the contracts.
        credit: of the credit model.
        devices: of the homes.
        strategies: of the homes; who has none accepts all prices between the tariffs.
        designs: by name; each runs with the same people.
        faults: what goes wrong on purpose.
        folder: from which paths in it count.
        raw: what was read, for the result.
    """

    name: str
    about: str
    seed: int
    venue: str
    time: TimeOptions
    people: People
    homes: tuple[HomeOptions, ...]
    tariffs: TariffOptions
    grid: GridOptions
    market: MarketOptions
    credit: CreditOptions
    devices: tuple[Given, ...]
    strategies: tuple[Given, ...]
    designs: dict[str, tuple[Design, ...]]
    faults: tuple[Given, ...]
    folder: Path = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)

    def to_toml(self) -> str:
        """Return the scenario as the file that makes it again."""
        return to_toml(self.raw)

    def to_json(self) -> dict[str, Any]:
        """Return the scenario with every default, as the result states it."""
        parts = ("time", "people", "tariffs", "grid", "market", "credit")
        return {
            "version": VERSION,
            **{name: getattr(self, name) for name in ("name", "about", "seed", "venue")},
            **{name: plain(getattr(self, name)) for name in parts},
            "home": plain(self.homes),
            **{
                name: [
                    _kind_of(each.what) | {"homes": list(each.homes), "share_percent": each.share_percent}
                    for each in getattr(self, name)
                ]
                for name in ("devices", "strategies", "faults")
            },
            "designs": [
                {"name": name, "stages": [_kind_of(each) for each in stages]}
                for name, stages in self.designs.items()
            ],
        }


_TABLES: Final[Mapping[str, type]] = {
    "time": TimeOptions,
    "people": People,
    "tariffs": TariffOptions,
    "grid": GridOptions,
    "market": MarketOptions,
    "credit": CreditOptions,
}
_GROUPS: Final[Mapping[str, tuple[Mapping[str, type], str]]] = {
    "devices": (DEVICES, ""),
    "strategies": (STRATEGIES, "energy_trading.strategies"),
    "faults": (DISTURBANCES, ""),
}


@dataclass(frozen=True)
class _Head:
    """What stands before the tables."""

    version: int = option(about="Version of this format.", low=VERSION, high=VERSION)
    name: str = option("", about="Name of the scenario; without it the file's.")
    about: str = option("", about="What the scenario is for.")
    seed: int = option(1, about="Seed of everything that is drawn.", low=0, high=2**53 - 1)
    venue: str = option("memory", about=f"Where it is settled: {', '.join(VENUES)}, or the URL of a node.")


def ready_scenarios() -> list[str]:
    """Return the names of the scenarios that the package has."""
    return sorted(each.name.removesuffix(".toml") for each in _READY.iterdir() if each.name.endswith(".toml"))


def read_scenario(name_or_path: str, changes: Mapping[str, Mapping[str, Any]] | None = None) -> Scenario:
    """Read a scenario.

    Args:
        name_or_path: name of a ready one, or path of a file.
        changes: values that replace those of the file, by table and option; the table "" is the top.

    Raises:
        ScenarioRefused: the file is not what it should be; the sentence names the place.
        BadInput: there is no such file.
    """
    path = Path(name_or_path)
    if name_or_path in ready_scenarios():
        content = (_READY / f"{name_or_path}.toml").read_text(encoding="utf-8")
        path = Path(f"{name_or_path}.toml")
    elif path.suffix != ".toml" and not path.exists():
        raise BadInput(
            f"there is no scenario {name_or_path}; name a file, or one of {', '.join(ready_scenarios())}"
        )
    else:
        try:
            content = path.read_text(encoding="utf-8")
        except OSError as error:
            raise unreadable("scenario", path, error) from error
        except UnicodeDecodeError as error:
            raise ScenarioRefused(f"{path} is not a text in UTF-8") from error
    try:
        raw: dict[str, Any] = tomllib.loads(content, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioRefused(f"{path} is not TOML: {error}") from error
    for table, values in (changes or {}).items():
        if not table:
            raw |= values
        elif isinstance(raw.setdefault(table, {}), dict):
            raw[table] |= values
    return scenario_of(raw, path.stem, path.parent)


def scenario_of(raw: Mapping[str, Any], name: str, folder: Path) -> Scenario:
    """Make a scenario of what a TOML file has.

    Args:
        raw: its tables, decimals as `Decimal`.
        name: of the scenario, if it has none.
        folder: from which its paths count.

    Raises:
        ScenarioRefused: a table or an option is wrong; the sentence names the place.
    """
    place = f"{name}.toml"
    tops = {each.name for each in fields(_Head)}
    known = {*tops, *_TABLES, *_GROUPS, "home", "designs"}
    for key in raw:
        if key not in known:
            raise ScenarioRefused(
                f"{place} has no table or option {key!r}; there are {', '.join(sorted(known))}"
            )
    head = read_table(_Head, {key: value for key, value in raw.items() if key in tops}, place)
    if head.venue not in VENUES and not head.venue.startswith(("http://", "https://")):
        raise ScenarioRefused(
            f"{place}.venue must be one of {', '.join(VENUES)}, or a URL, not {head.venue!r}"
        )
    tables: dict[str, Any] = {
        key: read_table(kind, raw.get(key, {}), f"{place} [{key}]") for key, kind in _TABLES.items()
    }
    homes = tuple(
        read_table(HomeOptions, each, f"{place} [[home]] {i + 1}")
        for i, each in enumerate(_list(raw, "home", place))
    )
    if len({each.name for each in homes}) < len(homes):
        raise ScenarioRefused(f"{place} [[home]]: two homes have the same name")
    if bool(homes) != (tables["people"].profiles == "listed"):
        raise ScenarioRefused(
            f"{place} [people].profiles must be listed exactly if there are [[home]] tables"
        )
    groups: dict[str, Any] = {
        key: tuple(
            _given(each, kinds, points, f"{place} [[{key}]] {i + 1}", folder, key)
            for i, each in enumerate(_list(raw, key, place))
        )
        for key, (kinds, points) in _GROUPS.items()
    }
    if sum(each.share_percent for each in groups["strategies"] if not each.homes) > 100:
        raise ScenarioRefused(f"{place} [[strategies]]: the shares add up to more than 100 per cent")
    designs: dict[str, tuple[Design, ...]] = {}
    for i, each in enumerate(_list(raw, "designs", place) or [{"kind": "pool"}]):
        label, stages = _design(each, f"{place} [[designs]] {i + 1}", folder)
        if label in designs:
            raise ScenarioRefused(
                f"{place} [[designs]] {i + 1}: the name {label} is taken; give another name"
            )
        designs[label] = stages
    return Scenario(
        head.name or name,
        head.about,
        head.seed,
        head.venue,
        homes=homes,
        designs=designs,
        folder=folder,
        raw=dict(raw),
        **tables,
        **groups,
    )


def _list(raw: Mapping[str, Any], key: str, place: str) -> Sequence[Any]:
    value = raw.get(key, [])
    if not isinstance(value, list):
        raise ScenarioRefused(f"{place}.{key} must be a list of tables, [[{key}]]")
    return value


def _given(
    table: object, kinds: Mapping[str, type], points: str, place: str, folder: Path, key: str
) -> Given:
    if not isinstance(table, Mapping):
        raise ScenarioRefused(f"{place} must be a table")
    rest = {name: value for name, value in table.items() if name not in ("homes", "share_percent")}
    share = table.get("share_percent", 100)
    if type(share) is not int or not 0 <= share <= 100:
        raise ScenarioRefused(f"{place}.share_percent must be a whole number from 0 to 100, not {share!r}")
    homes = table.get("homes", [])
    if not isinstance(homes, list) or not all(isinstance(each, str) for each in homes):
        raise ScenarioRefused(f"{place}.homes must be a list of names")
    if homes and "share_percent" in table:
        raise ScenarioRefused(f"{place} must have homes or share_percent, not both")
    what = _of_kind(rest, kinds, points, place, folder, Strategy if key == "strategies" else None)
    return Given(what, tuple(homes), share)


def _design(table: object, place: str, folder: Path) -> tuple[str, tuple[Design, ...]]:
    if not isinstance(table, Mapping):
        raise ScenarioRefused(f"{place} must be a table")
    name = table.get("name", "")
    if not isinstance(name, str):
        raise ScenarioRefused(f"{place}.name must be a text, not {name!r}")
    rest = {key: value for key, value in table.items() if key != "name"}
    points = "energy_trading.designs"
    if rest.get("kind") != Combination.kind:
        one = _of_kind(rest, DESIGNS, points, place, folder, Design)
        return name or str(rest["kind"]).rpartition(":")[2], (one,)
    stages = rest.pop("stages", [])
    if not isinstance(stages, list) or not stages or rest.keys() != {"kind"}:
        raise ScenarioRefused(f"{place}: a combination has stages, [[designs.stages]], and nothing else")
    kinds = tuple(
        _of_kind(each, DESIGNS, points, f"{place} stage {i + 1}", folder, Design)
        for i, each in enumerate(stages)
    )
    order = ["day ahead", "before the slot", "after metering"]
    if [order.index(each.closes) for each in kinds] != sorted(order.index(each.closes) for each in kinds):
        raise ScenarioRefused(f"{place}: the stages must be in the order in which they close")
    return name or " + ".join(str(each["kind"]).rpartition(":")[2] for each in stages), kinds


def _of_kind(
    table: object,
    kinds: Mapping[str, type],
    points: str,
    place: str,
    folder: Path,
    base: type | None,
) -> Any:
    """Make what a table's `kind` names: one of the package's, of an entry point, or of a file."""
    if not isinstance(table, Mapping) or not isinstance(table.get("kind"), str):
        raise ScenarioRefused(f"{place} needs a kind, one of {', '.join(kinds)}")
    kind = table["kind"]
    if kind in kinds:
        found = kinds[kind]
    elif base is not None and ":" in kind:
        found = _from_file(kind, place, folder)
    else:
        named = entry_points(group=points, name=kind) if points else ()
        if not named:
            own = ", or FILE.py:CLASS of your own" if base is not None else ""
            raise ScenarioRefused(f"{place}.kind must be one of {', '.join(kinds)}{own}, not {kind!r}")
        found = next(iter(named)).load()
    if base is not None and not (isinstance(found, type) and issubclass(found, base)):
        raise ScenarioRefused(f"{place}.kind: {kind} is no subclass of {base.__name__}")
    return read_table(found, {key: value for key, value in table.items() if key != "kind"}, place)


def _from_file(kind: str, place: str, folder: Path) -> Any:
    """Load a class of a researcher's own file, which runs as the program itself does."""
    file, _, name = kind.rpartition(":")
    path = (folder / file).resolve()
    spec = importlib.util.spec_from_file_location(f"energy_trading_scenario_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ScenarioRefused(f"{place}.kind: there is no Python file {path}")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ScenarioRefused(f"{place}.kind: {path} fails with {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise ScenarioRefused(f"{place}.kind: {path} has no class {name}")
    return getattr(module, name)


def _kind_of(what: Any) -> dict[str, Any]:
    named = {"kind": what.kind or type(what).__name__}
    return named | {each.name: plain(getattr(what, each.name)) for each in fields(what) if each.init}


def to_toml(raw: Mapping[str, Any]) -> str:
    """Write tables as TOML: scalars first, then tables, then lists of tables."""
    return "\n".join(_toml_lines(raw, "")).strip() + "\n"


def _toml_lines(table: Mapping[str, Any], prefix: str) -> list[str]:
    def is_tables(value: object) -> bool:
        return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)

    nested = {key for key, value in table.items() if isinstance(value, Mapping) or is_tables(value)}
    lines = [f"{key} = {_toml_value(value)}" for key, value in table.items() if key not in nested]
    for key in table:
        if key not in nested:
            continue
        value, name = table[key], f"{prefix}{key}"
        for each in value if isinstance(value, list) else [value]:
            head = f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            lines += ["", head, *_toml_lines(each, f"{name}.")]
    return lines


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    return str(value)


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenarios (draft 2020-12), for editors."""
    head = schema_of(_Head)
    properties = dict(head["properties"])
    properties["version"] = {"const": VERSION, "description": "Version of this format."}
    properties |= {key: schema_of(kind) | {"description": _first(kind)} for key, kind in _TABLES.items()}
    properties["home"] = {
        "type": "array",
        "items": schema_of(HomeOptions),
        "description": _first(HomeOptions),
    }
    whose = {
        "homes": {"type": "array", "items": {"type": "string"}, "description": "Names of the homes."},
        "share_percent": {
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "default": 100,
            "description": "Share of all homes, drawn from the seed, in place of names.",
        },
    }
    abouts = {
        "devices": "What homes have.",
        "strategies": "How homes behave.",
        "faults": "What goes wrong on purpose.",
    }
    for key, (kinds, points) in _GROUPS.items():
        properties[key] = {
            "type": "array",
            "description": abouts[key],
            "items": _any_of(kinds, whose, own=bool(points)),
        }
    named = {"name": {"type": "string", "description": "Name of the design in the result."}}
    one = _any_of(DESIGNS, named, own=True)
    stages = {"type": "array", "minItems": 1, "items": _any_of(DESIGNS, {}, own=True)}
    combined = {
        "type": "object",
        "description": _first(Combination),
        "additionalProperties": False,
        "required": ["kind", "stages"],
        "properties": {"kind": {"const": Combination.kind}, "stages": stages, **named},
    }
    properties["designs"] = {
        "type": "array",
        "description": "Market designs, each with the same people.",
        "items": {"oneOf": [*one["oneOf"], combined]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario of energy_trading",
        "type": "object",
        "additionalProperties": False,
        "required": ["version"],
        "properties": properties,
    }


def _any_of(kinds: Mapping[str, type], more: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    choices = []
    for kind, each in kinds.items():
        schema = schema_of(each)
        schema["properties"] = {"kind": {"const": kind}, **schema["properties"], **more}
        schema["required"] = ["kind", *schema.get("required", [])]
        choices.append(schema | {"description": _first(each)})
    if own:
        free = {"type": "string", "not": {"enum": [*kinds, Combination.kind]}}
        choices.append(
            {
                "type": "object",
                "description": "A class of your own: FILE.py:CLASS, or the name of an entry point.",
                "required": ["kind"],
                "properties": {"kind": free, **more},
            }
        )
    return {"oneOf": choices}


def _first(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]
