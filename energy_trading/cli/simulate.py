"""`simulate` runs a scenario; `scenario` makes, checks and shows scenario files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from energy_trading.cli.output import console, print_json, show

if TYPE_CHECKING:
    from energy_trading.simulation.simulate import SimulationResult

group = typer.Typer(help="Make, check and show scenario files.")
Name = Annotated[str, typer.Argument(metavar="SCENARIO", help="A TOML file, or the name of a ready one.")]


def simulate(
    scenario: Name,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the result; without it nothing is kept.")
    ] = None,
    profiles: Annotated[
        Path | None, typer.Option(help="Folder or wide CSV of homes, in place of the scenario's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed in place of the scenario's.")] = None,
    days: Annotated[int | None, typer.Option(help="Days in place of the scenario's.")] = None,
    venue: Annotated[
        str | None, typer.Option(help="memory, revm, eth-tester, anvil or the URL of a node, likewise.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier result in the folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json instead of a table.")] = False,
) -> None:
    """Run a scenario: the same people under each of its market designs."""
    from energy_trading.simulation.scenario.scenario import read_scenario
    from energy_trading.simulation.simulate import simulate as run

    changes: dict[str, dict[str, Any]] = {}
    if profiles is not None:
        changes["people"] = {"profiles": str(profiles.resolve())}
    if days is not None:
        changes["time"] = {"days": days}
    changes[""] = {key: value for key, value in (("seed", seed), ("venue", venue)) if value is not None}
    question = read_scenario(scenario, changes)
    columns = (TextColumn("days"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal or as_json) as bar:
        task = bar.add_task("days", total=question.time.days)
        result = run(
            question,
            out,
            overwrite=overwrite,
            progress=lambda done, _all: bar.update(task, completed=done),
        )
    if as_json:
        print_json(result.to_json())
    else:
        _print(result, out)


@group.command()
def new(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    like: Annotated[str, typer.Option("--from", help="Scenario to begin with.")] = "demo",
) -> None:
    """Write a scenario file to begin with."""
    from energy_trading.files.whole_file import unwritable, write_whole
    from energy_trading.simulation.scenario.scenario import read_scenario

    text = read_scenario(like).to_toml()
    try:
        write_whole(file, text.encode(), replace=False)
    except OSError as error:
        raise unwritable("scenario", file, error.strerror) from error
    console.print(f"{file} is the scenario {like}; energy-trading simulate {file} runs it", markup=False)


@group.command()
def check(scenario: Name) -> None:
    """Check a scenario, with the profiles and files that it names."""
    from energy_trading.simulation.scenario.scenario import read_scenario
    from energy_trading.simulation.simulate import check_people

    question = read_scenario(scenario)
    homes, copies = check_people(question)
    copied = f", {copies} of them copies," if copies else ""
    console.print(
        f"{question.name} is right: {homes} homes{copied} for {question.time.days} days in slots of"
        f" {question.time.slot_seconds} s under {', '.join(question.designs)}",
        markup=False,
    )


@group.command(name="show")
def show_scenario(
    scenario: Annotated[
        str | None, typer.Argument(metavar="[SCENARIO]", help="Without it: all ready ones.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it with every default, as JSON.")] = False,
    schema: Annotated[bool, typer.Option(help="Print the JSON Schema of scenario files.")] = False,
) -> None:
    """Print a scenario as TOML, or list the ready ones."""
    from energy_trading.simulation.scenario.scenario import read_scenario, ready_scenarios, scenario_schema

    if schema:
        print_json(scenario_schema())
    elif scenario is None:
        rows = [{"name": name, "about": read_scenario(name).about} for name in ready_scenarios()]
        show("name about", rows, as_json)
    elif as_json:
        print_json(read_scenario(scenario).to_json())
    else:
        console.print(read_scenario(scenario).to_toml().rstrip(), markup=False)


def _print(result: SimulationResult, out: Path | None) -> None:
    scenario = result.scenario
    print_line = console.print
    print_line(
        f"{scenario.name}: {len(result.names)} homes for {scenario.time.days} days, seed {scenario.seed},"
        f" settled in {scenario.venue}",
        markup=False,
    )
    if result.copies:
        print_line(f"{len(result.copies)} homes are copies: {', '.join(result.copies)}", markup=False)

    def saved(figures: Mapping[str, Any]) -> int:
        return int(figures["grid_only_bills_units"]) - int(figures["bills_units"])

    rows = [
        {
            "design": name,
            "trades": f"{figures['trades']:,}",
            "local_kwh": f"{int(figures['matched_wh']) / 1000:,.3f}",
            "of_local_match": f"{figures['local_match_share']:.2%}",
            "bills_eur": f"{int(figures['bills_units']) / 10**9:,.2f}",
            "saved_eur": f"{saved(figures) / 10**9:,.2f}",
            "left_because_of": ", ".join(
                f"{reason} {int(figures[f'lost_{key}_wh']) / 1000:,.3f}"
                for key, reason in _REASONS.items()
                if figures[f"lost_{key}_wh"]
            )
            or "nothing is left",
        }
        for name, figures in result.designs.items()
    ]
    show("design trades local_kwh of_local_match bills_eur saved_eur left_because_of", rows, False)
    print_line("money is conserved" if result.money_conserved else "money is not conserved", markup=False)
    if out is not None:
        print_line(f"the result is in {out}", markup=False)


_REASONS = {
    "withheld": "not offered",
    "faults": "faults",
    "design": "the design",
    "limits": "limits",
    "last_look": "last look",
    "undelivered": "not delivered",
}
