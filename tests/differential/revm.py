"""A chain on revm: the methods of `energy_trading.chain.Chain`, thousands of calls a second, no gas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from energy_trading.chain.connect import Block, Chain, RevertData, Sender
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import ZERO_ADDRESS

COINS = 10**24
_OUTPUT = re.compile(r"output: (?:0x)?([0-9a-f]*)")


def pyrevm() -> Any:
    """The module. Where it has no wheel, the tests that need it are skipped."""
    return pytest.importorskip("pyrevm", reason="pyrevm has wheels for Python 3.11 and 3.12 only")


class RevmChain(Chain):
    """One EVM whose transaction never ends, so gas and refunds mean nothing here. Every send is a block.

    Args:
        keys: accounts, each of which begins with a million coins.
        genesis_time: unix time of block 0.
    """

    def __init__(self, keys: Sequence[SecretKey], genesis_time: int) -> None:
        self._revm = pyrevm()
        env = self._revm.Env(cfg=self._revm.CfgEnv(chain_id=1337))
        self._evm = self._revm.EVM(env=env, spec_id="SHANGHAI")
        self.chain_id = 1337
        self._time, self._next, self._number = genesis_time, genesis_time + 1, 0
        self._logs: list[Any] = []
        self._snapshots: list[tuple[Any, int, int, int, int]] = []
        for key in keys:
            self._evm.set_balance(key.address, COINS)

    def next_nonce(self, address: str) -> int:
        return int(self._evm.basic(address).nonce)

    def height(self) -> int:
        return self._number

    def block(self, number: int) -> tuple[int, bytes] | None:
        """Number and hash of a block; revm without a database hashes the number in decimal."""
        return None if number > self._number else (number, keccak(str(number).encode()))

    def code(self, address: str) -> bytes:
        return bytes(self._evm.basic(address).code or b"").rstrip(b"\0")  # revm pads it

    def now(self) -> int:
        return self._time

    @property
    def next_time(self) -> int:
        """Time of the next block."""
        return self._next

    def balance(self, address: str) -> int:
        """Coin of an account, in wei."""
        return int(self._evm.get_balance(address))

    def mine(self, timestamp: int | None = None) -> None:
        self._time = self._next if timestamp is None else timestamp
        self._next = self._time + 1
        self._number += 1

    def set_next_time(self, timestamp: int) -> None:
        assert timestamp > self._time
        self._next = timestamp

    def snapshot(self) -> str:
        self._snapshots.append((self._evm.snapshot(), self._time, self._next, self._number, len(self._logs)))
        return str(len(self._snapshots) - 1)

    def revert(self, snapshot: str) -> None:
        point, self._time, self._next, self._number, logs = self._snapshots[int(snapshot)]
        self._evm.revert(point)
        del self._logs[logs:], self._snapshots[int(snapshot) :]

    def send(
        self, to: str | None, data: bytes, sender: Sender, value: int = 0, gas: int | None = None
    ) -> Any:
        before = self._time, self._next, self._number
        self.mine()
        created = None
        try:
            if to is None:
                created = self._run(lambda: self._evm.deploy(_address(sender), data, value))
            else:
                self._run(lambda: self._evm.message_call(_address(sender), to, data, value, gas))
        except RevertData:
            self._time, self._next, self._number = before
            raise
        name = HexBytes(keccak(self._number.to_bytes(32, "big")))
        logs = [
            {
                "address": to_checksum_address(log.address),
                "topics": [bytes.fromhex(str(topic).removeprefix("0x")) for topic in log.topics],
                "data": log.data[1] if isinstance(log.data, tuple) else log.data,
                "blockNumber": self._number,
                "transactionHash": name,
                "logIndex": i,
            }
            for i, log in enumerate(self._evm.result.logs)
        ]
        self._logs += logs
        return {
            "status": 1,
            "contractAddress": None if created is None else to_checksum_address(created),
            "transactionHash": name,
            "blockNumber": self._number,
            "gasUsed": 0,
            "logs": logs,
        }

    def call(
        self,
        to: str | None,
        data: bytes,
        sender: Sender | None = None,
        value: int = 0,
        block: Block = "latest",
    ) -> bytes:
        point = self._evm.snapshot()
        try:
            if to is None:
                return self.code(self._run(lambda: self._evm.deploy(_address(sender), data, value)))
            return bytes(self._run(lambda: self._evm.message_call(_address(sender), to, data, value)))
        finally:
            self._evm.revert(point)

    def logs(self, address: Any, from_block: int = 0, to_block: Block = "latest") -> Any:
        wanted = [address] if isinstance(address, str) else list(address)
        return [x for x in self._logs if x["address"] in wanted and x["blockNumber"] >= from_block]

    def _run(self, action: Any) -> Any:
        self._evm.set_block_env(self._revm.BlockEnv(number=self._number, timestamp=self._time))
        self._evm.reset_transient_storage()
        try:
            return action()
        except RuntimeError as error:
            found = _OUTPUT.search(str(error))
            raise RevertData(bytes.fromhex(found[1]) if found else b"", str(error)[:80]) from None


def _address(sender: Sender | None) -> str:
    return ZERO_ADDRESS if sender is None else sender if isinstance(sender, str) else sender.address
