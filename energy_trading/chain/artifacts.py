"""The compiled contracts that the package carries, by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from energy_trading.errors import BadInput

_NOTHING_YET: Final = "nothing is compiled yet; run make setup"


class NotCompiled(BadInput):
    """The contract has no artifact: the name is unknown, or nothing is compiled yet."""


@dataclass(frozen=True)
class Artifact:
    """What the compiler produced for one contract or interface.

    Args:
        name: the contract's name, unique in the project.
        source: the file it comes from, from the repository's root.
        abi: functions, events and errors, as in the compiler's JSON.
        bytecode: creation code without the constructor's arguments; empty for an interface.
        deployed_bytecode: runtime code, with zeros in place of immutables.
        immutable_references: start and length in bytes of each such place.
        storage_layout: slots, offsets and types of the stored variables.
        method_identifiers: selector (8 hex digits) by signature.
        devdoc: NatSpec for developers.
        userdoc: NatSpec for users.
    """

    name: str
    source: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    deployed_bytecode: bytes
    immutable_references: tuple[tuple[int, int], ...]
    storage_layout: dict[str, Any]
    method_identifiers: dict[str, str]
    devdoc: dict[str, Any]
    userdoc: dict[str, Any]


@cache
def load(name: str) -> Artifact:
    """Load the artifact of a contract or interface.

    Args:
        name: as in the source, for example ``EnergyLedger``.

    Returns:
        The artifact.

    Raises:
        NotCompiled: no artifact has this name; the error lists those that exist.
    """
    return load_from(files("energy_trading") / "artifacts", name)


def load_from(folder: Traversable, name: str) -> Artifact:
    """Load an artifact from a folder that ``chain.compile`` has written, such as that of the test contracts.

    Returns:
        The artifact.

    Raises:
        NotCompiled: the folder has no artifact of this name.
    """
    path = folder / f"{name}.json"
    if name == "build" or not path.is_file():
        names = (
            sorted(file.name.removesuffix(".json") for file in folder.iterdir()) if folder.is_dir() else []
        )
        names = [other for other in names if other != "build"]
        known = f"the known contracts are {', '.join(names)}" if names else _NOTHING_YET
        raise NotCompiled(f"there is no compiled contract {name!r}; {known}")
    document = json.loads(path.read_text(encoding="utf-8"))
    for code in ("bytecode", "deployed_bytecode"):
        document[code] = bytes.fromhex(document[code].removeprefix("0x"))
    document["immutable_references"] = tuple(
        (start, size) for start, size in document["immutable_references"]
    )
    return Artifact(**document)


def build() -> dict[str, Any]:
    """Return how the artifacts were made: compiler version, settings and hash of the input.

    Raises:
        NotCompiled: nothing is compiled yet.
    """
    path = files("energy_trading") / "artifacts" / "build.json"
    if not path.is_file():
        raise NotCompiled(f"build.json does not exist: {_NOTHING_YET}")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
