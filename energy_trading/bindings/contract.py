"""The base of every typed contract: calls that can be sent, events as records, errors as exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.chain.connect import Chain, RevertData, Sender, Transaction
from energy_trading.errors import BadInput, EnergyTradingError, InternalFault, RuleBroken
from energy_trading.types._abi import encode_abi, split_types

if TYPE_CHECKING:
    from web3.types import LogReceipt, TxReceipt

T = TypeVar("T")


class ContractRevert(RuleBroken):
    """A contract refused a call. Each Solidity error has a subclass with the same fields.

    Args:
        values: the error's fields, in the order of the Solidity error.
    """

    signature: ClassVar[str] = ""
    fields: ClassVar[tuple[str, ...]] = ()
    meaning: ClassVar[str] = ""
    #: what turns a decoded field into its Python type, where something has to
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}

    def __init__(self, *values: Any) -> None:
        named = zip(self.fields, values, strict=True)
        self.values = tuple(self.converters[n](v) if n in self.converters else v for n, v in named)
        for name, value in zip(self.fields, self.values, strict=True):
            setattr(self, name, value)
        given = ", ".join(f"{n}={_shown(v)}" for n, v in zip(self.fields, self.values, strict=True))
        name = self.signature.partition("(")[0]
        super().__init__(f"{name}({given}): {self.meaning}" if self.meaning else f"{name}({given})")

    @classmethod
    def selector(cls) -> bytes:
        """Return the first four bytes of the error's data."""
        return keccak(text=cls.signature)[:4]


class Panic(ContractRevert):
    """One of Solidity's own checks failed (arithmetic, array bounds …), which is a bug in a contract."""

    signature = "Panic(uint256)"
    fields = ("code",)
    meaning = "this is a bug in the contract, please report it"


class Reverted(ContractRevert):
    """A contract outside this project, for example a token, refused with a text."""

    signature = "Error(string)"
    fields = ("reason",)


class TransferFailed(ContractRevert):
    """The settlement asset, or the recipient of the native coin, refused the transfer."""

    signature = "TransferFailed()"
    meaning = "the token was not transferred"


class TransferFromFailed(ContractRevert):
    """The token could not be drawn, because the balance or the allowance is too small."""

    signature = "TransferFromFailed()"
    meaning = "the token could not be drawn from the sender; check its balance and its allowance"


class CoinTransferFailed(ContractRevert):
    """The recipient of the native coin refused it."""

    signature = "ETHTransferFailed()"
    meaning = "the recipient refused the native coin"


class Reentrancy(ContractRevert):
    """A function was called again before its first call had ended."""

    signature = "Reentrancy()"
    meaning = "the function was called again before its first call had ended"


class UnknownRevert(InternalFault):
    """The EVM stopped with data that no known error explains (without data where the gas ran out).

    Args:
        data: the raw revert data.
        why: the node's own text.
    """

    def __init__(self, data: bytes, why: str) -> None:
        super().__init__(why)
        self.data = data


@dataclass(frozen=True)
class Event:
    """A fact that a contract has logged; subclasses add the fields.

    Args:
        address: address of the contract.
        block_number: number of the block.
        transaction_hash: 32 bytes.
        log_index: place of the log within the block.
    """

    address: str
    block_number: int
    transaction_hash: bytes
    log_index: int

    signature: ClassVar[str] = ""
    #: field, ABI type and whether it is indexed, in the order of the Solidity event
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    #: what turns a decoded field into its Python type, where something has to
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}

    @classmethod
    def topic(cls) -> bytes:
        """Return the log's first topic."""
        return keccak(text=cls.signature)

    @classmethod
    def topics(cls) -> int:
        """Return how many topics the log has."""
        return 1 + sum(indexed for _, _, indexed in cls.layout)

    @classmethod
    def from_log(cls, log: LogReceipt) -> Event:
        """Decode a log whose first topic is this event's."""
        topics = [bytes(topic) for topic in log["topics"][1:]]
        data = iter(decode([kind for _, kind, indexed in cls.layout if not indexed], bytes(log["data"])))
        values = {}
        for name, kind, indexed in cls.layout:
            raw = decode([kind], topics.pop(0))[0] if indexed else next(data)
            value = from_abi(kind, raw)
            values[name] = cls.converters[name](value) if name in cls.converters else value
        return cls(
            str(log["address"]),
            int(log["blockNumber"]),
            bytes(log["transactionHash"]),
            int(log["logIndex"]),
            **values,
        )


@dataclass(frozen=True)
class Sent:
    """A transaction that succeeded.

    Args:
        transaction_hash: 32 bytes.
        block_number: number of its block.
        gas_used: gas units, as the transaction receipt reports them; 0 on revm, which does not count them.
        logs: of the transaction, as the receipt has them.
    """

    transaction_hash: bytes
    block_number: int
    gas_used: int
    logs: Sequence[LogReceipt] = field(repr=False)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events of the project's contracts in it, in order."""
        return tuple(decode_logs(self.logs))

    def event(self, kind: type[E]) -> E:
        """Return the only event of a kind.

        Raises:
            BadInput: the transaction has none of this kind, or more than one.
        """
        found = [event for event in self.events if isinstance(event, kind)]
        if len(found) != 1:
            raise BadInput(f"the transaction must have exactly one event {kind.__name__}, not {len(found)}")
        return found[0]


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Call(Generic[T]):
    """An encoded call, to be sent, simulated or handed to somebody else.

    Args:
        chain: the chain of the contract.
        to: address of the contract.
        data: selector and encoded arguments.
        value: native coin that is sent along, in wei.
        returns: ABI types of the answer.
        convert: turns the decoded answer into its Python type; None if it has that type already.
    """

    chain: Chain
    to: str
    data: bytes
    value: int
    returns: tuple[str, ...]
    convert: Callable[[Any], T] | None = None

    def send(self, sender: Sender, gas: int | None = None) -> Sent:
        """Send the call and wait for its block.

        Args:
            sender: the account that signs and pays for the gas.
            gas: gas limit; None asks the node for an estimate.

        Raises:
            ContractRevert: the contract refused; the subclass states the reason.
            UnknownRevert: the call stopped for another reason.
            NodeError: the node refused the transaction.
        """
        try:
            return sent_from(self.chain.send(self.to, self.data, sender, self.value, gas))
        except RevertData as error:
            raise explain(error) from None

    def simulate(self, sender: Sender | None = None) -> T:
        """Run the call without changing the chain, and return what it would return: one value or a tuple.

        Raises:
            ContractRevert: the contract would refuse the call.
        """
        try:
            answer = self.chain.call(self.to, self.data, sender, self.value)
        except RevertData as error:
            raise explain(error) from None
        if self.returns and not answer:
            raise BadInput(f"there is no contract at {self.to} on chain {self.chain.chain_id}")
        decoded = zip(self.returns, decode(self.returns, answer), strict=True)
        values: Any = tuple(from_abi(kind, value) for kind, value in decoded)
        found: Any = None if not values else values[0] if len(values) == 1 else values
        return found if self.convert is None else self.convert(found)


def send_all(calls: Sequence[tuple[Call[Any], Sender]]) -> list[Sent | EnergyTradingError]:
    """Send calls none of which depends on another, and wait for all; they share as few blocks as they can.

    Args:
        calls: one or more on the same chain, each with the account that signs and pays.

    Returns:
        For each the transaction, or the exception that `Call.send` would have raised for the contract.

    Raises:
        NodeError: the node refused a transaction.
    """
    transactions = [Transaction(call.to, call.data, sender, call.value) for call, sender in calls]
    found = calls[0][0].chain.send_all(transactions)
    return [explain(each) if isinstance(each, RevertData) else sent_from(each) for each in found]


class Contract:
    """A deployed contract; subclasses have one method per function."""

    #: name of the contract's artifact
    name: ClassVar[str] = ""
    constructor_types: ClassVar[tuple[str, ...]] = ()

    def __init__(self, chain: Chain, address: str) -> None:
        self.chain = chain
        self.address = to_checksum_address(address)

    def __repr__(self) -> str:
        return f"<{self.name} at {self.address} on chain {self.chain.chain_id}>"

    def _encode(
        self,
        signature: str,
        types: Sequence[str],
        values: Sequence[Any],
        value: int,
        returns: tuple[str, ...],
        convert: Callable[[Any], Any] | None = None,
    ) -> Call[Any]:
        data = _selector(signature) + encode_abi(tuple(types), values)
        return Call(self.chain, self.address, data, value, returns, convert)

    def _read(
        self,
        signature: str,
        types: Sequence[str],
        values: Sequence[Any],
        returns: tuple[str, ...],
        convert: Callable[[Any], Any] | None = None,
    ) -> Any:
        return self._encode(signature, types, values, 0, returns, convert).simulate()

    def events(self, from_block: int = 0) -> list[Event]:
        """Return all known events that this contract has logged, oldest first."""
        return read_events(self.chain, [self.address], from_block)


def read_events(
    chain: Chain,
    addresses: Sequence[str],
    from_block: int = 0,
    to_block: int | Literal["latest"] = "latest",
) -> list[Event]:
    """Return the known events of several contracts, in the order of the chain."""
    return decode_logs(chain.logs(addresses, from_block, to_block))


def decode_logs(logs: Iterable[LogReceipt]) -> list[Event]:
    """Decode the logs of known events; others, such as those of a token, are left out."""
    known = _events()
    found = ((log, known.get(bytes(log["topics"][0]))) for log in logs if log["topics"])
    # The Transfer of an ERC-20 token has the first topic of an ERC-721's and one topic fewer.
    return [kind.from_log(log) for log, kind in found if kind and len(log["topics"]) == kind.topics()]


def sent_from(receipt: TxReceipt) -> Sent:
    """Return a transaction receipt in short, with its events decoded."""
    return Sent(
        bytes(receipt["transactionHash"]),
        int(receipt["blockNumber"]),
        int(receipt["gasUsed"]),
        receipt["logs"],
    )


def explain(error: RevertData) -> EnergyTradingError:
    """Turn raw revert data into the exception of the Solidity error.

    Returns:
        A `ContractRevert`, or an `UnknownRevert` where the data fits no known error.
    """
    return error_of(error.data, str(error))


def error_of(data: bytes, why: str = "the contract refused") -> EnergyTradingError:
    """Turn the data of a revert, such as the reason in a `PurchaseRefused`, into the error's exception.

    Args:
        data: selector and fields.
        why: text for data that fits no known error.

    Returns:
        A `ContractRevert`, or an `UnknownRevert` where the data fits no known error.
    """
    kind = _errors().get(data[:4])
    if kind is None:
        return UnknownRevert(data, why)
    types = split_types(kind.signature)
    try:
        values = decode(types, data[4:])
    except DecodingError:
        return UnknownRevert(data, why)
    return kind(*(from_abi(t, v) for t, v in zip(types, values, strict=True)))


def from_abi(kind: str, value: Any) -> Any:
    """Give all addresses in a decoded value their checksums, also those in arrays and structs."""
    if "address" not in kind:
        return value
    if kind == "address":
        return to_checksum_address(value)
    if kind.endswith("]"):
        inner = kind.rpartition("[")[0]
        return tuple(from_abi(inner, item) for item in value)
    if kind.startswith("("):
        return tuple(from_abi(k, v) for k, v in zip(split_types(kind), value, strict=True))
    return value


def error_named(name: str) -> type[ContractRevert]:
    """Return the exception of a Solidity error, by the error's name (such as "OfferMarket_Expired")."""
    return next(kind for kind in _errors().values() if kind.signature.partition("(")[0] == name)


def _shown(value: Any) -> str:
    if isinstance(value, IntEnum):
        return value.name
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _all(base: type[T]) -> list[type[T]]:
    # Whoever imports this module has imported its room before, and with it every generated subclass.
    found = []
    for kind in base.__subclasses__():
        found += [kind, *_all(kind)]
    return found


@cache
def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


@cache
def _errors() -> dict[bytes, type[ContractRevert]]:
    return {kind.selector(): kind for kind in _all(ContractRevert)}


@cache
def _events() -> dict[bytes, type[Event]]:
    # Both forms of the slot market log events of the same names and fields; those of the public form stand
    # for both, whichever module was imported first.
    kinds = sorted(_all(Event), key=lambda kind: ".private_" not in kind.__module__)
    return {kind.topic(): kind for kind in kinds}
