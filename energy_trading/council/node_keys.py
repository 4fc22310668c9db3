"""The keys of a verifier's node, all derived from one root, so that one encrypted file holds them."""

from __future__ import annotations

from energy_trading.crypto._derivation import derive_key, derive_p256_key
from energy_trading.crypto.keys import SecretKey


class NodeKeys:
    """The keys on a verifier's machine. The key of its account is another, and can stay in a wallet.

    Args:
        root: content of the node's key file.
    """

    def __init__(self, root: SecretKey) -> None:
        #: secp256k1: reads what is encrypted to the verifier, and signs its records
        self.message = derive_key(root, "verifier/message")
        #: P-256: subject key of the X.509 certificate
        self.certificate = derive_p256_key(root, "verifier/certificate")

    def __repr__(self) -> str:
        return f"<NodeKeys with message key 0x{self.message.public_key.hex()}>"
