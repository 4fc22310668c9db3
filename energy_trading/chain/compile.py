"""Compiles Solidity sources into one JSON artifact per contract, with one compiler version and a cache."""

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
#: All contracts, including those of the tests, are compiled with these settings.
SETTINGS: Final[Mapping[str, Any]] = {
    "evmVersion": "shanghai",  # the newest fork that eth-tester, Anvil and Ganache share
    "optimizer": {"enabled": True, "runs": 1_000_000},
    "viaIR": True,
    # Without the hash of the sources, a changed comment changes neither the bytecode nor its gas.
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
    """The sources do not compile into artifacts; the text is the compiler's own or names the broken rule."""


@dataclass(frozen=True)
class Profile:
    """A folder of sources and the folder for its artifacts.

    Args:
        sources: folder below ``root`` whose .sol files are compiled.
        output: folder that receives <Name>.json and build.json; any other JSON file in it is removed.
        root: folder that source names are relative to; imports are looked up below it, then in node_modules.
        cache: folder that keeps the compiler's answers by the hash of their input.
    """

    sources: Path
    output: Path
    root: Path = ROOT
    cache: Path = ROOT / ".cache" / "solc"


CONTRACTS: Final = Profile(ROOT / "contracts", ROOT / "energy_trading" / "artifacts")
"""The contracts that are deployed, and that the wheel carries."""
TEST_CONTRACTS: Final = Profile(ROOT / "tests" / "solidity", ROOT / ".cache" / "test-artifacts")
"""Harnesses and hostile contracts for tests; never in the wheel."""


@dataclass(frozen=True)
class Build:
    """The result of one compilation.

    Args:
        names: names of the contracts and interfaces that have an artifact, sorted.
        warnings: the compiler's formatted warnings about the sources of this profile.
        input_hash: SHA-256 (hex) over the compiler's version and its standard-JSON input.
        cached: whether the answer came from the cache, so that the compiler did not run.
    """

    names: tuple[str, ...]
    warnings: tuple[str, ...]
    input_hash: str
    cached: bool


def standard_input(profile: Profile) -> dict[str, Any]:
    """Collect a profile's sources and everything they import into one standard-JSON input.

    Returns:
        The compiler's input including all sources, so that its hash decides whether to compile.

    Raises:
        BadInput: the folder contains no .sol file.
        CompileFailed: an imported file does not exist.
    """
    own = sorted(path.relative_to(profile.root).as_posix() for path in profile.sources.rglob("*.sol"))
    if not own:
        raise BadInput(f"{profile.sources} contains no .sol files to compile")
    contents: dict[str, str] = {}
    waiting = [(unit, "the profile") for unit in own]
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
    """Compile a profile and write its artifacts; the compiler runs only if a source has changed.

    Args:
        profile: the folder to compile.
        say: is called with a line of progress before the compiler starts.

    Returns:
        The names of the artifacts, the warnings, and whether the answer came from the cache.

    Raises:
        BadInput: the folder contains no .sol file.
        CompileFailed: the compiler refused the sources, two contracts share a name, an imported file does
            not exist, a contract is too long for a chain, or no compiler could be found or installed.
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
    """Read the storage layout of every contract that has storage, as it stands in the snapshot.

    Args:
        output: the output folder of a compiled profile.

    Returns:
        Layout by contract name: slots, offsets and types as the compiler reports them, without its ids.
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
    raise CompileFailed(f"{importer} imports {unit!r}, which is neither in the project nor in node_modules")


def _artifacts(answer: Mapping[str, Any], own: set[str]) -> dict[str, dict[str, Any]]:
    artifacts: dict[str, dict[str, Any]] = {}
    for unit in sorted(own):
        for name, found in answer.get("contracts", {}).get(unit, {}).items():
            if not found["abi"]:
                continue  # a library of internal functions: its code is part of the contracts that use it
            if name in artifacts:
                raise CompileFailed(f"both {artifacts[name]['source']} and {unit} define a contract {name}")
            code = found["evm"]["deployedBytecode"]
            if "__$" in code["object"]:
                raise CompileFailed(
                    f"{name} ({unit}) needs a linked library; only internal ones are supported"
                )
            if (size := len(code["object"]) // 2) > MAX_CODE_BYTES:
                raise CompileFailed(
                    f"{name} ({unit}) has {size} bytes of code; EIP-170 allows at most {MAX_CODE_BYTES}"
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
    # The compiler numbers declarations across all files, so any edit would change every layout.
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
        # Not chained: the text of py-solc-x's error repeats the whole input and output.
        raise CompileFailed(f"{error.message}\n{error.stderr_data or ''}".strip()) from None
    return answer


def compiler(cache: Path = CONTRACTS.cache) -> Path:
    """Find the compiler: a native one in PATH, else the one from npm, else a download by py-solc-x.

    Args:
        cache: folder for the script that runs npm's compiler.

    Returns:
        Path of a program that accepts the options of solc.

    Raises:
        CompileFailed: no compiler was found, and none could be installed.
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
                f"there is no Solidity compiler; run npm ci, or put solc {SOLC_VERSION} into PATH ({error})"
            ) from error
        return Path(solcx.install.get_executable(SOLC_VERSION))
    # py-solc-x finds it by this name if SOLCX_BINARY_PATH is the folder; so do forge, Slither and halmos.
    shim = cache / "bin" / f"solc-v{SOLC_VERSION}"
    # solcjs exits before a pipe has accepted more than 64 KiB, fails on a pipe that is still empty (EAGAIN),
    # and prints a line about SMT solvers before the JSON. So it reads and writes files instead.
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
    # Two compilations may run at once: a reader must see the old file or the new one, never half a file.
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode(), replace=True, mode=mode)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile the contracts and, where they exist, the test contracts.

    Args:
        arguments: ``--check`` fails on warnings and if a storage layout differs from that in
            snapshots/storage.json; ``--snapshot`` writes that file.

    Returns:
        The exit status: 0 for success, 1 for a failure, whose reason is on standard error.
    """
    import argparse

    parser = argparse.ArgumentParser(prog="python -m energy_trading.chain.compile", description=main.__doc__)
    parser.add_argument(
        "--check", action="store_true", help="fail on warnings and on changed storage layouts"
    )
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
        print(
            f"{len(build.names)} artifacts in {where}{' (the sources are unchanged)' if build.cached else ''}"
        )
        for warning in build.warnings:
            print(warning, file=sys.stderr)
            failures.append("the compiler reported warnings")
    snapshot = ROOT / "snapshots" / "storage.json"
    layouts = storage_layouts(CONTRACTS.output)
    if options.snapshot:
        _write(snapshot, layouts)
    elif options.check and (not snapshot.is_file() or json.loads(snapshot.read_text("utf-8")) != layouts):
        failures.append(
            f"{snapshot.relative_to(ROOT)} is out of date: run make gas and explain the change in the commit"
        )
    for failure in sorted(set(failures)) if options.check else ():
        print(failure, file=sys.stderr)
    return 1 if options.check and failures else 0


if __name__ == "__main__":
    sys.exit(main())
