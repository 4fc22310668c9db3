"""Writes tests/vectors: what clients in other languages must compute alike, as JSON.

Every signed message of `energy_trading.types` is in it, so that a new one appears by itself. Integers are
decimal strings, bytes are 0x and lower-case hex, addresses are EIP-55. The secret keys are made up and known
to everybody. `--check` reports files that are not current.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

import energy_trading.types
from energy_trading.crypto._signatures import P256_N, compact
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.crypto.sealed_quote import SealedQuote, accumulate, open_quote, seal, seed
from energy_trading.meter.signers import P256Meter, Secp256k1Meter
from energy_trading.rules.auction import award_nonce
from energy_trading.types import Domain, Energy, Message

FOLDER: Final = Path(__file__).resolve().parents[1] / "tests" / "vectors"
CHAIN_IDS: Final = (1, 31337, 131277322940537)
CASES: Final = 3
#: the contract whose EIP-712 domain a message is signed for, by the module of `types` that has the message
CONTRACTS: Final = {
    "ledger": "EnergyLedger",
    "trade": "OfferMarket",
    "relay": "RelayDesk",
    "auction": "SealedBidAuction",
    "lot": "EnergyLot",
    "slot": "SlotMarket",
    "private_slot": "SlotMarket",
    "council": "VerifierCouncil",
}
KEY: Final = SecretKey.from_int(0xC0FFEE)
#: the first two contracts that this key deploys, so that a test can put them there
CONTRACT, VERIFIER = (
    to_checksum_address(keccak(b"\xd6\x94" + bytes.fromhex(KEY.address[2:]) + nonce)[12:])
    for nonce in (b"\x80", b"\x01")
)


def messages() -> list[type[Message]]:
    """Return every message that is signed for a contract, by name."""
    found = [
        kind
        for kind in vars(energy_trading.types).values()
        if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
    ]
    return sorted(found, key=lambda kind: kind.TYPE)


def contract_of(kind: type[Message]) -> str:
    """Return the name of the contract that a message is signed for."""
    return CONTRACTS[kind.__module__.rpartition(".")[2]]


def types_of(kind: type[Message]) -> dict[str, list[dict[str, str]]]:
    """Return a message's type, and those that it refers to, as wallets want them."""
    types = {}
    for part in kind.TYPE.split(")")[:-1]:
        name, _, inner = part.partition("(")
        pairs = (field.split(" ") for field in inner.split(","))
        types[name] = [{"name": field, "type": of} for of, field in pairs]
    return types


def written(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Message):
        own = next(iter(types_of(type(value)).values()))
        held = (getattr(value, field.name) for field in fields(value))  # type: ignore[arg-type]
        return {field["name"]: written(item) for field, item in zip(own, held, strict=True)}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)


def vectors() -> dict[str, str]:
    """Return the content of each file."""
    made = {
        "typed_data": [case for kind in messages() for case in _typed_data(kind)],
        "sealed_quotes": _sealed_quotes(),
        "signatures": [*_signatures("secp256k1"), *_signatures("P-256")],
        "hashes": _hashes(),
    }
    return {f"{name}.json": json.dumps(cases, indent=1) + "\n" for name, cases in made.items()}


def _typed_data(kind: type[Message]) -> list[dict[str, Any]]:
    name, draw = next(iter(types_of(kind))), random.Random(kind.TYPE)
    cases = []
    for chain_id in CHAIN_IDS[:CASES]:
        domain = Domain(contract_of(kind), chain_id, to_checksum_address(draw.randbytes(20)))
        value, key = _message(draw, kind), SecretKey.from_int(draw.getrandbits(200) + 1)
        signature = key.sign_digest(domain.digest(value))
        cases.append(
            {
                "domain": {
                    "name": domain.name,
                    "version": "1",
                    "chainId": str(chain_id),
                    "verifyingContract": domain.verifying_contract,
                },
                "primaryType": name,
                "type": kind.TYPE,
                "types": types_of(kind),
                "message": written(value),
                "domainSeparator": written(domain.separator()),
                "structHash": written(value.struct_hash()),
                "digest": written(domain.digest(value)),
                "secretKey": written(key.reveal()),
                "signer": key.address,
                "signature": written(signature),
                "compactSignature": written(compact(signature)),
            }
        )
    return cases


def _message(draw: random.Random, kind: type[Message]) -> Message:
    own = next(iter(types_of(kind).values()))
    return kind(*(_drawn(draw, field["type"]) for field in own))


def _drawn(draw: random.Random, kind: str) -> Any:
    if hasattr(energy_trading.types, kind):
        return _message(draw, getattr(energy_trading.types, kind))
    draws: dict[str, Callable[[], Any]] = {
        "address": lambda: to_checksum_address(draw.randbytes(20)),
        "uint256": lambda: draw.choice([0, 800, 2**53 + 1, 2**64 - 1, 2**255 + 5, draw.getrandbits(256)]),
        "int256": lambda: draw.choice([0, -1, 800, 2**53 + 1, -(2**53) - 1, 2**255 - 1, -(2**255)]),
        "bytes32": lambda: draw.randbytes(32),
        "bytes": lambda: draw.randbytes(draw.choice([0, 20, 84])),
        "string": lambda: draw.choice(["", "no meter at this address", "Zähler fehlt"]),
    }
    return draws[kind]()


def _sealed_quotes() -> dict[str, Any]:
    draw, chain_id = random.Random("sealed quotes"), CHAIN_IDS[-1]
    key = SecretKey.from_int(draw.getrandbits(250) + 1)
    auction_id = draw.randbytes(32)
    running, cases = seed(auction_id), []
    amounts = [0, 1, 250_000_000, 2**53 + 1, 2**64 - 1]
    for number, amount in enumerate([*amounts, *amounts[2:4]]):
        bidder, r = (
            to_checksum_address(draw.randbytes(20)),
            SecretKey.from_int(draw.getrandbits(250) + 1),
        )
        quote = seal(amount, key.public_key, chain_id, CONTRACT, auction_id, bidder, r)
        if number == len(amounts):  # garbage: the words of one bidder under another's name
            bidder = to_checksum_address(draw.randbytes(20))
        elif number > len(amounts):  # garbage: no point of the curve has this x
            quote = SealedQuote((5).to_bytes(32, "big"), quote.body)
        running = accumulate(running, bidder, quote)
        opened = open_quote(key, quote, chain_id, CONTRACT, auction_id, bidder)
        cases.append(
            {
                "bidder": bidder,
                "ephemeralSecret": written(r.reveal()),
                "amount": written(amount),
                "cx": written(quote.cx),
                "body": written(quote.body),
                "accumulator": written(running),
                "opened": None if opened is None else written(opened),
            }
        )
    return {
        "chainId": str(chain_id),
        "contract": CONTRACT,
        "auctionId": written(auction_id),
        "quoteSecret": written(key.reveal()),
        "quotePublicKey": written(key.public_key),
        "quoteKey": key.address,
        "seed": written(seed(auction_id)),
        "quotes": cases,
    }


def _signatures(curve: str) -> list[dict[str, Any]]:
    draw, cases = random.Random(curve), []
    scalar = draw.getrandbits(250) + 1
    k1 = curve == "secp256k1"
    meter = (
        Secp256k1Meter(SecretKey.from_int(scalar))
        if k1
        else P256Meter(ec.derive_private_key(scalar, ec.SECP256R1()), VERIFIER)
    )
    order = SECP256K1_N if k1 else P256_N
    for _ in range(CASES):
        digest = draw.randbytes(32)
        signature = meter.sign(digest)
        r, word = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        s = word % 2**255 if k1 else word
        forms = [encode_dss_signature(r, half) for half in (s, order - s)]
        forms += [r.to_bytes(32, "big") + half.to_bytes(32, "big") for half in (s, order - s)]
        cases.append(
            {
                "curve": curve,
                "secretScalar": written(scalar.to_bytes(32, "big")),
                "signer": written(meter.signer),
                "receiptKey": written(keccak(meter.signer)),
                "digest": written(digest),
                "signature": written(signature),
                "otherForms": [written(form) for form in forms],
            }
        )
    return cases


def _hashes() -> dict[str, Any]:
    draw = random.Random("hashes")
    energies = []
    for energy_wh in (1, 800, 2**53 + 1, 2**64 - 1):
        salt = draw.randbytes(32)
        energies.append(
            {
                "energyWh": written(energy_wh),
                "plain": written(Energy.plain(energy_wh)),
                "salt": written(salt),
                "hidden": written(Energy.hidden(energy_wh, salt)),
            }
        )
    signers = [draw.randbytes(20) for _ in range(5)]
    tree = MerkleTree(sorted(signer_leaf(signer) for signer in signers))
    places = sorted(range(5), key=lambda place: signer_leaf(signers[place]))
    auction_id = draw.randbytes(32)
    return {
        "energies": energies,
        "keyRoot": {
            "root": written(tree.root),
            "keys": [
                {
                    "signer": written(signers[place]),
                    "leaf": written(signer_leaf(signers[place])),
                    "proof": [written(part) for part in tree.proof(number)],
                }
                for number, place in enumerate(places)
            ],
        },
        "awards": [
            {
                "auctionId": written(auction_id),
                "lot": written(lot),
                "nonce": written(award_nonce(auction_id, lot)),
            }
            for lot in range(2)
        ],
    }


def main() -> int:
    """Write the files, or with --check compare them; returns the exit status."""
    stale = [
        name
        for name, text in vectors().items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        if stale:
            print(f"not current: {', '.join(stale)}; run scripts/generate_vectors.py", file=sys.stderr)
        return int(bool(stale))
    FOLDER.mkdir(exist_ok=True)
    for name, text in vectors().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
