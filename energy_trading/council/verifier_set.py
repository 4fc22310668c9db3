"""A verifier set: who is in it, and the message keys to which the homes' identities are encrypted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from energy_trading.council.verifier_certificate import VerifierCertificate
from energy_trading.crypto._curve import check_point
from energy_trading.errors import BadInput, RuleBroken
from energy_trading.files._json import canonical_json, to_hex


class NotInSet(RuleBroken):
    """The account is not in the verifier set.

    Args:
        account: EIP-55 address.
        version: of the set.
    """

    def __init__(self, account: str, version: int) -> None:
        super().__init__(f"{account} is not in verifier set {version}")
        self.account = account
        self.version = version


@dataclass(frozen=True)
class VerifierSet:
    """The verifiers of one version of a council. Who they are is read from the chain.

    Args:
        chain_id: EIP-155 id.
        council: EIP-55 address of the council.
        version: number of the set; it grows with each redraw.
        members: EIP-55 account and message key (33 bytes) of each, sorted by account.

    Raises:
        BadInput: there is no member, the order is wrong, two share an account or a key, or a field is
            malformed.
    """

    chain_id: int
    council: str
    version: int
    members: tuple[tuple[str, bytes], ...]

    def __post_init__(self) -> None:
        accounts = [account for account, _ in self.members]
        if not accounts or accounts != sorted(set(accounts)):
            raise BadInput("a verifier set needs members, sorted by account, each of them once")
        if len({key for _, key in self.members}) != len(accounts):
            raise BadInput("no two members of a verifier set can have the same message key")
        if self.chain_id < 1 or self.version < 0:
            raise BadInput("the chain id must be 1 or more and the version 0 or more")
        for address in (self.council, *accounts):
            if not is_checksum_address(address):
                raise BadInput(f"{address!r} is not an address with its checksum (EIP-55)")
        for _, key in self.members:
            check_point(key)

    @classmethod
    def of(cls, council: str, version: int, certificates: Iterable[VerifierCertificate]) -> VerifierSet:
        """Make a set of its members' certificates, which have been checked.

        Raises:
            BadInput: the certificates are of several chains; see also `VerifierSet`.
        """
        verifiers = [certificate.verifier for certificate in certificates]
        chains = {verifier.chain_id for verifier in verifiers}
        if len(chains) != 1:
            raise BadInput("the certificates of a verifier set must be of one chain")
        members = sorted((verifier.account, verifier.message_key) for verifier in verifiers)
        return cls(chains.pop(), council, version, tuple(members))

    @cached_property
    def digest(self) -> bytes:
        """Hash of everything about the set, 32 bytes."""
        members = [[account, to_hex(key)] for account, key in self.members]
        content = [self.chain_id, self.council, self.version, members]
        return keccak(b"energy-trading/verifier set/1/" + canonical_json(content))

    @property
    def quorum(self) -> int:
        """Two thirds of the members, rounded up."""
        return -(-2 * len(self.members) // 3)

    def key_of(self, account: str) -> bytes:
        """Return the message key of a member.

        Raises:
            NotInSet: the account is no member.
        """
        for member, key in self.members:
            if member == account:
                return key
        raise NotInSet(account, self.version)
