"""Proofs that a transaction's receipt is in a block, for somebody who knows only the block's hash.

The hash of a block is that of its header, and the header holds the root of a Merkle–Patricia trie of the
receipts. So a header, and the trie's nodes on the way to one receipt, prove what the transaction logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Final

import rlp
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.chain.connect import Chain, NodeError
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import check_list, check_object, from_hex, read_integer, to_hex

# The header's fields in their order: of every block since London, and those that later forks appended.
_HEADER: Final = [
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
]
_APPENDED: Final = [
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
]
_BLOOM_BYTES: Final = 256
_RECEIPTS_ROOT: Final = 5
_NUMBER: Final = 8
_LOGS: Final = 3
_FIRST_LIST_BYTE: Final = 0xC0  # a byte below it in front of a receipt is the transaction's type (EIP-2718)


class ReceiptProofRefused(Forged):
    """A proof of a receipt does not hold."""


@dataclass(frozen=True)
class Log:
    """What a transaction logged, as its receipt has it.

    Args:
        address: EIP-55 address of the contract.
        topics: 32 bytes each.
        data: ABI-encoded fields.
    """

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class ReceiptProof:
    """A header, and the way from its receipts' root to one receipt.

    Args:
        header: RLP of the block's header.
        index: place of the transaction in the block, from 0.
        nodes: RLP of the trie's nodes, from the root down.
    """

    header: bytes
    index: int
    nodes: tuple[bytes, ...]

    @property
    def block_hash(self) -> bytes:
        """Hash of the block, 32 bytes: whoever checks the proof must know it from a source they trust."""
        return keccak(self.header)

    def open(self) -> tuple[int, tuple[Log, ...]]:
        """Check the way from the header to the receipt.

        Returns:
            The block's number, and what the transaction logged. They are true if the chain has a block of
            this `block_hash`.

        Raises:
            ReceiptProofRefused: the nodes do not lead from the header to a receipt.
        """
        from trie import HexaryTrie

        try:
            header = rlp.decode(self.header)
            nodes = [rlp.decode(node) for node in self.nodes]
            receipt = HexaryTrie.get_from_proof(header[_RECEIPTS_ROOT], rlp.encode(self.index), nodes)
            fields = rlp.decode(receipt if receipt[0] >= _FIRST_LIST_BYTE else receipt[1:])
            logs = tuple(
                Log(to_checksum_address(address), tuple(topics), data)
                for address, topics, data in fields[_LOGS]
            )
            return int.from_bytes(header[_NUMBER], "big"), logs
        except Exception as error:  # anybody can make these bytes, and the readers raise a dozen kinds
            raise ReceiptProofRefused("the proof does not lead from a header to a receipt") from error

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "header": to_hex(self.header),
            "index": self.index,
            "nodes": [to_hex(node) for node in self.nodes],
        }

    @classmethod
    def from_json(cls, value: Any) -> ReceiptProof:
        """Read the object of `to_json`, which `open` checks.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "receipt proof", {"header", "index", "nodes"})
        nodes = check_list(fields["nodes"], "nodes")
        return cls(
            from_hex(fields["header"], "header"),
            read_integer(fields["index"], "index"),
            tuple(from_hex(node, "node") for node in nodes),
        )


def prove_receipt(chain: Chain, transaction: bytes) -> ReceiptProof:
    """Make a proof of a transaction's receipt from what a node tells; reads every receipt of its block.

    Args:
        chain: the node's.
        transaction: hash of a mined transaction, 32 bytes.

    Raises:
        BadInput: the block's header or receipts have fields of which this function does not know, as on some
            rollups, so that their hashes differ.
        NodeError: the node does not have the transaction.
    """
    from hexbytes import HexBytes
    from trie import HexaryTrie
    from web3.exceptions import TransactionNotFound

    eth = chain.web3.eth
    try:
        receipt = eth.get_transaction_receipt(HexBytes(transaction))
    except TransactionNotFound as error:
        raise NodeError(f"the node does not have the transaction {to_hex(transaction)}") from error
    block: Mapping[str, Any] = eth.get_block(receipt["blockNumber"])
    receipts = [eth.get_transaction_receipt(each) for each in block["transactions"]]
    blooms = [_bloom(each) for each in receipts]
    # The chain in this process does not state the block's bloom, which follows from those of the receipts.
    block = {**block, "logsBloom": _wide(reduce(or_, blooms, 0))}
    names = [*_HEADER, *(name for name in _APPENDED if block.get(name) is not None)]
    try:
        header = rlp.encode([_bytes(block[name]) for name in names])
    except KeyError as error:
        raise BadInput(f"the node's block has no {error}, so its receipts cannot be proven") from error
    trie = HexaryTrie({})
    for i, (each, bloom) in enumerate(zip(receipts, blooms, strict=True)):
        trie[rlp.encode(i)] = _encoded(each, bloom)
    if keccak(header) != bytes(block["hash"]) or trie.root_hash != bytes(block["receiptsRoot"]):
        raise BadInput(
            "the node's blocks are not of Ethereum's form, so their receipts cannot be proven to those who "
            "have no node"
        )
    index = receipt["transactionIndex"]
    nodes = tuple(rlp.encode(node) for node in trie.get_proof(rlp.encode(index)))
    return ReceiptProof(header, index, nodes)


def _encoded(receipt: Mapping[str, Any], bloom: int) -> bytes:
    """Return the RLP of a receipt, with the transaction's type in front of it (EIP-2718)."""
    logs = [[_bytes(log["address"]), list(log["topics"]), log["data"]] for log in receipt["logs"]]
    fields = [_bytes(receipt["status"]), _bytes(receipt["cumulativeGasUsed"]), _wide(bloom), logs]
    kind = receipt.get("type", 0)
    kind = int(kind, 16) if isinstance(kind, str) else kind
    return (bytes([kind]) if kind else b"") + bytes(rlp.encode(fields))


def _bloom(receipt: Mapping[str, Any]) -> int:
    from eth_bloom import BloomFilter

    bloom = BloomFilter()
    for log in receipt["logs"]:
        bloom.extend([_bytes(log["address"]), *map(bytes, log["topics"])])
    return int(bloom)


def _wide(bloom: int) -> bytes:
    return bloom.to_bytes(_BLOOM_BYTES, "big")


def _bytes(value: Any) -> bytes:
    """Return a field as RLP has it: numbers without leading zeros."""
    if isinstance(value, int):
        return value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
