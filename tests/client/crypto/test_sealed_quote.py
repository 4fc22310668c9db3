"""Sealed quotes, and the contract's way of opening them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_ecc.secp256k1 import secp256k1 as referee

from energy_trading.chain.connect import Chain
from energy_trading.chain.in_process import in_process
from energy_trading.crypto import sealed_quote
from energy_trading.crypto._curve import GENERATOR, address_of
from energy_trading.crypto.keys import SECP256K1_N as N
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.sealed_quote import (
    SealedQuote,
    accumulate,
    open_own_quote,
    open_quote,
    seal,
    seed,
)
from energy_trading.errors import BadInput
from energy_trading.types import Domain, RelayedQuote

KEY, R = SecretKey.from_int(0xA0C7104), SecretKey.from_int(0xE9E)
CONTRACT, AUCTION = "0x" + "c0" * 20, keccak(text="auction 1")
BOB_POINT = SecretKey.from_int(12).public_key
ALICE, BOB = (SecretKey.from_int(i).address for i in (11, 12))
PLACE: dict[str, Any] = {"chain_id": 1, "contract": CONTRACT, "auction_id": AUCTION, "bidder": ALICE}
ECRECOVER = "0x" + "00" * 19 + "01"

amounts = st.integers(0, 2**64 - 1)
scalars = st.integers(1, N - 1)
P = 2**256 - 2**32 - 977


@pytest.fixture(scope="module")
def chain() -> Chain:
    return in_process(accounts=1, genesis_time=1_614_556_800)


def ecrecover(chain: Chain, v: int, r: int, s: int) -> str:
    """What the precompile answers for the message 0; the zero address where it answers nothing."""
    words = b"".join(word.to_bytes(32, "big") for word in (0, v, r, s))
    return to_checksum_address(chain.call(ECRECOVER, words)[12:].rjust(20, b"\0"))


def shared_on_chain(chain: Chain, key: SecretKey, quote: SealedQuote) -> str:
    """The address of k·C as a contract computes it."""
    x, k = int.from_bytes(quote.cx, "big"), int.from_bytes(key.reveal(), "big")
    return ecrecover(chain, 27 + (quote.body[0] >> 7), x, k * x % N)


@settings(max_examples=50)
@given(amounts, scalars, scalars)
@example(0, 1, 1)
@example(2**64 - 1, N - 1, N - 1)
def test_quote_opens_with_the_key_and_with_the_ephemeral(amount: int, k: int, r: int) -> None:
    """X-5, X-6: holder of the key and bidder read the amount that was sealed."""
    key, ephemeral = SecretKey.from_int(k), SecretKey.from_int(r)
    quote = seal(amount, key.public_key, **PLACE, ephemeral=ephemeral)
    assert open_quote(key, quote, **PLACE) == amount
    assert open_own_quote(ephemeral, quote, key.public_key, **PLACE) == amount


def test_format_is_as_agreed_with_the_contract() -> None:
    """X-5: mask, parity bit and words, written out again from the specification alone."""
    shared = referee.multiply(referee.G, 0xA0C7104 * 0xE9E)
    shared_address = keccak(b"".join(c.to_bytes(32, "big") for c in shared))[12:]
    words = [
        shared_address,
        (1).to_bytes(1, "big"),
        bytes.fromhex("c0" * 20),
        AUCTION,
        bytes.fromhex(ALICE[2:]),
    ]
    mask = int.from_bytes(keccak(b"".join(word.rjust(32, b"\0") for word in words)), "big")
    cx, cy = referee.multiply(referee.G, 0xE9E)
    body = (mask ^ 1234) % 2**255 + (cy % 2 << 255)
    quote = seal(1234, KEY.public_key, **PLACE, ephemeral=R)
    assert quote == SealedQuote(cx.to_bytes(32, "big"), body.to_bytes(32, "big"))


@settings(max_examples=20)
@given(scalars, scalars)
def test_ecrecover_multiplies_points(chain: Chain, k: int, r: int) -> None:
    """X-6: the precompile with message 0, v = C's parity, r = C.x, s = k·C.x gives the address of k·C."""
    key, ephemeral = SecretKey.from_int(k), SecretKey.from_int(r)
    quote = seal(1, key.public_key, **PLACE, ephemeral=ephemeral)
    assert shared_on_chain(chain, key, quote) == address_of(key.multiply(ephemeral.public_key))
    # Signature algebra by hand: Q = x⁻¹·(s·C - 0·G), here with an independent implementation.
    x = int.from_bytes(quote.cx, "big")
    s = k * x % N
    point = referee.multiply(referee.multiply(referee.G, r), s * pow(x, -1, N) % N)
    assert point == referee.multiply(referee.G, k * r % N)


@settings(max_examples=10)
@given(scalars)
@example(1)
@example(N - 1)
def test_ecrecover_checks_the_disclosed_key(chain: Chain, k: int) -> None:
    """X-6: the same call on the generator gives the key's own address."""
    x = int.from_bytes(GENERATOR[1:], "big")
    address = ecrecover(chain, 27 + GENERATOR[0] % 2, x, k * x % N)
    assert address == SecretKey.from_int(k).address


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 2},
        {"contract": "0x" + "c1" * 20},
        {"auction_id": keccak(text="auction 2")},
        {"bidder": BOB},
    ],
    ids=lambda change: next(iter(change)),
)
def test_copied_quote_is_garbage(change: dict[str, Any]) -> None:
    """X-5: a ciphertext under another bidder, auction, contract or chain opens to nothing."""
    quote = seal(500, KEY.public_key, **PLACE, ephemeral=R)
    assert open_quote(KEY, quote, **PLACE) == 500
    assert open_quote(KEY, quote, **PLACE | change) is None
    assert open_own_quote(R, quote, KEY.public_key, **PLACE | change) is None


@settings(max_examples=50)
@given(st.integers(64, 511))
def test_changed_quote_is_garbage(bit: int) -> None:
    """X-5: any bit but the low 64 of the body is redundancy: flipped, the quote opens to nothing."""
    quote = seal(500, KEY.public_key, **PLACE, ephemeral=R)
    words = (int.from_bytes(quote.cx + quote.body, "big") ^ 1 << bit).to_bytes(64, "big")
    assert open_quote(KEY, SealedQuote(words[:32], words[32:]), **PLACE) is None


def test_amount_is_malleable_by_its_own_bidder_only() -> None:
    """X-5: low bits can be flipped, but only under the bidder's own address, as a new quote of theirs."""
    quote = seal(500, KEY.public_key, **PLACE, ephemeral=R)
    flipped = replace(quote, body=quote.body[:31] + bytes([quote.body[31] ^ 1]))
    assert open_quote(KEY, flipped, **PLACE) == 501
    assert open_quote(KEY, flipped, **PLACE | {"bidder": BOB}) is None


def test_another_key_opens_nothing() -> None:
    """X-5: neither a stranger's key nor a stranger's ephemeral key reads a quote."""
    quote = seal(500, KEY.public_key, **PLACE, ephemeral=R)
    assert open_quote(SecretKey.generate(), quote, **PLACE) is None
    assert open_own_quote(SecretKey.generate(), quote, KEY.public_key, **PLACE) is None
    assert open_own_quote(R, quote, SecretKey.generate().public_key, **PLACE) is None


def on_curve(x: int) -> bool:
    return pow(x**3 + 7, (P - 1) // 2, P) == 1


X_OFF_CURVE = next(x for x in range(1, N) if not on_curve(x))
X_ABOVE_N = next(x for x in range(N, P) if on_curve(x))


@pytest.mark.parametrize(
    "x",
    [0, X_OFF_CURVE, N, X_ABOVE_N, P, 2**256 - 1],
    ids=["zero", "off the curve", "n", "on the curve from n on", "p", "largest"],
)
@pytest.mark.parametrize("parity", [0, 1])
def test_point_that_ecrecover_refuses_is_garbage(chain: Chain, x: int, parity: int) -> None:
    """X-6: where the precompile has no answer, here too: no quote under the mask of the zero address."""
    zero = "0x" + "00" * 20
    mask = sealed_quote._mask(zero, **PLACE)
    body = (7 ^ mask) % 2**255 | parity << 255
    quote = SealedQuote(x.to_bytes(32, "big"), body.to_bytes(32, "big"))
    assert shared_on_chain(chain, KEY, quote) == zero
    assert open_quote(KEY, quote, **PLACE) is None


def test_point_with_large_x_is_garbage_though_it_has_a_shared_point(chain: Chain) -> None:
    """X-6: k·C exists for a C with x from n on, but the contract cannot compute it; nor does this."""
    shared = address_of(KEY.multiply(b"\2" + X_ABOVE_N.to_bytes(32, "big")))
    body = (7 ^ sealed_quote._mask(shared, **PLACE)) % 2**255
    quote = SealedQuote(X_ABOVE_N.to_bytes(32, "big"), body.to_bytes(32, "big"))
    assert shared_on_chain(chain, KEY, quote) == "0x" + "00" * 20
    assert open_quote(KEY, quote, **PLACE) is None


def test_ephemeral_of_another_point_proves_nothing() -> None:
    """X-5: a body that fits r under a point that is not r·G is garbage on chain, so r does not prove it."""
    quote = seal(500, KEY.public_key, **PLACE, ephemeral=R)
    for wrong in (
        replace(quote, cx=BOB_POINT[1:]),
        replace(quote, body=bytes([quote.body[0] ^ 0x80]) + quote.body[1:]),
    ):
        assert open_quote(KEY, wrong, **PLACE) is None
        assert open_own_quote(R, wrong, KEY.public_key, **PLACE) is None


def test_quotes_of_one_amount_look_unrelated() -> None:
    """X-5: r is fresh, so equal amounts of one bidder show nothing in common."""
    quotes = [seal(500, KEY.public_key, **PLACE) for _ in range(8)]
    assert len({quote.cx for quote in quotes}) == len({quote.body for quote in quotes}) == 8


def test_ephemeral_with_large_x_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """X-5: a point whose x is n or more never leaves the bidder; nobody can find one, so it is planted."""

    class Planted:
        public_key = b"\2" + X_ABOVE_N.to_bytes(32, "big")

    draws = [Planted(), R]
    monkeypatch.setattr(SecretKey, "generate", lambda: draws.pop(0))
    assert seal(500, KEY.public_key, **PLACE).cx == R.public_key[1:]
    with pytest.raises(BadInput) as error:
        seal(500, KEY.public_key, **PLACE, ephemeral=Planted())  # type: ignore[arg-type]
    assert str(error.value) == ("the x of the ephemeral key's point is n or more; draw another key")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"amount": -1}, "the amount must be an integer between 0 and 2**64-1, not -1"),
        ({"amount": 2**64}, f"the amount must be an integer between 0 and 2**64-1, not {2**64}"),
        ({"amount": 1.5}, "the amount must be an integer between 0 and 2**64-1, not 1.5"),
        ({"chain_id": -1}, "the chain id must be an integer between 0 and 2**64-1, not -1"),
        ({"chain_id": "1"}, "the chain id must be an integer between 0 and 2**64-1, not '1'"),
        ({"contract": "0x12"}, "the contract must be an address, not '0x12'"),
        ({"bidder": "alice"}, "the bidder must be an address, not 'alice'"),
        ({"auction_id": b"1"}, "the auction id must have 32 bytes, not 1"),
        (
            {"quote_public_key": bytes(33)},
            f"0x{'00' * 33} is not a point of secp256k1",
        ),
    ],
)
def test_revert_given_bad_argument(change: dict[str, Any], text: str) -> None:
    """X-5: what does not fit is refused by name before anything is sealed."""
    with pytest.raises(BadInput) as error:
        seal(**{"amount": 1, "quote_public_key": KEY.public_key, **PLACE} | change)
    assert str(error.value) == text


def test_revert_given_bad_words() -> None:
    """X-6: a quote is two words of 32 bytes."""
    with pytest.raises(BadInput) as error:
        SealedQuote(bytes(31), bytes(32))
    assert str(error.value) == "cx must have 32 bytes, not 31"
    with pytest.raises(BadInput) as error:
        SealedQuote(bytes(32), bytes(33))
    assert str(error.value) == "body must have 32 bytes, not 33"


def test_accumulator_is_as_agreed_with_the_contract() -> None:
    """X-6: seed and link are the low 200 bits of keccak256 over whole words."""
    quote = seal(500, KEY.public_key, **PLACE, ephemeral=R)
    first = seed(AUCTION)
    assert first.to_bytes(25, "big") == keccak(AUCTION)[7:]
    link = first.to_bytes(32, "big") + bytes(12) + bytes.fromhex(ALICE[2:]) + quote.cx + quote.body
    assert accumulate(first, ALICE, quote).to_bytes(25, "big") == keccak(link)[7:]


def test_accumulator_depends_on_every_quote_and_the_order() -> None:
    """X-6: no quote can be left out, doubled, moved, changed or given to another bidder."""
    one, two = (seal(amount, KEY.public_key, **PLACE) for amount in (1, 2))
    swapped = SealedQuote(one.body, one.cx)
    histories = [
        [],
        [(ALICE, one)],
        [(BOB, one)],
        [(ALICE, swapped)],
        [(ALICE, one), (ALICE, one)],
        [(ALICE, one), (ALICE, two)],
        [(ALICE, two), (ALICE, one)],
    ]
    ends = set()
    for history in histories:
        accumulator = seed(AUCTION)
        for bidder, quote in history:
            accumulator = accumulate(accumulator, bidder, quote)
        ends.add(accumulator)
    assert len(ends) == len(histories)


@pytest.mark.parametrize("accumulator", [-1, 2**200])
def test_revert_given_accumulator_out_of_range(accumulator: int) -> None:
    """X-6: an accumulator has 200 bits."""
    with pytest.raises(BadInput) as error:
        accumulate(accumulator, ALICE, SealedQuote(bytes(32), bytes(32)))
    assert str(error.value) == f"the accumulator must be between 0 and 2**200-1, not {accumulator:#x}"


def test_signed_quote_is_eip712() -> None:
    """X-5: a wallet that knows the types signs the digest that this package computes."""
    quote, bidder = seal(500, KEY.public_key, **PLACE, ephemeral=R), SecretKey.from_int(11)
    cx, body = (int.from_bytes(word, "big") for word in (quote.cx, quote.body))
    domain = Domain("SealedBidAuction", 1, CONTRACT)
    message = encode_typed_data(
        {"name": "SealedBidAuction", "version": "1", "chainId": 1, "verifyingContract": CONTRACT},
        {
            "Quote": [
                {"name": "auctionId", "type": "bytes32"},
                {"name": "bidder", "type": "address"},
                {"name": "cx", "type": "uint256"},
                {"name": "body", "type": "uint256"},
            ]
        },
        {"auctionId": AUCTION, "bidder": ALICE, "cx": cx, "body": body},
    )
    digest = domain.digest(RelayedQuote(AUCTION, ALICE, cx, body))
    assert bytes(Account.sign_message(message, bidder.reveal()).signature) == bidder.sign_digest(digest)
