"""A meter whose key is in a hardware token that speaks PKCS#11, such as a smart card or a security module."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

from cryptography.hazmat.primitives.serialization import load_der_public_key

from energy_trading.crypto.keys import check_size
from energy_trading.errors import BadInput
from energy_trading.meter.command_signer import SignerFailed
from energy_trading.meter.signers import signer_of

#: A token knows one login for each process, so two threads would disturb one another.
_LOGIN: Final = threading.Lock()


class Pkcs11SupportMissing(BadInput):
    """The optional library that speaks PKCS#11 is not installed."""


class PinRefused(BadInput):
    """The token refused the PIN, or locked itself after too many wrong ones."""


@dataclass(frozen=True)
class Pkcs11Key:
    """Where a key is: a token's driver, the token, and the key in it.

    Args:
        module: path of the driver, a shared library.
        token: the token's label.
        label: the key's label, or None if the id names it.
        id: the key's id, or None if the label names it.

    Raises:
        BadInput: neither label nor id is given.

    Source:
        PKCS#11 3.1; RFC 7512 (URI).
    """

    module: str
    token: str
    label: str | None = None
    id: bytes | None = None

    def __post_init__(self) -> None:
        if self.label is None and self.id is None:
            raise BadInput("a key in a token must be named by its label (object=) or its id (id=)")

    @classmethod
    def from_uri(cls, uri: str) -> Pkcs11Key:
        """Read a URI such as ``pkcs11:token=home;object=meter?module-path=/usr/lib/softhsm/libsofthsm2.so``.

        Raises:
            BadInput: it is no such URI, has another attribute than `token`, `object`, `id`, `type=private`
                and `module-path`, or states the PIN, which every user of the machine could then see.

        Source:
            RFC 7512.
        """
        scheme, _, rest = uri.partition(":")
        path, _, query = rest.partition("?")
        pairs = [part.partition("=") for part in (*path.split(";"), *query.split("&")) if part]
        found = {name: text for name, _, text in pairs}
        if scheme != "pkcs11" or len(found) != len(pairs):
            raise BadInput("a key in a token is named by pkcs11:token=…;object=…?module-path=…, each once")
        if {"pin-value", "pin-source"} & found.keys():
            raise BadInput("a pkcs11: URI must not state the PIN, because other users could see it")
        unknown = found.keys() - {"token", "object", "id", "type", "module-path"}
        if unknown or found.get("type", "private") != "private":
            names = ", ".join(sorted(unknown or {"type"}))
            raise BadInput(
                f"a pkcs11: URI may have token, object, id, type=private and module-path, not {names}"
            )
        if missing := {"token", "module-path"} - found.keys():
            raise BadInput(f"the pkcs11: URI lacks {' and '.join(sorted(missing))}")
        return cls(
            unquote(found["module-path"]),
            unquote(found["token"]),
            unquote(found["object"]) if "object" in found else None,
            unquote_to_bytes(found["id"]) if "id" in found else None,
        )


class Pkcs11Signer:
    """A meter's key in a token. The token signs; the key never leaves it.

    The public side is read from the token, which must hold the public key object beside the private one. Each
    signature opens a session of its own, so that a token may be taken out and put back.

    Args:
        key: where the key is.
        pin: of the token's user.
        verifier: address of the ERC-7913 P-256 verifier contract, for a key on that curve.

    Raises:
        Pkcs11SupportMissing: python-pkcs11 is not installed.
        PinRefused: the PIN is wrong or locked.
        SignerFailed: the token is not there, or has not exactly one such key.
        BadInput: the key is on neither curve, or is on P-256 and there is no verifier.

    Source:
        N-3; ERC-7913; PKCS#11 3.1 (CKM_ECDSA).
    """

    def __init__(self, key: Pkcs11Key, pin: str, verifier: str | None = None) -> None:
        self._key = key
        self._pin = pin
        with self._session() as session:
            from pkcs11 import ObjectClass
            from pkcs11.util.ec import encode_ec_public_key

            public = self._find(session, ObjectClass.PUBLIC_KEY)
            try:
                point = load_der_public_key(encode_ec_public_key(public))
            except (ValueError, KeyError, NotImplementedError) as error:
                raise BadInput(f"{self._name} is not on an elliptic curve that is known here") from error
            self.signer = signer_of(point, verifier)

    def sign(self, digest: bytes) -> bytes:
        """Let the token sign a digest.

        Args:
            digest: 32 bytes, already hashed.

        Returns:
            r ‖ s, 64 bytes, with s in either half: `sign_checked` puts it in order.

        Raises:
            SignerFailed: the token does not answer.
            PinRefused: the PIN is wrong by now.
            BadInput: the digest is not 32 bytes.
        """
        check_size(digest, "the digest")
        with self._session() as session:
            from pkcs11 import Mechanism, ObjectClass

            private = self._find(session, ObjectClass.PRIVATE_KEY)
            return bytes(private.sign(digest, mechanism=Mechanism.ECDSA))

    def __repr__(self) -> str:
        return f"<Pkcs11Signer of 0x{self.signer.hex()}>"

    @property
    def _name(self) -> str:
        label = self._key.label
        key = repr(label) if label is not None else f"0x{(self._key.id or b'').hex()}"
        return f"the key {key} of token {self._key.token!r}"

    def _find(self, session: Any, kind: Any) -> Any:
        return session.get_key(object_class=kind, label=self._key.label, id=self._key.id)

    @contextmanager
    def _session(self) -> Iterator[Any]:
        try:
            import pkcs11
            from pkcs11 import exceptions
        except ImportError as error:
            raise Pkcs11SupportMissing(
                "a token needs python-pkcs11: pip install energy-trading[pkcs11]"
            ) from error
        refused = (
            exceptions.PinIncorrect,
            exceptions.PinInvalid,
            exceptions.PinLenRange,
            exceptions.PinLocked,
            exceptions.PinExpired,
        )
        with _LOGIN:
            try:
                token = pkcs11.lib(self._key.module).get_token(token_label=self._key.token)
                with token.open(user_pin=self._pin) as session:
                    yield session
            except refused as error:
                raise PinRefused(
                    f"token {self._key.token!r} refused the PIN ({type(error).__name__})"
                ) from error
            except pkcs11.PKCS11Error as error:
                reason = str(error) or type(error).__name__
                raise SignerFailed(f"{self._name} cannot be used: {reason}") from error
