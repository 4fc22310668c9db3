"""The vectors for clients in other languages: current, and the same for JavaScript and for Solidity."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from eth_abi.abi import encode

from energy_trading.chain import artifacts
from energy_trading.chain.compile import ROOT, TEST_CONTRACTS, compile_profile
from energy_trading.chain.in_process import in_process
from energy_trading.crypto._signatures import canonical_signature
from energy_trading.meter.key_root import VOUCH_TYPE
from energy_trading.session.handshake import _PROOF_TYPE
from energy_trading.session.subject import _SUBJECT_TYPE
from energy_trading.types import Energy, Terms
from scripts.generate_vectors import CASES, FOLDER, KEY, VERIFIER, messages, types_of, vectors
from tests.world import World

#: types that no contract checks: vouches of meters and what a session proves
OTHERS = {VOUCH_TYPE, _PROOF_TYPE, _SUBJECT_TYPE}
PAGE = ROOT / "docs" / "typed-data.md"


def read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def test_vectors_are_current() -> None:
    """Run scripts/generate_vectors.py after a change of a message; the page names new ones too."""
    assert {path.name for path in FOLDER.glob("*.json")} == set(vectors())
    for name, text in vectors().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: run scripts/generate_vectors.py"


def test_no_number_is_too_large_for_javascript() -> None:
    """Integers are strings: a JavaScript reader would round those above 2^53 (N-1)."""

    def numbers(value: Any) -> list[Any]:
        if isinstance(value, dict | list):
            items = value.values() if isinstance(value, dict) else value
            return [number for item in items for number in numbers(item)]
        return [value] if isinstance(value, int | float) else []

    for name in vectors():
        assert numbers(read(name.removesuffix(".json"))) == []


def test_javascript_computes_the_same() -> None:
    """viem hashes, signs and recovers every message alike; noble seals and opens every quote alike."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "viem").is_dir():
        pytest.skip("viem is not in node_modules (npm ci)")
    done = subprocess.run([node, FOLDER / "check.mjs"], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        **{next(iter(types_of(kind))): CASES for kind in messages()},
        "sealed quotes": 5,
        "garbage quotes": 2,
        "secp256k1 receipts": CASES,
        "P-256 receipts": CASES,
        "energies": 4,
        "one-time keys": 5,
        "awards": 2,
    }


def test_contracts_compute_the_same(world: World) -> None:
    """Solidity opens the quotes, checks signatures of meters and proofs, and names trades alike."""
    compile_profile(TEST_CONTRACTS, lambda _: None)
    chain = in_process(accounts=[KEY])
    artifact = artifacts.load_from(TEST_CONTRACTS.output, "VectorHarness")
    address, _ = chain.deploy(artifact.bytecode, KEY)
    verifier, _ = chain.deploy(artifacts.load("P256Verifier").bytecode, KEY)
    quotes = read("sealed_quotes")
    assert (address, str(chain.chain_id), verifier) == (quotes["contract"], quotes["chainId"], VERIFIER)

    def ask(name: str, *values: Any) -> Any:
        (signature,) = (text for text in artifact.method_identifiers if text.startswith(f"{name}("))
        types = signature.partition("(")[2][:-1].split(",")
        selector = bytes.fromhex(artifact.method_identifiers[signature])
        return int.from_bytes(chain.call(address, selector + encode(types, values)), "big")

    k, auction_id = int(quotes["quoteSecret"], 16), bytes_of(quotes["auctionId"])
    assert ask("isKey", k, quotes["quoteKey"])
    for quote in quotes["quotes"]:
        words = (int(quote[name], 16) for name in ("cx", "body"))
        opened = ask("open", k, auction_id, quote["bidder"], *words)
        assert opened == (2**256 - 1 if quote["opened"] is None else int(quote["opened"]))
    for case in read("signatures"):
        signer, digest, *_ = signed = [bytes_of(case[name]) for name in ("signer", "digest", "signature")]
        assert ask("isMeters", *signed)
        forms = [bytes_of(form) for form in case["otherForms"]]
        assert not any(ask("isMeters", signer, digest, form) for form in forms if form[64:] or form[32] >> 7)
    for case in read("typed_data"):
        digest = bytes_of(case["digest"])
        parts = (bytes_of(case[name]) for name in ("domainSeparator", "structHash"))
        assert ask("typedDigest", *parts) == int.from_bytes(digest, "big")
        for form in ("signature", "compactSignature"):
            assert ask("isAccounts", case["signer"], digest, bytes_of(case[form]))
        if case["primaryType"] == "Offer":
            values = list(case["message"].values())
            terms = Terms(*values[:2], Energy(bytes_of(values[2])), *map(int, values[3:]))
            assert world.market.trade_id_of(terms) == bytes_of(case["structHash"])
    hashes = read("hashes")
    for case in hashes["energies"]:
        opening = int(case["energyWh"]), bytes_of(case["salt"])
        assert ask("hidden", *opening) == int(case["hidden"], 16)
    for case in hashes["awards"]:
        assert ask("ofAward", bytes_of(case["auctionId"]), int(case["lot"])) == int(case["nonce"])
    for key in hashes["keyRoot"]["keys"]:
        proof = [bytes_of(part) for part in key["proof"]]
        assert ask("proven", proof, bytes_of(hashes["keyRoot"]["root"]), bytes_of(key["signer"]))


def bytes_of(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def test_forms_of_signatures_become_the_one_that_counts() -> None:
    """Every other form in the vectors is repaired to the signature beside it (N-3)."""
    for case in read("signatures"):
        signer, digest = bytes_of(case["signer"]), bytes_of(case["digest"])
        for form in (case["signature"], *case["otherForms"]):
            assert canonical_signature(signer, digest, bytes_of(form)) == bytes_of(case["signature"])


def test_page_has_every_type() -> None:
    """The page states the exact type of every message, below the contract it is signed for."""
    from scripts.generate_vectors import contract_of

    page = PAGE.read_text(encoding="utf-8")
    for kind in messages():
        _, _, rest = page.partition(f"\n### {contract_of(kind)}\n")
        section = rest.partition("\n### ")[0].partition("\n## ")[0]
        assert f"`{kind.TYPE}`" in section, f"docs/typed-data.md lacks {kind.TYPE}"
    shown = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    known = {kind.TYPE for kind in messages()}
    assert {text for text in shown if "(" in text and "uint256" in text} <= known | OTHERS
    assert shown >= OTHERS
