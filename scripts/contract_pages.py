"""The reference of the contracts: Markdown from the NatSpec of the compiled interfaces and of the types."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

#: Type of an ABI entry → heading and place in devdoc and userdoc; the order is the page's.
_KINDS: Final = {
    "function": ("Functions", "methods"),
    "event": ("Events", "events"),
    "error": ("Errors", "errors"),
}
_REFERENCE: Final = re.compile(r"\{(\w+(?:\.\w+)?)\}")
_FREE_TYPE: Final = re.compile(r"((?:^///.*\n)+)(struct|enum) (\w+) \{\n((?:.*\n)*?)\}", re.MULTILINE)
_VALUE_TYPE: Final = re.compile(r"((?:^///.*\n)+)type (\w+) is (\w+);", re.MULTILINE)


class NatSpecError(Exception):
    """Something in the contracts has no NatSpec, or its NatSpec names something that does not exist."""


@dataclass(frozen=True)
class _Field:
    name: str
    type: str  # empty in an enum
    meaning: str


@dataclass(frozen=True)
class _FreeType:
    kind: str  # struct, enum, or the ABI type of a value type
    notice: str
    fields: Sequence[_Field]


class ContractPages:
    """Writes the pages.

    Args:
        root: folder of the repository, with the contracts compiled.
    """

    def __init__(self, root: Path) -> None:
        paths = sorted((root / "energy_trading" / "artifacts").glob("*.json"))
        artifacts = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
        self._types = _free_types(root / "contracts")
        self._interfaces = {name: file for name, file in artifacts.items() if re.match(r"I[A-Z]", name)}
        #: what the contracts have besides, for instance from ERC-721
        self._known = {
            entry.get("name") for artifact in artifacts.values() for entry in artifact.get("abi", ())
        }
        self._pages = {name: f"types.md#{name}" for name in self._types}
        for name, artifact in self._interfaces.items():
            self._pages[name] = f"{name}.md"
            for entry in artifact["abi"]:
                self._pages[f"{name}.{entry['name']}"] = f"{name}.md#{entry['name']}"

    def write(self) -> dict[str, list[str]]:
        """Return the paragraphs of each page, by the page's name.

        Raises:
            NatSpecError: something has no NatSpec, or its NatSpec names something that does not exist.
        """
        pages = {f"{name}.md": self._interface(name) for name in self._interfaces}
        return {**pages, "types.md": self._types_page()}

    def _interface(self, name: str) -> list[str]:
        artifact = self._interfaces[name]
        dev, user, source = artifact["devdoc"], artifact["userdoc"], artifact["source"]
        parts = [f"# {name}", self._prose(user["notice"], name), self._prose(dev["details"], name)]
        parts.append(f"{_papers(dev)} · Source: [{source}](../../source/{source}.md)")
        for kind, (heading, place) in _KINDS.items():
            entries = [entry for entry in artifact["abi"] if entry["type"] == kind]
            if entries:
                parts.append(f"## {heading}")
            for entry in entries:
                signature = f"{entry['name']}({','.join(map(_canonical, entry['inputs']))})"
                notes = [_note(docs, place, signature) for docs in (dev, user)]
                if "notice" not in notes[1]:
                    raise NatSpecError(f"{name}.{signature} has no @notice")
                parts += self._entry(name, entry, {**notes[0], **notes[1]})
                if kind == "function":
                    selector = f"selector `0x{artifact['method_identifiers'][signature]}`"
                    parts.append(" · ".join(filter(None, (_papers(notes[0]), selector))))
                    if "custom:signed" in notes[0]:
                        # The source breaks the type after commas; EIP-712 has no spaces there.
                        parts.append(f"EIP-712 type: `{notes[0]['custom:signed'].replace(', ', ',')}`")
        return parts

    def _entry(self, scope: str, entry: Mapping[str, Any], note: Mapping[str, Any]) -> list[str]:
        name, inputs, outputs = entry["name"], entry["inputs"], entry.get("outputs", ())
        line = f"{entry['type']} {name}({', '.join(map(_argument, inputs))})"
        if entry.get("stateMutability", "nonpayable") != "nonpayable":
            line += f" {entry['stateMutability']}"
        if outputs:
            line += f" returns ({', '.join(map(_argument, outputs))})"
        parts = [f"### {name} {{ #{name} }}", f"```text\n{line}\n```", self._prose(note["notice"], scope)]
        if "details" in note:
            parts += re.split(r" (?=(?:Reverts|Warning|Rounding):)", self._prose(note["details"], scope))
        for title, values, place in (("parameter", inputs, "params"), ("returns", outputs, "returns")):
            told = note.get(place, {})
            named = [(v["name"] or f"_{i}", v) for i, v in enumerate(values)]
            fields = [_Field(n, _type(v), told[n]) for n, v in named if n in told]
            if fields:
                parts.append(self._table((title, "type"), fields, scope))
        return parts

    def _types_page(self) -> list[str]:
        parts = ["# Types", "Structs, enums and value types of the interfaces."]
        for name, free in sorted(self._types.items()):
            titles = ("field", "type") if free.kind == "struct" else ("name", "value")
            parts += [f"## {name} {{ #{name} }}", self._prose(free.notice, name)]
            if free.fields:
                parts.append(self._table(titles, free.fields, name))
            else:
                parts.append(f"In the ABI it is `{free.kind}`.")
        return parts

    def _table(self, titles: tuple[str, str], fields: Sequence[_Field], scope: str) -> str:
        rows = [f"| {titles[0]} | {titles[1]} | |", "| --- | --- | --- |"]
        for i, field in enumerate(fields):
            page = self._pages.get(field.type.removesuffix("[]"))
            kind = f"`{field.type}`" if field.type else str(i)
            meaning = self._prose(field.meaning, scope).replace("|", "\\|")
            rows.append(f"| `{field.name}` | {f'[{kind}]({page})' if page else kind} | {meaning} |")
        return "\n".join(rows)

    def _prose(self, text: str, scope: str) -> str:
        """Turn NatSpec into Markdown: {names} become links, and signs of Markdown are escaped."""

        def link(found: re.Match[str]) -> str:
            name = found[1]
            for candidate in (f"{scope}.{name}", name, *(f"{other}.{name}" for other in self._interfaces)):
                if candidate in self._pages:
                    return f"[`{name}`]({self._pages[candidate]})"
            owner, _, member = name.rpartition(".")
            free = self._types.get(owner or scope)
            if free and member in (field.name for field in free.fields):
                return f"[`{name}`](types.md#{owner or scope})"
            if name not in self._known:
                raise NatSpecError(f"the NatSpec of {scope} mentions {{{name}}}, which does not exist")
            return f"`{name}`"

        plain = re.split(r"(`[^`]*`|\{[^}]*\})", text)
        plain[::2] = [re.sub(r"([*_])", r"\\\1", part).replace("<", "&lt;") for part in plain[::2]]
        return _REFERENCE.sub(link, "".join(plain))


def _free_types(contracts: Path) -> dict[str, _FreeType]:
    """Read the types that are declared in no contract: no artifact has their NatSpec."""
    found = {}
    for path in sorted([*contracts.glob("interfaces/*.sol"), *contracts.glob("types/*.sol")]):
        source = path.read_text(encoding="utf-8")
        for doc, name, kind in _VALUE_TYPE.findall(source):
            if doc.startswith("/// @notice"):  # others are slots of storage
                found[name] = _FreeType(kind, _tags(doc)[0], ())
        for doc, kind, name, body in _FREE_TYPE.findall(source):
            notice, meaning = _tags(doc)
            if kind == "enum":
                lines = re.findall(r"^ +(\w+),?(?: // (.*))?$", body, re.MULTILINE)
                fields = [_Field(field, "", told) for field, told in lines]
            else:
                lines = re.findall(r"^ +(\S+) (\w+);", body, re.MULTILINE)
                if missing := [field for _, field in lines if field not in meaning]:
                    raise NatSpecError(f"{name} has no @param for {', '.join(missing)}")
                fields = [_Field(field, kind_, meaning[field]) for kind_, field in lines]
            found[name] = _FreeType(kind, notice, fields)
    return found


def _tags(doc: str) -> tuple[str, dict[str, str]]:
    """Split NatSpec into its notice (with what @dev adds) and what it says of each parameter."""
    text = " ".join(line.removeprefix("///").strip() for line in doc.splitlines())
    notice, *params = text.removeprefix("@notice ").replace(" @dev ", " ").split(" @param ")
    return notice, dict(param.split(" ", 1) for param in params)


def _note(docs: Mapping[str, Any], place: str, signature: str) -> Mapping[str, Any]:
    found = docs.get(place, {}).get(signature, {})
    # An error may be declared more than once; ours are not.
    note: Mapping[str, Any] = found[0] if isinstance(found, list) else found
    return note


def _papers(dev: Mapping[str, Any]) -> str:
    return f"Papers: {dev['custom:paper']}" if "custom:paper" in dev else ""


def _argument(value: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (_type(value), "indexed" * value.get("indexed", False), value["name"])))


def _type(value: Mapping[str, Any]) -> str:
    return re.sub(r"^(struct|enum|contract) ", "", value["internalType"])


def _canonical(value: Mapping[str, Any]) -> str:
    if not value["type"].startswith("tuple"):
        return str(value["type"])
    return f"({','.join(map(_canonical, value['components']))}){value['type'].removeprefix('tuple')}"
