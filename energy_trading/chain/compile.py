"""From Solidity sources to one JSON artifact per contract, through one compiler version and a cache."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.files.whole_file import write_whole

SOLC_VERSION: Final = "0.8.37"
#: Everything that is compiled, tests included, is compiled with these.
SETTINGS: Final[Mapping[str, Any]] = {
    "evmVersion": "shanghai",  # the newest fork that eth-tester, Anvil and Ganache share
    "optimizer": {"enabled": True, "runs": 1_000_000},
    "viaIR": True,
    # Without the hash of the sources in it, a changed comment leaves the bytecode (and its gas) alone.
    "metadata": {"bytecodeHash": "none"},
}
MAX_CODE_BYTES: Final = 24_576
"""Longest runtime code a chain accepts (EIP-170)."""

ROOT: Final = Path(__file__).resolve().parents[2]
_OUTPUTS: Final = [
    "abi",
    "devdoc",
    "userdoc",
    "storageLayout",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
]
_COMMENT: Final = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_IMPORT: Final = re.compile(r"""^\s*import\s+(?:[^;"']*?\bfrom\s*)?["']([^"']+)["']""", re.MULTILINE)


class CompileFailed(BadInput):
    """The sources do not make artifacts; the text is the compiler's own, or names the broken rule."""


@dataclass(frozen=True)
class Profile:
    """One folder of sources and where its artifacts go.

    Args:
        sources: folder whose .sol files are the own contracts, below ``root``.
        output: folder that receives <Name>.json and build.json; other JSON in it is removed.
        root: folder that source names start at; imports are looked up below it, then in node_modules.
        cache: folder of compiler answers by input hash.
    """

    sources: Path
    output: Path
    root: Path = ROOT
    cache: Path = ROOT / ".cache" / "solc"


CONTRACTS: Final = Profile(ROOT / "contracts", ROOT / "energy_trading" / "artifacts")
"""What is deployed, and what the wheel carries."""
TEST_CONTRACTS: Final = Profile(ROOT / "tests" / "solidity", ROOT / ".cache" / "test-artifacts")
"""Harnesses and hostile contracts; never in the wheel."""


@dataclass(frozen=True)
class Build:
    """What one compilation made.

    Args:
        names: contract and interface names that have an artifact, sorted.
        warnings: the compiler's formatted warnings about own sources.
        input_hash: sha256 (hex) over compiler version and standard-JSON input.
        cached: the compiler did not run.
    """

    names: tuple[str, ...]
    warnings: tuple[str, ...]
    input_hash: str
    cached: bool


def standard_input(profile: Profile) -> dict[str, Any]:
    """Collect a profile's sources and everything they import into one standard-JSON input.

    Args:
        profile: which folder is compiled.

    Returns:
        The compiler's input with all contents in it, so that its hash decides whether to compile.

    Raises:
        BadInput: the folder holds no .sol file.
        CompileFailed: an import leads nowhere.
    """
    own = sorted(path.relative_to(profile.root).as_posix() for path in profile.sources.rglob("*.sol"))
    if not own:
        raise BadInput(f"sources: given {profile.sources} without .sol files, allowed a folder that has some")
    contents: dict[str, str] = {}
    waiting = [(unit, "the command line") for unit in own]
    while waiting:
        unit, importer = waiting.pop()
        if unit in contents:
            continue
        contents[unit] = _find(profile, unit, importer).read_text(encoding="utf-8")
        for target in _IMPORT.findall(_COMMENT.sub("", contents[unit])):
            relative = target.startswith(".")
            name = posixpath.normpath(posixpath.join(posixpath.dirname(unit), target)) if relative else target
            waiting.append((name, unit))
    return {
        "language": "Solidity",
        "sources": {unit: {"content": contents[unit]} for unit in sorted(contents)},
        "settings": {**SETTINGS, "outputSelection": {unit: {"*": _OUTPUTS} for unit in own}},
    }


def compile_profile(profile: Profile, say: Callable[[str], None] = print) -> Build:
    """Compile a profile and write its artifacts; without a change in the sources the compiler does not run.

    Args:
        profile: what to compile.
        say: receives a line of progress before the compiler starts.

    Returns:
        The names, the warnings and whether the answer came from the cache.

    Raises:
        BadInput: there is nothing to compile.
        CompileFailed: the compiler refused, a name is used twice, an import leads nowhere, a contract is
            too long for a chain, or no compiler can be had.
    """
    given = standard_input(profile)
    key = hashlib.sha256(json.dumps([SOLC_VERSION, given], sort_keys=True).encode()).hexdigest()
    kept = profile.cache / f"{key}.json"
    cached = kept.is_file()
    if cached:
        answer = json.loads(kept.read_text(encoding="utf-8"))
    else:
        count = len(given["sources"])
        say(f"compiling {count} files with solc {SOLC_VERSION} (about 30 s the first time) ...")
        answer = _run_compiler(given, profile.cache)
        _write(kept, answer)
    own = set(given["settings"]["outputSelection"])
    artifacts = _artifacts(answer, own)
    build = {"compiler": SOLC_VERSION, "settings": SETTINGS, "input_sha256": key}
    wanted = {**{name: artifacts[name] for name in sorted(artifacts)}, "build": build}
    for name, document in wanted.items():
        _write(profile.output / f"{name}.json", document)
    for path in profile.output.glob("*.json"):
        if path.stem not in wanted:
            path.unlink()
    warnings = tuple(
        message["formattedMessage"]
        for message in answer.get("errors", ())
        if message["severity"] == "warning" and message.get("sourceLocation", {}).get("file") in own
    )
    return Build(tuple(sorted(artifacts)), warnings, key, cached)


def syntax_trees(profile: Profile) -> dict[str, dict[str, Any]]:
    """Parse and check a profile's own sources without making code, for who generates from them.

    Args:
        profile: what to read.

    Returns:
        Source name to the compiler's syntax tree (its "compact AST").

    Raises:
        BadInput: there is nothing to read.
        CompileFailed: as `compile_profile`.
    """
    given = standard_input(profile)
    own = list(given["settings"]["outputSelection"])
    given["settings"]["outputSelection"] = {unit: {"": ["ast"]} for unit in own}
    answer = _run_compiler(given, profile.cache)
    return {unit: answer["sources"][unit]["ast"] for unit in own}


def storage_layouts(output: Path) -> dict[str, Any]:
    """Read the storage layout of every contract that has storage, for the snapshot.

    Args:
        output: a profile's output folder, compiled.

    Returns:
        Contract name to layout (slots, offsets and types as the compiler reports them, without its ids).
    """
    layouts = {}
    for path in sorted(output.glob("*.json")):
        layout = json.loads(path.read_text(encoding="utf-8")).get("storage_layout", {})
        if layout.get("storage"):
            layouts[path.stem] = layout
    return layouts


def _find(profile: Profile, unit: str, importer: str) -> Path:
    for folder in (profile.root, ROOT / "node_modules"):
        if (folder / unit).is_file():
            return folder / unit
    raise CompileFailed(
        f"import: given {unit!r} in {importer}, allowed a file of the project or node_modules"
    )


def _artifacts(answer: Mapping[str, Any], own: set[str]) -> dict[str, dict[str, Any]]:
    artifacts: dict[str, dict[str, Any]] = {}
    for unit in sorted(own):
        for name, found in answer.get("contracts", {}).get(unit, {}).items():
            if not found["abi"]:
                continue  # a library of internal functions: its code is inside its users'
            if name in artifacts:
                raise CompileFailed(f"contract name: given {name} in {unit} and {artifacts[name]['source']}")
            code = found["evm"]["deployedBytecode"]
            if "__$" in code["object"]:
                raise CompileFailed(f"{name} ({unit}): given a library to link, allowed internal ones only")
            if (size := len(code["object"]) // 2) > MAX_CODE_BYTES:
                raise CompileFailed(
                    f"{name} ({unit}): given {size} bytes of code, allowed {MAX_CODE_BYTES} (EIP-170)"
                )
            places = [p for group in code.get("immutableReferences", {}).values() for p in group]
            artifacts[name] = {
                "name": name,
                "source": unit,
                "abi": found["abi"],
                "bytecode": "0x" + found["evm"]["bytecode"]["object"],
                "deployed_bytecode": "0x" + code["object"],
                "immutable_references": sorted([p["start"], p["length"]] for p in places),
                "storage_layout": _without_ids(found.get("storageLayout", {})),
                "method_identifiers": found["evm"]["methodIdentifiers"],
                "devdoc": found["devdoc"],
                "userdoc": found["userdoc"],
            }
    return artifacts


def _without_ids(layout: Any) -> Any:
    # The compiler numbers declarations over all files, so an edit anywhere would change every layout.
    if isinstance(layout, dict):
        return {_without_ids(k): _without_ids(v) for k, v in layout.items() if k != "astId"}
    if isinstance(layout, list):
        return [_without_ids(item) for item in layout]
    return re.sub(r"\)\d+", ")", layout) if isinstance(layout, str) else layout


def _run_compiler(given: dict[str, Any], cache: Path) -> Mapping[str, Any]:
    import solcx
    from solcx.exceptions import SolcError

    try:
        answer: Mapping[str, Any] = solcx.compile_standard(
            given, solc_binary=compiler(cache), allow_empty=True
        )
    except SolcError as error:
        # Not chained: py-solc-x repeats the whole input and output in its text.
        raise CompileFailed(f"{error.message}\n{error.stderr_data or ''}".strip()) from None
    return answer


def compiler(cache: Path = CONTRACTS.cache) -> Path:
    """Find the compiler: a native one in PATH, npm's, or py-solc-x's download, in this order.

    Args:
        cache: folder for the program that runs npm's.

    Returns:
        A program that takes solc's options.

    Raises:
        CompileFailed: there is none, and it cannot be had.
    """
    import solcx
    from solcx.exceptions import DownloadError, SolcInstallationError

    native = shutil.which("solc")
    if native and f"Version: {SOLC_VERSION}+" in _output_of(native, "--version"):
        return Path(native)
    program = ROOT / "node_modules" / "solc" / "solc.js"
    if not program.is_file() or not shutil.which("node"):
        try:
            solcx.install_solc(SOLC_VERSION)
        except (OSError, DownloadError, SolcInstallationError) as error:
            raise CompileFailed(
                f"compiler: none found; run npm ci, or put solc {SOLC_VERSION} into PATH ({error})"
            ) from error
        return Path(solcx.install.get_executable(SOLC_VERSION))
    # py-solc-x finds it by this name when SOLCX_BINARY_PATH is the folder; so can forge, slither, halmos.
    shim = cache / "bin" / f"solc-v{SOLC_VERSION}"
    # solcjs exits before a pipe has taken more than 64 KiB, fails on a pipe that is not filled yet (EAGAIN),
    # and prints a line about SMT solvers before the JSON: so it reads and writes files.
    script = f"""#!/usr/bin/env bash
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
case " $* " in *" --standard-json "*) cat ;; esac >"$folder/given"
node {shlex.quote(str(program))} "$@" <"$folder/given" >"$folder/answer"
status=$?
sed "/^>>> /d" "$folder/answer"
exit $status
"""
    _replace(shim, script, mode=0o755)
    return shim


def _output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def _write(path: Path, document: Any) -> None:
    text = json.dumps(document, indent=1) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        _replace(path, text)


def _replace(path: Path, text: str, mode: int = 0o644) -> None:
    # Two compilations may run at once: a reader sees the old file or the new one, never half of one.
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode(), replace=True, mode=mode)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile the contracts and, where they exist, the test contracts.

    Args:
        arguments: ``--check`` makes warnings and a storage layout other than snapshots/storage.json fail;
            ``--snapshot`` writes that file.

    Returns:
        The exit status: 0 made, 1 failed (the reason is on standard error).
    """
    import argparse

    parser = argparse.ArgumentParser(prog="python -m energy_trading.chain.compile", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="warnings and changed storage layouts fail")
    parser.add_argument("--snapshot", action="store_true", help="write snapshots/storage.json")
    options = parser.parse_args(arguments)
    failures = []
    for profile in (CONTRACTS, TEST_CONTRACTS):
        if profile is TEST_CONTRACTS and not any(profile.sources.rglob("*.sol")):
            continue
        try:
            build = compile_profile(profile, lambda line: print(line, flush=True))
        except EnergyTradingError as error:
            print(error, file=sys.stderr)
            return 1
        where = profile.output.relative_to(ROOT)
        print(f"{len(build.names)} artifacts in {where}{' (unchanged sources)' if build.cached else ''}")
        for warning in build.warnings:
            print(warning, file=sys.stderr)
            failures.append("the compiler warns")
    snapshot = ROOT / "snapshots" / "storage.json"
    layouts = storage_layouts(CONTRACTS.output)
    if options.snapshot:
        _write(snapshot, layouts)
    elif options.check and (not snapshot.is_file() or json.loads(snapshot.read_text("utf-8")) != layouts):
        failures.append(f"{snapshot.relative_to(ROOT)} differs: run make gas and explain it in the commit")
    for failure in sorted(set(failures)) if options.check else ():
        print(failure, file=sys.stderr)
    return 1 if options.check and failures else 0


if __name__ == "__main__":
    sys.exit(main())
