"""The wheel is enough: no compiler, no Node, no repository."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from energy_trading.chain.compile import CONTRACTS, ROOT, compile_profile

TRADE = """
from energy_trading.chain import artifacts, connect, in_process
names = {names!r}
assert all(artifacts.load(name).name == name for name in names)
chain = in_process.in_process()
# A constructor that wants arguments reverts here; that it runs shows the whole chain is installed.
try:
    print(chain.deploy(artifacts.load(names[0]).bytecode, chain.accounts[0])[0])
except connect.RevertData as error:
    print(error)
"""


def uv(*arguments: str) -> None:
    program = shutil.which("uv") or os.fspath(ROOT / ".tools" / "bin" / "uv")
    done = subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree."""
    compile_profile(CONTRACTS)
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--wheel", "--quiet", "--out-dir", os.fspath(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an empty environment with the wheel and its locked dependencies."""
    place = tmp_path_factory.mktemp("user")
    locked = os.fspath(place / "locked.txt")
    uv(
        "export",
        "--quiet",
        "--frozen",
        "--no-dev",
        "--all-extras",
        "--no-emit-project",
        "--no-hashes",
        "--output-file",
        locked,
    )
    uv("venv", "--quiet", "--python", sys.executable, os.fspath(place / "venv"))
    python = os.fspath(place / "venv" / "bin" / "python")
    package = f"{os.fspath(wheel)}[profiles]"
    uv("pip", "install", "--quiet", "--python", python, "--constraint", locked, package)
    return place / "venv" / "bin"


def run_there(programs: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program where PATH holds nothing but the environment: neither node nor solc."""
    where = {"PATH": os.fspath(programs), "HOME": os.fspath(programs.parent), "COLUMNS": "100"}
    program = os.fspath(programs / command[0])
    return subprocess.run(
        [program, *command[1:]], cwd=programs.parent, env=where, capture_output=True, text=True, check=False
    )


def test_wheel_holds_the_package_and_the_artifacts(wheel: Path) -> None:
    """Every module and artifact is inside; no test, source of a contract, key or other file is."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {PurePosixPath(name) for name in archive.namelist()}
    package = {path for path in inside if path.parts[0] == "energy_trading"}
    modules = {path.relative_to(ROOT) for path in (ROOT / "energy_trading").rglob("*.py")}
    artifacts = {path.relative_to(ROOT) for path in CONTRACTS.output.glob("*.json")}
    ready = list((ROOT / "energy_trading" / "simulation" / "scenario" / "ready").glob("*.toml"))
    assert len(artifacts) > 1
    assert len(ready) > 1
    assert package == {PurePosixPath(path) for path in (*modules, *artifacts)} | {
        PurePosixPath("energy_trading/__init__.pyi"),
        PurePosixPath("energy_trading/py.typed"),
        PurePosixPath("energy_trading/bench/gas/permit_token.hex"),
        PurePosixPath("energy_trading/bench/papers/analysis.json"),
        *(PurePosixPath(path.relative_to(ROOT).as_posix()) for path in ready),
    }
    assert {path.parts[0] for path in inside - package} == {
        f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    }


def test_wheel_is_reproducible(wheel: Path, tmp_path: Path) -> None:
    """Whoever builds the wheel from the same tree gets the same bytes."""
    uv("build", "--wheel", "--quiet", "--out-dir", os.fspath(tmp_path))
    (again,) = tmp_path.glob("*.whl")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_wheel_runs_a_chain_without_a_compiler(installed: Path) -> None:
    """A user's machine has Python only: artifacts load and a contract's creation code runs."""
    names = sorted(path.stem for path in CONTRACTS.output.glob("*.json") if path.stem != "build")
    done = run_there(installed, "python", "-c", TRADE.format(names=names))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(("0x", "execution reverted"))


def test_wheel_has_the_program(installed: Path) -> None:
    """The command is installed and explains itself."""
    done = run_there(installed, "energy-trading", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: energy-trading" in done.stdout


def test_wheel_runs_the_demo(installed: Path) -> None:
    """The demo, profiles made and all, runs where there is neither a compiler nor Node."""
    options = ["--faults", "--homes", "3", "--seed", "2", "--out", "demo"]
    done = run_there(installed, "energy-trading", "run", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "money is conserved, and nothing is held any more" in done.stdout
    assert (installed.parent.parent / "venv" / "demo" / "report.html").is_file()


def test_wheel_measures_gas(installed: Path) -> None:
    """Every scenario of the snapshot is measured, the one with a token too, to the unit."""
    done = run_there(installed, "energy-trading", "bench", "gas", "--no-growth", "--json")
    assert done.returncode == 0, done.stderr
    measured = {row["scenario"]: row["gas"] for row in json.loads(done.stdout)["scenarios"]}
    assert measured == json.loads((ROOT / "snapshots" / "gas.json").read_text())["scenarios"]
