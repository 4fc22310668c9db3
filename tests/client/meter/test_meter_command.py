"""A meter whose key is behind a command: openssl itself, and commands that fail in every way (N-3)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import verify_signature
from energy_trading.errors import BadInput
from energy_trading.meter.command_signer import CommandSigner, SignerFailed
from energy_trading.meter.signers import SignatureRefused, read_public_key, sign_checked, signer_of

VERIFIER = "0x" + "7a" * 20
DIGEST = keccak(b"digest")


def openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def openssl_meter(folder: Path, curve: str) -> CommandSigner:
    """Make a key with openssl and sign with it, as `docs/meters.md` shows."""
    secret, public = str(folder / "meter.pem"), folder / "meter.pub"
    openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", secret)
    openssl("ec", "-in", secret, "-pubout", "-out", str(public))
    signer = signer_of(read_public_key(public.read_bytes(), "meter.pub"), VERIFIER)
    return CommandSigner(signer, ["openssl", "pkeyutl", "-sign", "-inkey", secret])


def python(code: str, timeout: float = 60.0) -> CommandSigner:
    """A signer that is a Python program."""
    return CommandSigner(b"\1" * 20, [sys.executable, "-IS", "-c", code], timeout)


@pytest.mark.parametrize(("curve", "size"), [("prime256v1", 84), ("secp256k1", 20)])
def test_openssl_signs_for_a_meter(tmp_path: Path, curve: str, size: int):
    """N-3: openssl's DER, with s in either half, becomes the signature that the market takes."""
    meter = openssl_meter(tmp_path, curve)
    assert len(meter.signer) == size
    for number in range(12):
        digest = keccak(bytes([number]))
        assert meter.sign(digest)[0] == 0x30, "DER"
        assert verify_signature(meter.signer, digest, sign_checked(meter, digest))
    other = CommandSigner(b"\1" * 20, ["openssl", "pkeyutl", "-sign", "-inkey", str(tmp_path / "meter.pem")])
    with pytest.raises(SignatureRefused):
        sign_checked(other, DIGEST)


def test_public_key_from_der(tmp_path: Path):
    """N-3: DER and PEM name the same signer."""
    meter = openssl_meter(tmp_path, "prime256v1")
    der = openssl("ec", "-pubin", "-in", str(tmp_path / "meter.pub"), "-outform", "der")
    assert signer_of(read_public_key(der, "meter.der"), VERIFIER) == meter.signer


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit(3)", "ended with the status 3"),
        ("import os; os.kill(os.getpid(), 9)", "ended with the status -9"),
        ("import time; time.sleep(60)", "did not answer within 0.5 seconds"),
        ("print('0' * 300)", "wrote more than 256 bytes"),
        ("while True: print('0' * 300)", "wrote more than 256 bytes"),
    ],
)
def test_command_that_fails(code: str, reason: str):
    """N-3: whatever a command does, it ends in time, as one typed error."""
    with pytest.raises(SignerFailed) as caught:
        python(code, timeout=0.5 if "seconds" in reason else 60.0).sign(DIGEST)
    assert str(caught.value) == f"the signer {sys.executable} {reason}"


def test_command_that_answers_and_stays():
    """N-3: a command that closed its output but does not end is ended (on a slow machine, before it did)."""
    with pytest.raises(SignerFailed, match=r"^the signer sh did not (end|answer) within 2 seconds$"):
        CommandSigner(b"\1" * 20, ["sh", "-c", "exec >&-; exec sleep 600"], 2.0).sign(DIGEST)


def test_children_of_a_slow_command_end_with_it(tmp_path: Path):
    """N-3: a child that keeps the pipe open neither delays the error nor lives on."""
    beat = tmp_path / "beat"
    child = f"import time, pathlib\nwhile True: pathlib.Path({str(beat)!r}).touch(); time.sleep(.01)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-IS', '-c', {child!r}])"
    with pytest.raises(SignerFailed, match=r"did not answer within 2 seconds$"):
        python(code, timeout=2.0).sign(DIGEST)
    beat.unlink(missing_ok=True)
    time.sleep(0.3)
    assert not beat.exists()


def test_command_gets_the_digest_and_nothing_else(monkeypatch: pytest.MonkeyPatch):
    """N-3: 32 bytes on the standard input, no password in the variables, no shell."""
    monkeypatch.setenv("ENERGY_TRADING_PASSWORD", "household")
    echo = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    assert python(echo).sign(DIGEST) == DIGEST
    seen = python("import os; print(sorted(n for n in os.environ if 'ENERGY' in n), end='')").sign(DIGEST)
    assert seen == b"[]"
    assert CommandSigner(b"\1" * 20, ["echo", "$HOME; id"]).sign(DIGEST) == b"$HOME; id\n"
    assert python("").sign(DIGEST) == b"", "a command need not read its input"
    assert os.environ["ENERGY_TRADING_PASSWORD"] == "household"


def test_revert_given_no_command_or_key(tmp_path: Path):
    """N-3: what is no command, no digest and no public key is named; a secret key is not repeated."""
    for command in ([], "openssl"):
        with pytest.raises(BadInput, match=r"must be a list: the program and its arguments$"):
            CommandSigner(b"\1" * 20, command)
    with pytest.raises(BadInput, match=r"^the time for a signature must be more than 0 seconds, not 0$"):
        CommandSigner(b"\1" * 20, ["true"], 0)
    with pytest.raises(SignerFailed, match=r"^the signer /no/such cannot be started: "):
        CommandSigner(b"\1" * 20, ["/no/such"]).sign(DIGEST)
    with pytest.raises(BadInput, match=r"^the digest must have 32 bytes, not 3$"):
        python("").sign(b"abc")
    meter = openssl_meter(tmp_path, "secp256k1")
    secret = (tmp_path / "meter.pem").read_bytes()
    for content in (secret, b"", b"\xff", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(
            BadInput, match=r"^m.pub is not a public key in PEM or DER, as openssl ec -pubout writes it$"
        ) as caught:
            read_public_key(content, "m.pub")
        assert caught.value.__cause__ is None
    rsa = openssl("rsa", "-in", _rsa(tmp_path), "-pubout")
    with pytest.raises(BadInput, match=r"^m.pub is not the public key of an elliptic curve$"):
        read_public_key(rsa, "m.pub")
    with pytest.raises(BadInput, match=r"^a meter's key must be on an elliptic curve, secp256k1 or P-256$"):
        signer_of(rsa)
    assert repr(meter) == f"<CommandSigner of 0x{meter.signer.hex()}>"


def _rsa(folder: Path) -> str:
    openssl("genrsa", "-out", str(folder / "rsa.pem"), "2048")
    return str(folder / "rsa.pem")
