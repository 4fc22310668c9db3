"""The Double Ratchet: a new key for each message, and a new secret for each turn of the conversation."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from doubleratchet import (
    AEAD,
    AuthenticationFailedException,
    DoSProtectionException,
    DoubleRatchet,
    DuplicateMessageException,
    EncryptedMessage,
    Header,
)
from doubleratchet.recommended import HashFunction, kdf_hkdf, kdf_separate_hmacs
from doubleratchet.recommended.diffie_hellman_ratchet_curve25519 import DiffieHellmanRatchet

from energy_trading.errors import Forged, InternalFault

#: how many messages may be missing before one that is opened
MAX_SKIPPED: Final = 64
#: how many keys of missing messages are kept; the oldest are dropped first
MAX_KEPT: Final = 128
RATCHET_KEY_SIZE: Final = 32
_HEADER: Final = struct.Struct(f">{RATCHET_KEY_SIZE}sII")
_NONCE_SIZE: Final = 12

_T = TypeVar("_T")


class MessageRefused(Forged):
    """A message does not open: it is forged, changed, reflected, of another session, or was opened before."""

    def __init__(self, text: str = "the message does not open, or was opened before") -> None:
        super().__init__(text)


class MessageRepeated(MessageRefused):
    """The message was opened before, by its number. In an older turn this is a plain `MessageRefused`.

    Args:
        number: of the message in the peer's turn.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"message number {number} was opened before")
        self.number = number


class TooManySkipped(MessageRefused):
    """More messages are missing before this one than the ratchet computes keys for.

    Args:
        number: of the message in the peer's turn.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"more than {MAX_SKIPPED} messages before message number {number} are missing")
        self.number = number


class _ChaCha(AEAD):
    """ChaCha20-Poly1305 (RFC 8439) with the nonce in front of the ciphertext."""

    @staticmethod
    async def encrypt(plaintext: bytes, key: bytes, associated_data: bytes) -> bytes:
        # A key is for one message, so a constant would do; a random nonce also withstands a restored backup.
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated_data)

    @staticmethod
    async def decrypt(ciphertext: bytes, key: bytes, associated_data: bytes) -> bytes:
        nonce, box = ciphertext[:_NONCE_SIZE], ciphertext[_NONCE_SIZE:]
        try:
            return ChaCha20Poly1305(key).decrypt(nonce, box, associated_data)
        except InvalidTag as error:
            raise AuthenticationFailedException from error


class _RootKDF(kdf_hkdf.KDF):
    @staticmethod
    def _get_hash_function() -> HashFunction:
        return HashFunction.SHA_256

    @staticmethod
    def _get_info() -> bytes:
        return b"energy-trading/session/1/ratchet"


class _ChainKDF(kdf_separate_hmacs.KDF):
    @staticmethod
    def _get_hash_function() -> HashFunction:
        return HashFunction.SHA_256


class _Machine(DoubleRatchet):
    @staticmethod
    def _build_associated_data(associated_data: bytes, header: Header) -> bytes:
        # Safe: the header has one size, so the two parts cannot be confused.
        return associated_data + _HEADER.pack(*header)


_PARTS: Final[dict[str, Any]] = {
    "diffie_hellman_ratchet_class": DiffieHellmanRatchet,
    "root_chain_kdf": _RootKDF,
    "message_chain_kdf": _ChainKDF,
    "message_chain_constant": b"\x02\x01",  # next chain key, message key (§5.2 of the specification)
    "dos_protection_threshold": MAX_SKIPPED,
    "max_num_skipped_message_keys": MAX_KEPT,
    "aead": _ChaCha,
}


def ratchet_public_key(secret_key: bytes) -> bytes:
    """Return the X25519 public key, 32 bytes, of a ratchet secret.

    Source:
        RFC 7748.
    """
    return X25519PrivateKey.from_private_bytes(secret_key).public_key().public_bytes_raw()


def generate_ratchet_key() -> bytes:
    """Draw an X25519 secret, 32 bytes, for the responder's first turn."""
    return X25519PrivateKey.generate().private_bytes_raw()


class Ratchet:
    """One end of a conversation, made by `begin`, `join` or `from_json`.

    Old keys are dropped as soon as they are used; Python frees their memory later, without wiping it.

    Source:
        Perrin and Marlinspike, The Double Ratchet Algorithm, §3 (C-6).
    """

    def __init__(self, machine: DoubleRatchet) -> None:
        self._machine = machine

    @classmethod
    def begin(
        cls, secret: bytes, peer_ratchet_key: bytes, plaintext: bytes, context: bytes
    ) -> tuple[Ratchet, bytes]:
        """Start as the initiator, and seal a first message.

        Args:
            secret: 32 bytes that only the two parties have.
            peer_ratchet_key: the responder's X25519 public key, 32 bytes.
            plaintext: of the first message.
            context: what the message is bound to. Opening it needs the context, which it does not carry.

        Raises:
            MessageRefused: the peer's key is of low order.
        """
        try:
            machine, message = _run(
                _Machine.encrypt_initial_message(
                    **_PARTS,
                    shared_secret=secret,
                    recipient_ratchet_pub=peer_ratchet_key,
                    message=plaintext,
                    associated_data=context,
                )
            )
        except ValueError as error:
            raise MessageRefused from error
        return cls(machine), _pack(message)

    @classmethod
    def join(
        cls, secret: bytes, own_ratchet_key: bytes, data: bytes, context: bytes
    ) -> tuple[Ratchet, bytes]:
        """Start as the responder, by opening the first message.

        Args:
            secret: as the initiator's.
            own_ratchet_key: X25519 secret, 32 bytes, whose public half the initiator has.
            data: the first message.
            context: as passed to `begin`.

        Raises:
            MessageRefused: the message does not open.
        """
        machine, plaintext = _open(
            lambda message: _Machine.decrypt_initial_message(
                **_PARTS,
                shared_secret=secret,
                own_ratchet_priv=own_ratchet_key,
                message=message,
                associated_data=context,
            ),
            data,
        )
        return cls(machine), plaintext

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt the next message and drop its key.

        Args:
            plaintext: of any length.
            context: what the message is bound to. Opening it needs the context, which it does not carry.

        Returns:
            ratchet key ‖ length of the last turn ‖ number ‖ nonce ‖ ciphertext, 68 bytes longer than the
            plaintext.
        """
        return _pack(_run(self._machine.encrypt_message(plaintext, context)))

    def open(self, data: bytes, context: bytes) -> bytes:
        """Decrypt a message, in whatever order messages arrive, and drop its key.

        Args:
            data: as returned by the peer's `seal`.
            context: as passed to the peer's `seal`.

        Raises:
            MessageRefused: the message does not open, and nothing has changed. It is `MessageRepeated` or
                `TooManySkipped` where the reason is known.
        """
        return _open(lambda message: self._machine.decrypt_message(message, context), data)

    def to_json(self) -> Any:
        """Return the whole state, with its keys, for `json.dumps`."""
        return self._machine.json

    @classmethod
    def from_json(cls, value: Any) -> Ratchet:
        """Continue from a state of `to_json`, which must be this package's own and not used since."""
        return cls(_Machine.from_json(value, **_PARTS))


def _pack(message: EncryptedMessage) -> bytes:
    return _HEADER.pack(*message.header) + message.ciphertext


def _open(step: Callable[[EncryptedMessage], Coroutine[Any, Any, _T]], data: bytes) -> _T:
    if len(data) < _HEADER.size:
        raise MessageRefused
    header = Header(*_HEADER.unpack_from(data))
    try:
        return _run(step(EncryptedMessage(header, data[_HEADER.size :])))
    except DuplicateMessageException as error:
        raise MessageRepeated(header.sending_chain_length) from error
    except DoSProtectionException as error:
        raise TooManySkipped(header.sending_chain_length) from error
    # A ValueError means that the message is cut short, or that X25519 refused a ratchet key of low order.
    except (AuthenticationFailedException, ValueError) as error:
        raise MessageRefused from error


def _run(step: Coroutine[Any, Any, _T]) -> _T:
    # The library's methods are coroutines that wait for nothing, so one step runs them to their end,
    # with or without an event loop around us.
    try:
        step.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    raise InternalFault("a step of the ratchet waited, which its library never does")
