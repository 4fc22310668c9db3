"""The compile pipeline: cache, artifacts, and the errors it explains."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from energy_trading.chain.artifacts import NotCompiled, load_from
from energy_trading.chain.compile import (
    CONTRACTS,
    ROOT,
    SOLC_VERSION,
    CompileFailed,
    Profile,
    compile_profile,
    standard_input,
    storage_layouts,
)
from energy_trading.errors import BadInput

HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n"
PAIR = (
    HEAD + "contract Pair { struct Two { uint96 a; uint96 b; } mapping(address who => Two) public pairs; }\n"
)


def quiet(line: str) -> None:
    assert SOLC_VERSION in line


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Profile]:
    """Lay out a small project of its own."""

    def write(**sources: str) -> Profile:
        folder = tmp_path / "contracts"
        for name, text in sources.items():
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.sol").write_text(text)
        return Profile(folder, tmp_path / "artifacts", root=tmp_path, cache=ROOT / ".cache" / "solc")

    return write


def test_compiler_runs_once_per_source(project: Callable[..., Profile], tmp_path: Path) -> None:
    """Equal sources come from the cache, a changed one does not, and a name that is gone loses its file."""
    base = project(Pair=PAIR)
    profile = Profile(base.sources, base.output, base.root, cache=tmp_path / "cache")
    first, again = compile_profile(profile, quiet), compile_profile(profile, quiet)
    assert (first.names, first.cached, again.cached) == (("Pair",), False, True)
    assert first.input_hash == again.input_hash
    project(Pair=PAIR.replace("contract Pair", "contract Double"))
    changed = compile_profile(profile, quiet)
    assert (changed.names, changed.cached) == (("Double",), False)
    assert changed.input_hash != first.input_hash
    assert sorted(path.name for path in profile.output.iterdir()) == ["Double.json", "build.json"]
    assert json.loads((profile.output / "build.json").read_text())["input_sha256"] == changed.input_hash


def test_artifact_has_what_bindings_need(project: Callable[..., Profile]) -> None:
    """An artifact carries code, selectors and a storage layout without the compiler's running numbers."""
    profile = project(Pair=PAIR)
    compile_profile(profile, quiet)
    pair = load_from(profile.output, "Pair")
    assert pair.source == "contracts/Pair.sol"
    assert pair.method_identifiers == {"pairs(address)": "fe33b302"}
    assert pair.deployed_bytecode in pair.bytecode
    assert len(pair.deployed_bytecode) > 50
    (slot,) = storage_layouts(profile.output)["Pair"]["storage"]
    assert (slot["label"], slot["slot"], slot["type"]) == (
        "pairs",
        "0",
        "t_mapping(t_address,t_struct(Two)_storage)",
    )


def test_given_unknown_contract_names_the_known_ones(project: Callable[..., Profile], tmp_path: Path) -> None:
    """A wrong name and a package that is not compiled have different errors."""
    profile = project(Pair=PAIR)
    compile_profile(profile, quiet)
    with pytest.raises(NotCompiled, match=r"^there is no compiled contract 'Pear'; .* are Pair$"):
        load_from(profile.output, "Pear")
    with pytest.raises(NotCompiled, match=r"^there is no compiled contract 'Pair'; .* run make setup$"):
        load_from(tmp_path / "nowhere", "Pair")


def test_revert_given_source_error(project: Callable[..., Profile]) -> None:
    """The compiler's own message comes through, and nothing is written."""
    profile = project(Wrong=HEAD + "contract Wrong { function f() external { missing(); } }\n")
    with pytest.raises(CompileFailed, match="DeclarationError: Undeclared identifier") as caught:
        compile_profile(profile, quiet)
    assert "contracts/Wrong.sol:3:" in str(caught.value)
    assert not profile.output.exists()


def test_revert_given_missing_import(project: Callable[..., Profile]) -> None:
    """An import that leads nowhere is named with its importer; a commented one is none."""
    profile = project(A=HEAD + '/* import "./Old.sol"; */\nimport {\n  B\n} from "./B.sol";\n')
    with pytest.raises(CompileFailed) as caught:
        standard_input(profile)
    assert str(caught.value) == (
        "contracts/A.sol imports 'contracts/B.sol', which is neither in the project nor in node_modules"
    )


def test_imports_come_along(project: Callable[..., Profile]) -> None:
    """Relative and package imports are all in the input; output is asked for own contracts only."""
    libraries = 'import {ERC721} from "solady/src/tokens/ERC721.sol";\nimport {B} from "./B.sol";\n'
    given = standard_input(project(A=HEAD + libraries, B=HEAD + "contract B {}\n"))
    assert list(given["sources"]) == ["contracts/A.sol", "contracts/B.sol", "solady/src/tokens/ERC721.sol"]
    assert list(given["settings"]["outputSelection"]) == ["contracts/A.sol", "contracts/B.sol"]


def test_revert_given_name_twice(project: Callable[..., Profile]) -> None:
    """Artifacts go by contract name, so a name belongs to one file."""
    one = HEAD + "contract Same { uint8 public one; }\n"
    with pytest.raises(
        CompileFailed, match=r"^both contracts/A.sol and contracts/B.sol define a contract Same$"
    ):
        compile_profile(project(A=one, B=one), quiet)


def test_revert_given_code_too_long(project: Callable[..., Profile], monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract that no chain would take does not become an artifact (EIP-170)."""
    monkeypatch.setattr("energy_trading.chain.compile.MAX_CODE_BYTES", 100)
    with pytest.raises(CompileFailed) as caught:
        compile_profile(project(Pair=PAIR), quiet)
    size = re.fullmatch(
        r"Pair \(contracts/Pair.sol\) has (\d+) bytes of code; EIP-170 allows at most 100", str(caught.value)
    )
    assert size is not None
    assert int(size[1]) > 100


def test_warnings_about_own_sources_are_kept(project: Callable[..., Profile]) -> None:
    """Warnings are reported again when the answer comes from the cache, so that a check can fail on them."""
    profile = project(Warn=HEAD + "contract Warn { function f() external pure { uint256 unused = 1; } }\n")
    for build in (compile_profile(profile, quiet), compile_profile(profile, quiet)):
        (warning,) = build.warnings
        assert "Unused local variable" in warning


def test_revert_given_no_sources(project: Callable[..., Profile]) -> None:
    """An empty folder is a mistake, not an empty success."""
    with pytest.raises(BadInput, match=r"contains no .sol files to compile$"):
        compile_profile(project(), quiet)


def test_project_artifacts_are_current() -> None:
    """What the package carries is what the sources say."""
    build = compile_profile(CONTRACTS, quiet)
    assert {path.stem for path in CONTRACTS.output.glob("*.json")} == {*build.names, "build"}
