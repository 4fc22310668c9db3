"""Whether an account signed: by its key, or by its code, which is asked (ERC-1271)."""

from __future__ import annotations

from typing import Final

from eth_abi.abi import encode

from energy_trading.chain.connect import Chain, RevertData
from energy_trading.crypto._signatures import recover_address

_MAGIC: Final = bytes.fromhex("1626ba7e")  # isValidSignature(bytes32,bytes): selector, and the answer "yes"


def signed_by(chain: Chain, account: str, digest: bytes, signature: bytes) -> bool:
    """Return whether a signature over a digest is an account's, as the contracts decide it.

    Args:
        chain: where the code of a contract account is asked; an account with a key needs no call.
        account: EIP-55 address.
        digest: 32 bytes.
        signature: 64 or 65 bytes, or whatever a contract account takes.

    Source:
        EIP-2098, ERC-1271.
    """
    return recover_address(digest, signature) == account or code_signed(chain, account, digest, signature)


def code_signed(chain: Chain, account: str, digest: bytes, signature: bytes) -> bool:
    """Return whether the code at an account says that the account signed; without code it did not."""
    call = _MAGIC + encode(["bytes32", "bytes"], [digest, signature])
    try:
        answer = chain.call(account, call)
    except RevertData:
        return False
    return len(answer) >= 32 and answer[:32] == _MAGIC.ljust(32, b"\0")
