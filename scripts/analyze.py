"""Analyse the contracts. `make analyze` prepares the tools and runs this.

1. Slither: every finding of high or medium severity is a fault unless a comment beside the line explains it.
2. docs/call-graph.svg is drawn from what Slither read.
3. forge makes random calls with random inputs (tests/analysis/*.t.sol) against the deployed bytecode.
4. halmos proves statements for all inputs (tests/analysis/*Proof.t.sol); with FULL=1 the long proofs too.

What was found is written to energy_trading/bench/papers/analysis.json. The exit status is 1 if there is a
fault; a stale analysis.json is one. docs/analysis.md explains what each step shows.
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

from energy_trading.bench.papers.xia_analysis import FACTS
from energy_trading.chain import compile as compiling

sys.path.append(str(compiling.ROOT / "tests" / "analysis"))

import call_graph  # type: ignore[import-not-found]

ROOT: Final = compiling.ROOT
HOME: Final = ROOT / ".cache" / "analysis"
SPECS: Final = ROOT / "tests" / "analysis"
PROOFS: Final = sorted(SPECS.glob("*Proof.t.sol"))
PICTURE: Final = ROOT / "docs" / "call-graph.svg"
SEVERITIES: Final = ("High", "Medium", "Low", "Optimization", "Informational")
GRAVE: Final = SEVERITIES[:2]
#: detector and reason in a comment that explains a finding
EXPLAINED: Final = re.compile(r"// slither-disable-next-line (\S+) -- (.+)")

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
gas_limit = "18446744073709551615"
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
    """Run the four steps and return the exit status."""
    compiler = HOME / "solc"
    # forge and Slither pass options that npm's solc does not know.
    program = shlex.quote(str(compiling.compiler()))
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
        faults.append("call graph: it was not drawn, see above")
    faults += record(summary(facts))

    print("3/4 forge: random calls (about half a minute) ...", flush=True)
    # forge would replay a stored failure, out of the sequence that it belongs to.
    shutil.rmtree(HOME / "failures", ignore_errors=True)
    if run("forge", "test", "--root", str(ROOT)):
        faults.append("forge: a test failed, see above")

    print("4/4 halmos: proofs (about a minute) ...", flush=True)
    faults += prove(os.environ.get("FULL") == "1")

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
    """Judge what Slither found.

    Args:
        facts: what Slither found.

    Returns:
        One line or more for each grave finding without an explanation, each explanation without a finding,
        and each standard that is broken.
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


def summary(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Sum up what the tools found, without line numbers, which every edit moves.

    Args:
        facts: what Slither found.

    Returns:
        The tools' versions, the findings by severity and detector, the explained ones with their reasons, the
        numbers of functions and calls in the graph, and the names of the proofs.
    """
    counts: dict[str, Counter[str]] = {}
    for finding in facts["findings"]:
        counts.setdefault(finding["impact"], Counter())[finding["check"]] += 1
    kinds = Counter(call_graph.kinds(facts["graph"]["nodes"], facts["graph"]["edges"]).values())
    pins = dict(
        re.findall(r"^(slither|halmos)(?:-analyzer)?==(\S+)", _text(SPECS / "requirements.txt"), re.M)
    )
    forge = re.search(r"^FORGE := \S+@(\S+)$", _text(ROOT / "Makefile"), re.M)
    return {
        "tools": {"Slither": pins["slither"], "forge": forge[1] if forge else "", "halmos": pins["halmos"]},
        "findings": {
            impact: dict(sorted(counts[impact].items())) for impact in SEVERITIES if impact in counts
        },
        "explained": [
            {"file": path.relative_to(ROOT).as_posix(), "check": check, "reason": reason}
            for path in sorted((ROOT / "contracts").rglob("*.sol"))
            for check, reason in EXPLAINED.findall(_text(path))
        ],
        "graph": {
            "functions": len(facts["graph"]["nodes"]),
            "calls": len(facts["graph"]["edges"]),
            **{kind: kinds[kind] for kind in call_graph.KINDS},
        },
        "proven": [
            f"{path.name.partition('.')[0]}.{name}"
            for path in PROOFS
            for name in re.findall(r"function check_(\w+)", _text(path))
        ],
    }


def record(found: Mapping[str, Any]) -> list[str]:
    """Write what was found if it differs from before, and return that as a fault."""
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if FACTS.is_file() and _text(FACTS) == text:
        return []
    FACTS.write_text(text, encoding="utf-8")
    return [f"{FACTS.relative_to(ROOT)} was stale and has been rewritten; `make bench` puts it on the page"]


def prove(full: bool) -> list[str]:
    """Run the proofs.

    Args:
        full: whether to run the long ones too.

    Returns:
        One line for each way in which something is not proven for all inputs.
    """
    code = {
        name: json.loads(_text(compiling.CONTRACTS.output / f"{name}.json"))["bytecode"]
        for name in ("EnergyLedger", "OfferMarket")
    }
    answer = subprocess.run(  # noqa: S603
        [
            HOME / "venv" / "bin" / "halmos",
            *("--root", str(ROOT), "--forge-build-out", ".cache/analysis/out"),
            # By name, because what forge has built once stays in its folder.
            *("--match-contract", f"^({'|'.join(path.name.partition('.')[0] for path in PROOFS)})$"),
            *("--function", "(check|full)_" if full else "check_"),
            # A loop that is cut short would prove only a part of the inputs.
            *("--loop", "11", "--panic-error-codes", "0x01,0x11,0x12"),
            # No query of these proofs takes seconds, so a slow machine causes no fault.
            *("--solver-timeout-assertion", "120s", "--no-status"),
        ],
        env={**environment(), **code},
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    print("\n".join(re.findall(r"^.*\[(?:PASS|FAIL|TIMEOUT|ERROR).*$", answer.stdout, re.M)))
    faults = []
    if answer.returncode:
        print(answer.stdout)
        faults.append("halmos: a proof failed, see above")
    if "not been fully explored" in re.sub(r"\s+", " ", answer.stdout):
        faults.append("halmos: a proof leaves inputs out, see above")
    return faults


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def run(*command: str) -> int:
    """Run a tool of the analysis in the repository and return its exit status."""
    return subprocess.run(command, env=environment(), cwd=ROOT, check=False).returncode  # noqa: S603


def environment() -> dict[str, str]:
    """Return an environment with the tools' folders and forge's settings."""
    forge = next((HOME / "forge" / "node_modules" / "@foundry-rs").glob("forge-*")) / "bin"
    path = os.pathsep.join([str(HOME / "venv" / "bin"), str(forge), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "FOUNDRY_CONFIG": str(HOME / "foundry.toml")}


if __name__ == "__main__":
    sys.exit(main())
