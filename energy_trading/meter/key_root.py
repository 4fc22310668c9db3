"""Roots of one-time receipt keys: meters vouch for meters, anyone builds and re-checks the tree (CoE)."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from eth_abi.abi import encode
from eth_utils.address import is_address
from eth_utils.conversions import to_bytes
from eth_utils.crypto import keccak

from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.crypto.signatures import check_signer, verify_signature
from energy_trading.crypto.typed_data import Domain
from energy_trading.errors import BadInput
from energy_trading.files.json import parse_json
from energy_trading.meter.signers import ReceiptSigner

#: Keys under one root; their proofs have 14 hashes.
MAX_KEYS: Final = 2**14
VOUCH_TYPE: Final = "Vouch(bytes32 commitment,uint256 count,uint256 epoch)"


class NotVouched(BadInput):
    """Too few registered meters vouch for a key list, or one of the vouches is not theirs."""


class EvidenceRefused(BadInput):
    """A published evidence file does not show what it must."""


def registry_domain(chain_id: int, registry: str) -> Domain:
    """Return the EIP-712 domain of the vouches for a registry.

    Args:
        chain_id: EIP-155 chain id.
        registry: address of the MeterRegistry, 0x-prefixed.

    Raises:
        BadInput: the chain id is not positive or the address is none.
    """
    if type(chain_id) is not int or chain_id <= 0:
        raise BadInput(f"chain id: given {chain_id!r}, allowed a positive integer")
    if not isinstance(registry, str) or not is_address(registry):
        raise BadInput(f"registry: given {registry!r}, allowed a 20-byte address in hex")
    return Domain("MeterRegistry", chain_id, registry.lower())


@dataclass(frozen=True)
class Vouch:
    """A registered meter's word that a key list belongs to a genuine meter.

    Args:
        signer: the voucher's ERC-7913 signer.
        signature: over `KeyList.digest`, 64 bytes.

    Source:
        N-6 (CoE).
    """

    signer: bytes
    signature: bytes


@dataclass(frozen=True)
class KeyList:
    """What is told of a meter's one-time keys: a commitment to them and how many they are.

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
        """Commit to a list.

        Args:
            epoch: number of the root.
            signers: the meter's ERC-7913 signers, in its order.
            salt: 32 secret bytes; without them a short list could be found by trial among the public leaves.

        Raises:
            BadInput: no signer, or a salt of another length.
        """
        if not signers:
            raise BadInput("key list: given no signer, allowed one or more")
        if len(salt) != 32:
            raise BadInput(f"key list salt: given {len(salt)} bytes, allowed 32")
        return cls(epoch, keccak(salt + b"".join(map(signer_leaf, signers))), len(signers))

    def digest(self, domain: Domain) -> bytes:
        """Return the 32-byte EIP-712 digest that a voucher signs.

        Args:
            domain: see `registry_domain`.
        """
        return domain.digest(
            keccak(
                encode(
                    ["bytes32", "bytes32", "uint256", "uint256"],
                    [keccak(text=VOUCH_TYPE), self.commitment, self.count, self.epoch],
                )
            )
        )

    def vouch(self, voucher: ReceiptSigner, domain: Domain) -> Vouch:
        """Vouch for the list; the voucher sees neither the keys nor the salt.

        Args:
            voucher: key of a registered meter.
            domain: see `registry_domain`.
        """
        return Vouch(voucher.signer, voucher.sign(self.digest(domain)))


class KeyRootBuilder:
    """Collects the vouched key lists of an epoch and makes their root; run by the DSO or by anyone.

    It does not ask which meter a list is of. So that at least `others` vouchers are other meters than the
    owner, `others` + 1 distinct ones are asked for: one of them may be the owner.

    Args:
        domain: see `registry_domain`.
        epoch: number of the root.
        registered: signers of the registered meters, as the registry holds them at that time.
        others: how many meters other than the owner must vouch, 1 or more.
        p256_verifier: the verifier that P-256 one-time keys may name; None admits secp256k1 only.

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
            raise BadInput(f"other meters that vouch: given {others}, allowed 1 or more")
        self._domain = domain
        self._epoch = epoch
        self._registered = frozenset(registered)
        self._others = others
        self._p256_verifier = p256_verifier
        self._leaves: set[bytes] = set()
        self._lists: list[tuple[KeyList, tuple[Vouch, ...]]] = []

    def admit(self, signers: Sequence[bytes], salt: bytes, vouches: Sequence[Vouch]) -> None:
        """Admit a meter's keys; a refused list leaves the builder as it was.

        Args:
            signers: ERC-7913 signers, in the order of the commitment.
            salt: the 32 bytes of the commitment.
            vouches: for this list.

        Raises:
            NotVouched: too few, unregistered, repeated or wrong vouches.
            BadInput: a signer that no honest meter holds, one given before, or more than 2**14 in all.
        """
        for signer in signers:
            check_signer(signer, self._p256_verifier)
        key_list = KeyList.of(self._epoch, signers, salt)
        _check_vouches(self._domain, key_list, vouches, self._registered, self._others)
        leaves = {signer_leaf(signer) for signer in signers}
        if len(leaves) < len(signers) or not leaves.isdisjoint(self._leaves):
            raise BadInput("one-time keys: given one that is in the tree already, allowed each once")
        if len(self._leaves) + len(leaves) > MAX_KEYS:
            raise BadInput(
                f"one-time keys: given {len(leaves)} beyond {len(self._leaves)}, allowed {MAX_KEYS} in all"
            )
        self._leaves |= leaves
        self._lists.append((key_list, tuple(vouches)))

    def build(self) -> Evidence:
        """Return the evidence that is published, root included.

        Leaves stand in the order of their hashes. That order is as good as a random shuffle, since the keys
        behind the hashes are unpredictable, and unlike one it can be checked: it carries no message of the
        builder.

        Raises:
            BadInput: no list was admitted.
        """
        if not self._lists:
            raise BadInput("key lists: given none, allowed one or more")
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
    """The public file behind a root: all leaves, and per list its commitment, count and vouches.

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
        """Return the Merkle proof of a one-time key; its meter computes it from the public file.

        Args:
            signer: ERC-7913 signer.

        Raises:
            BadInput: the key is not under this root.
        """
        leaf = signer_leaf(signer)
        if leaf not in self._places:
            raise BadInput(
                f"one-time key: given 0x{signer.hex()}, allowed one under root 0x{self.root.hex()}"
            )
        return self._tree.proof(self._places[leaf])

    def check(self, registered: Collection[bytes], others: int) -> None:
        """Check all that the public can: leaves, counts and every vouch.

        Args:
            registered: signers of the meters registered when the root was published.
            others: how many other meters the checker wants to have vouched.

        Raises:
            EvidenceRefused: leaves out of order or not as many as the lists count, or a lower bar than asked.
            NotVouched: a list lacks vouches.

        Source:
            N-6.
        """
        if self.others < others:
            raise EvidenceRefused(f"evidence: given {self.others} other vouchers, allowed {others} or more")
        _check_ascending("leaves", self.leaves)
        _check_ascending("commitments", [key_list.commitment for key_list, _ in self.lists])
        counted = sum(key_list.count for key_list, _ in self.lists)
        if not 0 < counted == len(self.leaves) <= MAX_KEYS:
            raise EvidenceRefused(
                f"evidence: given {len(self.leaves)} leaves, allowed the {counted} that the lists count, "
                f"1 … {MAX_KEYS}"
            )
        known = frozenset(registered)
        for key_list, vouches in self.lists:
            _check_vouches(self.domain, key_list, vouches, known, self.others)

    def check_list(self, signers: Sequence[bytes], salt: bytes) -> None:
        """Check that a list is admitted and wholly in the tree; for its meter, or an auditor who has it.

        When every list passes, no foreign key is in the tree: counts and distinct leaves leave no room.

        Args:
            signers: ERC-7913 signers, in the order of the commitment.
            salt: the 32 bytes of the commitment.

        Raises:
            EvidenceRefused: no such list, or one of its keys is missing.
        """
        key_list = KeyList.of(self.epoch, signers, salt)
        if all(key_list != admitted for admitted, _ in self.lists):
            raise EvidenceRefused(f"evidence: no key list with commitment 0x{key_list.commitment.hex()}")
        missing = sum(signer_leaf(signer) not in self._places for signer in signers)
        if missing:
            raise EvidenceRefused(
                f"evidence: {missing} of the list's {len(signers)} keys are not in the tree"
            )

    @cached_property
    def _places(self) -> dict[bytes, int]:
        return {leaf: place for place, leaf in enumerate(self.leaves)}

    def to_bytes(self) -> bytes:
        """Return the file: JSON with sorted keys, no spaces, ASCII, lower-case hex."""
        content = {
            "chainId": self.domain.chain_id,
            "epoch": self.epoch,
            "leaves": [_hex(leaf) for leaf in self.leaves],
            "lists": [
                {
                    "commitment": _hex(key_list.commitment),
                    "count": key_list.count,
                    "vouches": [[_hex(vouch.signer), _hex(vouch.signature)] for vouch in vouches],
                }
                for key_list, vouches in self.lists
            ],
            "others": self.others,
            "registry": self.domain.verifying_contract,
            "root": _hex(self.root),
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes) -> Evidence:
        """Read a file; `check` says whether to believe it.

        Raises:
            EvidenceRefused: no such JSON, another root than its leaves have, or not the canonical form.
        """
        try:
            content = parse_json(data, "evidence")
            evidence = cls._from_json(content)
            canonical = evidence.to_bytes()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EvidenceRefused(f"evidence: not the expected JSON ({type(error).__name__})") from error
        if content["root"] != _hex(evidence.root):
            raise EvidenceRefused(f"evidence: given another root than its leaves' {_hex(evidence.root)}")
        if canonical != data:
            raise EvidenceRefused("evidence: not in canonical form, so its hash would not be unique")
        return evidence

    @classmethod
    def _from_json(cls, content: dict[str, Any]) -> Evidence:
        epoch = _natural(content["epoch"])
        return cls(
            domain=registry_domain(content["chainId"], content["registry"]),
            epoch=epoch,
            others=_natural(content["others"]),
            leaves=tuple(to_bytes(hexstr=leaf) for leaf in content["leaves"]),
            lists=tuple(
                (
                    KeyList(epoch, _word(entry["commitment"]), _natural(entry["count"])),
                    tuple(
                        Vouch(to_bytes(hexstr=signer), to_bytes(hexstr=signature))
                        for signer, signature in entry["vouches"]
                    ),
                )
                for entry in content["lists"]
            ),
        )


def _check_vouches(
    domain: Domain,
    key_list: KeyList,
    vouches: Sequence[Vouch],
    registered: Collection[bytes],
    others: int,
) -> None:
    name = f"key list 0x{key_list.commitment.hex()}"
    if len({vouch.signer for vouch in vouches}) < len(vouches):
        raise NotVouched(f"{name}: given two vouches of one meter, allowed one")
    if len(vouches) < others + 1:
        raise NotVouched(
            f"{name}: given {len(vouches)} vouches, allowed {others + 1} or more "
            f"({others} others, since one may be the owner)"
        )
    digest = key_list.digest(domain)
    for vouch in vouches:
        if vouch.signer not in registered:
            raise NotVouched(f"{name}: given a vouch of 0x{vouch.signer.hex()}, allowed registered meters")
        if not verify_signature(vouch.signer, digest, vouch.signature):
            raise NotVouched(f"{name}: given a wrong signature of 0x{vouch.signer.hex()}")


def _check_ascending(name: str, values: Sequence[bytes]) -> None:
    if any(low >= high for low, high in pairwise(values)):
        raise EvidenceRefused(f"evidence: given {name} out of order or repeated, allowed strictly ascending")


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _word(text: str) -> bytes:
    value = to_bytes(hexstr=text)
    if len(value) != 32:
        raise ValueError("a commitment has 32 bytes")
    return value


def _natural(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**64:
        raise ValueError("not an integer of 0 … 2**64-1")
    return value
