"""`run`: trades a day of household profiles on a chain in this process."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from energy_trading.cli.output import console, make_folder
from energy_trading.errors import BadInput, InternalFault


def run(
    out: Annotated[
        Path,
        typer.Option(help="Folder for the scenario, trades.csv, accounts.csv, events.jsonl and report.html."),
    ],
    profiles: Annotated[
        Path | None,
        typer.Option(help="Folder of hh_*.csv and pv_*_pu.csv, or one wide CSV; default: generate."),
    ] = None,
    homes: Annotated[
        int | None,
        typer.Option(help="Number of homes, 2 or more; default: all of the profiles, or 6."),
    ] = None,
    day: Annotated[str, typer.Option("--date", help="UTC day, YYYY-MM-DD.")] = "2026-06-21",
    seed: Annotated[
        int, typer.Option(help="Seed of profiles, habits and forecasts; equal seeds make equal trades.")
    ] = 1,
    pv_share: Annotated[
        int | None,
        typer.Option(help="Percentage of homes with photovoltaics (PV); default: 50, or 67 of made ones."),
    ] = None,
    faults: Annotated[
        bool, typer.Option(help="Add disturbances: a withdrawal, a late acceptance, a forger and a cheater.")
    ] = False,
) -> None:
    """Trade a day of household profiles on a chain in this process, and report it.

    Every day has a day-ahead auction and the sale of a certified lot; --faults only adds disturbances. It is
    the short form of a scenario, which is written into the folder: `simulate` compares market designs with
    the same homes.
    """
    if homes is not None and homes < 2:
        raise BadInput(f"--homes must be 2 or more, not {homes}")
    wanted = _date(day)
    is_new = not (out / "trades.csv").exists()
    make_folder(out)
    from energy_trading.simulation.faults import InjectedFaults
    from energy_trading.simulation.neighbourhood import settle_in
    from energy_trading.simulation.report import write_report
    from energy_trading.simulation.scenario.scenario import short_scenario
    from energy_trading.simulation.script import Script
    from energy_trading.simulation.simulate import home_profiles
    from energy_trading.simulation.trading_day import money_is_conserved

    with console.status("reading profiles" if profiles else "generating profiles"):
        scenario = short_scenario(wanted, seed, profiles, homes, pv_share)
        data = home_profiles(scenario)
    (out / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
    console.print(
        f"{len(data)} homes, {len(data[0].slot_starts)} slots of {data[0].step_s // 60} min on {wanted}"
    )
    copies = [each.name for each in data if "#" in each.name]
    if copies:
        console.print(f"{len(copies)} homes are copies of others: {', '.join(copies)}", markup=False)
    console.print(
        f"this is the scenario {out / 'scenario.toml'}; `energy-trading simulate` compares designs with it",
        markup=False,
    )
    if not is_new:
        console.print(f"the result of an earlier day in {out} is replaced", markup=False)
    there = settle_in(data, seed, lambda line: console.print(f"  {line}", markup=False))
    columns = (
        TextColumn("trading"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("slots, left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("trading", total=len(data[0].slot_starts))

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done)
            if not console.is_terminal and done and done % max(1, total // 4) == 0:
                console.print(f"  {done} of {total} slots")

        result = Script(there, seed, InjectedFaults() if faults else None, progress).run()
    for line in result.story:
        console.print(f"  {line}", markup=False)
    files = write_report(result, out)
    accepted = [row for row in result.trades if row.buyer]
    settled = sum(row.ending in ("delivered", "short") for row in accepted)
    console.print(
        f"{len(result.trades)} offers, {len(accepted)} accepted, {settled} delivered: "
        f"{result.traded_wh / 1000:.3f} kWh to neighbours"
    )
    if not money_is_conserved(result):
        raise InternalFault("money is not conserved, which is a bug: please report this day and its seed")
    console.print("money is conserved, and nothing is held any more")
    for file in files:
        console.print(f"  {file}", markup=False)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise BadInput(f"--date must have the form YYYY-MM-DD, unlike {text!r}") from error
