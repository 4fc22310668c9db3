"""What a session negotiates about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import encode
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from energy_trading.errors import BadInput
from energy_trading.files._json import check_object, exact_integer, read_integer
from energy_trading.types import Domain

_SUBJECT_TYPE: Final = "SessionSubject(uint256 lotId,address responder)"


@dataclass(frozen=True)
class Subject:
    """What a session negotiates about: one lot of energy on one chain.

    Args:
        chain_id: EIP-155 chain id.
        contract: EIP-55 address of the contract that holds the lot.
        lot_id: the lot's number, 0 … 2**256 - 1.

    Raises:
        BadInput: a field is out of range.
    """

    chain_id: int
    contract: str
    lot_id: int

    def __post_init__(self) -> None:
        if not 0 < self.chain_id < 2**256 or not 0 <= self.lot_id < 2**256:
            raise BadInput(
                "the lot id must be a uint256 and the chain id a positive uint256, "
                f"not lot {self.lot_id} on chain {self.chain_id}"
            )
        if not is_checksum_address(self.contract):
            raise BadInput(f"the contract must be an EIP-55 address, not {self.contract}")

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of what is signed in a session. No contract reads it, and nothing else uses it."""
        return Domain("EnergySession", self.chain_id, self.contract)

    def label(self, responder: str) -> bytes:
        """Return the digest of chain, contract, lot and responder by which a hello names it, 32 bytes.

        Args:
            responder: EIP-55 address of the account that is asked.
        """
        fields = [keccak(text=_SUBJECT_TYPE), self.lot_id, responder]
        return self.domain.digest(keccak(encode(["bytes32", "uint256", "address"], fields)))

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {"chainId": self.chain_id, "contract": self.contract, "lotId": exact_integer(self.lot_id)}

    @classmethod
    def from_json(cls, value: Any) -> Subject:
        """Read the object of `to_json`.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "subject", {"chainId", "contract", "lotId"})
        lot_id = read_integer(fields["lotId"], "lotId", most=2**256 - 1)
        return cls(fields["chainId"], fields["contract"], lot_id)
