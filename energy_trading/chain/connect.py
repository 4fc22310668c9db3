"""One way to talk to a chain, whether it runs in this process or behind an RPC address."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from eth_account.signers.local import LocalAccount

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, EnergyTradingError, RuleBroken, TryAgain

if TYPE_CHECKING:
    from web3 import Web3
    from web3.types import LogReceipt, RPCEndpoint, RPCResponse, TxReceipt

Fork: TypeAlias = Literal["shanghai", "cancun", "prague"]
Sender: TypeAlias = SecretKey | LocalAccount | str
"""Who pays for a transaction: a key that signs here, or the address of an account the node has unlocked."""
Block: TypeAlias = int | Literal["latest", "earliest"]

_POLL_SECONDS: Final = 0.05
_LOG_PAGE_BLOCKS: Final = 10_000  # public nodes refuse to search more at once
_ESTIMATE_MARGIN_PERCENT: Final = 125  # the state may have moved between the estimate and the block


class RevertData(RuleBroken):
    """A call or transaction failed in the EVM.

    Args:
        data: what the contract returned: selector and fields of its error, or nothing.
        why: the EVM's reason where there is no data (out of gas, for example).
    """

    def __init__(self, data: bytes, why: str = "execution reverted") -> None:
        super().__init__(f"{why}: 0x{data.hex()}" if data else f"{why}, without data")
        self.data = data


class NodeError(TryAgain):
    """The node cannot be reached, or refused a request for a reason outside the EVM."""


class NotEnoughMoney(NodeError):
    """The sender cannot pay for the transaction's gas and value: nothing was sent."""


class WrongChain(BadInput):
    """The node serves another chain than the one asked for: nothing is sent to it."""


class NotMined(TryAgain):
    """No receipt came within the time allowed; the transaction may still be mined."""


class Chain:
    """A chain reached through a node; encoding a call is the caller's business, sending it is this one's.

    Args:
        web3: a connected web3.
        chain_id: the chain's id, already checked.
        timeout_seconds: longest wait for a receipt.
    """

    def __init__(self, web3: Web3, chain_id: int, timeout_seconds: float = 120) -> None:
        self.web3 = web3
        self.chain_id = chain_id
        self._timeout_seconds = timeout_seconds
        self._nonces: dict[str, int] = {}

    @property
    def accounts(self) -> tuple[str, ...]:
        """Addresses the node signs for: the funded accounts of a test node, none on a public one."""
        return tuple(self.web3.eth.accounts)

    def now(self) -> int:
        """Return the time stamp of the latest block, in unix seconds: the clock that contracts read."""
        return int(self._rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def send(
        self, to: str | None, data: bytes, sender: Sender, value: int = 0, gas: int | None = None
    ) -> TxReceipt:
        """Send a transaction and wait for its receipt.

        Args:
            to: the contract's address; None creates one.
            data: the encoded call.
            sender: who signs and pays.
            value: native coin that goes along, in wei.
            gas: gas limit; None asks the node (or, in process, takes half a block's).

        Returns:
            The receipt of a transaction that succeeded.

        Raises:
            RevertData: it failed. Where the node could tell beforehand (always in process, elsewhere
                with ``gas=None``) it was not mined.
            NodeError: the node refused it (fee, nonce) or went away.
            NotEnoughMoney: the sender cannot pay.
            NotMined: no receipt in time.
        """
        from hexbytes import HexBytes

        try:
            sent = self._submit(to, data, sender, value, gas)
        except NotEnoughMoney as error:
            address = _address(sender)
            has = int(self._rpc("eth_getBalance", address, "latest"), 16)
            raise NotEnoughMoney(
                f"account {address}: given {has} wei, allowed enough for {value} wei and the gas ({error})"
            ) from None
        receipt = self._receipt(HexBytes(sent))
        if receipt["status"] == 0:
            # The receipt does not say why: ask for the same call on the state before the block.
            self.call(to, data, _address(sender), value=value, block=receipt["blockNumber"] - 1)
            raise RevertData(b"", "failed, where a call with more gas does not")
        return receipt

    def _submit(self, to: str | None, data: bytes, sender: Sender, value: int, gas: int | None) -> str:
        signer = sender.to_local_account() if isinstance(sender, SecretKey) else sender
        address = signer if isinstance(signer, str) else signer.address
        call = _call_fields(to, data, address, value)
        if gas is None:
            gas = int(self._rpc("eth_estimateGas", call), 16) * _ESTIMATE_MARGIN_PERCENT // 100
        if isinstance(signer, str):
            return str(self._rpc("eth_sendTransaction", {**call, "gas": hex(gas)}))
        tip, fee = self._fees()
        nonce = self._nonce(address)
        raw = _sign(signer, to, data, value, gas, nonce, tip, fee, self.chain_id)
        try:
            sent = str(self._rpc("eth_sendRawTransaction", "0x" + raw.hex()))
        except EnergyTradingError:
            del self._nonces[address]  # unknown now whether the node counted it: ask again
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
            sender: who the contract sees as ``msg.sender``; None is the zero address.
            value: native coin that goes along, in wei.
            block: whose state and time it runs on.

        Returns:
            The encoded answer.

        Raises:
            RevertData: the contract reverted.
            NodeError: the node refused the request.
        """
        place = block if isinstance(block, str) else hex(block)
        answer: str = self._rpc("eth_call", _call_fields(to, data, _address(sender), value), place)
        return bytes.fromhex(answer[2:])

    def deploy(self, bytecode: bytes, sender: Sender, gas: int | None = None) -> tuple[str, TxReceipt]:
        """Create a contract.

        Args:
            bytecode: creation code followed by the encoded constructor arguments.
            sender: who signs and pays.
            gas: gas limit, as in ``send``.

        Returns:
            The contract's address and the receipt.

        Raises:
            RevertData: the constructor reverted.
            NodeError: the node refused it.
        """
        receipt = self.send(None, bytecode, sender, gas=gas)
        address = receipt["contractAddress"]
        if address is None:  # a node that breaks the protocol
            raise NodeError("the receipt of a deployment names no contract")
        return str(address), receipt

    def logs(
        self, address: str | Sequence[str], from_block: int = 0, to_block: int | Literal["latest"] = "latest"
    ) -> list[LogReceipt]:
        """Return the events of one or more contracts, oldest first.

        Args:
            address: the contract or contracts.
            from_block: first block read.
            to_block: last block read.

        Raises:
            NodeError: the node refused.
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
        """Return a block's number and its hash of 32 bytes; None: the node has no such block.

        Args:
            which: number, or place.

        Raises:
            NodeError: the node refused.
        """
        place = which if isinstance(which, str) else hex(which)
        found = self._rpc("eth_getBlockByNumber", place, False)
        return None if found is None else (int(found["number"], 16), bytes.fromhex(found["hash"][2:]))

    def code(self, address: str) -> bytes:
        """Return the code at an address, empty if there is no contract."""
        return bytes(self.web3.eth.get_code(self.web3.to_checksum_address(address)))

    def next_nonce(self, address: str) -> int:
        """Wait until no transaction of an account is pending; return the number of its next one.

        Args:
            address: the account.

        Raises:
            NotMined: one was still pending after the time allowed.
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
                raise NotMined(f"account {address}: transaction {mined} is still pending, wait for it")
            time.sleep(_POLL_SECONDS)

    def snapshot(self) -> str:
        """Remember the whole state (test nodes only); the answer goes to ``revert``, once."""
        return str(self._rpc("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        """Go back to a snapshot (test nodes only).

        Raises:
            BadInput: the node does not know it, or it was used already.
        """
        self._nonces.clear()
        if not self._rpc("evm_revert", snapshot):
            raise BadInput(f"snapshot: given {snapshot}, allowed one that was taken and not used yet")

    def mine(self, timestamp: int | None = None) -> None:
        """Make one empty block (test nodes only).

        Args:
            timestamp: its unix time, later than the latest block's; None leaves it to the node.
        """
        self._rpc("evm_mine", *(() if timestamp is None else (timestamp,)))

    def travel(self, seconds: int) -> None:
        """Make one empty block ``seconds`` after the latest (test nodes only)."""
        if seconds <= 0:
            raise BadInput(f"seconds: given {seconds}, allowed 1 or more: a chain's time only goes forward")
        self.mine(self.now() + seconds)

    def set_next_time(self, timestamp: int) -> None:
        """Fix the unix time of the next block (in process and Anvil), to test an interval's very end."""
        self._rpc("evm_setNextBlockTimestamp", timestamp)

    def _fees(self) -> tuple[int, int]:
        """Return (priority fee, fee cap) in wei; twice the base fee lasts for six full blocks (EIP-1559)."""
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
                        f"transaction 0x{transaction.hex()}: no receipt in {self._timeout_seconds:g} s"
                    ) from error
            time.sleep(_POLL_SECONDS)

    def _rpc(self, method: str, *params: object) -> Any:
        from web3.types import RPCEndpoint

        return self.web3.provider.make_request(RPCEndpoint(method), list(params))["result"]


def in_process(
    fork: Fork = "prague",
    accounts: int | Sequence[SecretKey] = 10,
    genesis_time: int | None = None,
) -> Chain:
    """Start a chain inside this process: eth-tester over py-evm, every transaction its own block.

    Args:
        fork: the rules it runs.
        accounts: keys that begin with a million coins each, or how many of the well-known keys 1, 2, 3 … do.
        genesis_time: unix time of block 0; None is the present. After it the clock advances by one second
            per block and by nothing else, so equal calls give equal chains.

    Returns:
        The chain; its ``accounts`` can be senders by address.

    Raises:
        BadInput: unknown fork, or no account.
    """
    from energy_trading.chain.tester import start

    keys = [SecretKey.from_int(i + 1) for i in range(accounts)] if isinstance(accounts, int) else accounts
    if not keys:
        raise BadInput("accounts: given none, allowed one or more")
    return start(fork, keys, int(time.time()) if genesis_time is None else genesis_time)


def connect(rpc_url: str, chain_id: int | None = None, timeout_seconds: float = 120) -> Chain:
    """Reach a node by HTTP.

    Args:
        rpc_url: its address; path and user may hold a key, so error texts show host and port only.
        chain_id: the chain it must serve; None takes any.
        timeout_seconds: longest wait for a receipt.

    Returns:
        The chain.

    Raises:
        BadInput: the address is not http or https.
        NodeError: nobody answers there.
        WrongChain: it serves another chain.
    """
    from requests import RequestException
    from web3 import HTTPProvider, Web3

    address = urlsplit(rpc_url)
    host = f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BadInput(f"rpc_url: given {host}, allowed http://… or https://…")

    class Node(HTTPProvider):
        def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
            try:
                answer = super().make_request(method, params)
            except (RequestException, ValueError):
                # Not chained: the cause repeats the whole address.
                raise NodeError(f"no node answers at {host}") from None
            # A web page, or a provider's own kind of error; what it is typed to be is only hoped for.
            if not isinstance(answer, dict) or not ("result" in answer or "error" in answer):
                raise NodeError(f"no node answers at {host}, but something else")
            # Before web3's formatters: they turn it into one of five exceptions, some without data.
            if "error" in answer:
                raise _from_node(method, answer["error"])
            return answer

    web3 = Web3(Node(rpc_url))
    found = web3.eth.chain_id
    if chain_id is not None and found != chain_id:
        raise WrongChain(f"chain id: {host} serves {found}, allowed {chain_id}")
    return Chain(web3, found, timeout_seconds)


def _address(sender: Sender | None) -> str:
    if sender is None:
        return "0x" + "00" * 20
    return sender if isinstance(sender, str) else sender.address


def _call_fields(to: str | None, data: bytes, sender: str, value: int) -> dict[str, str]:
    fields = {"from": sender, "data": "0x" + data.hex(), "value": hex(value)}
    return fields if to is None else {**fields, "to": to}


def _sign(
    signer: LocalAccount,
    to: str | None,
    data: bytes,
    value: int,
    gas: int,
    nonce: int,
    tip: int,
    fee: int,
    chain_id: int,
) -> bytes:
    fields: dict[str, Any] = {
        "to": to or b"",
        "data": data,
        "value": value,
        "gas": gas,
        "nonce": nonce,
        "maxPriorityFeePerGas": tip,
        "maxFeePerGas": fee,
        "chainId": chain_id,
    }
    return bytes(signer.sign_transaction(fields).raw_transaction)


def _from_node(method: str, error: str | Mapping[str, Any]) -> EnergyTradingError:
    if isinstance(error, str):
        return NodeError(f"{method}: {error}")
    message = str(error.get("message", "no reason given"))
    data = error.get("data")
    if isinstance(data, Mapping):  # Ganache wraps it
        data = data.get("result") or data.get("data")
    # Geth and Anvil answer code 3, Ganache -32000; only a failure inside the EVM says "revert".
    if isinstance(data, str) and data.startswith("0x") and (len(data) > 2 or "revert" in message):
        return RevertData(bytes.fromhex(data[2:]))
    if "revert" in message:
        return RevertData(b"")
    if "insufficient funds" in message.lower():
        return NotEnoughMoney(message)
    return NodeError(f"{method}: {message}")
