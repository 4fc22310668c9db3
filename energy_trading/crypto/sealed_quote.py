"""Quotes that only the holder of the auction's key can read. The chain opens them without any curve code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode
from eth_utils.address import is_address
from eth_utils.crypto import keccak

from energy_trading.crypto._curve import address_of
from energy_trading.crypto.keys import SECP256K1_N, SecretKey, check_size
from energy_trading.errors import BadInput

#: amounts are units of account per kWh
MAX_AMOUNT: Final = 2**64 - 1
_PARITY: Final = 1 << 255
_ACCUMULATOR_MASK: Final = 2**200 - 1


@dataclass(frozen=True)
class SealedQuote:
    """A quote as the chain stores it: ElGamal with a hashed mask, in two words.

    Args:
        cx: x of the ephemeral point C = r·G, 32 bytes.
        body: top bit the parity of C's y, below it the masked amount, 32 bytes.

    Raises:
        BadInput: a word does not have 32 bytes.

    Source:
        X-5; Xia eq 8.
    """

    cx: bytes
    body: bytes

    def __post_init__(self) -> None:
        check_size(self.cx, "cx")
        check_size(self.body, "body")

    @property
    def ephemeral_point(self) -> bytes:
        """C as 33 bytes. In a quote from somebody else it need not be on the curve."""
        return bytes([2 + (self.body[0] >> 7)]) + self.cx


def fresh_ephemeral() -> SecretKey:
    """Draw an r for one quote.

    Source:
        X-5; `ecrecover` takes the x of C as r of a signature; one point in 2**128 has an x that is too large.
    """
    while not _has_scalar_x(key := SecretKey.generate()):
        pass
    return key


def seal(
    amount: int,
    quote_public_key: bytes,
    chain_id: int,
    contract: str,
    auction_id: bytes,
    bidder: str,
    ephemeral: SecretKey | None = None,
) -> SealedQuote:
    """Encrypt a quote under an auction's key, for one bidder in that auction.

    Args:
        amount: units of account per kWh, 0 … 2**64-1.
        quote_public_key: the auction's K, 33 bytes.
        chain_id: EIP-155 id of the chain.
        contract: address of the auction contract.
        auction_id: 32 bytes.
        bidder: account address. Under another address the quote opens to nothing.
        ephemeral: r, for a bidder who will prove what was quoted; it must be fresh for each quote.

    Raises:
        BadInput: an argument is out of range, or the x of the ephemeral key's point is n or more.

    Source:
        X-5; Xia eq 8. The mask takes the address of the shared point, which `ecrecover` yields on chain.
    """
    if type(amount) is not int or not 0 <= amount <= MAX_AMOUNT:
        raise BadInput(f"the amount must be an integer between 0 and 2**64-1, not {amount!r}")
    _check_place(chain_id, contract, auction_id, bidder)
    key = ephemeral or fresh_ephemeral()
    if not _has_scalar_x(key):
        raise BadInput("the x of the ephemeral key's point is n or more; draw another key")
    mask = _mask(address_of(key.multiply(quote_public_key)), chain_id, contract, auction_id, bidder)
    low = (amount ^ mask) & ~_PARITY
    parity = _PARITY if key.public_key[0] == 3 else 0
    return SealedQuote(key.public_key[1:], (low | parity).to_bytes(32, "big"))


def open_quote(
    secret_key: SecretKey, quote: SealedQuote, chain_id: int, contract: str, auction_id: bytes, bidder: str
) -> int | None:
    """Decrypt a quote with the disclosed key, exactly as the contract does.

    Args:
        secret_key: the auction's k.
        quote: as found on chain.
        chain_id: EIP-155 id of the chain.
        contract: address of the auction contract.
        auction_id: 32 bytes.
        bidder: account that the chain names beside the quote.

    Returns:
        Units of account per kWh. None if the quote is garbage: it was made for another key, bidder, auction,
        contract or chain, was changed, or names no point that `ecrecover` accepts.

    Raises:
        BadInput: the chain, contract, auction or bidder is malformed.

    Source:
        X-6; Xia eq 9.
    """
    _check_place(chain_id, contract, auction_id, bidder)
    if int.from_bytes(quote.cx, "big") >= SECP256K1_N:
        return None
    try:
        shared = secret_key.multiply(quote.ephemeral_point)
    except BadInput:
        return None
    return _unmask(shared, quote, chain_id, contract, auction_id, bidder)


def open_own_quote(
    ephemeral: SecretKey,
    quote: SealedQuote,
    quote_public_key: bytes,
    chain_id: int,
    contract: str,
    auction_id: bytes,
    bidder: str,
) -> int | None:
    """Decrypt a quote with the bidder's r, so that the bidder can prove it without the auction's key.

    Args:
        ephemeral: r. Whoever sees it can read this quote and no other.
        quote: as found on chain.
        quote_public_key: the auction's K, 33 bytes.
        chain_id: EIP-155 id of the chain.
        contract: address of the auction contract.
        auction_id: 32 bytes.
        bidder: account that the chain names beside the quote.

    Returns:
        Units of account per kWh. None if r is not the quote's, or the quote was made for another place.

    Raises:
        BadInput: the chain, contract, auction, bidder or key is malformed.

    Source:
        X-5: a bidder can prove what was quoted, as the paper's signed quote allows.
    """
    _check_place(chain_id, contract, auction_id, bidder)
    shared = ephemeral.multiply(quote_public_key)
    if ephemeral.public_key != quote.ephemeral_point:
        return None
    return _unmask(shared, quote, chain_id, contract, auction_id, bidder)


def seed(auction_id: bytes) -> int:
    """Return the accumulator of an auction without quotes.

    Args:
        auction_id: 32 bytes.

    Raises:
        BadInput: the id does not have 32 bytes.

    Source:
        X-6: every quote is checked against what was committed.
    """
    check_size(auction_id, "the auction id")
    return int.from_bytes(keccak(auction_id), "big") & _ACCUMULATOR_MASK


def accumulate(accumulator: int, bidder: str, quote: SealedQuote) -> int:
    """Return the accumulator after one more quote.

    Args:
        accumulator: 200 bits, from `seed` or the quote before.
        bidder: account address.
        quote: as sealed.

    Raises:
        BadInput: the accumulator is out of range, or the bidder is not an address.

    Source:
        X-6: every quote is checked against what was committed.
    """
    if not 0 <= accumulator <= _ACCUMULATOR_MASK:
        raise BadInput(f"the accumulator must be between 0 and 2**200-1, not {accumulator:#x}")
    _check_address("bidder", bidder)
    link = encode(["uint256", "address", "bytes32", "bytes32"], [accumulator, bidder, quote.cx, quote.body])
    return int.from_bytes(keccak(link), "big") & _ACCUMULATOR_MASK


def _has_scalar_x(key: SecretKey) -> bool:
    return int.from_bytes(key.public_key[1:], "big") < SECP256K1_N


def _unmask(
    shared: bytes, quote: SealedQuote, chain_id: int, contract: str, auction_id: bytes, bidder: str
) -> int | None:
    mask = _mask(address_of(shared), chain_id, contract, auction_id, bidder)
    amount = (int.from_bytes(quote.body, "big") ^ mask) & ~_PARITY
    return amount if amount <= MAX_AMOUNT else None


def _mask(shared: str, chain_id: int, contract: str, auction_id: bytes, bidder: str) -> int:
    words = [shared, chain_id, contract, auction_id, bidder]
    return int.from_bytes(
        keccak(encode(["address", "uint256", "address", "bytes32", "address"], words)), "big"
    )


def _check_place(chain_id: int, contract: str, auction_id: bytes, bidder: str) -> None:
    if type(chain_id) is not int or not 0 <= chain_id < 2**64:
        raise BadInput(f"the chain id must be an integer between 0 and 2**64-1, not {chain_id!r}")
    _check_address("contract", contract)
    check_size(auction_id, "the auction id")
    _check_address("bidder", bidder)


def _check_address(name: str, address: str) -> None:
    if not is_address(address):
        raise BadInput(f"the {name} must be an address, not {address!r}")
