"""The record of a deployment on disk, written before the first transaction so that a run can be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.suite import (
    DEFAULT_CREDIT,
    PARTS,
    CouncilSettings,
    Creation,
    NonceTaken,
    SlotSettings,
    Suite,
    SuiteParameters,
    deploy,
    is_deployed,
    plan,
)
from energy_trading.chain import artifacts
from energy_trading.chain.connect import Chain, Sender
from energy_trading.errors import BadInput, Forged, TryAgain
from energy_trading.files._json import read_json, reading, to_hex
from energy_trading.files._lock import open_locked
from energy_trading.files.whole_file import unwritable, write_whole
from energy_trading.types import Pricing

_FORMAT: Final = 1
_ATTEMPTS: Final = 3  # after that, whoever deploys has to stop the other transactions of the account
#: parameters that the owner may change after the deployment
_CHANGEABLE: Final = ("owner", "pkg")
#: groups of parameters, by the field of `SuiteParameters`, with their defaults
_GROUPS: Final[dict[str, Any]] = {
    "credit": DEFAULT_CREDIT,
    "slots": SlotSettings(),
    "council": CouncilSettings(),
}


class NotAsRecorded(Forged):
    """The chain does not hold what the record states.

    Args:
        wrong: the differences, one text for each.
    """

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__("; ".join(wrong))
        self.wrong = tuple(wrong)


class RecordLocked(TryAgain):
    """Another process is deploying into the same record; two at once would overwrite each other's plan."""


@dataclass(frozen=True)
class ContractRecord:
    """One contract of a deployment.

    Args:
        address: where it is or will be.
        arguments: encoded constructor arguments, 0x-hex.
        creation_hash: keccak256 of the creation code with the arguments, 0x-hex.
        code_hash: keccak256 of the code on the chain, 0x-hex; None while the contract is not deployed.
    """

    address: str
    arguments: str
    creation_hash: str
    code_hash: str | None = None


@dataclass(frozen=True)
class Record:
    """A deployment, finished or not.

    Args:
        chain_id: EIP-155 chain id.
        deployer: account that signs the transactions.
        first_nonce: the deployer's nonce for the first contract.
        from_block: block before the first transaction; the log is complete from here on.
        parameters: what the deployment fixes for ever.
        compiler: version, settings and input hash of the compiler that made the contracts.
        contracts: the contracts by name.
    """

    chain_id: int
    deployer: str
    first_nonce: int
    from_block: int
    parameters: SuiteParameters
    compiler: dict[str, Any]
    contracts: dict[str, ContractRecord]

    @property
    def finished(self) -> bool:
        """Whether all contracts are deployed."""
        return all(contract.code_hash for contract in self.contracts.values())

    @classmethod
    def of(cls, chain: Chain, deployer: str, parameters: SuiteParameters) -> Record:
        """Plan a new deployment without sending anything."""
        nonce = chain.next_nonce(deployer)
        contracts = {
            each.name: ContractRecord(each.address, to_hex(each.arguments), _hash(each.code))
            for each in plan(deployer, nonce, parameters)
        }
        build = dict(artifacts.build())
        return cls(chain.chain_id, deployer, nonce, chain.height(), parameters, build, contracts)

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read a record.

        Raises:
            BadInput: there is no such file, or it is not a record.
        """
        value = read_json("deployment", path)
        with reading(f"deployment {path}"):
            if value["format"] != _FORMAT:
                raise BadInput(f"deployment {path} must have format {_FORMAT}, not {value['format']!r}")
            return cls(
                int(value["chain_id"]),
                str(value["deployer"]),
                int(value["first_nonce"]),
                int(value["from_block"]),
                parameters_from(value["parameters"]),
                dict(value["compiler"]),
                {part.name: ContractRecord(**value["contracts"][part.name]) for part in PARTS},
            )

    def write(self, path: Path) -> None:
        """Write the record; a reader sees the old file or the new one, but never half of one.

        Raises:
            BadInput: the file cannot be written.
        """
        text = json.dumps({"format": _FORMAT, **asdict(self)}, indent=2) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode(), replace=True)
        except OSError as error:
            raise unwritable("deployment", path, error.strerror) from error

    def open(self, chain: Chain) -> Suite:
        """Open the recorded suite.

        Raises:
            BadInput: the record is of another chain or not finished, or the contracts are not on the chain.
        """
        if self.chain_id != chain.chain_id:
            raise BadInput(f"the deployment is on chain {self.chain_id}, not on chain {chain.chain_id}")
        if not self.finished:
            raise BadInput("the deployment is not finished: run deploy again to finish it")
        suite = Suite.at(chain, {name: contract.address for name, contract in self.contracts.items()})
        suite.check()
        return suite


def deploy_recorded(
    chain: Chain,
    deployer: Sender,
    parameters: SuiteParameters,
    path: Path,
    say: Callable[[str], None] = lambda _: None,
    restart: bool = False,
) -> Record:
    """Deploy once: resume where an earlier run stopped, and do nothing if it finished.

    The plan is in ``path`` + ``.part`` before anything is sent, so a run that was interrupted at any point
    can be repeated; ``path`` changes only when all contracts are on the chain.

    Args:
        chain: the chain to deploy on.
        deployer: the account that signs and pays; it has no power afterwards.
        parameters: what the deployment fixes for ever.
        path: the file of the record.
        say: receives a line of text for each thing that happens.
        restart: deploy anew whatever is recorded (but resume an unfinished deployment of the same
            parameters); the contracts recorded before stay on the chain, unused.

    Returns:
        The finished record, which is also in the file.

    Raises:
        BadInput: the record is of another chain, deployer, parameters or compilation.
        RecordLocked: another process is deploying into the same record.
        ContractRevert: a parameter is out of range; nothing was sent.
        NotAsRecorded: a finished deployment differs from its record.
        NonceTaken: other transactions of the deployer came in between, three times in a row.
        NodeError: the node cannot be reached, or refused a transaction; repeat the call.
    """
    address = to_checksum_address(deployer if isinstance(deployer, str) else deployer.address)
    parameters = parameters_from(asdict(parameters))
    with _alone(path):
        part = path.with_name(path.name + ".part")
        record = _standing(chain, part, say)
        if record is not None:
            try:
                _require_same(record, part, parameters, address)
                say(f"resuming {part}")
            except BadInput:
                if not restart:
                    raise
                record = None
        elif not restart and (done := _standing(chain, path, say)) is not None:
            _require_same(done, path, parameters, done.deployer)
            for line in verify(chain, done):
                say(line)
            say(f"already deployed, nothing sent: {path}")
            return done
        for attempt in range(_ATTEMPTS):
            if record is None:
                record = Record.of(chain, address, parameters)
                record.write(part)
            try:
                deploy(chain, deployer, parameters, say, record.first_nonce)
                break
            except NonceTaken as error:
                if attempt == _ATTEMPTS - 1:
                    raise
                say(f"{error}: starting anew")
                record = None
        assert record is not None
        contracts = {
            name: replace(contract, code_hash=_hash(chain.code(contract.address)))
            for name, contract in record.contracts.items()
        }
        record = replace(record, contracts=contracts)
        record.write(path)
        part.unlink()
        say(f"{len(contracts)} contracts on chain {chain.chain_id}, recorded in {path}")
        return record


def verify(chain: Chain, record: Record) -> list[str]:
    """Compare a record with the chain and with this package's contracts.

    Returns:
        What was found to be right, one line of text for each check.

    Raises:
        BadInput: the record is of another chain or is not finished, or the contracts do not name each other.
        NotAsRecorded: a contract's code, its address or a parameter differs from the record.
    """
    wrong: list[str] = []
    right: list[str] = []
    if record.chain_id == chain.chain_id and record.finished:
        for creation in plan(record.deployer, record.first_nonce, record.parameters):
            contract = record.contracts[creation.name]
            found = _faults(chain, creation, contract)
            wrong += [f"{creation.name}: {fault}" for fault in found]
            if not found:
                right.append(f"{creation.name} at {contract.address}: code {contract.code_hash}")
        if wrong:
            raise NotAsRecorded(wrong)
    suite = record.open(chain)
    right.append("the contracts name each other")
    now, recorded = _flat(asdict(suite.parameters())), _flat(asdict(record.parameters))
    for name, value in recorded.items():
        if now[name] == value:
            continue
        if name not in _CHANGEABLE:
            wrong.append(f"{name} is {now[name]} on the chain, not {value}")
        else:
            right.append(f"{name} is now {now[name]} (it was {value} at deployment)")
    if wrong:
        raise NotAsRecorded(wrong)
    return [*right, f"{len(recorded)} parameters are as recorded"]


def parameters_from(value: Any) -> SuiteParameters:
    """Read and check parameters; those that are left out have their defaults, also within a group.

    The groups are ``credit``, ``slots`` and ``council``.

    Args:
        value: an object with the fields of `SuiteParameters`.

    Returns:
        The parameters, with checksums in the addresses; the contracts check the ranges.

    Raises:
        BadInput: a field is unknown, is missing, or has the wrong type.
    """
    given = _checked(SuiteParameters, value, "")
    for name in ("owner", "pkg", "treasury"):
        if name not in given:
            raise BadInput(f"the parameter {name} is missing; it must be an address")
    groups = {
        name: replace(default, **_checked(type(default), given.pop(name, {}), f"{name}."))
        for name, default in _GROUPS.items()
    }
    return SuiteParameters(**given, **groups)


def _checked(kind: type, value: Any, prefix: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{prefix.rstrip('.') or 'the parameters'} must be an object of fields, not {value!r}")
    types = {field.name: str(field.type) for field in fields(kind)}
    checked: dict[str, Any] = {}
    for name, item in value.items():
        if name not in types:
            raise BadInput(f"there is no parameter {prefix}{name}; the parameters are {', '.join(types)}")
        if types[name] == "int" and (type(item) is not int or not 0 <= item < 2**256):
            raise BadInput(f"{prefix}{name} must be an integer of 0 or more, not {item!r}")
        if types[name] == "str" and not is_address(item):
            raise BadInput(f"{prefix}{name} must be an address, not {item!r}")
        if types[name] == "Pricing" and item not in list(Pricing):
            named = ", ".join(f"{each.value} ({each.name})" for each in Pricing)
            raise BadInput(f"{prefix}{name} must be one of {named}, not {item!r}")
        kinds: dict[str, Any] = {"str": to_checksum_address, "Pricing": Pricing}
        checked[name] = kinds.get(types[name], lambda same: same)(item)
    return checked


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of a record; the kernel releases it when the process ends, in whichever way."""
    lock = path.with_name(path.name + ".lock")
    in_use = RecordLocked(f"another deployment is at work on {path}")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = open_locked(lock, os.O_RDWR | os.O_CREAT, in_use, 0o644)
    except OSError as error:
        raise unwritable("deployment", path, error.strerror) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _standing(chain: Chain, path: Path, say: Callable[[str], None]) -> Record | None:
    """Read a record, if there is one and at least one of its contracts is on the chain."""
    if not path.exists():
        return None
    record = Record.read(path)
    if record.chain_id != chain.chain_id:
        raise BadInput(
            f"the deployment in {path} is on chain {record.chain_id}, not on chain {chain.chain_id}"
        )
    chain.next_nonce(record.deployer)  # an earlier run's last transaction may still be on its way
    if any(chain.code(contract.address) for contract in record.contracts.values()):
        return record
    say(f"no contract of {path} is on the chain, starting anew")
    return None


def _require_same(record: Record, path: Path, parameters: SuiteParameters, deployer: str) -> None:
    hint = f"as in {path}; to deploy anew, use --restart"
    if record.deployer != deployer:
        raise BadInput(f"the deployer is {deployer}, but must be {record.deployer} {hint}")
    given, allowed = _flat(asdict(parameters)), _flat(asdict(record.parameters))
    for name, value in allowed.items():
        if given[name] != value:
            raise BadInput(f"{name} is {given[name]}, but must be {value} {hint}")
    for creation in plan(record.deployer, record.first_nonce, parameters):
        if record.contracts[creation.name].creation_hash != _hash(creation.code):
            raise BadInput(f"the compiled {creation.name} must be the same {hint}")


def _faults(chain: Chain, creation: Creation, contract: ContractRecord) -> list[str]:
    code = chain.code(contract.address)
    if not code:
        return [f"there is no contract at {contract.address}"]
    faults = []
    if _hash(code) != contract.code_hash:
        faults.append(f"the hash of the code is {_hash(code)}, not {contract.code_hash}")
    if not is_deployed(chain, creation.name, contract.address):
        faults.append("the code is not what this package's compiler made")
    if (creation.address, "0x" + creation.arguments.hex()) != (contract.address, contract.arguments):
        faults.append("address and arguments do not follow from deployer, nonce and parameters")
    return faults


def _flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in parameters.items() if name not in _GROUPS}
    for group in _GROUPS:
        flat |= {f"{group}.{name}": value for name, value in parameters[group].items()}
    return flat


def _hash(code: bytes) -> str:
    return "0x" + keccak(code).hex()
