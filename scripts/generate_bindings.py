"""Writes the typed bindings from the compiled contracts: `scripts/generate_bindings.py`.

One module per contract. Generated files are committed, so that they can be read, typed and searched;
`--check` says whether they still fit the contracts.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any, Final

from energy_trading.bindings.contract import Contract
from energy_trading.chain import artifacts

ROOT: Final = Path(__file__).resolve().parents[1]
ROOM: Final = ROOT / "energy_trading" / "bindings"
#: contract, interfaces that carry its NatSpec
CONTRACTS: Final = {
    "EnergyLedger": ("IEnergyLedger", "IMeterRegistry"),
    "OfferMarket": ("IOfferMarket",),
    "SealedBidAuction": ("ISealedBidAuction",),
    "EnergyLot": ("IEnergyLot",),
}


def main() -> int:
    """Write the modules, or with --check compare them; returns the exit status."""
    modules = render()
    if "--check" in sys.argv[1:]:
        stale = [
            name
            for name, text in modules.items()
            if not (ROOM / name).is_file() or (ROOM / name).read_text(encoding="utf-8") != text
        ]
        for name in stale:
            print(f"bindings/{name} does not fit the contracts: run make bindings", file=sys.stderr)
        return 1 if stale else 0
    for name, text in modules.items():
        (ROOM / name).write_text(text, encoding="utf-8")
    print(f"{len(modules)} modules in energy_trading/bindings")
    return 0


def render() -> dict[str, str]:
    """Return file name → formatted text of every generated module."""
    enums = _enums()
    docs = _struct_docs()
    seen_errors: set[str] = set()
    seen_types: dict[str, str] = {}
    modules = {}
    for contract, interfaces in CONTRACTS.items():
        name = snake(contract) + ".py"
        modules[name] = _module(contract, interfaces, enums, docs, seen_errors, seen_types)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in modules.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        config = ["--config", str(ROOT / "pyproject.toml")]
        for command in (["check", "--fix", "--quiet", "--ignore", "D,E501"], ["format", "--quiet"]):
            subprocess.run(  # noqa: S603
                [sys.executable, "-m", "ruff", *command, *config, folder], check=False
            )
        return {name: (Path(folder) / name).read_text(encoding="utf-8") for name in modules}


def _module(
    contract: str,
    interfaces: tuple[str, ...],
    enums: dict[str, list[str]],
    docs: dict[str, tuple[str, dict[str, str]]],
    seen_errors: set[str],
    seen_types: dict[str, str],
) -> str:
    artifact = artifacts.load(contract)
    sources = [artifacts.load(i) for i in interfaces] + [artifact]
    out = [
        f'"""Typed {contract}, written by scripts/generate_bindings.py from ABI and NatSpec: do not edit."""',
        "from __future__ import annotations",
        "from collections.abc import Sequence",
        "from dataclasses import dataclass",
        "from enum import IntEnum",
        "from typing import Any, ClassVar",
        "from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event",
        "",
    ]
    body: list[str] = []
    own = snake(contract)

    def need(entry: dict[str, Any]) -> None:
        internal = entry.get("internalType", "")
        base = internal.split()[-1].split("[")[0].split(".")[-1] if internal else ""
        if internal.startswith("enum "):
            if base not in seen_types:
                seen_types[base] = own
                members = "\n".join(f"    {screaming(m)} = {i}" for i, m in enumerate(enums[base]))
                body.append(f'class {base}(IntEnum):\n    """{docs[base][0]}"""\n\n{members}\n')
            elif seen_types[base] != own:
                imports.add(f"from energy_trading.bindings.{seen_types[base]} import {base}")
        elif internal.startswith("struct "):
            for part in entry["components"]:
                need(part)
            if base not in seen_types:
                seen_types[base] = own
                body.append(_struct(base, entry["components"], docs[base]))
            elif seen_types[base] != own:
                imports.add(f"from energy_trading.bindings.{seen_types[base]} import {base}")

    imports: set[str] = set()
    functions, errors, events = [], [], []
    for entry in sorted(artifact.abi, key=lambda e: (e["type"], e.get("name", ""))):
        for part in [*entry.get("inputs", []), *entry.get("outputs", [])]:
            need(part)
        if entry["type"] == "error" and signature(entry) not in seen_errors:
            seen_errors.add(signature(entry))
            errors.append(_error(entry, sources))
        elif entry["type"] == "event" and entry["name"] not in ("EIP712DomainChanged",):
            events.append(_event(entry, sources))
        elif entry["type"] == "function":
            functions.append(_function(entry, sources, _method_name(entry, artifact.abi)))
    constructor: list[dict[str, Any]] = next(
        (e["inputs"] for e in artifact.abi if e["type"] == "constructor"), []
    )
    head = (
        f'class {contract}(Contract):\n    """{_doc_class(sources)}"""\n\n'
        f"    name: ClassVar[str] = {contract!r}\n"
        f"    constructor_types: ClassVar[tuple[str, ...]] = {tuple(abi_type(e) for e in constructor)!r}\n"
    )
    return "\n\n".join([*out, *sorted(imports), *body, *errors, *events, head + "\n" + "\n".join(functions)])


def _struct(name: str, components: list[dict[str, Any]], doc: tuple[str, dict[str, str]]) -> str:
    fields = "\n".join(f"    {snake(c['name'])}: {python_type(c)}" for c in components)
    args = _args([(snake(c["name"]), doc[1].get(c["name"], "")) for c in components], "    ")
    abi = tuple(snake(c["name"]) for c in components)
    convert = ", ".join(_convert(c, f"values[{i}]") for i, c in enumerate(components))
    return (
        f'@dataclass(frozen=True)\nclass {name}:\n    """{_fill(doc[0], "    ")}\n\n{args}    """\n\n'
        f"{fields}\n\n"
        f"    __abi__: ClassVar[tuple[str, ...]] = {abi!r}\n\n"
        f"    @classmethod\n    def from_abi(cls, values: Sequence[Any]) -> {name}:\n"
        f'        """Make the record of decoded values, in the order of the Solidity struct."""\n'
        f"        return cls({convert})\n"
    )


def _error(entry: dict[str, Any], sources: list[artifacts.Artifact]) -> str:
    sig = signature(entry)
    prefix, _, rest = entry["name"].partition("_")
    name = rest or prefix
    notice = _lookup(sources, "userdoc", "errors", sig, "notice") or "No words in the contract."
    fields = tuple(snake(i["name"]) or f"arg{n}" for n, i in enumerate(entry["inputs"]))
    types = "".join(f"    {n}: {python_type(i)}\n" for n, i in zip(fields, entry["inputs"], strict=True))
    named = [
        f"{n!r}: {i['internalType'].split()[-1]}"
        for n, i in zip(fields, entry["inputs"], strict=True)
        if i.get("internalType", "").startswith("enum ")
    ]
    enums = f"    enums: ClassVar[dict[str, type[IntEnum]]] = {{{', '.join(named)}}}\n" if named else ""
    meaning = notice[0].lower() + notice[1:].rstrip(".")
    if meaning.startswith("no words"):
        meaning = ""
    return (
        f'class {name}(ContractRevert):\n    """{_fill(notice, "    ")}"""\n\n{types}\n'
        f"    signature = {sig!r}\n    fields = {fields!r}\n    meaning = {meaning!r}\n{enums}"
    )


def _event(entry: dict[str, Any], sources: list[artifacts.Artifact]) -> str:
    sig = signature(entry)
    notice = _lookup(sources, "userdoc", "events", sig, "notice") or f"{entry['name']} (OpenZeppelin)."
    params = _lookup(sources, "devdoc", "events", sig, "params") or {}
    fields = "\n".join(f"    {snake(i['name'])}: {python_type(i)}" for i in entry["inputs"])
    layout = tuple((snake(i["name"]), abi_type(i), i["indexed"]) for i in entry["inputs"])
    args = _args([(snake(i["name"]), params.get(i["name"], "")) for i in entry["inputs"]], "    ")
    typed = [i for i in entry["inputs"] if _convert(i, "value") != "value"]
    convert = ""
    if typed:
        lines = "".join(
            f"        if name == {snake(i['name'])!r}:\n            return {_convert(i, 'value')}\n"
            for i in typed
        )
        convert = (
            "\n    @classmethod\n    def convert(cls, name: str, value: Any) -> Any:\n"
            f'        """Turn numbers into enum members and tuples into records."""\n{lines}'
            "        return value\n"
        )
    notice = _fill(notice, " " * 4)
    doc = f'"""{notice}\n\n{args}    """' if args else f'"""{notice}"""'
    return (
        f"@dataclass(frozen=True)\nclass {entry['name']}(Event):\n    {doc}\n\n{fields}\n\n"
        f"    signature: ClassVar[str] = {sig!r}\n"
        f"    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = {layout!r}\n{convert}"
    )


def _method_name(entry: dict[str, Any], abi: list[dict[str, Any]]) -> str:
    """Longer overloads are told by their last argument; what Contract has already gets an underscore."""
    name = snake(entry["name"])
    if hasattr(Contract, name):
        return name + "_"
    shortest = min(len(e["inputs"]) for e in abi if e.get("name") == entry["name"])
    return name if len(entry["inputs"]) == shortest else f"{name}_with_{snake(entry['inputs'][-1]['name'])}"


def _function(entry: dict[str, Any], sources: list[artifacts.Artifact], name: str) -> str:
    sig = signature(entry)
    notice = _lookup(sources, "userdoc", "methods", sig, "notice") or "See the contract."
    method = _lookup(sources, "devdoc", "methods", sig, None) or {}
    names = [snake(i["name"]) or f"arg{n}" for n, i in enumerate(entry["inputs"])]
    params = "".join(f", {n}: {python_type(i, True)}" for n, i in zip(names, entry["inputs"], strict=True))
    args = _args(
        [
            (n, method.get("params", {}).get(i["name"], ""))
            for n, i in zip(names, entry["inputs"], strict=True)
        ],
        "        ",
    )
    returns = tuple(abi_type(o) for o in entry["outputs"])
    answer = (
        "None"
        if not returns
        else python_type(entry["outputs"][0])
        if len(returns) == 1
        else f"tuple[{', '.join(python_type(o) for o in entry['outputs'])}]"
    )
    types = tuple(abi_type(i) for i in entry["inputs"])
    values = "[" + ", ".join(names) + "]"
    details = method.get("details", "")
    paper = method.get("custom:paper", "")
    text = _fill(notice, " " * 8) + (f"\n\n        {_fill(details, ' ' * 8)}" if details else "")
    if args:
        text += "\n\n" + args.rstrip()
    if paper:
        text += f"\n\n        Source:\n            {paper}"
    doc = f'        """{text}\n        """\n' if "\n" in text else f'        """{text}"""\n'
    if entry["stateMutability"] in ("view", "pure"):
        read = f"self._read({sig!r}, {types!r}, {values}, {returns!r})"
        body = (
            f"        return {_convert(entry['outputs'][0], read)}\n"
            if len(returns) == 1
            else f"        answer: {answer} = {read}\n        return answer\n"
        )
        if len(returns) == 1 and _convert(entry["outputs"][0], "x") == "x":
            body = f"        answer: {answer} = {read}\n        return answer\n"
        return f"    def {name}(self{params}) -> {answer}:\n{doc}{body}"
    payable = entry["stateMutability"] == "payable"
    if payable:
        params += ", *, value: int = 0"
    call = f"self._encode({sig!r}, {types!r}, {values}, {'value' if payable else 0}, {returns!r})"
    return f"    def {name}(self{params}) -> Call[{answer}]:\n{doc}        return {call}\n"


def _convert(entry: dict[str, Any], value: str) -> str:
    internal = entry.get("internalType", "")
    base = internal.split()[-1].split("[")[0].split(".")[-1] if internal else ""
    if internal.startswith("struct ") and not entry["type"].endswith("]"):
        return f"{base}.from_abi({value})"
    if internal.startswith("enum "):
        return f"{base}({value})"
    return value


def _args(pairs: list[tuple[str, str]], indent: str) -> str:
    told = [(name, text) for name, text in pairs if text]
    if not told:
        return ""
    lines = "".join(f"{indent}    {_fill(f'{n}: {t}', indent + ' ' * 8)}\n" for n, t in told)
    return f"{indent}Args:\n{lines}"


def _fill(text: str, indent: str) -> str:
    """Wrap to the line length; the first line is indented by the caller."""
    return textwrap.fill(_wrap(text), 100, subsequent_indent=indent, initial_indent=indent).strip()


def _wrap(text: str) -> str:
    return " ".join(text.split())


def _lookup(sources: list[artifacts.Artifact], doc: str, group: str, sig: str, key: str | None) -> Any:
    for source in sources:
        found = getattr(source, doc).get(group, {}).get(sig)
        if isinstance(found, list):  # errors may be declared several times
            found = found[0]
        if found:
            if key is None:
                return found
            if found.get(key):
                return found[key]
    return None


def _doc_class(sources: list[artifacts.Artifact]) -> str:
    title = sources[0].devdoc.get("title", "").rstrip(".")
    notice = _wrap(sources[0].userdoc.get("notice", "")).rstrip(".")
    return _fill(f"{title}. {notice}.", "    ")


def _enums() -> dict[str, list[str]]:
    found = {}
    for path in sorted((ROOT / "contracts").rglob("*.sol")):
        text = path.read_text(encoding="utf-8")
        for name, inner in re.findall(r"^enum (\w+) \{(.*?)\}", text, re.S | re.M):
            found[name] = [m.strip() for m in re.sub(r"//[^\n]*", "", inner).split(",") if m.strip()]
    return found


def _struct_docs() -> dict[str, tuple[str, dict[str, str]]]:
    """Read the NatSpec of structs and enums, which the compiler does not hand out."""
    found = {}
    for path in sorted((ROOT / "contracts").rglob("*.sol")):
        text = path.read_text(encoding="utf-8")
        for comment, name in re.findall(r"((?:^/// [^\n]*\n)+)^(?:struct|enum) (\w+)", text, re.M):
            words = _wrap(re.sub(r"^/// ?", "", comment, flags=re.M))
            notice, *params = re.split(r" ?@param ", words)
            found[name] = (
                notice.removeprefix("@notice ").strip(),
                {p.split(" ", 1)[0]: p.split(" ", 1)[1].strip() for p in params},
            )
    return found


def signature(entry: dict[str, Any]) -> str:
    """Return the canonical signature of an ABI entry."""
    return f"{entry['name']}({','.join(abi_type(i) for i in entry['inputs'])})"


def abi_type(entry: dict[str, Any]) -> str:
    """Return the canonical ABI type, tuples spelled out."""
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(abi_type(c) for c in entry['components'])})" + kind.removeprefix("tuple")


def python_type(entry: dict[str, Any], given: bool = False) -> str:
    """Return the Python type of an ABI entry; ``given`` widens lists for arguments."""
    kind: str = entry["type"]
    if kind.endswith("]"):
        inner = python_type({**entry, "type": kind[: kind.rindex("[")]}, given)
        return f"Sequence[{inner}]"
    internal = entry.get("internalType", "")
    if internal.startswith(("enum ", "struct ")):
        return str(internal.split()[-1].split("[")[0].split(".")[-1])
    if kind.startswith(("uint", "int")):
        return "int"
    return {"address": "str", "bool": "bool", "string": "str"}.get(kind, "bytes")


def snake(name: str) -> str:
    """camelCase or UPPER_CASE to snake_case, units kept together (sellerCreditE9 → seller_credit_e9)."""
    if name.isupper() or re.fullmatch(r"[A-Z0-9_]+", name):
        return name.lower()
    found = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return found + "_" if keyword.iskeyword(found) else found


def screaming(name: str) -> str:
    """CamelCase to UPPER_CASE."""
    return snake(name).upper()


if __name__ == "__main__":
    sys.exit(main())
