"""Plant each known bug and see the test that its patch names fail.

python tests/mutants/run.py              all patches
python tests/mutants/run.py swap fee     those whose name contains one of the words

Each `<name>.patch` beside this file begins with two lines, `Bug:` in words and `Kills:` with the test's node
id. A patch is applied to a copy of what git knows of; contracts are compiled there; the test must fail in the
copy, and pass in a copy without the patch. Exit status 1 if a bug survives, or a patch does not apply or
compile. All of them take about eight minutes, most of it the compiler's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
#: compiler answers by input hash, so that a second run does not compile
COMPILED = ROOT / ".cache" / "mutants"
AT_ONCE = 2
LEFT_OUT = (
    ".git",
    ".venv",
    ".tools",
    "node_modules",
    ".cache",
    "out",
    "dist",
    "build",
    "__pycache__",
    ".*_cache",
)


@dataclass(frozen=True)
class Mutant:
    """One known bug.

    Args:
        path: the patch.
        bug: what is wrong, in words.
        kills: node id of the test that must fail.
    """

    path: Path
    bug: str
    kills: str

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def files(self) -> list[str]:
        """Files it changes, from the repository's root."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return [line.removeprefix("+++ b/") for line in lines if line.startswith("+++ b/")]


def mutants(words: Sequence[str] = ()) -> list[Mutant]:
    """Read the patches whose name contains one of the words (all without words)."""
    found = []
    for path in sorted(FOLDER.glob("*.patch")):
        if words and not any(word in path.stem for word in words):
            continue
        head = dict(line.split(": ", 1) for line in path.read_text(encoding="utf-8").splitlines()[:2])
        found.append(Mutant(path, head["Bug"], head["Kills"]))
    return found


def apply(mutant: Mutant, folder: Path, *options: str) -> str:
    """Apply a patch; returns git's complaint, or nothing."""
    command = ["git", "apply", *options, str(mutant.path)]
    # Outside of any repository git applies to plain files; inside one it would look for the wrong one.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True).stderr.strip()


def copy_repository(folder: Path) -> None:
    """Copy what git knows of, as it is now; packages and compiler answers are links."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    (folder / ".cache").mkdir()
    COMPILED.mkdir(parents=True, exist_ok=True)
    (folder / ".cache" / "solc").symlink_to(COMPILED)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy, with the copy's package."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    whole = [sys.executable, *command]
    return subprocess.run(whole, cwd=folder, env=environment, capture_output=True, text=True)


def outcomes(folder: Path, tests: Sequence[str]) -> dict[str, str]:
    """Run tests in a copy; returns passed, failed, error or missing for each node id."""
    report = folder / "report.xml"
    # One unknown file would keep pytest from running the others.
    known = [test for test in tests if (folder / test.partition("::")[0]).is_file()]
    run(folder, "-m", "pytest", *known, f"--junitxml={report}", "-o", "junit_family=xunit1")
    found: dict[str, set[str]] = {}
    cases = ET.parse(report).iter("testcase") if report.is_file() else ()
    for case in cases:
        node = f"{case.get('file')}::{str(case.get('name')).split('[')[0]}"
        kinds = {child.tag for child in case}
        result = next((kind for kind in ("error", "failure", "skipped") if kind in kinds), "passed")
        found.setdefault(node, set()).add(result)
    answers = {}
    for test in tests:
        seen = found.get(test, {"missing"})
        # A test that cannot start says nothing about the bug: an error counts as no kill.
        order = ("failure", "error", "skipped", "missing", "passed")
        answers[test] = next(kind for kind in order if kind in seen)
    return answers


def verdict(mutant: Mutant, unpatched: str, home: Path) -> tuple[str, float]:
    """Judge one patch; returns `killed` or what is wrong, and the seconds it took."""
    began = time.monotonic()
    if unpatched != "passed":
        return f"its test does not pass without it: {unpatched}", 0.0
    folder = home / mutant.name
    shutil.copytree(home / "unpatched", folder, symlinks=True)
    result = _judge(mutant, folder)
    shutil.rmtree(folder)
    return result, time.monotonic() - began


def _judge(mutant: Mutant, folder: Path) -> str:
    if complaint := apply(mutant, folder):
        return f"does not apply: {complaint}"
    if any(file.endswith(".sol") for file in mutant.files):
        compiled = run(folder, "-m", "energy_trading.chain.compile")
        if compiled.returncode:
            return f"does not compile: {compiled.stderr.strip()[:300]}"
    result = outcomes(folder, [mutant.kills])[mutant.kills]
    return "killed" if result == "failure" else f"SURVIVED ({result})"


def main(words: Sequence[str]) -> int:
    """Judge the selected patches, print a line for each; returns the exit status."""
    selected = mutants(words)
    if not selected:
        print(f"mutants: given {' '.join(words)}, allowed part of {', '.join(m.name for m in mutants())}")
        return 1
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        home = Path(temporary)
        copy_repository(home / "unpatched")
        print(f"{len(selected)} known bugs; first their tests without them ...", flush=True)
        compiled = run(home / "unpatched", "-m", "energy_trading.chain.compile")
        if compiled.returncode:
            print(f"the repository does not compile:\n{compiled.stderr}")
            return 1
        unpatched = outcomes(home / "unpatched", sorted({mutant.kills for mutant in selected}))
        bad = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting = [(m, pool.submit(verdict, m, unpatched[m.kills], home)) for m in selected]
            for mutant, future in waiting:
                result, seconds = future.result()
                bad += result != "killed"
                print(f"{mutant.name:32} {seconds:5.1f} s  {result:10} {mutant.bug}", flush=True)
    print(f"{len(selected) - bad} of {len(selected)} killed by the test they name")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
