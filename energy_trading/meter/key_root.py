"""Roots of one-time receipt keys, each key with a certificate of existence (CoE).

Meters vouch for the keys of other meters. Anyone can build the Merkle tree, and anyone can check it again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from eth_abi.abi import encode
from eth_utils.address import is_address
from eth_utils.conversions import to_bytes
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import check_signer, verify_signature
from energy_trading.crypto.keys import check_size
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import canonical_json, check_integer, from_hex, parse_json, to_hex
from energy_trading.meter.signers import ReceiptSigner, sign_checked
from energy_trading.types import Domain

#: The most keys that one root may hold, 128 for each of 1,024 meters; their proofs have 17 hashes.
MAX_KEYS: Final = 2**17
VOUCH_TYPE: Final = "Vouch(bytes32 commitment,uint256 count,uint256 epoch)"


class NotVouched(Forged):
    """Too few registered meters vouch for a key list, or one of the vouches is not valid."""


class EvidenceRefused(Forged):
    """A published evidence file does not prove what it claims."""


def registry_domain(chain_id: int, registry: str) -> Domain:
    """Return the EIP-712 domain of the vouches for a registry.

    Args:
        chain_id: EIP-155 chain id.
        registry: address of the contract with the MeterRegistry, 0x-prefixed.

    Raises:
        BadInput: the chain id is not positive, or the registry is not an address.
    """
    if type(chain_id) is not int or chain_id <= 0:
        raise BadInput(f"the chain id must be a positive integer, not {chain_id!r}")
    if not isinstance(registry, str) or not is_address(registry):
        raise BadInput(f"the registry must be a 20-byte address in hex, not {registry!r}")
    return Domain("MeterRegistry", chain_id, registry.lower())


@dataclass(frozen=True)
class Vouch:
    """A registered meter's signed statement that a key list belongs to a genuine meter.

    Args:
        signer: the voucher's ERC-7913 signer.
        signature: the voucher's signature over `KeyList.digest`, 64 bytes.

    Source:
        N-6 (CoE).
    """

    signer: bytes
    signature: bytes


@dataclass(frozen=True)
class KeyList:
    """The public part of a meter's list of one-time keys: a commitment to the keys, and their number.

    Args:
        epoch: number of the root.
        commitment: keccak256(salt ‖ leaf ‖ leaf …), 32 bytes.
        count: number of keys.

    Source:
        N-6.
    """

    epoch: int
    commitment: bytes
    count: int

    @classmethod
    def of(cls, epoch: int, signers: Sequence[bytes], salt: bytes) -> KeyList:
        """Commit to a list of keys.

        Args:
            epoch: number of the root.
            signers: the ERC-7913 signers of the meter's keys, in the meter's order.
            salt: 32 secret bytes; without them, a short list could be found by trying the public leaves.

        Raises:
            BadInput: there is no signer, or the salt does not have 32 bytes.
        """
        if not signers:
            raise BadInput("a key list needs at least one signer")
        check_size(salt, "the salt of a key list")
        return cls(epoch, keccak(salt + b"".join(map(signer_leaf, signers))), len(signers))

    def digest(self, domain: Domain) -> bytes:
        """Return the 32-byte EIP-712 digest that a voucher signs.

        Args:
            domain: see `registry_domain`.
        """
        types = ["bytes32", "bytes32", "uint256", "uint256"]
        fields = [keccak(text=VOUCH_TYPE), self.commitment, self.count, self.epoch]
        return domain.digest(keccak(encode(types, fields)))

    def vouch(self, voucher: ReceiptSigner, domain: Domain) -> Vouch:
        """Vouch for the list. The voucher sees neither the keys nor the salt.

        Args:
            voucher: the key of a registered meter.
            domain: see `registry_domain`.

        Raises:
            SignatureRefused: the voucher's signer did not return a signature of its key.
        """
        return Vouch(voucher.signer, sign_checked(voucher, self.digest(domain)))


class KeyRootBuilder:
    """Collects the vouched key lists of an epoch and builds their root.

    The distribution system operator (DSO) or anyone else can run it. It does not ask which meter a list
    belongs to. It therefore asks for `others` + 1 different vouchers: one of them may be the owner, and at
    least `others` are other meters.

    Args:
        domain: see `registry_domain`.
        epoch: number of the root.
        registered: signers of the meters that are registered when the root is built.
        others: how many meters other than the owner must vouch, 1 or more.
        p256_verifier: the only verifier that P-256 one-time keys may name; None allows secp256k1 keys only.

    Raises:
        BadInput: `others` is below 1.

    Source:
        N-6 (CoE).
    """

    def __init__(
        self,
        domain: Domain,
        epoch: int,
        registered: Collection[bytes],
        others: int,
        p256_verifier: str | None = None,
    ) -> None:
        if others < 1:
            raise BadInput(f"the number of other meters that must vouch must be 1 or more, not {others}")
        self._domain = domain
        self._epoch = epoch
        self._registered = frozenset(registered)
        self._others = others
        self._p256_verifier = p256_verifier
        self._leaves: set[bytes] = set()
        self._lists: list[tuple[KeyList, tuple[Vouch, ...]]] = []

    def admit(self, signers: Sequence[bytes], salt: bytes, vouches: Sequence[Vouch]) -> None:
        """Admit a meter's keys. If the list is refused, the builder stays as it was.

        Args:
            signers: ERC-7913 signers, in the order of the commitment.
            salt: the 32 bytes of the commitment.
            vouches: the vouches for this list.

        Raises:
            NotVouched: there are too few vouches, or one is repeated, wrong or not of a registered meter.
            BadInput: no honest meter holds one of the signers, a key is repeated, or the root would hold
                more than 2**17 keys.
        """
        for signer in signers:
            check_signer(signer, self._p256_verifier)
        key_list = KeyList.of(self._epoch, signers, salt)
        _check_vouches(self._domain, key_list, vouches, self._registered, self._others)
        leaves = {signer_leaf(signer) for signer in signers}
        if len(leaves) < len(signers) or not leaves.isdisjoint(self._leaves):
            raise BadInput(
                "each one-time key may be in the tree only once, and one is repeated or in it already"
            )
        if len(self._leaves) + len(leaves) > MAX_KEYS:
            raise BadInput(
                f"a root holds at most {MAX_KEYS} one-time keys; {len(self._leaves)} are in it, "
                f"and {len(leaves)} more do not fit"
            )
        self._leaves |= leaves
        self._lists.append((key_list, tuple(vouches)))

    def build(self) -> Evidence:
        """Return the evidence that is published, which includes the root.

        The leaves are in the order of their hashes. This order is as good as a random shuffle, because the
        keys behind the hashes are unpredictable. Unlike a shuffle it can be checked, so the builder cannot
        hide a message in it.

        Raises:
            BadInput: no list was admitted.
        """
        if not self._lists:
            raise BadInput("a root needs at least one key list, and none was admitted")
        lists = sorted(self._lists, key=lambda entry: entry[0].commitment)
        return Evidence(
            domain=self._domain,
            epoch=self._epoch,
            others=self._others,
            leaves=tuple(sorted(self._leaves)),
            lists=tuple((kl, tuple(sorted(vouches, key=lambda v: v.signer))) for kl, vouches in lists),
        )


@dataclass(frozen=True)
class Evidence:
    """The public file behind a root: all leaves, and for each list its commitment, count and vouches.

    Args:
        domain: see `registry_domain`.
        epoch: number of the root.
        others: how many meters other than the owner had to vouch.
        leaves: leaf hashes, 32 bytes each, strictly ascending.
        lists: key lists with their vouches, by ascending commitment.

    Source:
        N-6 (CoE).
    """

    domain: Domain
    epoch: int
    others: int
    leaves: tuple[bytes, ...]
    lists: tuple[tuple[KeyList, tuple[Vouch, ...]], ...]

    @cached_property
    def _tree(self) -> MerkleTree:
        return MerkleTree(self.leaves)

    @property
    def root(self) -> bytes:
        """The Merkle root that the registry stores, 32 bytes."""
        return self._tree.root

    @property
    def hash(self) -> bytes:
        """keccak256 of the file, which goes on chain beside the root."""
        return keccak(self.to_bytes())

    def proof(self, signer: bytes) -> list[bytes]:
        """Return the Merkle proof of a one-time key. The key's meter computes it from the public file.

        Args:
            signer: ERC-7913 signer.

        Raises:
            BadInput: the key is not under this root.
        """
        leaf = signer_leaf(signer)
        if leaf not in self._places:
            raise BadInput(f"the one-time key 0x{signer.hex()} is not under the root 0x{self.root.hex()}")
        return self._tree.proof(self._places[leaf])

    def check(self, registered: Collection[bytes], others: int) -> None:
        """Check everything that the public can check: the leaves, the counts and every vouch.

        Args:
            registered: signers of the meters that were registered when the root was published.
            others: how many meters other than the owner must have vouched, by the caller's standard.

        Raises:
            EvidenceRefused: the leaves are out of order, the lists count another number of keys, or the
                file asked for fewer other vouchers than the caller does.
            NotVouched: a list lacks valid vouches.

        Source:
            N-6.
        """
        if self.others < others:
            raise EvidenceRefused(
                f"the evidence asked for {self.others} other vouchers, but at least {others} are needed"
            )
        _check_ascending("leaves", self.leaves)
        _check_ascending("commitments", [key_list.commitment for key_list, _ in self.lists])
        counted = sum(key_list.count for key_list, _ in self.lists)
        if not 0 < counted == len(self.leaves) <= MAX_KEYS:
            raise EvidenceRefused(
                f"the evidence has {len(self.leaves)} leaves and its lists count {counted} keys; "
                f"both must be the same number between 1 and {MAX_KEYS}"
            )
        known = frozenset(registered)
        for key_list, vouches in self.lists:
            _check_vouches(self.domain, key_list, vouches, known, self.others)

    def check_list(self, signers: Sequence[bytes], salt: bytes) -> None:
        """Check that a list was admitted and that all of its keys are in the tree.

        Only the list's own meter, or an auditor to whom it was shown, can check this. If every list passes,
        the tree holds no foreign key: distinct leaves, as many as the lists count, leave no room for one.

        Args:
            signers: ERC-7913 signers, in the order of the commitment.
            salt: the 32 bytes of the commitment.

        Raises:
            EvidenceRefused: the list was not admitted, or one of its keys is missing.
        """
        key_list = KeyList.of(self.epoch, signers, salt)
        if all(key_list != admitted for admitted, _ in self.lists):
            commitment = key_list.commitment.hex()
            raise EvidenceRefused(f"the evidence has no key list with the commitment 0x{commitment}")
        missing = sum(signer_leaf(signer) not in self._places for signer in signers)
        if missing:
            raise EvidenceRefused(f"{missing} of the list's {len(signers)} keys are not in the tree")

    @cached_property
    def _places(self) -> dict[bytes, int]:
        return {leaf: place for place, leaf in enumerate(self.leaves)}

    def to_bytes(self) -> bytes:
        """Return the file: JSON with sorted keys and no spaces, in ASCII, with lower-case hex digits."""
        content = {
            "chainId": self.domain.chain_id,
            "epoch": self.epoch,
            "leaves": [to_hex(leaf) for leaf in self.leaves],
            "lists": [
                {
                    "commitment": to_hex(key_list.commitment),
                    "count": key_list.count,
                    "vouches": [[to_hex(vouch.signer), to_hex(vouch.signature)] for vouch in vouches],
                }
                for key_list, vouches in self.lists
            ],
            "others": self.others,
            "registry": self.domain.verifying_contract,
            "root": to_hex(self.root),
        }
        return canonical_json(content)

    @classmethod
    def from_bytes(cls, data: bytes) -> Evidence:
        """Read a file. Call `check` to find out whether to believe it.

        Raises:
            EvidenceRefused: it is not the expected JSON, it is not in canonical form, or it states a root
                that its leaves do not have.
        """
        try:
            content = parse_json(data, "evidence")
            evidence = cls._from_json(content)
            canonical = evidence.to_bytes()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EvidenceRefused(
                f"the evidence is not the expected JSON ({type(error).__name__})"
            ) from error
        if content["root"] != to_hex(evidence.root):
            raise EvidenceRefused(
                f"the evidence states a root that differs from its leaves' {to_hex(evidence.root)}"
            )
        if canonical != data:
            raise EvidenceRefused("the evidence is not in canonical form, so its hash would not be unique")
        return evidence

    @classmethod
    def _from_json(cls, content: dict[str, Any]) -> Evidence:
        epoch = check_integer(content["epoch"], "epoch")
        return cls(
            domain=registry_domain(content["chainId"], content["registry"]),
            epoch=epoch,
            others=check_integer(content["others"], "others"),
            leaves=tuple(to_bytes(hexstr=leaf) for leaf in content["leaves"]),
            lists=tuple(
                (
                    KeyList(
                        epoch,
                        from_hex(entry["commitment"], "commitment", 32),
                        check_integer(entry["count"], "count"),
                    ),
                    tuple(
                        Vouch(to_bytes(hexstr=signer), to_bytes(hexstr=signature))
                        for signer, signature in entry["vouches"]
                    ),
                )
                for entry in content["lists"]
            ),
        )


def _check_vouches(
    domain: Domain, key_list: KeyList, vouches: Sequence[Vouch], registered: Collection[bytes], others: int
) -> None:
    name = f"the key list 0x{key_list.commitment.hex()}"
    if len({vouch.signer for vouch in vouches}) < len(vouches):
        raise NotVouched(f"{name} has two vouches of the same meter; each meter may vouch once")
    if len(vouches) < others + 1:
        raise NotVouched(
            f"{name} has {len(vouches)} vouches and needs {others + 1}: "
            f"{others} of other meters, and one more because one may be the owner's"
        )
    digest = key_list.digest(domain)
    for vouch in vouches:
        if vouch.signer not in registered:
            raise NotVouched(f"{name} has a vouch of 0x{vouch.signer.hex()}, which is not a registered meter")
        if not verify_signature(vouch.signer, digest, vouch.signature):
            raise NotVouched(f"{name} has a vouch with a wrong signature of 0x{vouch.signer.hex()}")


def _check_ascending(name: str, values: Sequence[bytes]) -> None:
    if any(low >= high for low, high in pairwise(values)):
        raise EvidenceRefused(f"the {name} of the evidence are not in strictly ascending order")
