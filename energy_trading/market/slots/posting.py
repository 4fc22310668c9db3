"""A posted slot as disputes and finalising show it again: its result, its rows, and who signed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_abi.abi import decode
from eth_utils.crypto import keccak

from energy_trading.bindings.slot_market import SlotPosted
from energy_trading.chain.connect import Chain
from energy_trading.crypto._signatures import recover_address
from energy_trading.errors import Forged
from energy_trading.market.slots.book import row_of
from energy_trading.rules.council import signers_hash
from energy_trading.rules.slot_pool import chunk_hashes
from energy_trading.types import Domain, Posted, Result, RowProof

_CHUNK_BYTES: Final = 128
_POST: Final = f"post({Result.ABI},bytes,uint256,bytes)"
_SIGNATURE_BYTES: Final = 64


class PostingNotFound(Forged):
    """The transaction that posted a slot is not a call of its leader, so its signers are unknown."""


@dataclass(frozen=True)
class Posting:
    """A posted slot.

    Args:
        posted: the result and its signers, the leader first.
        rows: the rows, packed.
    """

    posted: Posted
    rows: bytes

    @classmethod
    def read(cls, chain: Chain, event: SlotPosted, domain: Domain) -> Posting:
        """Find out who signed a slot, from the signatures in the transaction that posted it.

        The cluster cannot be asked for later: a redraw changes it.

        Raises:
            PostingNotFound: the leader is a contract, which posted the slot within another call.
            NodeError: the node does not have the transaction.
        """
        data = chain.input_of(event.transaction_hash)
        result = event.result
        if data[:4] != keccak(text=_POST)[:4]:
            raise PostingNotFound(f"slot {event.slot} was posted within another call of {result.leader}")
        signatures = decode([Result.ABI, "bytes", "uint256", "bytes"], data[4:])[3]
        digest = domain.digest(result)
        peers = [
            recover_address(digest, signatures[start : start + _SIGNATURE_BYTES])
            for start in range(0, event.peers.bit_count() * _SIGNATURE_BYTES, _SIGNATURE_BYTES)
        ]
        return cls(Posted(result, (result.leader, *(peer for peer in peers if peer))), event.rows)

    @property
    def signers_hash(self) -> bytes:
        """What finalising names the signers by, 32 bytes."""
        return signers_hash(self.posted.signers)

    def row(self, number: int) -> int:
        """Return the row of a home, Wh."""
        return row_of(self.rows, number)

    def proof(self, number: int) -> RowProof:
        """Open the row of a home."""
        start = 2 * number // _CHUNK_BYTES * _CHUNK_BYTES
        return RowProof(self.rows[start : start + _CHUNK_BYTES], tuple(chunk_hashes(self.rows)))
