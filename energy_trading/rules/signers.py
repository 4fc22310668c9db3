"""Whose signature it is: accounts with a key or with code (ERC-1271), and meters' signers (ERC-7913)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from eth_utils.address import to_checksum_address

from energy_trading.crypto._signatures import recover_address, verify_signature
from energy_trading.errors import BadInput
from energy_trading.types import ZERO_ADDRESS


@dataclass(frozen=True)
class Signers:
    """The contracts that judge signatures themselves; every other account is known by its key.

    Args:
        accounts: accounts with code, each with its answer to a digest and a signature (ERC-1271).
        verifiers: verifier contracts, each with its answer to a key, a digest and a signature (ERC-7913).
    """

    accounts: dict[str, Callable[[bytes, bytes], bool]] = field(default_factory=dict)
    verifiers: dict[str, Callable[[bytes, bytes, bytes], bool]] = field(default_factory=dict)

    def is_accounts(self, account: str, digest: bytes, signature: bytes) -> bool:
        """Return whether a signature is an account's: by its key, or else by its code.

        A key signs with 64 bytes (compact) or 65, and with s in either half. The zero address signs nothing.

        Source:
            EIP-2098, ERC-1271.
        """
        if account == ZERO_ADDRESS:
            return False
        code = self.accounts.get(account)
        return recover_address(digest, signature) == account or (code is not None and code(digest, signature))

    def is_valid(self, signer: bytes, digest: bytes, signature: bytes) -> bool:
        """Return whether a signature is a meter's.

        A signer of 20 bytes is the address of a secp256k1 key, never a contract. A longer one is the address
        of a verifier contract and the key that it is asked about; a shorter one signs nothing.

        Source:
            N-3, N-6; ERC-7913.
        """
        if len(signer) < 20:
            return False
        address = to_checksum_address(signer[:20])
        if len(signer) == 20:
            return address != ZERO_ADDRESS and recover_address(digest, signature) == address
        verifier = self.verifiers.get(address)
        return verifier is not None and verifier(signer[20:], digest, signature)


def is_p256(key: bytes, digest: bytes, signature: bytes) -> bool:
    """Return whether a signature is that of a P-256 key, as a verifier contract of such keys answers.

    Args:
        key: the point, x ‖ y, 64 bytes.
        digest: 32 bytes.
        signature: r ‖ s with s in the lower half; bytes after the first 64 do not count.

    Source:
        N-3; FIPS 186-5 §6.4.
    """
    try:
        return verify_signature(bytes(20) + key, digest, signature[:64])
    except BadInput:  # the key has another length or is no point of the curve
        return False
