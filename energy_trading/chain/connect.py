"""One way to talk to a chain, whether it runs in this process or behind a node's URL."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from eth_account.signers.local import LocalAccount

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, EnergyTradingError, RuleBroken, TryAgain
from energy_trading.files._json import to_hex
from energy_trading.types._keccak import keccak

if TYPE_CHECKING:
    from web3 import Web3
    from web3.types import LogReceipt, RPCEndpoint, RPCResponse, TxReceipt

Fork: TypeAlias = Literal["shanghai", "cancun", "prague"]
Sender: TypeAlias = SecretKey | LocalAccount | str
"""Who pays for a transaction: a key that signs here, or the address of an account that the node signs for."""
Block: TypeAlias = int | Literal["latest", "earliest"]

_log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.05
_LOG_PAGE_BLOCKS: Final = 10_000  # public nodes refuse longer searches
_DYNAMIC_FEE: Final = b"\x02"  # the type of such transactions (EIP-2718)
_ESTIMATE_MARGIN_PERCENT: Final = 125  # the state may have moved between the estimate and the block


class RevertData(RuleBroken):
    """A call or transaction failed in the EVM (Ethereum virtual machine).

    Args:
        data: what the contract returned: the selector and fields of its error, or nothing.
        why: the EVM's reason if there is no data, for example out of gas.
    """

    def __init__(self, data: bytes, why: str = "execution reverted") -> None:
        super().__init__(f"{why}: 0x{data.hex()}" if data else f"{why}, without data")
        self.data = data


class NodeError(TryAgain):
    """The node cannot be reached, or it refused a request for a reason outside the EVM."""


class NotEnoughMoney(NodeError):
    """The sender cannot pay for the transaction's gas and value. Nothing was sent."""


class WrongChain(BadInput):
    """The node serves another chain than the one asked for. Nothing was sent to it."""


class NotMined(TryAgain):
    """No receipt arrived within the allowed time. The transaction may still be mined."""


@dataclass(frozen=True)
class Transaction:
    """A call that is to be sent.

    Args:
        to: the contract's address; None creates a contract.
        data: the encoded call.
        sender: who signs and pays.
        value: amount of native coin to send along, in wei.
    """

    to: str | None
    data: bytes
    sender: Sender
    value: int = 0


class Chain:
    """A chain reached through a node. The caller encodes calls; this class sends them.

    Args:
        web3: a connected web3 object.
        chain_id: the chain's id, which the node has confirmed.
        timeout_seconds: the longest time to wait for a receipt.
    """

    def __init__(self, web3: Web3, chain_id: int, timeout_seconds: float = 120) -> None:
        self.web3 = web3
        self.chain_id = chain_id
        self._timeout_seconds = timeout_seconds
        self._nonces: dict[str, int] = {}

    @property
    def accounts(self) -> tuple[str, ...]:
        """The addresses that the node signs for: a test node's funded accounts, none on a public node."""
        return tuple(self.web3.eth.accounts)

    def now(self) -> int:
        """Return the timestamp of the latest block in unix seconds: the clock that contracts read."""
        return int(self._rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def send(
        self, to: str | None, data: bytes, sender: Sender, value: int = 0, gas: int | None = None
    ) -> TxReceipt:
        """Send a transaction and wait for its receipt.

        Args:
            to: the contract's address; None creates a contract.
            data: the encoded call.
            sender: who signs and pays.
            value: amount of native coin to send along, in wei.
            gas: gas limit; None asks the node for an estimate (in process: takes half a block's limit).

        Returns:
            The receipt of the transaction, which succeeded.

        Raises:
            RevertData: the transaction failed. If the failure could be known beforehand (always in process,
                elsewhere with ``gas=None``), the transaction was not mined.
            NodeError: the node refused the transaction (fee, nonce) or could not be reached.
            NotEnoughMoney: the sender cannot pay.
            NotMined: no receipt arrived in time.
        """
        from hexbytes import HexBytes

        try:
            sent = self._submit(to, data, sender, value, gas)
        except NotEnoughMoney as error:
            address = sender_address(sender)
            has = int(self._rpc("eth_getBalance", address, "latest"), 16)
            raise NotEnoughMoney(
                f"account {address} has {has} wei, which does not pay for {value} wei and the gas ({error})"
            ) from None
        return self._checked(self._receipt(HexBytes(sent)), Transaction(to, data, sender, value))

    def send_all(self, transactions: Sequence[Transaction]) -> list[TxReceipt | RevertData]:
        """Send transactions none of which depends on another, and wait for all their receipts.

        In process and on Anvil they share as few blocks as their gas allows.

        Args:
            transactions: in the order of their senders' nonces.

        Returns:
            For each its receipt, or why it failed.

        Raises:
            NodeError: the node refused a transaction, or could not be reached.
            NotMined: a receipt did not arrive in time.
        """
        from hexbytes import HexBytes

        holds = "anvil" in str(self.web3.client_version).lower()
        if holds:
            self._rpc("evm_setAutomine", False)
        try:
            sent: list[str | RevertData] = []
            for tx in transactions:
                try:
                    sent.append(self._submit(tx.to, tx.data, tx.sender, tx.value, None))
                except RevertData as error:
                    sent.append(error)
            while holds and int(self._rpc("txpool_status")["pending"], 16):
                self._rpc("evm_mine")
        finally:
            if holds:
                self._rpc("evm_setAutomine", True)
        found: list[TxReceipt | RevertData] = []
        for tx, name in zip(transactions, sent, strict=True):
            if isinstance(name, RevertData):
                found.append(name)
                continue
            try:
                found.append(self._checked(self._receipt(HexBytes(name)), tx))
            except RevertData as error:
                found.append(error)
        return found

    def _checked(self, receipt: TxReceipt, tx: Transaction) -> TxReceipt:
        """Return the receipt of a transaction that succeeded. Raises: RevertData."""
        if receipt["status"] == 0:
            # The receipt does not give the reason, so repeat the call on the state before the block.
            self.call(tx.to, tx.data, sender_address(tx.sender), tx.value, receipt["blockNumber"] - 1)
            raise RevertData(b"", "the transaction failed, although a call with more gas succeeds")
        return receipt

    def _submit(self, to: str | None, data: bytes, sender: Sender, value: int, gas: int | None) -> str:
        signer, address = sender, sender_address(sender)
        call = _call_fields(to, data, address, value)
        if gas is None:
            gas = int(self._rpc("eth_estimateGas", call), 16) * _ESTIMATE_MARGIN_PERCENT // 100
        if isinstance(signer, str):
            return str(self._rpc("eth_sendTransaction", {**call, "gas": hex(gas)}))
        tip, fee = self._fees()
        nonce = self._nonce(address)
        raw = sign_transaction(signer, to, data, value, gas, nonce, tip, fee, self.chain_id)
        try:
            sent = str(self._rpc("eth_sendRawTransaction", to_hex(raw)))
        except EnergyTradingError:
            del self._nonces[address]  # whether the node counted it is unknown: ask again
            raise
        self._nonces[address] = nonce + 1
        return sent

    def call(
        self,
        to: str | None,
        data: bytes,
        sender: Sender | None = None,
        value: int = 0,
        block: Block = "latest",
    ) -> bytes:
        """Run a call without changing the chain.

        Args:
            to: the contract's address; None runs creation code.
            data: the encoded call.
            sender: what the contract sees as ``msg.sender``; None is the zero address.
            value: amount of native coin to send along, in wei.
            block: the block whose state and time the call sees.

        Returns:
            The encoded return value.

        Raises:
            RevertData: the contract reverted.
            NodeError: the node refused the request.
        """
        place = block if isinstance(block, str) else hex(block)
        answer: str = self._rpc("eth_call", _call_fields(to, data, sender_address(sender), value), place)
        return bytes.fromhex(answer[2:])

    def deploy(self, bytecode: bytes, sender: Sender, gas: int | None = None) -> tuple[str, TxReceipt]:
        """Create a contract.

        Args:
            bytecode: creation code followed by the encoded constructor arguments.
            sender: who signs and pays.
            gas: gas limit; see ``send``.

        Returns:
            The contract's address and the receipt.

        Raises:
            RevertData: the constructor reverted.
            NodeError: the node refused the transaction.
        """
        receipt = self.send(None, bytecode, sender, gas=gas)
        address = receipt["contractAddress"]
        if address is None:  # the node breaks the protocol
            raise NodeError("the node's receipt of a deployment does not name the new contract")
        return str(address), receipt

    def logs(
        self, address: str | Sequence[str], from_block: int = 0, to_block: int | Literal["latest"] = "latest"
    ) -> list[LogReceipt]:
        """Return the events of one or more contracts, oldest first.

        Args:
            address: address of the contract, or addresses of several.
            from_block: the first block to read.
            to_block: the last block to read.

        Raises:
            NodeError: the node refused the request.
        """
        wanted: Any = address if isinstance(address, str) else list(address)
        last = to_block if isinstance(to_block, int) else self.height()
        found: list[LogReceipt] = []
        for start in range(from_block, last + 1, _LOG_PAGE_BLOCKS):
            end = min(start + _LOG_PAGE_BLOCKS - 1, last)
            found += self.web3.eth.get_logs({"address": wanted, "fromBlock": start, "toBlock": end})
        return found

    def height(self) -> int:
        """Return the number of the latest block."""
        return int(self.web3.eth.block_number)

    def block(self, which: Block = "latest") -> tuple[int, bytes] | None:
        """Return a block's number and its 32-byte hash, or None if the node has no such block.

        Args:
            which: the block's number, or "latest" or "earliest".

        Raises:
            NodeError: the node refused the request.
        """
        place = which if isinstance(which, str) else hex(which)
        found = self._rpc("eth_getBlockByNumber", place, False)
        return None if found is None else (int(found["number"], 16), bytes.fromhex(found["hash"][2:]))

    def time_of(self, number: int) -> int:
        """Return the timestamp of a block in unix seconds.

        Raises:
            NodeError: the node does not have the block, or refused the request.
        """
        from web3.exceptions import BlockNotFound

        try:
            return int(self.web3.eth.get_block(number)["timestamp"])
        except BlockNotFound:
            raise NodeError(f"the node does not have block {number}") from None

    def input_of(self, transaction: bytes) -> bytes:
        """Return what a transaction was sent with: selector and encoded arguments.

        Args:
            transaction: its hash, 32 bytes.

        Raises:
            NodeError: the node does not have the transaction, or refused the request.
        """
        from hexbytes import HexBytes
        from web3.exceptions import TransactionNotFound

        try:
            return bytes(self.web3.eth.get_transaction(HexBytes(transaction))["input"])
        except TransactionNotFound:
            raise NodeError(f"the node does not have transaction {to_hex(transaction)}") from None

    def code(self, address: str) -> bytes:
        """Return the code at an address; it is empty if there is no contract."""
        return bytes(self.web3.eth.get_code(self.web3.to_checksum_address(address)))

    def next_nonce(self, address: str) -> int:
        """Wait until no transaction of an account is pending; return the number (nonce) of its next one.

        Raises:
            NotMined: a transaction was still pending after the allowed time.
        """
        self._nonces.pop(address, None)
        deadline = time.monotonic() + self._timeout_seconds
        while True:
            mined, pending = (
                int(self._rpc("eth_getTransactionCount", address, block), 16)
                for block in ("latest", "pending")
            )
            if mined >= pending:
                return mined
            if time.monotonic() > deadline:
                raise NotMined(f"transaction {mined} of {address} is still pending; wait until it is mined")
            time.sleep(_POLL_SECONDS)

    def snapshot(self) -> str:
        """Take a snapshot of the state (test nodes only); the returned id can be given to ``revert`` once."""
        return str(self._rpc("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        """Go back to a snapshot (test nodes only).

        Raises:
            BadInput: the node does not know the snapshot, or it has been used already.
        """
        self._nonces.clear()
        if not self._rpc("evm_revert", snapshot):
            raise BadInput(f"snapshot {snapshot} does not exist or has been used already")

    def mine(self, timestamp: int | None = None) -> None:
        """Mine one empty block (test nodes only).

        Args:
            timestamp: the block's unix time, later than the latest block's; None leaves it to the node.
        """
        self._rpc("evm_mine", *(() if timestamp is None else (timestamp,)))

    def travel(self, seconds: int) -> None:
        """Mine one empty block that is ``seconds`` later than the latest block (test nodes only)."""
        if seconds <= 0:
            raise BadInput(f"seconds must be 1 or more, not {seconds}: the time of a chain only goes forward")
        self.mine(self.now() + seconds)

    def set_next_time(self, timestamp: int) -> None:
        """Set the unix time of the next block (in process and Anvil), to test the very end of an interval."""
        self._rpc("evm_setNextBlockTimestamp", timestamp)

    def _fees(self) -> tuple[int, int]:
        """Return priority fee and fee cap in wei; twice the base fee lasts for six full blocks (EIP-1559)."""
        tip = int(self._rpc("eth_maxPriorityFeePerGas"), 16)
        base = int(self._rpc("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
        return tip, 2 * base + tip

    def _nonce(self, address: str) -> int:
        if address not in self._nonces:
            self._nonces[address] = int(self._rpc("eth_getTransactionCount", address, "pending"), 16)
        return self._nonces[address]

    def _receipt(self, transaction: bytes) -> TxReceipt:
        from hexbytes import HexBytes
        from web3.exceptions import TransactionNotFound

        deadline = time.monotonic() + self._timeout_seconds
        while True:
            try:
                return self.web3.eth.get_transaction_receipt(HexBytes(transaction))
            except TransactionNotFound as error:
                if time.monotonic() > deadline:
                    raise NotMined(
                        f"transaction {to_hex(transaction)} had no receipt after {self._timeout_seconds:g} s"
                    ) from error
            time.sleep(_POLL_SECONDS)

    def _rpc(self, method: str, *params: object) -> Any:
        from web3.types import RPCEndpoint

        return self.web3.provider.make_request(RPCEndpoint(method), list(params))["result"]


def connect(rpc_url: str, chain_id: int | None = None, timeout_seconds: float = 120) -> Chain:
    """Reach a node by HTTP.

    Args:
        rpc_url: the node's URL; its path and user may contain a key, so errors show host and port only.
        chain_id: id of the chain that the node must serve; None accepts any chain.
        timeout_seconds: the longest time to wait for a receipt.

    Returns:
        The chain.

    Raises:
        BadInput: the URL is not http or https.
        NodeError: no node answers there.
        WrongChain: the node serves another chain.
    """
    from requests import RequestException
    from web3 import HTTPProvider, Web3

    address = urlsplit(rpc_url)
    host = f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BadInput(f"the node's URL must start with http:// or https://, unlike {host}")

    class Node(HTTPProvider):
        def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
            _log.debug("%s: %s", host, method)  # neither what is sent nor the URL's path, which may be secret
            try:
                answer = super().make_request(method, params)
            except (RequestException, ValueError):
                # Not chained: the text of the cause contains the whole URL.
                raise NodeError(f"no node answers at {host}") from None
            # It may be a web page, or a provider's own kind of error; the declared type is not checked.
            if not isinstance(answer, dict) or not ("result" in answer or "error" in answer):
                raise NodeError(f"what answers at {host} is not a node")
            # Before web3's formatters, which turn the error into one of five exceptions, some without data.
            if "error" in answer:
                raise _from_node(method, answer["error"])
            return answer

    web3 = Web3(Node(rpc_url))
    found = web3.eth.chain_id
    if chain_id is not None and found != chain_id:
        raise WrongChain(f"the node at {host} serves chain {found}, not chain {chain_id}")
    return Chain(web3, found, timeout_seconds)


def sender_address(sender: Sender | None) -> str:
    """Return the address of a sender; None is the zero address."""
    if sender is None:
        return "0x" + "00" * 20
    return sender if isinstance(sender, str) else sender.address


def _call_fields(to: str | None, data: bytes, sender: str, value: int) -> dict[str, str]:
    fields = {"from": sender, "data": to_hex(data), "value": hex(value)}
    return fields if to is None else {**fields, "to": to}


def sign_transaction(
    signer: SecretKey | LocalAccount,
    to: str | None,
    data: bytes,
    value: int,
    gas: int,
    nonce: int,
    tip: int,
    fee: int,
    chain_id: int,
) -> bytes:
    """Sign a transaction with fees as in EIP-1559 (`tip` and `fee` in wei per gas); return it encoded."""
    if isinstance(signer, SecretKey):
        import rlp

        place = b"" if to is None else bytes.fromhex(to[2:])
        fields: list[Any] = [chain_id, nonce, tip, fee, gas, place, value, data, []]
        signature = signer.sign_digest(keccak(_DYNAMIC_FEE + rlp.encode(fields)))
        r, s = (int.from_bytes(signature[i : i + 32], "big") for i in (0, 32))
        return _DYNAMIC_FEE + bytes(rlp.encode([*fields, signature[64] - 27, r, s]))
    named: dict[str, Any] = {
        "to": to or b"",
        "data": data,
        "value": value,
        "gas": gas,
        "nonce": nonce,
        "maxPriorityFeePerGas": tip,
        "maxFeePerGas": fee,
        "chainId": chain_id,
    }
    return bytes(signer.sign_transaction(named).raw_transaction)


def _from_node(method: str, error: str | Mapping[str, Any]) -> EnergyTradingError:
    if isinstance(error, str):
        return NodeError(f"{method}: {error}")
    message = str(error.get("message", "the node gave no reason"))
    data = error.get("data")
    if isinstance(data, Mapping):  # Ganache wraps the data
        data = data.get("result") or data.get("data")
    # The code is 3 from Geth and Anvil, -32000 from Ganache; only a failure in the EVM says "revert".
    if isinstance(data, str) and data.startswith("0x") and (len(data) > 2 or "revert" in message):
        return RevertData(bytes.fromhex(data[2:]))
    if "revert" in message:
        return RevertData(b"")
    if "insufficient funds" in message.lower():
        return NotEnoughMoney(message)
    return NodeError(f"{method}: {message}")
