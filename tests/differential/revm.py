"""pyrevm for tests; where it has no wheel, the tests that need it are skipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from energy_trading.chain._revm import RevmChain
from energy_trading.crypto.keys import SecretKey


def pyrevm() -> Any:
    """The module."""
    return pytest.importorskip("pyrevm", reason="pyrevm has wheels for Python 3.11 and 3.12 only")


def revm_chain(keys: Sequence[SecretKey], genesis_time: int) -> RevmChain:
    """A chain of its own."""
    pyrevm()
    return RevmChain(keys, genesis_time)
