"""The charter of a key committee: who holds the key of which auction, and from when it may be opened."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import is_address
from eth_utils.crypto import keccak

from energy_trading.crypto.threshold import Ceremony
from energy_trading.errors import BadInput
from energy_trading.files._json import check_integer, check_list, check_object, from_hex, to_hex


@dataclass(frozen=True)
class Charter:
    """What a committee is for: one key for one auction.

    Args:
        chain_id: EIP-155 id of the auction's chain.
        contract: address of the auction contract.
        opens_at: the second at which quoting ends and from which key holders disclose, unix seconds.
        threshold: t, the number of key holders needed to open.
        names: of the key holders, all different.
        keys: the key holders' public keys, 33 bytes each, in the same order.
        outsider: public key of a publisher who deals alone; None if the key holders deal together.
        salt: 32 bytes that distinguish auctions.

    Raises:
        BadInput: a value is out of range.

    Source:
        X-6 and its errata.
    """

    chain_id: int
    contract: str
    opens_at: int
    threshold: int
    names: tuple[str, ...]
    keys: tuple[bytes, ...]
    outsider: bytes | None = None
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def __post_init__(self) -> None:
        if not is_address(self.contract):
            raise BadInput(f"the contract must be an address, not {self.contract!r}")
        if len(self.salt) != 32:
            raise BadInput(f"the salt must have 32 bytes, not {len(self.salt)}")
        if len(self.names) != len(self.keys) or len(set(self.names)) != len(self.names):
            raise BadInput(f"each key must have a name of its own, but the names are {list(self.names)}")
        check_integer(self.chain_id, "chain id")
        check_integer(self.opens_at, "opens at")
        _ = self.ceremony  # it checks the threshold and the keys

    @cached_property
    def ceremony(self) -> Ceremony:
        """The key ceremony, bound to everything in the charter."""
        purpose = encode(
            ["uint256", "address", "uint256", "string[]", "bytes32"],
            [self.chain_id, self.contract, self.opens_at, self.names, self.salt],
        )
        return Ceremony(keccak(purpose), self.threshold, self.keys, self.outsider)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; all of it is public."""
        return {
            "chainId": self.chain_id,
            "contract": self.contract,
            "opensAt": self.opens_at,
            "threshold": self.threshold,
            "names": list(self.names),
            "keys": [to_hex(key) for key in self.keys],
            "outsider": None if self.outsider is None else to_hex(self.outsider),
            "salt": to_hex(self.salt),
        }

    @classmethod
    def from_json(cls, value: Any) -> Charter:
        """Read the object of `to_json`.

        Raises:
            BadInput: a field is malformed.
        """
        names = {"chainId", "contract", "opensAt", "threshold", "names", "keys", "outsider", "salt"}
        fields = check_object(value, "charter", names)
        outsider = fields["outsider"]
        return cls(
            fields["chainId"],
            fields["contract"],
            fields["opensAt"],
            check_integer(fields["threshold"], "threshold"),
            tuple(map(str, check_list(fields["names"], "names"))),
            tuple(from_hex(key, "key") for key in check_list(fields["keys"], "keys")),
            None if outsider is None else from_hex(outsider, "outsider"),
            from_hex(fields["salt"], "salt"),
        )
