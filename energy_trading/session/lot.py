"""What a session is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import encode
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from energy_trading.errors import BadInput
from energy_trading.files.json import check_object
from energy_trading.types import Domain

_SUBJECT_TYPE: Final = "SessionSubject(uint256 lotId,address responder)"


@dataclass(frozen=True)
class Lot:
    """One lot of energy on one chain.

    Args:
        chain_id: EIP-155.
        contract: EIP-55 address of the contract that holds the lot.
        lot_id: 0 … 2**256 - 1.

    Raises:
        BadInput: a field is out of range.
    """

    chain_id: int
    contract: str
    lot_id: int

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        if not 0 < self.chain_id < 2**256 or not 0 <= self.lot_id < 2**256:
            raise BadInput(
                f"lot: given {self.lot_id} on chain {self.chain_id}, allowed uint256, chain from 1"
            )
        if not is_checksum_address(self.contract):
            raise BadInput(f"contract: given {self.contract}, allowed an EIP-55 address")

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of what is signed in a session; no contract reads it, and no other use shares it."""
        return Domain("EnergySession", self.chain_id, self.contract)

    def subject(self, responder: str) -> bytes:
        """Return the 32-byte digest of chain, contract, lot and the account that is asked.

        Args:
            responder: EIP-55 address.
        """
        fields = [keccak(text=_SUBJECT_TYPE), self.lot_id, responder]
        return self.domain.digest(keccak(encode(["bytes32", "uint256", "address"], fields)))

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {"chainId": self.chain_id, "contract": self.contract, "lotId": self.lot_id}

    @classmethod
    def from_json(cls, value: Any) -> Lot:
        """Read the object of `to_json`.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "lot", {"chainId", "contract", "lotId"})
        return cls(fields["chainId"], fields["contract"], fields["lotId"])
