"""`run`: a day of household profiles, traded on a chain in this process."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from energy_trading.cli.output import console, make_folder
from energy_trading.errors import BadInput, EnergyTradingError


def run(
    out: Annotated[
        Path, typer.Option(help="Folder for trades.csv, accounts.csv, events.jsonl, report.html.")
    ],
    profiles: Annotated[
        Path | None,
        typer.Option(
            help="Folder of hh_*.csv and pv_*_pu.csv, or one wide CSV; without it, profiles are made."
        ),
    ] = None,
    homes: Annotated[int, typer.Option(help="How many homes, 2 or more.")] = 6,
    day: Annotated[str, typer.Option("--date", help="UTC day, YYYY-MM-DD.")] = "2026-06-21",
    seed: Annotated[int, typer.Option(help="Of profiles, habits, forecasts; equal seeds trade alike.")] = 1,
    pv_share: Annotated[
        int, typer.Option(help="Per cent of a profile folder's homes that get a PV system.")
    ] = 50,
    faults: Annotated[
        bool, typer.Option(help="Inject withdrawal, late acceptance, a forger and a cheater.")
    ] = False,
) -> None:
    """Trade a day of household profiles on a chain in this process, and report it."""
    if homes < 2:
        raise BadInput(f"--homes: given {homes}, allowed 2 or more")
    wanted = _date(day)
    make_folder(out)
    from energy_trading.simulation.faults import InjectedFaults
    from energy_trading.simulation.neighbourhood import settle_in
    from energy_trading.simulation.profiles import load_profiles, make_profiles
    from energy_trading.simulation.report import write_report
    from energy_trading.simulation.script import Script
    from energy_trading.simulation.trading_day import money_is_conserved

    with console.status("reading profiles" if profiles else "making profiles"):
        data = (
            make_profiles(homes, wanted, seed)
            if profiles is None
            else load_profiles(profiles, wanted, homes, seed, pv_share)
        )
    console.print(
        f"{homes} homes, {len(data[0].slot_starts)} slots of {data[0].step_s // 60} min on {wanted}"
    )
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
        raise EnergyTradingError("money is not conserved: please report this day and its seed")
    console.print("money is conserved, nothing is held any more")
    for file in files:
        console.print(f"  {file}", markup=False)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise BadInput(f"--date: given {text!r}, allowed YYYY-MM-DD") from error
