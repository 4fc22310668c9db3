"""One-time keys and their roots (N-6)."""

import json
import os
import stat
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from energy_trading.crypto import merkle
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.merkle import signer_leaf, verify_proof
from energy_trading.errors import BadInput
from energy_trading.files.journal import JournalClosed, JournalCorrupt, JournalLocked
from energy_trading.meter import key_root
from energy_trading.meter.key_root import (
    Evidence,
    EvidenceRefused,
    KeyList,
    KeyRootBuilder,
    NotVouched,
    Vouch,
    registry_domain,
)
from energy_trading.meter.one_time_keys import KeysUsedUp, OneTimeKeys
from energy_trading.meter.signers import Secp256k1Meter

REGISTRY = registry_domain(31_337, "0x" + "5e" * 20)
EPOCH = 3
METERS = [Secp256k1Meter(SecretKey.from_int(100 + i)) for i in range(5)]
REGISTERED = [meter.signer for meter in METERS]
STRANGER = Secp256k1Meter(SecretKey.from_int(999))


def seed(number: int) -> bytes:
    return keccak(number.to_bytes(2, "big"))


def keys_of(number: int, count: int = 4) -> tuple[list[bytes], bytes]:
    keys = OneTimeKeys(seed(number), REGISTRY)
    return keys.open_epoch(EPOCH, count), keys.salt(EPOCH)


def vouches_for(signers: list[bytes], salt: bytes, vouchers=METERS[:3]) -> list[Vouch]:
    key_list = KeyList.of(EPOCH, signers, salt)
    return [key_list.vouch(voucher, REGISTRY) for voucher in vouchers]


def builder(others: int = 2) -> KeyRootBuilder:
    return KeyRootBuilder(REGISTRY, EPOCH, REGISTERED, others)


def evidence_of(lists: int = 3) -> Evidence:
    work = builder()
    for number in range(lists):
        signers, salt = keys_of(number)
        work.admit(signers, salt, vouches_for(signers, salt))
    return work.build()


def test_keys_follow_from_the_seed():
    """N-6: equal seeds give equal keys; epoch, registry and seed each change all of them."""
    other_registry = registry_domain(1, REGISTRY.verifying_contract)
    lists = [
        OneTimeKeys(seed(0), REGISTRY).open_epoch(0, 8),
        OneTimeKeys(seed(0), REGISTRY).open_epoch(1, 8),
        OneTimeKeys(seed(1), REGISTRY).open_epoch(0, 8),
        OneTimeKeys(seed(0), other_registry).open_epoch(0, 8),
    ]
    assert len({signer for signers in lists for signer in signers}) == 32
    assert OneTimeKeys(seed(0), REGISTRY).open_epoch(0, 8) == lists[0]


def test_no_key_is_taken_twice_over_restarts(tmp_path: Path):
    """N-6: a key is remembered as taken before it is handed out, whatever happens after."""
    path = tmp_path / "keys"
    taken = []
    for _ in range(3):
        keys = OneTimeKeys(seed(0), REGISTRY, path)
        signers = keys.open_epoch(EPOCH, 3)
        taken.append(keys.take(EPOCH))
        assert keys.taken(EPOCH, 0).signer == signers[0], "a taken key still signs its receipt"
        keys.close()
    assert [key.signer for key in taken] == signers
    keys = OneTimeKeys(seed(0), REGISTRY, path)
    with pytest.raises(KeysUsedUp, match=r"^all 3 one-time keys of epoch 3 have been taken$"):
        keys.take(EPOCH)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert seed(0).hex() not in path.read_text()


def test_revert_given_key_not_taken():
    """N-6: keys come in order only, and of opened epochs only; a list keeps its length."""
    keys = OneTimeKeys(seed(0), REGISTRY)
    with pytest.raises(BadInput, match=r"^epoch 3 was not opened; the opened ones are \[\]$"):
        keys.take(EPOCH)
    keys.open_epoch(EPOCH, 3)
    with pytest.raises(BadInput, match=r"^one-time key 0 of epoch 3 was not taken; 0 keys were$"):
        keys.taken(EPOCH, 0)
    with pytest.raises(BadInput, match=r"^epoch 3 was opened with 3 keys and cannot be opened with 4$"):
        keys.open_epoch(EPOCH, 4)
    with pytest.raises(BadInput, match=r"^the number of keys must be between 1 and 2\*\*32-1, not 0$"):
        keys.open_epoch(4, 0)
    with pytest.raises(BadInput, match=r"^the seed must have at least 32 bytes, not 31$"):
        OneTimeKeys(bytes(31), REGISTRY)


def test_journal_has_one_holder(tmp_path: Path):
    """N-6: two processes on one journal could take one key twice, so the second is refused."""
    path = tmp_path / "keys"
    first = OneTimeKeys(seed(0), REGISTRY, path)
    first.open_epoch(EPOCH, 2)
    with pytest.raises(JournalLocked, match=r"is in use by another process$"):
        OneTimeKeys(seed(0), REGISTRY, path)
    first.close()
    with pytest.raises(JournalClosed, match=r"was closed; open it again to go on$"):
        first.take(EPOCH)
    assert OneTimeKeys(seed(0), REGISTRY, path).take(EPOCH).index == 0


def test_journal_is_private_from_the_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """House rule: the file is created with mode 0600, and one open to others is closed to them."""
    found, made = tmp_path / "found", tmp_path / "made"
    found.touch(mode=0o644)
    OneTimeKeys(seed(0), REGISTRY, found)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    OneTimeKeys(seed(0), REGISTRY, made)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (found, made)] == [0o600, 0o600]


def test_journal_after_a_crash(tmp_path: Path):
    """N-6: half a line is dropped, a wrong line stops the meter."""
    path = tmp_path / "keys"
    keys = OneTimeKeys(seed(0), REGISTRY, path)
    keys.open_epoch(EPOCH, 2)
    keys.take(EPOCH)
    keys.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"epoch":3,"ta')
    keys = OneTimeKeys(seed(0), REGISTRY, path)
    assert keys.take(EPOCH).index == 1
    keys.close()
    assert path.read_bytes() == whole + b'{"epoch":3,"taken":1}\n'
    for line, reason in ((b"{]\n", "line 3 is not JSON"), (b"7\n", "line 3 is not a JSON object")):
        path.write_bytes(whole + line)
        with pytest.raises(JournalCorrupt, match=rf"{reason}$"):
            OneTimeKeys(seed(0), REGISTRY, path)
    path.write_bytes(whole + b'{"epoch":3,"taken":0}\n')
    with pytest.raises(JournalCorrupt, match=r"a fact is not one of one-time keys$"):
        OneTimeKeys(seed(0), REGISTRY, path)


def test_secret_seed_is_not_shown():
    """House rule: no repr shows a secret."""
    keys = OneTimeKeys(seed(0), REGISTRY)
    assert repr(keys) == "<OneTimeKeys of 0 epochs>"


def test_root_serves_every_admitted_key():
    """N-6: whoever holds the public file can prove each admitted key, and only those."""
    evidence = evidence_of()
    for number in range(3):
        for signer in keys_of(number)[0]:
            assert verify_proof(evidence.root, signer_leaf(signer), evidence.proof(signer))
    with pytest.raises(BadInput, match=r"^the one-time key 0x[0-9a-f]{40} is not under the root 0x"):
        evidence.proof(STRANGER.signer)


def test_public_file_checks_alone():
    """N-6 (CoE): counts, vouches and root follow from the file and the registered meters."""
    evidence = evidence_of()
    read = Evidence.from_bytes(evidence.to_bytes())
    read.check(REGISTERED, others=2)
    assert (read, read.hash) == (evidence, keccak(evidence.to_bytes()))
    with pytest.raises(
        EvidenceRefused, match=r"^the evidence asked for 2 other vouchers, but at least 3 are needed$"
    ):
        read.check(REGISTERED, others=3)
    with pytest.raises(
        NotVouched, match=rf"has a vouch of 0x{REGISTERED[2].hex()}, which is not a registered meter$"
    ):
        read.check([signer for signer in REGISTERED if signer != REGISTERED[2]], others=2)


def test_public_file_tells_no_owner():
    """N-6: no one-time key, salt or list order is in the file, and admission order leaves no trace in it."""
    lists = [(*keys_of(number), number) for number in range(3)]
    texts = set()
    for order in (lists, lists[::-1]):
        work = builder()
        for signers, salt, _ in order:
            work.admit(signers, salt, vouches_for(signers, salt))
        texts.add(work.build().to_bytes().decode())
    assert len(texts) == 1
    text = texts.pop()
    assert all(signer.hex() not in text for signers, _, _ in lists for signer in signers)
    assert all(salt.hex() not in text for _, salt, _ in lists)
    leaves = json.loads(text)["leaves"]
    assert leaves == sorted(leaves)


def test_short_list_is_hidden_by_its_salt():
    """N-6: a commitment to one key cannot be found by trying the public leaves."""
    signers, salt = keys_of(0, count=1)
    work = builder()
    work.admit(signers, salt, vouches_for(signers, salt))
    ((key_list, _),) = work.build().lists
    guess = work.build().leaves[0]
    assert key_list.commitment == keccak(salt + guess)
    assert key_list.commitment not in (keccak(guess), keccak(bytes(32) + guess))


def test_meter_finds_its_list():
    """N-6: each meter, or an auditor with the openings, checks that a list is wholly in the tree."""
    evidence = evidence_of()
    signers, salt = keys_of(1)
    evidence.check_list(signers, salt)
    for wrong in ((signers[::-1], salt), (signers[:3], salt), (signers, bytes(32))):
        with pytest.raises(EvidenceRefused, match=r"^the evidence has no key list with the commitment 0x"):
            evidence.check_list(*wrong)


def test_foreign_key_costs_a_place():
    """N-6: a builder's own key takes the place of one whose meter notices, or breaks the count."""
    evidence = evidence_of()
    signers, salt = keys_of(1)
    foreign = signer_leaf(STRANGER.signer)
    dropped = set(evidence.leaves) - {signer_leaf(signers[0])} | {foreign}
    swapped = Evidence(REGISTRY, EPOCH, 2, tuple(sorted(dropped)), evidence.lists)
    swapped.check(REGISTERED, others=2)
    with pytest.raises(EvidenceRefused, match=r"^1 of the list's 4 keys are not in the tree$"):
        swapped.check_list(signers, salt)
    added = Evidence(REGISTRY, EPOCH, 2, tuple(sorted({*evidence.leaves, foreign})), evidence.lists)
    with pytest.raises(EvidenceRefused, match=r"has 13 leaves and its lists count 12 keys"):
        added.check(REGISTERED, others=2)
    doubled = Evidence(REGISTRY, EPOCH, 2, (evidence.leaves[0], *evidence.leaves[:-1]), evidence.lists)
    with pytest.raises(
        EvidenceRefused, match=r"^the leaves of the evidence are not in strictly ascending order$"
    ):
        doubled.check(REGISTERED, others=2)


def test_revert_given_vouches_missing():
    """N-6 (CoE): t others means t + 1 distinct registered meters that signed this very list."""
    signers, salt = keys_of(0)
    good = vouches_for(signers, salt)
    other_list = vouches_for(*keys_of(1))
    cases = [
        (
            good[:2],
            r"has 2 vouches and needs 3: 2 of other meters, and one more because one may be the owner's$",
        ),
        ([*good[:2], good[0]], r"has two vouches of the same meter; each meter may vouch once$"),
        (
            good[:2] + vouches_for(signers, salt, [STRANGER]),
            rf"has a vouch of 0x{STRANGER.signer.hex()}, which is not a registered meter$",
        ),
        (
            [*good[:2], other_list[2]],
            rf"has a vouch with a wrong signature of 0x{REGISTERED[2].hex()}$",
        ),
    ]
    work = builder()
    for vouches, reason in cases:
        with pytest.raises(NotVouched, match=reason):
            work.admit(signers, salt, vouches)
    with pytest.raises(BadInput, match=r"^a root needs at least one key list, and none was admitted$"):
        work.build()
    work.admit(signers, salt, good)
    assert len(work.build().leaves) == 4


@pytest.mark.parametrize(
    "domain", [registry_domain(1, "0x" + "5e" * 20), registry_domain(31_337, "0x" + "5f" * 20)]
)
def test_vouch_is_for_one_registry(domain):
    """N-6: a vouch for another chain or registry, or another epoch, is void here."""
    signers, salt = keys_of(0)
    elsewhere = [KeyList.of(EPOCH, signers, salt).vouch(voucher, domain) for voucher in METERS[:3]]
    with pytest.raises(NotVouched, match=r"has a vouch with a wrong signature of"):
        builder().admit(signers, salt, elsewhere)
    next_epoch = [KeyList.of(EPOCH + 1, signers, salt).vouch(voucher, REGISTRY) for voucher in METERS[:3]]
    with pytest.raises(NotVouched, match=r"has a vouch with a wrong signature of"):
        builder().admit(signers, salt, next_epoch)


def test_revert_given_key_admitted_before():
    """N-6: a key serves once, so it is in the tree once."""
    signers, salt = keys_of(0)
    work = builder()
    work.admit(signers, salt, vouches_for(signers, salt))
    reason = r"^each one-time key may be in the tree only once, and one is repeated or in it already$"
    with pytest.raises(BadInput, match=reason):
        work.admit(signers[:1], salt, vouches_for(signers[:1], salt))
    twice = [keys_of(1)[0][0]] * 2
    with pytest.raises(BadInput, match=reason):
        work.admit(twice, salt, vouches_for(twice, salt))


def test_full_root(monkeypatch):
    """N-6: as many keys as a root may hold fit, one more does not; the tree hashes each node once."""
    assert key_root.MAX_KEYS == 2**17
    monkeypatch.setattr(key_root, "MAX_KEYS", 2**14)
    work = builder()
    for part in range(4):
        signers = [keccak(bytes([part]) + i.to_bytes(2, "big"))[12:] for i in range(2**12)]
        work.admit(signers, seed(part), vouches_for(signers, seed(part)))
    extra, salt = keys_of(0, count=1)
    with pytest.raises(
        BadInput, match=r"^a root holds at most 16384 one-time keys; 16384 are in it, and 1 more do not fit$"
    ):
        work.admit(extra, salt, vouches_for(extra, salt))
    hashed: list[bytes] = []
    monkeypatch.setattr(merkle, "keccak", lambda data: hashed.append(data) or keccak(data))
    evidence = work.build()
    assert len(evidence.proof(signers[7])) == 14
    assert len(hashed) == 2**14 - 1 + 2  # each node once, and the signer of the proof
    Evidence.from_bytes(evidence.to_bytes()).check(REGISTERED, others=2)


def test_revert_given_file_tampered():
    """N-6: another root, another form or another shape of the file is refused."""
    data = evidence_of().to_bytes()
    root = json.loads(data)["root"].encode()
    with pytest.raises(
        EvidenceRefused, match=r"^the evidence states a root that differs from its leaves' 0x"
    ):
        Evidence.from_bytes(data.replace(root, b"0x" + b"00" * 32))
    with pytest.raises(EvidenceRefused, match=r"^the evidence is not in canonical form"):
        Evidence.from_bytes(data.replace(b",", b", ", 1))
    with pytest.raises(EvidenceRefused, match=r"^the evidence is not in canonical form"):
        Evidence.from_bytes(data.replace(b'{"chainId"', b'{"a":1,"chainId"', 1))
    for wrong, kind in ((b"{", "BadInput"), (b"[]", "TypeError"), (b"{}", "KeyError")):
        with pytest.raises(EvidenceRefused, match=rf"^the evidence is not the expected JSON \({kind}\)$"):
            Evidence.from_bytes(wrong)
    with pytest.raises(EvidenceRefused, match=r"^the evidence is not the expected JSON \(BadInput\)$"):
        Evidence.from_bytes(data.replace(b'"chainId":31337', b'"chainId":-1'))
    other_chain = Evidence.from_bytes(data.replace(b'"chainId":31337', b'"chainId":1'))
    with pytest.raises(NotVouched, match=r"has a vouch with a wrong signature of"):
        other_chain.check(REGISTERED, others=2)
