"""The command line inside this process, which saves starting another one per command."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from energy_trading.cli import main


@dataclass(frozen=True)
class Done:
    """What a command left: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def cli(*arguments: object, env: Mapping[str, str] | None = None) -> Done:
    """Run `energy-trading` with these arguments and, besides, these variables."""
    out, err = io.StringIO(), io.StringIO()
    status: object = None
    command = ["energy-trading", *map(str, arguments)]
    with (
        patch("sys.argv", command),
        patch.dict("os.environ", env or {}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code
    return Done(status if isinstance(status, int) else 0, out.getvalue(), err.getvalue())
