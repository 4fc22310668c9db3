"""Write what Slither finds in the contracts as JSON. This runs in Slither's own environment.

python contract_facts.py <compiler's answer> <report to write>
"""

from __future__ import annotations

import inspect
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from crytic_compile import CryticCompile
from crytic_compile.compilation_unit import CompilationUnit
from crytic_compile.compiler.compiler import CompilerVersion
from crytic_compile.platform.solc_standard_json import SolcStandardJson, parse_standard_json_output
from slither import Slither
from slither.core.declarations import Contract, Function
from slither.detectors import all_detectors
from slither.detectors.abstract_detector import AbstractDetector
from slither.tools.erc_conformance.erc.ercs import generic_erc_checks
from slither.utils.erc import ERCS

OWN = "contracts/"
#: contract → standard that it must keep; a contract that does not exist is left out
STANDARDS = {"EnergyLot": "ERC721"}
#: library and function, of the functions that change an amount of money
MONEY = {("PurseLib", name) for name in ("add", "sub", "hold", "unhold")}


class Compiled(SolcStandardJson):
    """Sources that are compiled already: Slither reads their syntax trees and needs no bytecode."""

    def __init__(self, answer: dict[str, Any], version: str) -> None:
        super().__init__({"sources": {}})
        self.answer = answer
        self.version = version

    def compile(self, crytic_compile: CryticCompile, **_: Any) -> None:
        """Pass the compiler's answer on, with empty bytecode."""
        unit = CompilationUnit(crytic_compile, "contracts")
        unit.compiler_version = CompilerVersion("solc", self.version, True)
        nothing = {"object": "", "sourceMap": ""}
        for contracts in self.answer["contracts"].values():
            for contract in contracts.values():
                contract["evm"] = {"bytecode": nothing, "deployedBytecode": nothing}
        parse_standard_json_output(self.answer, unit)


def is_own(thing: Contract | Function) -> bool:
    """Return whether something is declared in the project's contracts."""
    return str(thing.source_mapping.filename.relative).startswith(OWN)


def findings(slither: Slither) -> list[dict[str, Any]]:
    """Run every detector and return the findings that no comment in the code explains."""
    for _, detector in sorted(vars(all_detectors).items()):
        if inspect.isclass(detector) and issubclass(detector, AbstractDetector):
            slither.register_detector(detector)
    return [
        {"check": found["check"], "impact": found["impact"], "text": found["description"].strip()}
        for results in slither.run_detectors()
        for found in results
    ]


def standards(slither: Slither) -> dict[str, dict[str, Any]]:
    """Compare contracts with the standards that they must keep, and return what is missing or wrong."""
    faults = {}
    for name, standard in STANDARDS.items():
        for contract in slither.get_contract_from_name(name):
            report: dict[str, Any] = defaultdict(list)
            generic_erc_checks(contract, *ERCS[standard], report)
            # Solady emits in assembly, which Slither does not see. The tests check the events.
            faults[f"{name} {standard}"] = {
                check: [fault["description"].strip() for fault in found]
                for check, found in report.items()
                if found and check != "missing_event_emmited"
            }
    return faults


def graph(slither: Slither) -> dict[str, Any]:
    """Collect the functions of the deployed contracts, what each does itself, and which it calls.

    A library is one node. A call to an interface leads to the contract that implements it.
    """
    deployed = sorted(
        (
            c
            for c in slither.contracts_derived
            if is_own(c) and c.contract_kind == "contract" and not c.is_abstract
        ),
        key=lambda c: c.name,
    )
    nodes: dict[str, dict[str, Any]] = {}
    edges: set[tuple[str, str]] = set()

    def target(contract: Contract, function: Function) -> str | None:
        """Return the node of a called function: its own, the one behind an interface, or a library's."""
        declarer = function.contract_declarer
        if declarer.is_library:
            return declarer.name
        if contract in deployed:
            return f"{contract.name}.{function.name}"
        for other in deployed:
            if contract in other.inheritance:
                return f"{other.name}.{function.name}"
        return None

    for contract in deployed:
        for function in contract.functions:
            if not function.is_implemented or function.is_constructor or not is_own(function):
                continue
            name = f"{contract.name}.{function.name}"
            calls = []
            for call in (*function.internal_calls, *function.library_calls):
                called = call.function
                if isinstance(called, Function) and getattr(called, "contract_declarer", None):
                    calls.append((contract, called))
            calls += [
                (c, call.function)
                for c, call in function.high_level_calls
                if isinstance(call.function, Function)
            ]
            moves = any(
                (called.contract_declarer.name, called.name) in MONEY
                or (
                    called.contract_declarer.name == "SafeTransferLib"
                    and called.name.startswith("safeTransfer")
                )
                for _, called in calls
            )
            entry = function.visibility in ("external", "public")
            # Slither does not count what an inherited contract of a library writes in assembly.
            inherited = any(c is contract and not is_own(f) and not (f.view or f.pure) for c, f in calls)
            writes = bool(function.state_variables_written) or inherited
            nodes[name] = {"contract": contract.name, "entry": entry, "writes": writes, "money": moves}
            for other, called in calls:
                found = target(other, called)
                if found and found != name:
                    edges.add((name, found))
    for _, called in sorted(edges):
        if "." not in called:
            nodes.setdefault(called, {"contract": "", "entry": False, "writes": False, "money": False})
    return {"nodes": dict(sorted(nodes.items())), "edges": sorted(e for e in edges if e[1] in nodes)}


def main(answer: str, report: str) -> None:
    """Write the report."""
    compiled = json.loads(Path(answer).read_text(encoding="utf-8"))
    slither = Slither(CryticCompile(Compiled(compiled, compiled["version"])), filter_paths=["node_modules"])
    found = {
        "findings": findings(slither),
        "unused": slither.get_unused_ignore_comments(),
        "standards": standards(slither),
        "graph": graph(slither),
    }
    Path(report).write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
