"""The EIP-712 domain: which contract on which chain a signature is for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from eth_abi.abi import encode

from energy_trading.types._keccak import keccak
from energy_trading.types.structs import Message

_TYPE: Final = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


@dataclass(frozen=True)
class Domain:
    """The contract and chain that a signature is for (EIP-712 domain, version "1").

    Args:
        name: the contract's name: "EnergyLedger", "OfferMarket", "SealedBidAuction", "EnergyLot",
            "SlotMarket" or "VerifierCouncil".
        chain_id: EIP-155 chain id.
        verifying_contract: the contract's address, 0x-prefixed.
    """

    name: str
    chain_id: int
    verifying_contract: str

    def separator(self) -> bytes:
        """Return the 32-byte domain separator (EIP-712)."""
        return _separator(self.name, self.chain_id, self.verifying_contract)

    def digest(self, message: Message | bytes) -> bytes:
        """Return the 32-byte digest that is signed for a message.

        Args:
            message: the message, or its 32-byte struct hash.

        Raises:
            BadInput: a field of the message does not fit its type.

        Source:
            EIP-712.
        """
        struct_hash = message if isinstance(message, bytes) else message.struct_hash()
        return keccak(b"\x19\x01" + self.separator() + struct_hash)


@lru_cache(maxsize=64)
def _separator(name: str, chain_id: int, verifying_contract: str) -> bytes:
    return keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(_TYPE.encode()), keccak(name.encode()), keccak(b"1"), chain_id, verifying_contract],
        )
    )
