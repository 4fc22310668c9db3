"""Writes energy_trading/types and energy_trading/bindings from the contracts.

Into `types` go the contracts' structs and enums and the messages that are signed for them, into `bindings`
one module per contract with its calls, events and errors. All of it comes from the compiler's output: the
ABI, the NatSpec and the syntax trees. Generated files are committed, so that they can be read, checked and
searched; `--check` reports those that no longer fit the contracts.
"""

from __future__ import annotations

import ast
import keyword
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

# Nothing generated is imported here, so that files that do not load can be written anew.
from energy_trading.chain import artifacts, compile

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "energy_trading"
#: contract: the interfaces that carry its NatSpec, and the module of `types` for what it is the first to use
CONTRACTS: Final = {
    "EnergyLedger": (("IEnergyLedger", "IMeterRegistry", "IUnorderedNonces"), "ledger"),
    "OfferMarket": (("IOfferMarket",), "trade"),
    "RelayDesk": (("IRelayDesk", "IUnorderedNonces"), "relay"),
    "SealedBidAuction": (("ISealedBidAuction",), "auction"),
    "EnergyLot": (("IEnergyLot",), "lot"),
    "SlotMarket": (("ISlotMarket",), "slot"),
    "SlotDisputes": (("ISlotDisputes",), "slot"),
    "VerifierCouncil": (("IVerifierCouncil",), "council"),
    "PrivateSlotMarket": (("IPrivateSlotMarket", "ISlotHomes", "ISlotMarket"), "private_slot"),
    "PrivateSlotDisputes": (("IPrivateSlotDisputes", "ISlotDisputes", "ISlotMarket"), "private_slot"),
}
#: value types of the contracts that are classes of `types`
VALUES: Final = ("Energy",)
#: modules of `types` that are written by hand; their public names are listed beside the generated ones
BY_HAND: Final = ("domain", "energy", "limits", "roles", "structs")


@dataclass(frozen=True)
class Signed:
    """A message that is signed and is no struct of the contracts.

    Args:
        module: of `types`.
        doc: what it is, for its docstring.
        fields: what each field is, by its name in Python, in the order of the type.
        name: of the class, where the contracts have a struct of the message's own name; empty: the same.
        type: the EIP-712 type, where no contract checks the message; empty: the contracts have it.
    """

    module: str
    doc: str
    fields: dict[str, str]
    name: str = ""
    type: str = ""


#: by the name in the EIP-712 type
SIGNED: Final = {
    "Acceptance": Signed(
        "trade",
        "What a one-time receipt key signs when an acceptance names it (N-6).",
        {"trade_id": "Hash of the terms, 32 bytes.", "buyer": "Account that accepts."},
    ),
    "Receipt": Signed(
        "trade",
        "What a meter signs to prove delivery (energy receipt confirmation, ERC, N-3).",
        {
            "trade_id": "Hash of the terms, 32 bytes; it binds the deadline, which the terms carry.",
            "energy": "Quantity delivered, or the commitment of the terms if all of it was.",
        },
    ),
    "Testimony": Signed(
        "trade",
        "What a seller's meter signs about the energy it fed in for a trade (N-3, N-7).",
        {
            "trade_id": "Hash of the terms, 32 bytes.",
            "energy": "Quantity fed in, or the commitment of the terms if all of it was.",
            "from_": "Start of the time in which it was, unix seconds.",
            "to": "End of that time, unix seconds.",
        },
    ),
    "Purchase": Signed(
        "relay",
        "What a buyer signs so that anyone may submit the acceptance of an offer or award (N-2).",
        {
            "buyer": "Account that pays.",
            "trade_id": "Hash of the terms, 32 bytes.",
            "max_price": "The most units of account that the buyer pays for the energy.",
            "receipt_key": "Hash of the one-time key's signer, 32 bytes; zero: the registered meter signs.",
            "deadline": "Unix seconds; the order can be carried out before.",
            "relayer": "Account that gets the fee; the zero address: nobody.",
            "fee": "Units of account that the buyer pays to the relayer on top of the price.",
        },
    ),
    "GiveUp": Signed(
        "relay",
        "What a seller signs so that anyone may submit the withdrawal of an open offer (N-4).",
        {
            "trade_id": "Hash of the terms, 32 bytes.",
            "not_before": "Unix seconds; the order counts from then on.",
            "max_cut": "The most units of account of the guarantee that may be lost.",
            "deadline": "Unix seconds; the order can be carried out before.",
            "relayer": "Account that gets the fee; the zero address: nobody.",
            "fee": "Units of account that the seller pays to the relayer.",
        },
    ),
    "Cancellation": Signed(
        "relay",
        "What a seller signs so that anyone may cancel an offer that was signed off chain (N-4).",
        {
            "trade_id": "Hash of the terms, 32 bytes.",
            "deadline": "Unix seconds; the order can be carried out before.",
            "relayer": "Account that gets the fee; the zero address: nobody.",
            "fee": "Units of account that the seller pays to the relayer.",
        },
    ),
    "Quote": Signed(
        "auction",
        "What a bidder signs so that anyone may submit the bidder's sealed quote (X-5).",
        {
            "auction_id": "Hash of the auction's terms, 32 bytes.",
            "bidder": "Account that quotes.",
            "cx": "x of the quote's ephemeral point.",
            "body": "Parity and masked amount.",
        },
        name="RelayedQuote",
    ),
    "Registration": Signed(
        "council",
        "What the verifier set signs to act as the ledger's registrar (Z-2).",
        {
            "action": "The encoded call of the ledger.",
            "nonce": "Number of the act.",
            "deadline": "Unix seconds; it is valid before it.",
        },
    ),
    "InjectionReading": Signed(
        "lot",
        "What a meter signs about the energy it fed in; its struct hash is the lot's id (C-4).",
        {
            "meter": "ERC-7913 signer of the meter.",
            "slot_start": "Start of the delivery slot, unix seconds.",
            "energy_wh": "Energy fed in during the slot, Wh.",
        },
        type="InjectionReading(bytes meter,uint256 slotStart,uint256 energyWh)",
    ),
    "InjectionRequest": Signed(
        "lot",
        "What a producer signs to have a reading certified: sign(PK_DSO), with its contact (C-4).",
        {
            "producer": "Account that is to own the lot (txAddr, eq 1).",
            "reading": "Struct hash of the meter's InjectionReading, 32 bytes.",
            "public_key": "pubK, 33 bytes; empty for a contract account.",
            "msg_addr": "Where the producer can be reached, 32 bytes (eq 2).",
            "dso": "Account of the distribution system operator that is asked.",
        },
        type="InjectionRequest(address producer,bytes32 reading,bytes publicKey,bytes32 msgAddr,address dso)",
    ),
    "ExchangePermit": Signed(
        "lot",
        "What the owner of a lot signs to sell it (eq 8, C-7).",
        {
            "lot": "Id.",
            "buyer": "Account of the new owner.",
            "price": "Units of account.",
            "nonce": "Nonce of the lot.",
            "deadline": "Unix seconds; the permit is valid before it.",
        },
    ),
    "ExchangeAcceptance": Signed(
        "lot",
        "What the new owner of a lot signs (sign_A, C-8).",
        {
            "permit": "The permit of the old owner, which binds lot, price, nonce and deadline.",
            "msg_addr": "Where the new owner can be reached, 32 bytes (eq 2).",
        },
    ),
    "Permit": Signed(
        "lot",
        "What the owner of a lot signs to let somebody transfer it (ERC-4494).",
        {
            "spender": "Account that may transfer the lot.",
            "token_id": "Id of the lot.",
            "nonce": "Nonce of the lot.",
            "deadline": "Unix seconds; the permit is valid up to and including it.",
        },
    ),
}


def main() -> int:
    """Write the modules, or with --check compare them; returns the exit status."""
    modules = render()
    if "--check" in sys.argv[1:]:
        stale = [
            name
            for name, text in modules.items()
            if not (PACKAGE / name).is_file() or (PACKAGE / name).read_text(encoding="utf-8") != text
        ]
        for name in stale:
            print(f"energy_trading/{name} does not fit the contracts: run make bindings", file=sys.stderr)
        return 1 if stale else 0
    for name, text in modules.items():
        (PACKAGE / name).write_text(text, encoding="utf-8")
    print(f"{len(modules)} modules in energy_trading/types and energy_trading/bindings")
    return 0


def render() -> dict[str, str]:
    """Return the formatted text of every generated module by its path below the package."""
    modules = Generator().modules()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in modules.items():
            (Path(folder) / name).parent.mkdir(exist_ok=True)
            (Path(folder) / name).write_text(text, encoding="utf-8")
        config = ["--config", str(ROOT / "pyproject.toml")]
        for command in (["check", "--fix", "--quiet", "--ignore", "D,E501"], ["format", "--quiet"]):
            subprocess.run(  # noqa: S603
                [sys.executable, "-m", "ruff", *command, *config, folder], check=False
            )
        return {name: (Path(folder) / name).read_text(encoding="utf-8") for name in modules}


@dataclass
class Sources:
    """What the syntax trees say and the ABI does not.

    Args:
        docs: NatSpec of structs and enums: their notice, and what each field or member is.
        enums: members.
        messages: EIP-712 types whose hashes the contracts hold, by the message's name.
    """

    docs: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)


def read_sources() -> Sources:
    """Collect structs, enums and type hashes from the compiler's syntax trees."""
    found = Sources()
    for tree in compile.syntax_trees(compile.CONTRACTS).values():
        for node in walk(tree):
            kind, name = node["nodeType"], node.get("name", "")
            if kind in ("StructDefinition", "EnumDefinition"):
                notice, members = natspec(node)
                members |= {m["name"]: natspec(m)[0] for m in node["members"] if m.get("documentation")}
                found.docs[name] = notice, members
                if kind == "EnumDefinition":
                    found.enums[name] = [member["name"] for member in node["members"]]
            elif kind == "VariableDeclaration" and node["constant"] and name.endswith("TYPEHASH"):
                text: str = node["value"]["arguments"][0]["value"]
                found.messages[text.partition("(")[0]] = text
    del found.messages["EIP712Domain"]  # by hand, in types/domain.py
    for name, message in SIGNED.items():
        if bool(message.type) == (name in found.messages):
            raise SystemExit(f"SIGNED: either the contracts or this script has the EIP-712 type of {name}")
        found.messages.setdefault(name, message.type)
    return found


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every node of a syntax tree."""
    if isinstance(node, dict):
        if "nodeType" in node:
            yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def natspec(node: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return a node's @notice and its @param texts; @dev is for who reads the Solidity."""
    text = (node.get("documentation") or {}).get("text", "")
    tags = re.findall(r"@([\w:]+) ((?:[^@]|(?<=\S)@)*)", text if "@" in text else f"@notice {text}")
    notice = " ".join(one_line(words) for tag, words in tags if tag == "notice")
    params = (one_line(words).partition(" ") for tag, words in tags if tag == "param")
    return notice, {name: words for name, _, words in params}


class Generator:
    """Writes all modules; structs and enums belong to the first contract that uses them."""

    def __init__(self) -> None:
        self.sources = read_sources()
        self.artifacts = {name: artifacts.load(name) for name in CONTRACTS}
        self.names = solidity_names(self.artifacts.values(), self.sources)
        self.homes: dict[str, str] = {}  # struct, enum or message: module of `types`
        self.seen_errors: set[str] = set()
        self.seen_events: set[str] = set()

    def modules(self) -> dict[str, str]:
        """Return the unformatted text of every module by its path below the package."""
        types: dict[str, list[str]] = {home: [] for _, home in CONTRACTS.values()}
        for contract, (_, home) in CONTRACTS.items():
            for entry in parts(self.artifacts[contract].abi):
                self._define(entry, home, types)
        for name, message in SIGNED.items():
            self.homes[message.name or name] = message.module
            types[message.module].append(self._message(name, message))
        out = {f"types/{home}.py": self._types_module(home, body) for home, body in types.items()}
        for contract, (interfaces, _) in CONTRACTS.items():
            out[f"bindings/{to_snake(contract)}.py"] = self._contract(contract, interfaces)
        return out | {"types/__init__.py": self._list()}

    # ------------------------------------------------------------------ types

    def _define(self, entry: dict[str, Any], home: str, types: dict[str, list[str]]) -> None:
        kind, name = internal(entry)
        for part in entry.get("components", ()):
            self._define(part, home, types)
        if name in self.homes or kind not in ("enum", "struct"):
            return
        self.homes[name] = home
        types[home].append(self._enum(name) if kind == "enum" else self._struct(name, entry["components"]))

    def _enum(self, name: str) -> str:
        notice, docs = self.sources.docs[name]
        lines = []
        for i, member in enumerate(self.sources.enums[name]):
            doc = f"    #: {self.prose(docs[member])}\n" if docs.get(member) else ""
            lines.append(f"{doc}    {screaming(member)} = {i}")
        return f'class {name}(IntEnum):\n    """{self.fill(notice, 4)}"""\n\n' + "\n".join(lines) + "\n"

    def _struct(self, name: str, components: list[dict[str, Any]]) -> str:
        notice, docs = self.sources.docs[name]
        names = [snake(c["name"]) for c in components]
        args = self.args([(n, docs.get(c["name"], "")) for n, c in zip(names, components, strict=True)], 4)
        fields = "".join(f"    {n}: {python_type(c)}\n" for n, c in zip(names, components, strict=True))
        signed = [
            kind
            for message, kind in self.sources.messages.items()
            if message not in SIGNED and fields_of(kind) == tuple((c["type"], c["name"]) for c in components)
        ]
        bases = "Struct, Message" if signed else "Struct"
        values = ", ".join(converted(c, f"values[{i}]") for i, c in enumerate(components))
        abi = f"({','.join(abi_type(c) for c in components)})"
        return (
            f"@dataclass(frozen=True)\nclass {name}({bases}):\n"
            f'    """{self.fill(notice, 4)}\n\n{args}    """\n\n'
            f"{fields}\n    __abi__: ClassVar[tuple[str, ...]] = {tuple(names)!r}\n"
            f"    ABI: ClassVar[str] = {abi!r}\n"
            + "".join(f"    TYPE: ClassVar[str] = {kind!r}\n" for kind in signed)
            + f"\n    @classmethod\n    def from_abi(cls, values: Sequence[Any]) -> {name}:\n"
            '        """Make the record of decoded values, in the order of the Solidity struct."""\n'
            f"        return {name}({values})\n"
        )

    def _message(self, name: str, message: Signed) -> str:
        kind = self.sources.messages[name]
        pairs = fields_of(kind)
        names = [snake(field_name) for _, field_name in pairs]
        if names != list(message.fields):
            raise SystemExit(f"SIGNED: {name} has the fields {names} in the contracts")
        lines = "".join(f"    {n}: {message_type(n, of)}\n" for n, (of, _) in zip(names, pairs, strict=True))
        return (
            f"@dataclass(frozen=True)\nclass {message.name or name}(Message):\n"
            f'    """{self.fill(message.doc, 4)}\n\n{self.args(list(message.fields.items()), 4)}    """\n\n'
            f"{lines}\n    TYPE: ClassVar[str] = {kind!r}\n"
        )

    def _types_module(self, home: str, body: list[str]) -> str:
        head = f'"""Structs, enums and messages of the {home}, {MADE}."""'
        imports = [
            "from __future__ import annotations",
            "from collections.abc import Sequence",
            "from dataclasses import dataclass",
            "from enum import IntEnum",
            "from typing import Any, ClassVar",
            "from energy_trading.types.energy import Energy",
            "from energy_trading.types.structs import Message, Struct",
            *sorted(
                f"from energy_trading.types.{other} import {name}"
                for name, other in self.homes.items()
                if other != home and uses(name, body)
            ),
        ]
        return "\n\n".join([head, "\n".join(imports), *body])

    def _list(self) -> str:
        homes = dict(self.homes)
        for module in BY_HAND:
            tree = ast.parse((PACKAGE / "types" / f"{module}.py").read_text(encoding="utf-8"))
            for node in tree.body:
                name = node.target.id if isinstance(node, ast.AnnAssign) else getattr(node, "name", "_")  # type: ignore[union-attr]
                if not name.startswith("_"):
                    homes[name] = module
        imports = [f"from energy_trading.types.{home} import {name}" for name, home in sorted(homes.items())]
        doc = f'"""The vocabulary of the contracts, {MADE}."""'
        return "\n".join([doc, *imports, f"__all__ = {sorted(homes)!r}"])

    # ------------------------------------------------------------------ bindings

    def _contract(self, contract: str, interfaces: tuple[str, ...]) -> str:
        artifact = self.artifacts[contract]
        sources = [artifacts.load(name) for name in interfaces] + [artifact]
        functions, errors, events = [], [], []
        for entry in sorted(artifact.abi, key=lambda e: (e["type"], e.get("name", ""))):
            if entry["type"] == "error" and signature(entry) not in self.seen_errors:
                self.seen_errors.add(signature(entry))
                errors.append(self._error(entry, sources))
            elif entry["type"] == "event" and self._is_new(entry):
                events.append(self._event(entry, sources))
            elif entry["type"] == "function":
                functions.append(self._function(entry, sources, method_name(entry, artifact.abi)))
        constructor: list[dict[str, Any]] = next(
            (e["inputs"] for e in artifact.abi if e["type"] == "constructor"), []
        )
        title = sources[0].devdoc.get("title", "").rstrip(".")
        notice = one_line(sources[0].userdoc.get("notice", "")).rstrip(".")
        body = [
            *errors,
            *events,
            f'class {contract}(Contract):\n    """{self.fill(f"{title}. {notice}.", 4)}"""\n\n'
            f"    name: ClassVar[str] = {contract!r}\n"
            f"    constructor_types: ClassVar[tuple[str, ...]] = {tuple(map(abi_type, constructor))!r}\n\n"
            + "\n".join(functions),
        ]
        used = sorted(name for name in (*self.homes, *VALUES) if uses(name, body))
        head = [
            f'"""Typed {contract}, {MADE}."""',
            "from __future__ import annotations",
            "from collections.abc import Callable, Sequence",
            "from dataclasses import dataclass",
            "from typing import Any, ClassVar",
            "from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event",
            f"from energy_trading.types import {', '.join(used)}" if used else "",
        ]
        return "\n\n".join(["\n".join(head), *body])

    def _is_new(self, entry: dict[str, Any]) -> bool:
        """Return whether an event has no class yet; two contracts may log the same, and so may tokens."""
        name, kind = entry["name"], signature(entry)
        if name == "EIP712DomainChanged" or (name == "NoncesUsed" and kind in self.seen_events):
            return False
        self.seen_events.add(kind)
        return True

    def _error(self, entry: dict[str, Any], sources: list[artifacts.Artifact]) -> str:
        sig = signature(entry)
        prefix, _, rest = entry["name"].partition("_")
        name = rest or prefix
        notice = self.prose(lookup(sources, "userdoc", "errors", sig, "notice") or "")
        fields = tuple(snake(i["name"]) or f"arg{n}" for n, i in enumerate(entry["inputs"]))
        types = "".join(f"    {n}: {python_type(i)}\n" for n, i in zip(fields, entry["inputs"], strict=True))
        meaning = notice[:1].lower() + notice[1:].rstrip(".")
        return (
            f"class {name}(ContractRevert):\n"
            f'    """{fill(notice or "The contract gives no reason.", 4)}"""\n\n'
            f"{types}\n    signature = {sig!r}\n    fields = {fields!r}\n    meaning = {meaning!r}\n"
            f"{converters(entry, fields)}"
        )

    def _event(self, entry: dict[str, Any], sources: list[artifacts.Artifact]) -> str:
        sig = signature(entry)
        notice = lookup(sources, "userdoc", "events", sig, "notice") or f"{entry['name']} (OpenZeppelin)."
        params = lookup(sources, "devdoc", "events", sig, "params") or {}
        names = tuple(snake(i["name"]) for i in entry["inputs"])
        fields = "".join(f"    {n}: {python_type(i)}\n" for n, i in zip(names, entry["inputs"], strict=True))
        layout = tuple((snake(i["name"]), abi_type(i), i["indexed"]) for i in entry["inputs"])
        args = self.args([(snake(i["name"]), params.get(i["name"], "")) for i in entry["inputs"]], 4)
        doc = f'"""{self.fill(notice, 4)}\n\n{args}    """' if args else f'"""{self.fill(notice, 4)}"""'
        return (
            f"@dataclass(frozen=True)\nclass {entry['name']}(Event):\n    {doc}\n\n{fields}\n"
            f"    signature: ClassVar[str] = {sig!r}\n"
            f"    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = {layout!r}\n"
            f"{converters(entry, names)}"
        )

    def _function(self, entry: dict[str, Any], sources: list[artifacts.Artifact], name: str) -> str:
        sig = signature(entry)
        method = lookup(sources, "devdoc", "methods", sig, None) or {}
        told = [lookup(sources, "userdoc", "methods", sig, "notice"), method.get("details")]
        names = [snake(i["name"]) or f"arg{n}" for n, i in enumerate(entry["inputs"])]
        params = "".join(f", {n}: {python_type(i)}" for n, i in zip(names, entry["inputs"], strict=True))
        given = method.get("params", {})
        args = self.args(
            [(n, given.get(i["name"], "")) for n, i in zip(names, entry["inputs"], strict=True)], 8
        )
        text = "\n\n        ".join(self.fill(t, 8) for t in told if t) or "See the contract."
        if args:
            text += "\n\n" + args.rstrip()
        if found := [(snake(n.lstrip("_0123456789")), t) for n, t in method.get("returns", {}).items()]:
            answers = [self.fill(f"{n}: {t}" if n and len(found) > 1 else t, 16) for n, t in found]
            text += "\n\n        Returns:\n" + "\n".join(f"            {answer}" for answer in answers)
        if method.get("custom:paper"):
            text += f"\n\n        Source:\n            {method['custom:paper']}"
        doc = f'        """{text}\n        """\n' if "\n" in text else f'        """{text}"""\n'
        outputs = entry["outputs"]
        kinds = [python_type(o) for o in outputs]
        answer = f"tuple[{', '.join(kinds)}]" if len(kinds) > 1 else "".join(kinds) or "None"
        call = f"{sig!r}, {tuple(abi_type(i) for i in entry['inputs'])!r}, [{', '.join(names)}], "
        returns = f"{tuple(abi_type(o) for o in outputs)!r}{answer_converter(outputs)}"
        if entry["stateMutability"] in ("view", "pure"):
            body = f"        answer: {answer} = self._read({call}{returns})\n        return answer\n"
            return f"    def {name}(self{params}) -> {answer}:\n{doc}{body}"
        payable = entry["stateMutability"] == "payable"
        params += ", *, value: int = 0" if payable else ""
        body = f"        return self._encode({call}{'value' if payable else 0}, {returns})\n"
        return f"    def {name}(self{params}) -> Call[{answer}]:\n{doc}{body}"

    # ------------------------------------------------------------------ prose

    def prose(self, text: str) -> str:
        """Return NatSpec with the names that Python has: references without braces, fields in snake_case."""
        text = re.sub(r"\{([\w.-]+)\}", lambda m: f"`{self._reference(m[1])}`", one_line(text))
        return re.sub(r"\b[a-z][a-z0-9]*[A-Z]\w*\b", lambda m: self.names.get(m[0], m[0]), text)

    def _reference(self, name: str) -> str:
        owner, _, member = name.rpartition(".")
        if owner in self.sources.enums or (not owner and name == "None"):
            return f"{owner}.{screaming(member)}".lstrip(".")
        if not owner and name in INTERFACES:
            return INTERFACES[name]
        return self.names.get(member, member.partition("_")[2] or member)

    def fill(self, text: str, indent: int) -> str:
        """Wrap NatSpec to the line length; the caller has indented the first line."""
        return fill(self.prose(text), indent)

    def args(self, pairs: list[tuple[str, str]], indent: int) -> str:
        """Return the Args section of a docstring; fields without a text are left out."""
        space = " " * indent
        lines = "".join(f"{space}    {self.fill(f'{n}: {text}', indent + 8)}\n" for n, text in pairs if text)
        return f"{space}Args:\n{lines}" if lines else ""


MADE: Final = "written by scripts/generate_bindings.py: do not edit"
#: interface: class that Python has of it; one that bears a contract's name is that contract's
INTERFACES: Final = {
    interface: interface[1:] if interface[1:] in CONTRACTS else contract
    for contract, (interfaces, _) in CONTRACTS.items()
    for interface in interfaces
}


def fields_of(kind: str) -> tuple[tuple[str, str], ...]:
    """Return the fields of the first struct in an EIP-712 type, as pairs of type and name."""
    inner = kind[kind.index("(") + 1 : kind.index(")")]
    return tuple((of, name) for of, _, name in (part.partition(" ") for part in inner.split(",")))


def parts(abi: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every argument and answer of an ABI, in the order of kinds and names."""
    for entry in sorted(abi, key=lambda e: (e["type"], e.get("name", ""))):
        yield from entry.get("inputs", ())
        yield from entry.get("outputs", ())


def solidity_names(contracts: Any, sources: Sources) -> dict[str, str]:
    """Return how Python writes the contracts' names that are not in snake_case there."""
    names = {name for _, params in sources.docs.values() for name in params}
    names |= {name for kind in sources.messages.values() for _, name in fields_of(kind)}

    def note(entries: Any) -> None:
        for entry in entries:
            if entry.get("type") in ("error", "event"):
                note(entry["inputs"])
                continue
            names.add(entry.get("name", ""))
            for key in ("inputs", "outputs", "components"):
                note(entry.get(key, ()))

    for artifact in contracts:
        note(artifact.abi)
    return {name: snake(name) for name in names if name[:1].islower() and snake(name) != name}


def internal(entry: dict[str, Any]) -> tuple[str, str]:
    """Return what kind of user-defined type an ABI entry has (enum, struct, value or none) and its name."""
    kind, _, name = entry.get("internalType", "").rpartition(" ")
    name = name.partition("[")[0].rpartition(".")[2]
    if kind in ("enum", "struct"):
        return kind, name
    return ("value", name) if name in VALUES else ("", "")


def converter(entry: dict[str, Any]) -> str:
    """Return what turns a decoded value into its Python type; empty where nothing has to."""
    if entry["type"].endswith("]"):
        inner = converter({**entry, "type": entry["type"].rpartition("[")[0]})
        return f"lambda items: tuple(({inner})(item) for item in items)" if inner else ""
    kind, name = internal(entry)
    return f"{name}.from_abi" if kind == "struct" else name


def converted(entry: dict[str, Any], value: str) -> str:
    """Return the expression that turns ``value`` into its Python type."""
    if entry["type"].endswith("]"):
        inner = {**entry, "type": entry["type"].rpartition("[")[0]}
        return f"tuple({converted(inner, 'item')} for item in {value})" if converter(inner) else value
    return f"{converter(entry)}({value})" if converter(entry) else value


def converters(entry: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return the class variable that converts the fields of an event or error."""
    pairs = [(n, converter(i)) for n, i in zip(names, entry["inputs"], strict=True) if converter(i)]
    inner = ", ".join(f"{n!r}: {how}" for n, how in pairs)
    return f"    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {{{inner}}}\n" if pairs else ""


def answer_converter(outputs: list[dict[str, Any]]) -> str:
    """Return the argument that converts an answer; empty where nothing has to."""
    if not any(map(converter, outputs)):
        return ""
    if len(outputs) == 1:
        return f", {converter(outputs[0])}"
    values = ", ".join(converted(output, f"values[{i}]") for i, output in enumerate(outputs))
    return f", lambda values: ({values})"


def method_name(entry: dict[str, Any], abi: list[dict[str, Any]]) -> str:
    """Name longer overloads after their last argument, and what Contract has already with an underscore."""
    name = snake(entry["name"])
    if name in TAKEN:
        return name + "_"
    shortest = min(len(e["inputs"]) for e in abi if e.get("name") == entry["name"])
    return name if len(entry["inputs"]) == shortest else f"{name}_with_{snake(entry['inputs'][-1]['name'])}"


def own_names() -> frozenset[str]:
    """Return the names that the class Contract has, which no generated method may take."""
    tree = ast.parse((PACKAGE / "bindings" / "contract.py").read_text(encoding="utf-8"))
    [base] = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Contract")
    targets = (getattr(node, "target", node) for node in base.body)
    return frozenset(getattr(node, "name", getattr(node, "id", "")) for node in targets)


def lookup(sources: list[artifacts.Artifact], doc: str, group: str, sig: str, key: str | None) -> Any:
    """Return NatSpec from the first source that has it."""
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


def signature(entry: dict[str, Any]) -> str:
    """Return the canonical signature of an ABI entry."""
    return f"{entry['name']}({','.join(abi_type(i) for i in entry['inputs'])})"


def abi_type(entry: dict[str, Any]) -> str:
    """Return the canonical ABI type, tuples spelled out."""
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(abi_type(c) for c in entry['components'])})" + kind.removeprefix("tuple")


def python_type(entry: dict[str, Any]) -> str:
    """Return the Python type of an ABI entry."""
    kind: str = entry["type"]
    if kind.endswith("]"):
        return f"Sequence[{python_type({**entry, 'type': kind.rpartition('[')[0]})}]"
    return internal(entry)[1] or elementary(kind)


def message_type(name: str, kind: str) -> str:
    """Return the Python type of a field of an EIP-712 type; there, a value type is what it wraps."""
    if (name, kind) == ("energy", "bytes32"):
        return "Energy"
    return kind if kind[0].isupper() else elementary(kind)


def elementary(kind: str) -> str:
    """Return the Python type of an elementary Solidity type."""
    if kind.startswith(("uint", "int")):
        return "int"
    return {"address": "str", "bool": "bool", "string": "str"}.get(kind, "bytes")


def uses(name: str, body: list[str]) -> bool:
    """Return whether code names a type that it does not define."""
    nodes = list(ast.walk(ast.parse("\n\n".join(body))))
    defined = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    return name not in defined and any(isinstance(node, ast.Name) and node.id == name for node in nodes)


def to_snake(name: str) -> str:
    """Return a Solidity name in snake_case, units kept together: sellerCreditE9 is seller_credit_e9."""
    return name.lower() if name.isupper() else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def snake(name: str) -> str:
    """Return the name in Python of a field or function; what Python reserves gets an underscore."""
    found = to_snake(name)
    return found + "_" if keyword.iskeyword(found) else found


def screaming(name: str) -> str:
    """Return a CamelCase name in UPPER_CASE."""
    return to_snake(name).upper()


def fill(text: str, indent: int) -> str:
    """Wrap to the line length; the caller has indented the first line."""
    space = " " * indent
    return textwrap.fill(text, 100, subsequent_indent=space, initial_indent=space).strip()


def one_line(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


TAKEN: Final = own_names()

if __name__ == "__main__":
    sys.exit(main())
