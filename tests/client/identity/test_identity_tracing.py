"""Tracing by PKG and DSO together, and the judge's check."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from energy_trading.crypto import ecies
from energy_trading.crypto._curve import GENERATOR, add
from energy_trading.crypto._dleq import prove
from energy_trading.crypto.ecies import DecryptionFailed
from energy_trading.crypto.ecqv import issue
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.identity import (
    Certificate,
    CertificateHead,
    Disclosure,
    Holder,
    IdentityCiphertextRefused,
    OpeningRefused,
    PartialOpening,
    Role,
    TracingProof,
    TracingProofRefused,
    identity_ciphertext,
)
from tests.client.identity_actors import ALICE, BOB, authorities, enrol, opened

PKG_, DSO_ = authorities()
PUBLIC = PKG_.parameters
MEMBER, OTHER = enrol(PKG_, ALICE), enrol(PKG_, BOB)
CERTIFICATE = MEMBER.certificate
PKG_HALF, DSO_HALF = opened(PKG_, CERTIFICATE), opened(DSO_, CERTIFICATE)
PROOF = TracingProof.combine(CERTIFICATE, [PKG_HALF, DSO_HALF], PUBLIC)


def test_judge_learns_the_identity_from_public_data() -> None:
    """C-10: the proof survives JSON and convinces with the published parameters and the account alone."""
    text = json.dumps(PROOF.to_json())
    assert TracingProof.from_json(json.loads(text)) == PROOF
    assert TracingProof.from_json(json.loads(text)).verify(PUBLIC, MEMBER.account) == ALICE


def test_order_of_the_halves_does_not_matter() -> None:
    """C-10: PKG's and DSO's halves may come in any order."""
    assert TracingProof.combine(CERTIFICATE, [DSO_HALF, PKG_HALF], PUBLIC) == PROOF


def test_every_account_of_a_person_is_traced_to_them() -> None:
    """C-10: pseudonyms of one person all open to the same identity."""
    for _ in range(3):
        member = enrol(PKG_, ALICE)
        halves = [opened(authority, member.certificate) for authority in (PKG_, DSO_)]
        proof = TracingProof.combine(member.certificate, halves, PUBLIC)
        assert proof.verify(PUBLIC, member.account) == ALICE


@pytest.mark.parametrize("mine", [PKG_HALF, DSO_HALF], ids=["PKG", "DSO"])
def test_revert_given_one_holder_alone(mine: PartialOpening) -> None:
    """C-10: one half, alone, twice or relabelled, opens nothing."""
    alpha, head = CERTIFICATE.identity_ciphertext, CERTIFICATE.head.to_bytes()
    for shared in (mine.image, add(mine.image, mine.image), add(mine.image, GENERATOR)):
        with pytest.raises(DecryptionFailed):
            identity_ciphertext.read(shared, alpha, head)
    for halves in ([], [mine], [mine, mine]):
        with pytest.raises(BadInput) as error:
            TracingProof.combine(CERTIFICATE, halves, PUBLIC)
        holders = [str(mine.holder)] * len(halves)
        assert str(error.value) == (
            f"one partial opening of PKG and one of DSO are needed, not those of {holders}"
        )
    other = Holder.DSO if mine.holder is Holder.PKG else Holder.PKG
    with pytest.raises(OpeningRefused) as refused:
        TracingProof.combine(CERTIFICATE, [mine, replace(mine, holder=other)], PUBLIC)
    assert refused.value.holder is other


def test_sum_of_both_halves_is_what_opens() -> None:
    """C-10: the joint Diffie–Hellman point is the sum, and the person can compute it too."""
    shared = add(PKG_HALF.image, DSO_HALF.image)
    assert shared == MEMBER.disclosure.ephemeral.multiply(PUBLIC.trace_key)
    alpha, head = CERTIFICATE.identity_ciphertext, CERTIFICATE.head.to_bytes()
    assert identity_ciphertext.read(shared, alpha, head) == ALICE


@pytest.mark.parametrize("holder", list(Holder))
def test_revert_given_forged_half(holder: Holder) -> None:
    """C-10: a half made with another key, or of another account, names its forger."""
    honest = {Holder.PKG: PKG_HALF, Holder.DSO: DSO_HALF}
    base = identity_ciphertext.ephemeral_point(CERTIFICATE.identity_ciphertext)
    stranger = SecretKey.generate()
    forged = [
        PartialOpening(holder, stranger.multiply(base), prove(stranger, base, b"")),
        replace(honest[holder], image=stranger.multiply(base)),
        replace(honest[holder], proof=prove(stranger, base, b"")),
        opened((PKG_ if holder is Holder.PKG else DSO_), OTHER.certificate),
    ]
    for half in forged:
        with pytest.raises(OpeningRefused) as error:
            TracingProof.combine(CERTIFICATE, list({**honest, holder: half}.values()), PUBLIC)
        assert error.value.holder is holder
        assert str(error.value) == (
            f"the partial opening of {holder} is forged: its proof does not hold for this certificate"
        )


def test_revert_given_proof_of_another_account() -> None:
    """C-10: Alice's proof does not accuse Bob's account."""
    with pytest.raises(TracingProofRefused) as error:
        PROOF.verify(PUBLIC, OTHER.account)
    assert (error.value.field, error.value.given, error.value.allowed) == (
        "account",
        MEMBER.account,
        OTHER.account,
    )


def test_revert_given_parameters_of_other_authorities() -> None:
    """C-10: a proof under keys the judge does not know convinces nobody."""
    stranger, _ = authorities()
    with pytest.raises(TracingProofRefused) as error:
        PROOF.verify(stranger.parameters, MEMBER.account)
    assert error.value.field == "account"
    with pytest.raises(IdentityCiphertextRefused):
        PROOF.verify(replace(PUBLIC, dso=stranger.parameters.dso), MEMBER.account)


def test_revert_given_another_identity() -> None:
    """C-10: the name in the proof must be the sealed one; the text repeats neither."""
    with pytest.raises(TracingProofRefused) as error:
        replace(PROOF, identity=BOB).verify(PUBLIC, MEMBER.account)
    assert str(error.value) == ("the identity of the tracing proof must be the sealed one, not another one")


def test_revert_given_halves_in_the_wrong_place() -> None:
    """C-10: PKG's half must be PKG's."""
    with pytest.raises(TracingProofRefused) as error:
        replace(PROOF, pkg=DSO_HALF, dso=PKG_HALF).verify(PUBLIC, MEMBER.account)
    assert (error.value.field, error.value.given) == ("holders", "DSO, PKG")


def flipped(hexadecimal: str, place: int) -> str:
    data = bytearray.fromhex(hexadecimal[2:])
    data[place] ^= 1
    return "0x" + data.hex()


@pytest.mark.parametrize(
    ("read", "write"),
    [
        (lambda p: p["certificate"], lambda p, v: p.update(certificate=v)),
        *(
            (
                lambda p, h=holder, f=field: p["openings"][h][f],
                lambda p, v, h=holder, f=field: p["openings"][h].update({f: v}),
            )
            for holder in Holder
            for field in ("image", "proof")
        ),
    ],
    ids=["certificate", "PKG image", "PKG proof", "DSO image", "DSO proof"],
)
def test_revert_given_any_changed_byte(read: Callable[[Any], str], write: Callable[[Any, str], None]) -> None:
    """C-10: no byte of the certificate, the halves or their proofs can be changed."""
    value = read(PROOF.to_json())
    for place in range(0, len(value) // 2 - 1, 3):
        tampered = PROOF.to_json()
        write(tampered, flipped(value, place))
        with pytest.raises(EnergyTradingError):
            TracingProof.from_json(tampered).verify(PUBLIC, MEMBER.account)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 2}, "the version of the tracing proof must be 1, not 2"),
        ({"version": True}, "the version of the tracing proof must be 1, not True"),
        ({"identity": 7}, "identity must be a JSON text, not int"),
        (
            {"certificate": "0xZZ"},
            "certificate must be 0x and pairs of lower-case hexadecimal digits",
        ),
        (
            {"note": ""},
            "tracing proof must have the keys ['certificate', 'identity', 'openings', 'version'], "
            "not ['certificate', 'identity', 'note', 'openings', 'version']",
        ),
        ({"openings": {}}, "openings must have the keys ['DSO', 'PKG'], not []"),
        ({"openings": []}, "openings must be a JSON object, not list"),
    ],
)
def test_revert_given_malformed_json(change: dict[str, Any], text: str) -> None:
    """C-10: the proof has one JSON form."""
    with pytest.raises(BadInput) as error:
        TracingProof.from_json(PROOF.to_json() | change)
    assert str(error.value) == text


def test_revert_given_stolen_ciphertext() -> None:
    """C-10: PKG cannot have DSO open a stranger's α by certifying it for an account of its own."""
    mine = SecretKey.generate()
    stolen = CERTIFICATE.identity_ciphertext

    def steal_all(point: bytes) -> bytes:
        return CertificateHead(Role.PRODUCER, 1, 2, point).to_bytes() + stolen

    def steal_the_point(point: bytes) -> bytes:
        head = CertificateHead(Role.PRODUCER, 1, 2, point).to_bytes()
        own = identity_ciphertext.seal(Disclosure("X", mine), PUBLIC.trace_key, head)
        return head + stolen[:33] + own[33:]

    for certify in (steal_all, steal_the_point):
        encoded, _ = issue(SecretKey.generate(), mine.public_key, certify)
        with pytest.raises(IdentityCiphertextRefused):
            opened(DSO_, Certificate.from_bytes(encoded))
        with pytest.raises(IdentityCiphertextRefused):
            opened(PKG_, Certificate.from_bytes(encoded))


@pytest.mark.parametrize("context", [b"", b"energy-trading/opening/1/PKG/", b"energy-trading/opening/1/DSO/"])
def test_revert_given_half_made_for_another_purpose(context: bytes) -> None:
    """C-10: a proof by PKG's own key on the right point counts only for this certificate and as PKG's."""
    base = identity_ciphertext.ephemeral_point(CERTIFICATE.identity_ciphertext)
    digest = CERTIFICATE.hash if context.endswith(b"DSO/") else b""
    elsewhere = replace(PKG_HALF, proof=prove(PKG_._trace, base, context + digest))
    with pytest.raises(OpeningRefused) as error:
        elsewhere.check(CERTIFICATE, PUBLIC)
    assert error.value.holder is Holder.PKG
    own = replace(
        PKG_HALF, proof=prove(PKG_._trace, base, b"energy-trading/opening/1/PKG/" + CERTIFICATE.hash)
    )
    own.check(CERTIFICATE, PUBLIC)


def test_revert_given_padding_that_is_not_zero() -> None:
    """C-10: an α has one plaintext per identity, so nothing can be hidden behind the name."""
    head = CertificateHead(Role.PRODUCER, 1, 2, GENERATOR)
    ephemeral = SecretKey.generate()
    box = ecies.encrypt(PUBLIC.trace_key, (b"\1A" + b"\0" * 61 + b"!"), head.to_bytes(), ephemeral)
    proof = prove(ephemeral, GENERATOR, PUBLIC.trace_key + head.to_bytes() + box)
    certificate = Certificate(head, box + proof.to_bytes())
    halves = [opened(authority, certificate) for authority in (PKG_, DSO_)]
    with pytest.raises(BadInput) as error:
        TracingProof.combine(certificate, halves, PUBLIC)
    assert str(error.value) == ("the identity ciphertext holds no canonical identity, so PKG did not make it")


@pytest.mark.parametrize("identity", ["", " padded", "a\0b", "ﬁ"])
def test_revert_given_sealed_identity_that_is_not_canonical(identity: str) -> None:
    """C-10: an α with a name that has a second spelling gives no proof."""
    head = CertificateHead(Role.PRODUCER, 1, 2, GENERATOR)
    disclosure = Disclosure(identity, SecretKey.generate())
    alpha = identity_ciphertext.seal(disclosure, PUBLIC.trace_key, head.to_bytes())
    certificate = Certificate(head, alpha)
    halves = [opened(authority, certificate) for authority in (PKG_, DSO_)]
    with pytest.raises(BadInput) as error:
        TracingProof.combine(certificate, halves, PUBLIC)
    assert str(error.value) == ("the identity ciphertext holds no canonical identity, so PKG did not make it")


def test_identity_stays_out_of_reprs() -> None:
    """C-10: neither the proof's repr nor a half's shows what only the judge may see."""
    shown = repr(PROOF) + repr(PKG_HALF)
    assert ALICE not in shown
    assert repr(PKG_HALF.image) not in shown
