"""The public list of the package."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import energy_trading


@pytest.mark.parametrize("name", energy_trading.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    """Each name of the list loads and says what it is."""
    value: Any = getattr(energy_trading, name)
    assert value.__doc__


def test_list_and_homes_are_the_same() -> None:
    """No name without a home, none hidden."""
    assert set(energy_trading.__all__) == set(energy_trading._HOME) == set(dir(energy_trading))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = energy_trading.nothing


def test_import_is_light() -> None:
    """Importing the package loads neither web3 nor plotting nor data libraries."""
    heavy = ("web3", "matplotlib", "pandas", "eth")
    code = f"import sys, energy_trading; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
