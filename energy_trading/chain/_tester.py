"""The chain in this process: eth-tester over py-evm, with exact time and complete revert data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from eth.constants import CREATE_CONTRACT_ADDRESS, GENESIS_PARENT_HASH
from eth.exceptions import HeaderNotFound, InsufficientFunds, Revert
from eth.exceptions import TransactionNotFound as NoSuchTransaction
from eth.vm.forks import CancunVM, PragueVM, ShanghaiVM
from eth.vm.message import Message
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.backends.pyevm.main import get_default_genesis_params
from eth_tester.backends.pyevm.serializers import serialize_transaction_receipt
from eth_tester.exceptions import TransactionNotFound
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError
from web3 import EthereumTesterProvider, Web3

from energy_trading.chain.connect import (
    Block,
    Chain,
    Fork,
    NodeError,
    RevertData,
    Sender,
    Transaction,
    sender_address,
    sign_transaction,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput

if TYPE_CHECKING:
    from web3.types import TxReceipt

_FORKS: Final = {"shanghai": ShanghaiVM, "cancun": CancunVM, "prague": PragueVM}
_BLOCK_GAS: Final = 30_000_000
_CALL_GAS: Final = 100_000_000
_GENESIS_BALANCE: Final = 10**24


class _Backend(PyEVMBackend):  # type: ignore[misc]
    """py-evm as driven by eth-tester, but each block is a second later and a revert keeps its data."""

    def send_raw_transaction(self, raw_transaction: bytes) -> bytes:
        return self._apply(self.chain.get_transaction_builder().decode(raw_transaction))

    def send_transaction(self, transaction: dict[str, Any]) -> bytes:
        return self._apply(self._get_normalized_and_signed_evm_transaction(transaction))

    def _apply(self, transaction: Any) -> bytes:
        before = self.chain.header
        computation = self.chain.apply_transaction(transaction)[2]
        if computation.is_error:
            self.chain.header = before  # the state is part of the header: this undoes the transaction
            raise _revert(computation)
        return bytes(transaction.hash)

    def call(self, transaction: dict[str, Any], block_number: Block = "latest") -> bytes:
        # Run as a message, because a call needs neither a nonce nor a balance that pays for its gas.
        header = self.get_header(block_number)
        vm = self.chain.get_vm(at_header=header)
        sender, to = transaction["from"], transaction.get("to", CREATE_CONTRACT_ADDRESS)
        creates = to == CREATE_CONTRACT_ADDRESS
        data = transaction.get("data", b"")
        message = Message(
            gas=transaction.get("gas", _CALL_GAS),
            to=to,
            sender=sender,
            value=transaction.get("value", 0),
            data=b"" if creates else data,
            code=data if creates else vm.state.get_code(to),
            create_address=keccak(sender)[12:] if creates else None,
        )
        context = vm.state.get_transaction_context_class()(gas_price=0, origin=sender)
        machine = vm.state.computation_class
        run = machine.apply_create_message if creates else machine.apply_message
        try:
            computation = run(vm.state, message, context)
        except InsufficientFunds as error:
            raise NodeError(f"the chain refused the call: {error}") from error
        if computation.is_error:
            raise _revert(computation)
        return bytes(computation.output)

    def get_header(self, block_number: Block) -> Any:
        head = self.chain.get_canonical_head()
        if block_number == "latest":
            return head
        number = 0 if block_number == "earliest" else block_number
        if not isinstance(number, int) or not 0 <= number <= head.block_number:
            raise BadInput(f"the block must be between 0 and {head.block_number}, not {block_number}")
        return self.chain.get_canonical_block_header_by_number(number)

    def mine_blocks(self, num_blocks: int = 1, coinbase: bytes = b"\0" * 20) -> tuple[bytes, ...]:
        return tuple(self._mine(coinbase) for _ in range(num_blocks))

    def _mine(self, coinbase: bytes) -> bytes:
        # py-evm would use the wall clock and eth-tester a random mix hash, so runs would differ.
        mix_hash = keccak(self.chain.header.block_number.to_bytes(32, "big"))
        # eth-tester states 32 bytes of extra data whatever the header has; with them the header is as stated.
        block = self.chain.mine_block(coinbase=coinbase, mix_hash=mix_hash, extra_data=bytes(32))
        self.chain.set_header_timestamp(block.header.timestamp + 1)
        return bytes(block.hash)

    def time_travel(self, to_timestamp: int) -> int:
        self.chain.set_header_timestamp(to_timestamp)
        self.mine_blocks()
        return to_timestamp

    def take_snapshot(self) -> tuple[Any, Any]:
        return self.chain.get_canonical_head(), self.chain.header

    def revert_to_snapshot(self, snapshot: tuple[Any, Any]) -> None:
        head, self.chain.header = snapshot
        chaindb = self.chain.chaindb
        chaindb._set_as_canonical_chain_head(chaindb.db, head, GENESIS_PARENT_HASH)

    def get_transaction_receipt(self, transaction_hash: bytes) -> Any:
        # By index, because eth-tester would walk back through every block.
        chaindb = self.chain.chaindb
        try:
            number, index = chaindb.get_transaction_index(transaction_hash)
            block = self.chain.get_canonical_block_by_number(number)
        except (NoSuchTransaction, HeaderNotFound):
            block = None
        # Going back to a snapshot leaves index entries of transactions that no longer exist.
        reverted = block is None or number > chaindb.get_canonical_head().block_number
        if reverted or index >= len(block.transactions) or block.transactions[index].hash != transaction_hash:
            raise TransactionNotFound(f"there is no transaction 0x{transaction_hash.hex()}")
        receipts = block.get_receipts(chaindb)
        return serialize_transaction_receipt(
            block, receipts, block.transactions[index], index, False, self.chain.get_vm()
        )


class _TesterChain(Chain):
    """A chain whose node is an object in this process; it has the same methods, without JSON-RPC."""

    def __init__(self, backend: _Backend, keys: Sequence[SecretKey]) -> None:
        self._tester = EthereumTester(backend)
        super().__init__(Web3(EthereumTesterProvider(self._tester)), backend.chain.chain_id)
        self._backend = backend
        self._signers: dict[str, SecretKey | LocalAccount] = {key.address: key for key in keys}
        self._snapshots: dict[str, tuple[Any, Any]] = {}
        self._taken = 0

    def now(self) -> int:
        return int(self._backend.get_header("latest").timestamp)

    def block(self, which: Block = "latest") -> tuple[int, bytes] | None:
        try:
            header = self._backend.get_header(which)
        except BadInput:
            return None
        return int(header.block_number), bytes(header.hash)

    def send(
        self, to: str | None, data: bytes, sender: Sender, value: int = 0, gas: int | None = None
    ) -> TxReceipt:
        nonce = self._backend.get_nonce(to_canonical_address(sender_address(sender)))
        sent = self._apply(Transaction(to, data, sender, value), gas or _BLOCK_GAS // 2, nonce)
        self._backend.mine_blocks()
        return self._receipt(sent)

    def send_all(self, transactions: Sequence[Transaction]) -> list[TxReceipt | RevertData]:
        sent: list[bytes | RevertData] = []
        nonces: dict[str, int] = {}
        most = _BLOCK_GAS // 2
        for tx in transactions:
            address = sender_address(tx.sender)
            if address not in nonces:
                nonces[address] = self._backend.get_nonce(to_canonical_address(address))
            if self._backend.chain.header.gas_used + most > _BLOCK_GAS:
                self._backend.mine_blocks()
            try:
                sent.append(self._apply(tx, most, nonces[address]))
                nonces[address] += 1
            except RevertData as error:
                sent.append(error)
        self._backend.mine_blocks()
        return [name if isinstance(name, RevertData) else self._receipt(name) for name in sent]

    def _apply(self, tx: Transaction, gas: int, nonce: int) -> bytes:
        """Sign a transaction and put it into the block that is being made."""
        if isinstance(tx.sender, str):
            if tx.sender not in self._signers:
                raise NodeError(
                    f"the chain has no key of the sender {tx.sender}; use a key or one of chain.accounts"
                )
            signer = self._signers[tx.sender]
        else:
            signer = tx.sender
        fee = self._backend.chain.header.base_fee_per_gas
        raw = sign_transaction(signer, tx.to, tx.data, tx.value, gas, nonce, 0, fee, self.chain_id)
        try:
            return self._backend.send_raw_transaction(raw)
        except ValidationError as error:
            raise NodeError(f"the chain refused the transaction: {error}") from error

    def call(
        self,
        to: str | None,
        data: bytes,
        sender: Sender | None = None,
        value: int = 0,
        block: Block = "latest",
    ) -> bytes:
        target = CREATE_CONTRACT_ADDRESS if to is None else to_canonical_address(to)
        caller = to_canonical_address(sender_address(sender))
        return self._backend.call({"from": caller, "to": target, "data": data, "value": value}, block)

    def next_nonce(self, address: str) -> int:
        return int(self._backend.get_nonce(to_canonical_address(address)))

    def snapshot(self) -> str:
        self._taken += 1
        self._snapshots[str(self._taken)] = self._backend.take_snapshot()
        return str(self._taken)

    def revert(self, snapshot: str) -> None:
        if snapshot not in self._snapshots:
            raise BadInput(f"snapshot {snapshot} does not exist or has been used already")
        self._backend.revert_to_snapshot(self._snapshots[snapshot])
        # As with Anvil, later snapshots are dropped: they belong to a chain that no longer exists.
        self._snapshots = {name: kept for name, kept in self._snapshots.items() if int(name) < int(snapshot)}

    def mine(self, timestamp: int | None = None) -> None:
        if timestamp is not None:
            self.set_next_time(timestamp)
        self._backend.mine_blocks()

    def set_next_time(self, timestamp: int) -> None:
        if timestamp <= self.now():
            raise BadInput(f"the timestamp must be later than {self.now()}, not {timestamp}")
        self._backend.chain.set_header_timestamp(timestamp)


def start(fork: Fork, keys: Sequence[SecretKey], genesis_time: int) -> Chain:
    """Start a chain; see ``in_process`` for the arguments."""
    if fork not in _FORKS:
        raise BadInput(f"there is no fork {fork!r}; use one of {', '.join(_FORKS)}")
    state = {
        to_canonical_address(key.address): {
            "balance": _GENESIS_BALANCE,
            "storage": {},
            "code": b"",
            "nonce": 0,
        }
        for key in keys
    }
    backend = _Backend(
        genesis_parameters=get_default_genesis_params({"timestamp": genesis_time, "gas_limit": _BLOCK_GAS}),
        genesis_state=state,
        vm_configuration=((0, _FORKS[fork]),),
    )
    backend.account_keys = ()
    for key in keys:
        backend.add_account(key.reveal())
    backend.chain.set_header_timestamp(genesis_time + 1)
    return _TesterChain(backend, keys)


def _revert(computation: Any) -> RevertData:
    if isinstance(computation.error, Revert):
        return RevertData(bytes(computation.output))
    return RevertData(b"", f"{type(computation.error).__name__} in the EVM")
