"""A meter whose key is in a PKCS#11 token: SoftHSM stands for the hardware (N-3)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import verify_signature
from energy_trading.errors import BadInput
from energy_trading.meter.command_signer import SignerFailed
from energy_trading.meter.pkcs11_signer import PinRefused, Pkcs11Key, Pkcs11Signer, Pkcs11SupportMissing
from energy_trading.meter.signers import sign_checked
from energy_trading.meter.smart_meter import Reading, SmartMeter
from tests.client.meter.test_meter_receipts import MARKET, allotment, trade_id
from tests.softhsm import PIN, TOKEN, add_key, empty_token, uri

VERIFIER = "0x" + "7a" * 20
CURVES = {"p256": "secp256r1", "k1": "secp256k1", "p384": "secp384r1"}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_token(tmp_path_factory.mktemp("token")) as driver:
        for label, curve in CURVES.items():
            add_key(driver, label, curve)
        yield driver


@pytest.mark.parametrize(("label", "size"), [("p256", 84), ("k1", 20)])
def test_token_signs_for_a_meter(module: str, label: str, size: int, tmp_path: Path):
    """N-3: a key that never leaves its token signs receipts; half of its signatures have a high s."""
    signer = Pkcs11Signer(Pkcs11Key.from_uri(uri(module, label)), PIN, VERIFIER)
    assert len(signer.signer) == size
    assert (signer.signer[:20].hex() == "7a" * 20) == (size == 84)
    assert Pkcs11Signer(Pkcs11Key(module, TOKEN, id=label.encode()), PIN, VERIFIER).signer == signer.signer
    high = []
    for number in range(24):
        digest = keccak(bytes([number]))
        raw = signer.sign(digest)
        high.append(raw[32] >> 7)
        assert verify_signature(signer.signer, digest, sign_checked(signer, digest))
    assert set(high) == {0, 1}, "the token wrote s in both halves"
    meter = SmartMeter(signer, MARKET, tmp_path / "journal")
    for time, wh in ((900, 0), (1800, 500)):
        meter.record(Reading(time, wh, 0))
    meter.allot(allotment(1, 500))
    receipt = meter.sign_receipt(trade_id(1))
    assert (receipt.signer, meter.sign_receipt(trade_id(1))) == (signer.signer, receipt)
    assert PIN not in f"{signer!r} {(tmp_path / 'journal').read_text()}"


def test_revert_given_another_token_key_or_pin(module: str):
    """N-3: what is not there may come back and can be tried again; a wrong PIN cannot."""
    for key, reason in (
        (Pkcs11Key(module, "away", "k1"), "the key 'k1' of token 'away' cannot be used: No token matching "),
        (Pkcs11Key(module, TOKEN, "k2"), f"the key 'k2' of token '{TOKEN}' cannot be used: No key matching "),
        (Pkcs11Key(module, TOKEN, id=b"\2"), f"the key 0x02 of token '{TOKEN}' cannot be used: No key"),
        (Pkcs11Key("/no.so", TOKEN, "k1"), f"the key 'k1' of token '{TOKEN}' cannot be used: OS exception"),
    ):
        with pytest.raises(SignerFailed) as caught:
            Pkcs11Signer(key, PIN, VERIFIER)
        assert str(caught.value).startswith(reason)
    with pytest.raises(PinRefused, match=rf"^token '{TOKEN}' refused the PIN \(PinIncorrect\)$"):
        Pkcs11Signer(Pkcs11Key(module, TOKEN, "k1"), "4321", VERIFIER)
    with pytest.raises(BadInput, match=r"^a meter's key must be on secp256k1 or P-256, not on secp384r1$"):
        Pkcs11Signer(Pkcs11Key(module, TOKEN, "p384"), PIN, VERIFIER)
    with pytest.raises(BadInput, match=r"^the P-256 verifier must be a 20-byte address in hex, not None$"):
        Pkcs11Signer(Pkcs11Key(module, TOKEN, "p256"), PIN)
    signer = Pkcs11Signer(Pkcs11Key(module, TOKEN, "k1"), PIN)
    with pytest.raises(BadInput, match=r"^the digest must have 32 bytes, not 31$"):
        signer.sign(bytes(31))


def test_key_is_named_by_a_uri():
    """N-3: RFC 7512; percent signs are decoded, what is unknown is refused, and so is a PIN."""
    key = Pkcs11Key.from_uri(
        "pkcs11:token=my%20home;object=m%3B1;id=%01%ff;type=private?module-path=/d%20r.so"
    )
    assert key == Pkcs11Key("/d r.so", "my home", "m;1", b"\x01\xff")
    for text, reason in (
        ("file:token=a", "a key in a token is named by pkcs11:token=…;object=…?module-path=…, each once"),
        (
            "pkcs11:token=a;token=b",
            "a key in a token is named by pkcs11:token=…;object=…?module-path=…, each",
        ),
        ("pkcs11:token=a?pin-value=12345", "a pkcs11: URI must not state the PIN, because other users could"),
        ("pkcs11:token=a?pin-source=f", "a pkcs11: URI must not state the PIN, because other users could"),
        (
            "pkcs11:token=a;slot-id=1",
            "a pkcs11: URI may have token, object, id, type=private and module-path, not slot-id",
        ),
        (
            "pkcs11:type=cert",
            "a pkcs11: URI may have token, object, id, type=private and module-path, not ty",
        ),
        ("pkcs11:object=a", "the pkcs11: URI lacks module-path and token"),
        ("pkcs11:", "the pkcs11: URI lacks module-path and token"),
        (
            "pkcs11:token=a?module-path=/d",
            "a key in a token must be named by its label (object=) or its id (id",
        ),
    ):
        with pytest.raises(BadInput) as caught:
            Pkcs11Key.from_uri(text)
        assert str(caught.value).startswith(reason)
        assert "12345" not in str(caught.value)


def test_revert_given_no_library(monkeypatch: pytest.MonkeyPatch):
    """Without the extra, the error says what to install."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(Pkcs11SupportMissing) as caught:
        Pkcs11Signer(Pkcs11Key("/d.so", TOKEN, "k1"), PIN)
    assert str(caught.value) == "a token needs python-pkcs11: pip install energy-trading[pkcs11]"
