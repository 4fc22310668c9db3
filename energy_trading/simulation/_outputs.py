"""How a run leaves its tables and figures in a folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from energy_trading.errors import BadInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def write_all(out: Path, contents: Mapping[str, str | bytes]) -> list[Path]:
    """Write files into a folder; those of an earlier run are replaced.

    Args:
        out: folder, made if it is missing.
        contents: text or bytes by name of the file. All of it is made before the first file is written, so
            that a failure leaves nothing half written.

    Returns:
        The files.

    Raises:
        BadInput: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (out / name).write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise BadInput(f"the folder {out} cannot be written ({error.strerror}); name one that can") from error
    return [out / name for name in contents]


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV, the heading first; every line ends with a line feed alone."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def plots(width: float, height: float, count: int) -> tuple[Figure, list[Axes]]:
    """Return a figure of this size in inches, and its plots, one below the other with one horizontal axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0])


def png(figure: Figure, dpi: int = 150) -> bytes:
    """Return a figure as a PNG without a date, so that equal figures are equal bytes."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=dpi, metadata={"Software": None})
    return content.getvalue()
