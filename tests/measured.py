"""Measured profiles of households, which are not part of the project; tests that need them are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from energy_trading.chain.compile import ROOT

_PLACE = Path("shared", "data", "hamlet")


def find_hamlet() -> Path:
    """The folder that ENERGY_TRADING_MEASURED names; otherwise shared/data/hamlet in a folder above."""
    if named := os.environ.get("ENERGY_TRADING_MEASURED"):
        return Path(named)
    return next((up / _PLACE for up in ROOT.parents if (up / _PLACE).is_dir()), ROOT.parent / _PLACE)


HAMLET = find_hamlet()
needs_hamlet = pytest.mark.skipif(not any(HAMLET.glob("hh_*.csv")), reason=f"no measured data at {HAMLET}")
