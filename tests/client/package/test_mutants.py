"""The known bugs stay plantable; `make mutants` plants them."""

import ast
import importlib.util
import sys
from types import ModuleType

import pytest

from energy_trading.chain.compile import ROOT


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants_run", ROOT / "tests" / "mutants" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


RUN = _load()
MUTANTS = RUN.mutants()


def test_there_are_enough() -> None:
    """At least twenty known bugs, in contracts and in the client, no two in the same words (style, tests)."""
    assert len(MUTANTS) >= 20
    assert len({mutant.bug for mutant in MUTANTS}) == len(MUTANTS)
    folders = {file.split("/")[0] for mutant in MUTANTS for file in mutant.files}
    assert folders == {"contracts", "energy_trading"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_patch_applies_and_names_a_test(mutant: "RUN.Mutant") -> None:
    """A patch fits the present sources and names a test that exists (style, tests)."""
    assert RUN.apply(mutant, ROOT, "--check") == ""
    path, _, name = mutant.kills.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_patch_that_does_not_apply_is_told(tmp_path) -> None:
    """Git's complaint is the answer, so that a stale patch cannot pass for a killed one (style, tests)."""
    mutant = MUTANTS[0]
    (tmp_path / mutant.files[0]).parent.mkdir(parents=True)
    (tmp_path / mutant.files[0]).write_text("nothing of what the patch expects\n")
    assert "patch does not apply" in RUN.apply(mutant, tmp_path, "--check")


def test_outcomes_are_read(tmp_path) -> None:
    """What pytest says of a test is what the verdict rests on; an error is no failure (style, tests)."""
    (tmp_path / "test_one.py").write_text(
        "import pytest\n"
        "@pytest.fixture\ndef broken(): assert False\n"
        "def test_good(): assert True\n"
        "@pytest.mark.parametrize('n', [1, 2])\ndef test_bad(n): assert n == 1\n"
        "def test_unstarted(broken): assert True\n"
    )
    expected = {"good": "passed", "bad": "failure", "unstarted": "error"}
    expected = {f"test_one.py::test_{name}": result for name, result in expected.items()}
    assert RUN.outcomes(tmp_path, list(expected)) == expected
    assert RUN.outcomes(tmp_path, ["test_one.py::test_other"]) == {"test_one.py::test_other": "missing"}
