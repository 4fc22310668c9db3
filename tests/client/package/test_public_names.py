"""The public list of the package, and what is not on it."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import energy_trading
from energy_trading.errors import EnergyTradingError

PACKAGE = Path(energy_trading.__file__).parent
#: rooms whose modules are all open: the words of the contracts, the rules, and three programs
OPEN_ROOMS = {"types", "rules", "bindings", "agent", "bench", "cli"}


def homes() -> dict[str, str]:
    """Return each public name with the module that the stub names as its home."""
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    return {
        alias.name: f"energy_trading.{statement.module}"
        for statement in stub.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def defined_in(module: str) -> set[str]:
    """Return the modules that define a module's names; those of a room's `__init__` stand further down."""
    tree = ast.parse(Path(str(import_module(module).__file__)).read_text(encoding="utf-8"))
    lower = {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    is_room = str(import_module(module).__file__).endswith("__init__.py")
    return {module, *(each for each in lower if is_room and each.startswith(module))}


@pytest.mark.parametrize("name", energy_trading.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    """Each name of the list loads from its home and says what it is."""
    value: Any = getattr(energy_trading, name)
    assert value.__doc__
    assert value is getattr(import_module(homes()[name]), name)


def test_list_and_homes_are_the_same() -> None:
    """No name without a home, none hidden."""
    assert set(energy_trading.__all__) == set(homes()) == set(dir(energy_trading))
    with pytest.raises(AttributeError, match="No energy_trading attribute nothing"):
        _ = energy_trading.nothing


def test_what_is_not_for_users_is_private() -> None:
    """A module of the library holds a public name, or its own name begins with an underscore."""
    public = set[str]().union(*(defined_in(module) for module in set(homes().values())))
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        module = ".".join(("energy_trading", *parts)).removesuffix(".__init__")
        is_open = parts[0] in OPEN_ROOMS or path.name.startswith("_")
        assert is_open or module in public, f"{module}: publish a name of it, or begin its name with _"


def test_every_exception_is_public() -> None:
    """Whoever calls a public function can catch what it raises by a public name."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] in OPEN_ROOMS - {"bindings", "rules"} or path.name == "__main__.py":
            continue
        import_module(".".join(("energy_trading", *parts)).removesuffix(".__init__"))
    kinds = [EnergyTradingError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    revert: Any = energy_trading.ContractRevert  # each contract's errors stand in the module of its binding
    named = {
        kind.__name__
        for kind in kinds
        if kind.__module__.startswith("energy_trading.")
        and not issubclass(kind, revert)
        and kind.__module__.split(".")[1] not in {"agent", "bench", "cli"}
    }
    assert named - set(energy_trading.__all__) == set()


def test_import_is_light() -> None:
    """Importing the package loads neither web3 nor plotting nor data libraries."""
    heavy = ("web3", "matplotlib", "pandas", "eth")
    code = f"import sys, energy_trading; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
