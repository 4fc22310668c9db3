"""A token of SoftHSM for tests: a security module in software, which speaks PKCS#11 like one in hardware."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters

#: where Debian and Fedora put the driver
DRIVERS = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
TOKEN, PIN = "home", "1234"


def driver() -> str:
    """Return the path of SoftHSM's driver; skip the test where there is none."""
    found = next((path for path in DRIVERS if Path(path).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("no token here: SoftHSM is not installed (apt-get install softhsm2)")
    return found


@contextmanager
def token_folder(folder: Path) -> Iterator[str]:
    """Let SoftHSM keep its tokens, of which there are none yet, in a folder; yield the driver."""
    module = driver()
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(conf))
        # The driver reads its configuration when it starts, and this process may have started it before.
        pkcs11.lib(module).finalize()
        yield module
    pkcs11.lib(module).finalize()


@contextmanager
def empty_token(folder: Path) -> Iterator[str]:
    """Make a token without keys in a folder; yield the driver that finds it."""
    with token_folder(folder) as module:
        label = ("--free", "--label", TOKEN, "--so-pin", "0000", "--pin", PIN)
        subprocess.run(["softhsm2-util", "--init-token", *label], check=True, capture_output=True)
        yield module


def add_key(module: str, label: str, curve: str) -> None:
    """Let the token make a key of its own on a curve that openssl names so."""
    with pkcs11.lib(module).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as session:
        curve_parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
        domain = session.create_domain_parameters(KeyType.EC, curve_parameters, local=True)
        domain.generate_keypair(store=True, label=label, id=label.encode())


def uri(module: str, label: str) -> str:
    """Return the RFC 7512 URI of a key."""
    return f"pkcs11:token={TOKEN};object={label}?module-path={module}"
