"""Analyse the contracts; `make analyze` prepares the tools and runs this.

1. Slither: every finding of high or medium severity is a fault unless a comment beside the line explains it.
2. docs/call-graph.svg, drawn from what Slither read.
3. forge: random calls and random inputs (tests/analysis/*.t.sol) against the deployed bytecode.
4. halmos: proofs for all inputs (tests/solidity/CreditProof.t.sol).

Exit status 1 if there is a fault. docs/analysis.md says what each step shows.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from energy_trading.chain import compile as compiling

ROOT: Final = compiling.ROOT
HOME: Final = ROOT / ".cache" / "analysis"
SPECS: Final = ROOT / "tests" / "analysis"
PICTURE: Final = ROOT / "docs" / "call-graph.svg"
GRAVE: Final = ("High", "Medium")

FOUNDRY: Final = """\
[profile.default]
src = "tests/analysis"
test = "tests/analysis"
out = ".cache/analysis/out"
cache_path = ".cache/analysis/cache"
libs = []
remappings = ["@openzeppelin/=node_modules/@openzeppelin/", "solady/=node_modules/solady/"]
solc = {solc}
offline = true
evm_version = "shanghai"
optimizer = true
ast = true
fs_permissions = [{{ access = "read", path = "./energy_trading/artifacts" }}]

[fuzz]
runs = 1000
seed = "0x1"
failure_persist_dir = ".cache/analysis/failures"

[invariant]
runs = 60
depth = 500
fail_on_revert = true
failure_persist_dir = ".cache/analysis/failures"

[lint]
lint_on_build = false
"""


def main() -> int:
    """Run the four steps; returns the exit status."""
    compiler = HOME / "solc"
    # forge and Slither add options that npm's solc does not know.
    program = shlex.quote(str(compiling._compiler(compiling.CONTRACTS.cache)))
    compiler.write_text(
        "#!/usr/bin/env bash\nwhat=--version\n"
        'for option; do if [ "$option" = --standard-json ]; then what=$option; fi; done\n'
        f"exec {program} $what\n",
        encoding="utf-8",
    )
    compiler.chmod(0o755)
    (HOME / "foundry.toml").write_text(FOUNDRY.format(solc=json.dumps(str(compiler))), encoding="utf-8")

    print("1/4 Slither ...", flush=True)
    facts = read_contracts()
    counts = Counter(finding["impact"] for finding in facts["findings"])
    print("   ", ", ".join(f"{number} {impact.lower()}" for impact, number in sorted(counts.items())))
    faults = judge(facts)

    print("2/4 call graph ...", flush=True)
    if run("python", str(SPECS / "call_graph.py"), str(HOME / "facts.json"), str(PICTURE)):
        faults.append("call graph: not drawn, see above")

    print("3/4 forge: random calls (about half a minute) ...", flush=True)
    # A failure that was kept would be played again, out of the sequence it belongs to.
    shutil.rmtree(HOME / "failures", ignore_errors=True)
    if run("forge", "test", "--root", str(ROOT)):
        faults.append("forge: a test failed, see above")

    print("4/4 halmos: proofs (about half a minute) ...", flush=True)
    faults += prove()

    for fault in faults:
        print("FAULT", fault)
    print("no faults" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


def read_contracts() -> dict[str, Any]:
    """Have Slither read the contracts.

    Returns:
        What tests/analysis/contract_facts.py reports: findings, unused comments, standards, graph.
    """
    import solcx

    given = compiling.standard_input(compiling.CONTRACTS)
    given["settings"]["outputSelection"] = {"*": {"*": ["abi"], "": ["ast"]}}
    answer = solcx.compile_standard(given, solc_binary=HOME / "solc", allow_empty=True)
    compiled, report = HOME / "answer.json", HOME / "facts.json"
    compiled.write_text(json.dumps({**answer, "version": compiling.SOLC_VERSION}), encoding="utf-8")
    status = run("python", str(SPECS / "contract_facts.py"), str(compiled), str(report))
    if status:
        raise SystemExit(status)
    facts: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return facts


def judge(facts: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the contracts.

    Args:
        facts: what Slither found.

    Returns:
        A line or more for each grave finding without an explanation, each explanation without a finding, and
        each standard that is not kept.
    """
    faults = [f"{f['impact']} {f['check']}: {f['text']}" for f in facts["findings"] if f["impact"] in GRAVE]
    for comment in facts["unused"]:
        path = Path(comment["file"])
        if path.is_relative_to(ROOT / "contracts"):
            place = f"{path.relative_to(ROOT)}:{comment['line']}"
            faults.append(
                f"{place}: nothing is found there that {', '.join(comment['unused_detectors'])} explains"
            )
    for standard, checks in facts["standards"].items():
        faults += [f"{standard}: {check}: {', '.join(found)}" for check, found in checks.items()]
    return faults


def prove() -> list[str]:
    """Run the proofs; returns what is not proven for all inputs."""
    answer = subprocess.run(  # noqa: S603
        [
            HOME / "venv" / "bin" / "halmos",
            *("--root", str(ROOT), "--forge-build-out", ".cache/analysis/out", "--contract", "CreditProof"),
            # A loop that is cut short would be a proof of part of the inputs only.
            *("--loop", "11", "--panic-error-codes", "0x01,0x11,0x12", "--solver-timeout-assertion", "120s"),
            "--no-status",
        ],
        env=environment(),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    print(answer.stdout)
    faults = ["halmos: a proof failed, see above"] if answer.returncode else []
    if "not been fully explored" in re.sub(r"\s+", " ", answer.stdout):
        faults.append("halmos: a proof leaves inputs out, see above")
    return faults


def run(*command: str) -> int:
    """Run a tool of the analysis in the repository; returns its exit status."""
    return subprocess.run(command, env=environment(), cwd=ROOT, check=False).returncode  # noqa: S603


def environment() -> dict[str, str]:
    """Name the tools' folders and forge's settings."""
    forge = next((HOME / "forge" / "node_modules" / "@foundry-rs").glob("forge-*")) / "bin"
    path = os.pathsep.join([str(HOME / "venv" / "bin"), str(forge), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "FOUNDRY_CONFIG": str(HOME / "foundry.toml")}


if __name__ == "__main__":
    sys.exit(main())
