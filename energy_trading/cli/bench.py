"""`reproduce` and `bench`: the papers' tables and figures, and what a call costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energy_trading.cli.output import console, make_folder
from energy_trading.errors import BadInput

group = typer.Typer(help="Measure.")


@group.callback()
def _group() -> None:
    """Measure."""


def reproduce(
    name: Annotated[str, typer.Argument(help="list, all, or a name from the list.")],
    out: Annotated[Path | None, typer.Option(help="Folder for tables and figures, one folder each.")] = None,
) -> None:
    """Make the papers' tables and figures anew."""
    from energy_trading.bench.reproductions import REPRODUCTIONS
    from energy_trading.bench.reproductions import reproduce as make

    if name == "list":
        for each, reproduction in REPRODUCTIONS.items():
            console.print(f"{each:12}  {reproduction.shows}", markup=False)
        return
    if name not in ("all", *REPRODUCTIONS):
        raise BadInput(f"reproduction: given {name!r}, allowed list, all, {', '.join(REPRODUCTIONS)}")
    if out is None:
        raise BadInput("--out: given nothing, allowed a folder")
    make_folder(out)
    for each in REPRODUCTIONS if name == "all" else [name]:
        make(each, out / each, lambda line: console.print(line, markup=False))
        console.print(f"files in {out / each}", markup=False)


@group.command()
def gas() -> None:
    """Measure every gas scenario on a chain in this process; compare with budget, bound and peer."""
    from energy_trading.bench.gas import measure
    from energy_trading.bench.gas_table import comparison, token_code

    with console.status("measuring") as status:
        found = measure(token_code(), lambda line: status.update(f"measuring: {line}"))
    console.print(comparison(found))
