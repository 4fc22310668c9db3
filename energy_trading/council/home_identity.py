"""Who a home is, signed by the home, and encrypted so that only one verifier set can read it."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eth_utils.address import is_checksum_address
from eth_utils.conversions import to_bytes
from eth_utils.crypto import keccak

from energy_trading.council.verifier_set import NotInSet, VerifierSet
from energy_trading.crypto._signatures import compact, is_signed_by
from energy_trading.crypto.ecies import DecryptionFailed, decrypt, encrypt
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import (
    canonical_json,
    check_address,
    check_list,
    check_object,
    check_text,
    from_hex,
    parse_json,
    read_integer,
    to_hex,
)

# The length of a ciphertext is that of its plaintext: filled up, it does not tell how long a name is.
_BLOCK: Final = 512
# Safe as a constant: every box has its own content key, which encrypts once.
_NONCE: Final = bytes(12)


class IdentityForged(Forged):
    """The home did not sign the identity for this council."""

    def __init__(self) -> None:
        super().__init__("the identity is not signed by the home's account for this council")


class WrongSet(Forged):
    """The identity is encrypted to another verifier set.

    Args:
        version: of the set that was expected.
    """

    def __init__(self, version: int) -> None:
        super().__init__(f"the identity is not encrypted to verifier set {version}")
        self.version = version


@dataclass(frozen=True)
class HomeIdentity:
    """Who a home is. Nothing but the home's account appears in its repr.

    Args:
        account: EIP-55 address of the home's account.
        name: of the person.
        contact: how to reach the person.
        meter: signer of the meter, 20 or 84 bytes (ERC-7913).

    Raises:
        BadInput: the account is no address, or the meter has another size.
    """

    account: str
    name: str = field(repr=False)
    contact: str = field(repr=False)
    meter: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not is_checksum_address(self.account):
            raise BadInput("the account of an identity must be an address with its checksum (EIP-55)")
        if len(self.meter) not in (20, 84):
            raise BadInput(f"the signer of a meter must have 20 or 84 bytes, not {len(self.meter)}")


@dataclass(frozen=True)
class SignedIdentity:
    """An identity with the home's signature, which no verifier can replace by another.

    Args:
        identity: of the home.
        signature: by the home's account, compact.
    """

    identity: HomeIdentity
    signature: bytes = field(repr=False)

    @classmethod
    def sign(cls, identity: HomeIdentity, key: SecretKey, chain_id: int, council: str) -> SignedIdentity:
        """Sign an identity for one council.

        Args:
            identity: of the home.
            key: of the home's account.
            chain_id: EIP-155 id.
            council: EIP-55 address.

        Raises:
            BadInput: the key is another account's.
        """
        if key.address != identity.account:
            raise BadInput("the identity names another account than that of the key")
        return cls(identity, compact(key.sign_digest(_identity_digest(identity, chain_id, council))))

    def check(self, chain_id: int, council: str) -> None:
        """Check that the home signed it for this council.

        Raises:
            IdentityForged: it did not.
        """
        digest = _identity_digest(self.identity, chain_id, council)
        if not is_signed_by(self.identity.account, digest, self.signature):
            raise IdentityForged


@dataclass(frozen=True)
class IdentityBox:
    """An identity encrypted once with a content key, which is encrypted to each member of one verifier set.

    Args:
        home: EIP-55 address of the home's account.
        verifiers: digest of the set.
        version: of the set.
        ciphertext: of the signed identity.
        keys: EIP-55 account of each member, and the content key encrypted to it.
    """

    home: str
    verifiers: bytes
    version: int
    ciphertext: bytes = field(repr=False)
    keys: tuple[tuple[str, bytes], ...] = field(repr=False)

    @classmethod
    def seal(cls, signed: SignedIdentity, verifiers: VerifierSet) -> IdentityBox:
        """Encrypt an identity to a verifier set.

        Args:
            signed: by the home.
            verifiers: the current set.

        Raises:
            IdentityForged: the home did not sign it for the set's council.

        Source:
            Hybrid encryption as in CMS (RFC 5652 §6) with the project's ECIES (Z-3).
        """
        signed.check(verifiers.chain_id, verifiers.council)
        home, content_key = signed.identity.account, secrets.token_bytes(32)
        text = json.dumps(
            {**_identity_to_json(signed.identity), "signature": to_hex(signed.signature)}, ensure_ascii=False
        ).encode()
        padded = text.ljust(-(-len(text) // _BLOCK) * _BLOCK)
        context = _context(verifiers.digest, home)
        return cls(
            home,
            verifiers.digest,
            verifiers.version,
            AESGCM(content_key).encrypt(_NONCE, padded, context),
            tuple(
                (account, encrypt(key, content_key, context + to_bytes(hexstr=account)))
                for account, key in verifiers.members
            ),
        )

    def open(self, verifiers: VerifierSet, account: str, message_key: SecretKey) -> SignedIdentity:
        """Read the identity as a member of the set.

        Args:
            verifiers: the set to which it must be encrypted.
            account: EIP-55 address of the member.
            message_key: of the member.

        Raises:
            WrongSet: it is encrypted to another set.
            NotInSet: the account is no member.
            DecryptionFailed: the key is another, or the box was changed.
            IdentityForged: the content is not signed by the home.

        Source:
            Z-3.
        """
        if (self.verifiers, self.version) != (verifiers.digest, verifiers.version):
            raise WrongSet(verifiers.version)
        verifiers.key_of(account)
        wrapped = dict(self.keys).get(account)
        if wrapped is None:
            raise NotInSet(account, verifiers.version)
        context = _context(verifiers.digest, self.home)
        try:
            content_key = decrypt(message_key, wrapped, context + to_bytes(hexstr=account))
            padded = AESGCM(content_key).decrypt(_NONCE, self.ciphertext, context)
        # A content key of another size is a ValueError: who sealed the box chose it.
        except (InvalidTag, ValueError) as error:
            raise DecryptionFailed from error
        signed = _signed_from_json(parse_json(padded, "identity"))
        signed.check(verifiers.chain_id, verifiers.council)
        if signed.identity.account != self.home:
            raise IdentityForged
        return signed

    @property
    def hash(self) -> bytes:
        """keccak256 of its canonical JSON, by which records name it."""
        return keccak(canonical_json(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; it holds nothing readable but the home's account."""
        return {
            "home": self.home,
            "verifiers": to_hex(self.verifiers),
            "version": self.version,
            "ciphertext": to_hex(self.ciphertext),
            "keys": [{"account": account, "key": to_hex(key)} for account, key in self.keys],
        }

    @classmethod
    def from_json(cls, value: Any) -> IdentityBox:
        """Read the object of `to_json`; only `open` shows whether it is genuine.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "box", {"home", "verifiers", "version", "ciphertext", "keys"})
        keys = [check_object(key, "key", {"account", "key"}) for key in check_list(fields["keys"], "keys")]
        return cls(
            check_address(fields["home"], "home"),
            from_hex(fields["verifiers"], "verifiers", 32),
            read_integer(fields["version"], "version"),
            from_hex(fields["ciphertext"], "ciphertext"),
            tuple((check_address(key["account"], "account"), from_hex(key["key"], "key")) for key in keys),
        )


def _context(verifiers: bytes, home: str) -> bytes:
    return b"energy-trading/home identity/1/" + verifiers + to_bytes(hexstr=home)


def _identity_to_json(identity: HomeIdentity) -> dict[str, Any]:
    return {**asdict(identity), "meter": to_hex(identity.meter)}


def _signed_from_json(value: Any) -> SignedIdentity:
    fields = check_object(value, "identity", {"account", "name", "contact", "meter", "signature"})
    identity = HomeIdentity(
        check_address(fields["account"], "account"),
        check_text(fields["name"], "name"),
        check_text(fields["contact"], "contact"),
        from_hex(fields["meter"], "meter"),
    )
    return SignedIdentity(identity, from_hex(fields["signature"], "signature", 64))


def _identity_digest(identity: HomeIdentity, chain_id: int, council: str) -> bytes:
    content = [chain_id, council, _identity_to_json(identity)]
    return keccak(b"energy-trading/signed identity/1/" + canonical_json(content))
