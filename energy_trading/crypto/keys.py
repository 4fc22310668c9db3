"""A secp256k1 secret key that cannot leak through a repr, a log line or a traceback."""

from __future__ import annotations

import secrets
from typing import Final, NoReturn

from coincurve import PrivateKey as _CoincurveKey
from eth_account import Account
from eth_account.signers.local import LocalAccount

from energy_trading.errors import BadInput
from energy_trading.types._keccak import eip55, keccak

SECP256K1_N: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class SecretKey:
    """A secp256k1 secret scalar with the operations that need it.

    Args:
        secret: 32 bytes, big endian, in 1 … n-1.

    Raises:
        BadInput: the scalar is out of range. The text does not repeat its value.

    Source:
        SEC 2 §2.4.1; Ethereum yellow paper appendix F (signatures, addresses).
    """

    __slots__ = ("_key", "address", "public_key")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < SECP256K1_N:
            raise BadInput(
                f"a secret key must be 32 bytes with a value between 1 and n-1 ({len(secret)} bytes here)"
            )
        self._key = _CoincurveKey(secret)
        #: compressed point, 33 bytes
        self.public_key: bytes = self._key.public_key.format(compressed=True)
        uncompressed = self._key.public_key.format(compressed=False)
        #: EIP-55 account address (txAddr, Chen eq 1)
        self.address: str = eip55(keccak(uncompressed[1:])[12:])

    @classmethod
    def generate(cls) -> SecretKey:
        """Draw a fresh key from the operating system's random source."""
        return cls.from_int(secrets.randbelow(SECP256K1_N - 1) + 1)

    @classmethod
    def from_int(cls, scalar: int) -> SecretKey:
        """Make a key from a scalar in 1 … n-1."""
        if not 0 < scalar < SECP256K1_N:
            raise BadInput("a secret key must be between 1 and n-1")
        return cls(scalar.to_bytes(32, "big"))

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a 32-byte digest.

        Args:
            digest: 32 bytes, already hashed (an EIP-712 digest).

        Returns:
            r ‖ s ‖ v, 65 bytes, s in the lower half, v 27 or 28.

        Raises:
            BadInput: the digest is not 32 bytes.

        Source:
            RFC 6979 (nonce), EIP-2 (low s).
        """
        check_size(digest, "the digest")
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])

    def multiply(self, point: bytes) -> bytes:
        """Return secret · point, compressed (33 bytes).

        Raises:
            BadInput: the bytes are not a point of the curve.
        """
        from coincurve import PublicKey

        try:
            return PublicKey(point).multiply(self._key.secret).format(compressed=True)
        except ValueError as error:
            raise BadInput(f"0x{point.hex()} is not a point of secp256k1") from error

    def to_local_account(self) -> LocalAccount:
        """Return eth-account's signer for this key (for web3 transactions)."""
        account: LocalAccount = Account.from_key(self._key.secret)
        return account

    def reveal(self) -> bytes:
        """Return the 32 secret bytes, for key files and algebra. They leave the object nowhere else."""
        return self._key.secret

    def __repr__(self) -> str:
        return f"<SecretKey of {self.address}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SecretKey cannot be pickled; write an encrypted key file instead")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretKey) and self.public_key == other.public_key

    def __hash__(self) -> int:
        return hash(self.public_key)


def check_size(data: bytes, name: str, size: int = 32) -> bytes:
    """Return the data if it has the right number of bytes.

    Raises:
        BadInput: it has another.
    """
    if len(data) != size:
        raise BadInput(f"{name} must have {size} bytes, not {len(data)}")
    return data
