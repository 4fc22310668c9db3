"""A chain in this process on revm, an EVM in Rust: real bytecode, thousands of calls a second, no gas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from energy_trading.chain.connect import (
    Block,
    Chain,
    NodeError,
    RevertData,
    Sender,
    Transaction,
    sender_address,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.types._keccak import eip55, keccak

if TYPE_CHECKING:
    from web3.types import LogReceipt, TxReceipt

#: coins that every account begins with, in wei
COINS: Final = 10**24
#: calls and inner calls that revm may remember before it is thrown away; one takes some 2 kB
_MOST_REMEMBERED: Final = 20_000
_OUTPUT: Final = re.compile(r"output: (?:0x)?([0-9a-f]*)")
_ACCOUNT: Final = re.compile(r"(0x[0-9a-f]{40}): Account \{")
_SLOT: Final = re.compile(r"(\d+): StorageSlot \{ previous_or_original_value: \d+, present_value: (\d+) \}")


class RevmChain(Chain):
    """One EVM whose transaction never ends, so gas and refunds mean nothing here; senders do not sign.

    A transaction is a block of its own; those of one `send_all` share a block.

    Args:
        keys: accounts, each of which begins with a million coins.
        genesis_time: unix time of block 0. Each block is a second later, unless it is given a time.
        chain_id: what contracts and signatures take for the chain.
        history: keep what the contracts log for `logs`. Without it memory does not grow with time, and logs
            are in the receipts only.

    Raises:
        BadInput: pyrevm is not installed, or has no wheel for this version of Python.
    """

    def __init__(
        self, keys: Sequence[SecretKey], genesis_time: int, chain_id: int = 1337, *, history: bool = True
    ) -> None:
        try:
            import pyrevm
        except ImportError:
            raise BadInput(
                "the venue revm needs pyrevm, which exists for Python 3.11 and 3.12:"
                ' install it with `pip install "energy-trading[simulate]"`'
            ) from None
        self._revm = pyrevm
        self.chain_id = chain_id
        self._evm = self._new()
        self._time, self._next, self._number = genesis_time, genesis_time + 1, 0
        self._history = history
        self._sent = 0
        #: what was stored when this EVM began, by contract and place
        self._before: dict[str, dict[int, int]] = {}
        self._logs: list[dict[str, Any]] = []
        self._snapshots: list[tuple[Any, int, int, int, int]] = []
        self._accounts = tuple(key.address for key in keys)
        for address in self._accounts:
            self._evm.set_balance(address, COINS)
        self._set_block()

    def _new(self) -> Any:
        env = self._revm.Env(cfg=self._revm.CfgEnv(chain_id=self.chain_id))
        return self._revm.EVM(env=env, spec_id="SHANGHAI")

    @property
    def accounts(self) -> tuple[str, ...]:
        """The addresses that have coins from the beginning; any address can send."""
        return self._accounts

    def next_nonce(self, address: str) -> int:
        return int(self._evm.basic(address).nonce)

    def height(self) -> int:
        return self._number

    def block(self, which: Block = "latest") -> tuple[int, bytes] | None:
        number = {"latest": self._number, "earliest": 0}[which] if isinstance(which, str) else which
        return (number, bytes(self._evm.block_hash(number))) if 0 <= number <= self._number else None

    def code(self, address: str) -> bytes:
        return bytes(self._evm.basic(address).code or b"").rstrip(b"\0")  # revm pads it

    def now(self) -> int:
        return self._time

    @property
    def next_time(self) -> int:
        """Time of the next block, unix seconds."""
        return self._next

    def balance(self, address: str) -> int:
        """Coin of an account, in wei."""
        return int(self._evm.get_balance(address))

    def give(self, address: str) -> None:
        """Let an account have a million coins."""
        self._evm.set_balance(address, COINS)

    def storage(self, address: str) -> dict[int, int]:
        """Return everything that a contract has stored, by place; what is zero is left out."""
        return self._stored().get(address.lower(), {})

    def mine(self, timestamp: int | None = None) -> None:
        if timestamp is not None and timestamp <= self._time:
            raise BadInput(f"the time of a block must be after {self._time}, not {timestamp}")
        self._time = self._next if timestamp is None else timestamp
        self._next = self._time + 1
        self._number += 1
        self._set_block()

    def set_next_time(self, timestamp: int) -> None:
        if timestamp <= self._time:
            raise BadInput(f"the time of a block must be after {self._time}, not {timestamp}")
        self._next = timestamp

    def snapshot(self) -> str:
        self._snapshots.append((self._evm.snapshot(), self._time, self._next, self._number, len(self._logs)))
        return str(len(self._snapshots) - 1)

    def revert(self, snapshot: str) -> None:
        if not snapshot.isdigit() or int(snapshot) >= len(self._snapshots):
            raise BadInput(f"snapshot {snapshot} does not exist or has been used already")
        point, self._time, self._next, self._number, logs = self._snapshots[int(snapshot)]
        self._evm.revert(point)
        del self._logs[logs:], self._snapshots[int(snapshot) :]
        self._set_block()

    def send(
        self, to: str | None, data: bytes, sender: Sender, value: int = 0, gas: int | None = None
    ) -> TxReceipt:
        before = self._time, self._next, self._number
        self.mine()
        try:
            return self._transact(to, data, sender, value, gas, 0)
        except RevertData:
            self._time, self._next, self._number = before
            self._set_block()
            raise
        finally:
            self._forget()

    def send_all(self, transactions: Sequence[Transaction]) -> list[TxReceipt | RevertData]:
        found: list[TxReceipt | RevertData] = []
        self.mine()
        for tx in transactions:
            try:
                found.append(self._transact(tx.to, tx.data, tx.sender, tx.value, None, len(found)))
            except RevertData as error:
                found.append(error)
        self._forget()
        return found

    def _transact(
        self, to: str | None, data: bytes, sender: Sender, value: int, gas: int | None, index: int
    ) -> TxReceipt:
        created = None
        evm, account = self._evm, sender_address(sender)
        if to is None:
            created = eip55(bytes.fromhex(self._run(lambda: evm.deploy(account, data, value))[2:]))
        else:
            self._run(lambda: evm.message_call(account, to, data, value, gas))
        self._sent += 1
        name = keccak(b"transaction" + self._sent.to_bytes(32, "big"))
        logs = [
            {
                "address": eip55(bytes.fromhex(log.address[2:])),
                "topics": [bytes.fromhex(str(topic).removeprefix("0x")) for topic in log.topics],
                "data": log.data[1] if isinstance(log.data, tuple) else log.data,
                "blockNumber": self._number,
                "transactionIndex": index,
                "transactionHash": name,
                "logIndex": i,
            }
            for i, log in enumerate(evm.result.logs)
        ]
        if self._history:
            self._logs += logs
        receipt: Any = {
            "status": 1,
            "contractAddress": created,
            "transactionHash": name,
            "transactionIndex": index,
            "blockNumber": self._number,
            "gasUsed": 0,
            "logs": logs,
        }
        return receipt  # type: ignore[no-any-return]

    def call(
        self,
        to: str | None,
        data: bytes,
        sender: Sender | None = None,
        value: int = 0,
        block: Block = "latest",
    ) -> bytes:
        if block not in ("latest", self._number):
            raise BadInput(f"revm knows the state of the last block only, not that of block {block}")
        evm, account = self._evm, sender_address(sender)
        point = evm.snapshot()
        try:
            if to is None:
                return self.code(self._run(lambda: evm.deploy(account, data, value)))
            return bytes(self._run(lambda: evm.message_call(account, to, data, value)))
        finally:
            evm.revert(point)

    def logs(
        self, address: str | Sequence[str], from_block: int = 0, to_block: Block = "latest"
    ) -> list[LogReceipt]:
        if not self._history:
            raise BadInput("this chain keeps no logs of the past; they are in the receipts")
        wanted = {address} if isinstance(address, str) else set(address)
        last = to_block if isinstance(to_block, int) else self._number
        found: Any = [
            x for x in self._logs if x["address"] in wanted and from_block <= x["blockNumber"] <= last
        ]
        return found  # type: ignore[no-any-return]

    def _set_block(self) -> None:
        self._evm.set_block_env(self._revm.BlockEnv(number=self._number, timestamp=self._time))

    def _run(self, action: Any) -> Any:
        self._evm.reset_transient_storage()
        try:
            return action()
        except RuntimeError as error:
            found = _OUTPUT.search(str(error))
            raise RevertData(bytes.fromhex(found[1]) if found else b"", str(error)[:80]) from None
        except OverflowError as error:
            raise NodeError(f"the chain refused the transaction: {error}") from error

    def _forget(self) -> None:
        """Go on in a new EVM with the same state, when this one remembers too many calls.

        The transaction of this EVM never ends, so revm would keep every change, to undo it, and every log.
        """
        if self._snapshots or self._evm.journal_len < _MOST_REMEMBERED:
            return
        stored, fresh = self._stored(), self._new()
        known = {**self._evm.db_accounts, **self._evm.journal_state}
        for address, info in known.items():
            fresh.insert_account_info(address, info)
            fresh.set_balance(address, self._evm.get_balance(address))
            for place, value in stored.get(address.lower(), {}).items():
                fresh.insert_account_storage(address, place, value)
        self._evm, self._before = fresh, stored
        self._set_block()

    def _stored(self) -> dict[str, dict[int, int]]:
        """Return what every contract has stored. pyrevm states it as text only, and only what was looked at.

        What the EVM was given when it began is what no text states.
        """
        text: str = self._evm.journal_str
        text = text[: text.index(", transient_storage: ")]
        places = [(m[1], m.end()) for m in _ACCOUNT.finditer(text)]
        ends = [*(start for _, start in places[1:]), len(text)]
        found = {address: dict(slots) for address, slots in self._before.items()}
        for (address, start), end in zip(places, ends, strict=True):
            # Behind the code, whose digits would take the expression long.
            slots = _SLOT.finditer(text, text.index("}, storage: {", start), end)
            seen = {int(m[1]): int(m[2]) for m in slots}
            merged = found.get(address, {}) | seen
            if merged:
                found[address] = {place: value for place, value in merged.items() if value}
        return found
