"""The three messages by which two certified accounts come to share a secret that nobody else has.

The certificates are those of the private key generator (PKG).
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from eth_abi.abi import encode
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from energy_trading.crypto._curve import POINT_SIZE, address_of, check_point
from energy_trading.crypto._signatures import recover_public_key
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged
from energy_trading.identity.certificate import CERTIFICATE_SIZE, Certificate
from energy_trading.identity.enrolment import Member
from energy_trading.session._wire import PREFIX_SIZE, VERSION, MessageKind, prefix, read_prefix, session_id_of
from energy_trading.session.ratchet import (
    RATCHET_KEY_SIZE,
    MessageRefused,
    Ratchet,
    generate_ratchet_key,
    ratchet_public_key,
)
from energy_trading.session.session import Session, context_of
from energy_trading.session.subject import Subject

_PROOF_TYPE: Final = "SessionProof(string side,bytes32 transcript,address account,bytes32 certificateHash)"
_HELLO: Final = struct.Struct(f">BB32s32s{POINT_SIZE}s")
_SIGNATURE_SIZE: Final = 65
_PROOF_SIZE: Final = CERTIFICATE_SIZE + _SIGNATURE_SIZE
_BOX_SIZE: Final = RATCHET_KEY_SIZE + _PROOF_SIZE + 16
_ANSWER_SIZE: Final = PREFIX_SIZE + POINT_SIZE + _BOX_SIZE
# Safe as a constant: the key is derived from two fresh ephemeral keys and encrypts this one box only.
_NONCE: Final = bytes(12)


class HandshakeRefused(Forged):
    """A message of the handshake is not one with which this party may go on. It can still take the right one.

    Args:
        part: which part is wrong: "form", "subject", "point", "box", "certificate", "account", "signature"
            or "end".
        expected: what would have been right.
    """

    def __init__(self, part: str, expected: str) -> None:
        super().__init__(f"the handshake was refused for its {part}; expected {expected}")
        self.part = part


class Initiator:
    """The party that asks, usually a buyer. It shows its certificate to the responder only.

    Args:
        member: this party's account.
        subject: what the session will negotiate about.
        peer_account: the account that is asked, EIP-55; no other account's answer is accepted.
        issue_key: PK_PKG of the PKG's published parameters, 33 bytes.

    Raises:
        BadInput: the peer is not an address, or is this party itself.

    Source:
        Chen §IV.D (C-5) with the errata; SIGMA-I (Krawczyk, CRYPTO 2003, §5.2).
    """

    def __init__(self, member: Member, subject: Subject, peer_account: str, issue_key: bytes) -> None:
        if not is_checksum_address(peer_account) or peer_account == member.account:
            raise BadInput(f"the peer must be the EIP-55 address of another account, not {peer_account}")
        self._member = member
        self._subject = subject
        self._peer_account = peer_account
        self._issue_key = issue_key
        self._ephemeral: SecretKey | None = SecretKey.generate()
        #: first message: version ‖ kind ‖ label ‖ this party's msgAddr ‖ ephemeral key; to the peer's msgAddr
        self.hello: bytes = _HELLO.pack(
            VERSION,
            MessageKind.HELLO,
            subject.label(peer_account),
            message_address(member.secret_key),
            self._ephemeral.public_key,
        )

    def finish(self, answer: bytes, at: int) -> tuple[bytes, Session]:
        """Check who answered, and prove to the responder who asked.

        Args:
            answer: the responder's message.
            at: the present time, unix seconds.

        Returns:
            The third message, and the session, which is ready for both directions.

        Raises:
            HandshakeRefused: the answer is not the asked account's answer to this hello, or the handshake is
                already finished.
            CertificateExpired: the responder's certificate is not valid at that time.

        Source:
            C-5, errata.
        """
        if self._ephemeral is None:
            raise HandshakeRefused("end", "nothing after the answer")
        session_id = session_id_of(self.hello)
        _check_head(answer, MessageKind.ANSWER, session_id)
        if len(answer) != _ANSWER_SIZE:
            raise HandshakeRefused("form", f"{_ANSWER_SIZE} bytes")
        point, box = answer[PREFIX_SIZE:-_BOX_SIZE], answer[-_BOX_SIZE:]
        shared = _shared_point(self._ephemeral, point)
        label = self._subject.label(self._peer_account)
        greeted = _transcript(label, self.hello, answer[:-_BOX_SIZE])
        try:
            content = ChaCha20Poly1305(_derive(shared, greeted, b"answer")).decrypt(_NONCE, box, greeted)
        except InvalidTag as error:
            raise HandshakeRefused("box", "one sealed for this hello, subject and account") from error
        ratchet_key, proof = content[:RATCHET_KEY_SIZE], content[RATCHET_KEY_SIZE:]
        offered = _transcript(greeted, ratchet_key)
        certificate, account = _check_proof(proof, self._subject, "responder", offered, self._issue_key, at)
        if account != self._peer_account:
            raise HandshakeRefused("account", self._peer_account)
        answered = _bind(offered, box, account, certificate)
        head = prefix(MessageKind.FINISH, session_id)
        try:
            ratchet, opening = Ratchet.begin(
                _derive(shared, answered, b"secret"),
                ratchet_key,
                _prove(self._member, self._subject, "initiator", answered),
                context_of(answered, head, True),
            )
        except MessageRefused as error:
            raise HandshakeRefused("point", "a ratchet key of high order") from error
        finish = head + opening
        self._ephemeral = None
        member = self._member
        transcript = _bind(answered, finish, member.account, member.certificate)
        session = Session(
            self._subject, member.account, account, certificate, session_id, transcript, True, ratchet
        )
        return finish, session


class Responder:
    """The party that is asked, usually a seller. Anyone who asks for its lot may see its certificate.

    Args:
        member: this party's account.
        subject: this party's lot, which the hello must name.
        issue_key: PK_PKG of the PKG's published parameters, 33 bytes.
        hello: the initiator's first message.

    Raises:
        HandshakeRefused: the hello is malformed, or names another lot, contract, chain or account.

    Source:
        Chen §IV.D (C-5) with the errata; SIGMA-I (Krawczyk, CRYPTO 2003, §5.2).
    """

    def __init__(self, member: Member, subject: Subject, issue_key: bytes, hello: bytes) -> None:
        if len(hello) != _HELLO.size:
            raise HandshakeRefused("form", f"{_HELLO.size} bytes")
        self._session_id = session_id_of(hello)
        _check_head(hello, MessageKind.HELLO, self._session_id)
        _, _, label, reply_to, point = _HELLO.unpack(hello)
        if label != subject.label(member.account):
            raise HandshakeRefused(
                "subject",
                f"lot {subject.lot_id} of {subject.contract} on chain {subject.chain_id}, and this account",
            )
        self._member = member
        self._subject = subject
        self._issue_key = issue_key
        #: the msgAddr that the initiator claims, 32 bytes; the third message proves it with all the rest
        self.reply_to: bytes = reply_to

        ephemeral = SecretKey.generate()
        shared = _shared_point(ephemeral, point)
        head = prefix(MessageKind.ANSWER, self._session_id) + ephemeral.public_key
        greeted = _transcript(label, hello, head)
        self._ratchet_key = generate_ratchet_key()
        ratchet_key = ratchet_public_key(self._ratchet_key)
        offered = _transcript(greeted, ratchet_key)
        proof = _prove(member, subject, "responder", offered)
        box = ChaCha20Poly1305(_derive(shared, greeted, b"answer")).encrypt(
            _NONCE, ratchet_key + proof, greeted
        )
        self._answered = _bind(offered, box, member.account, member.certificate)
        self._secret: bytes | None = _derive(shared, self._answered, b"secret")
        #: second message, to `reply_to`
        self.answer: bytes = head + box

    def finish(self, finish: bytes, at: int) -> Session:
        """Check who asked, and open the session.

        Args:
            finish: the initiator's third message.
            at: the present time, unix seconds.

        Returns:
            The session. Its `peer_account` is proved; whether to talk to that account is the caller's choice.

        Raises:
            HandshakeRefused: the message does not belong to this handshake, or the handshake is already
                finished.
            CertificateExpired: the initiator's certificate is not valid at that time.

        Source:
            C-5, errata.
        """
        if self._secret is None:
            raise HandshakeRefused("end", "nothing after the third message")
        _check_head(finish, MessageKind.FINISH, self._session_id)
        context = context_of(self._answered, finish[:PREFIX_SIZE], True)
        try:
            ratchet, proof = Ratchet.join(self._secret, self._ratchet_key, finish[PREFIX_SIZE:], context)
        except MessageRefused as error:
            raise HandshakeRefused("box", "one sealed for this answer") from error
        certificate, account = _check_proof(
            proof, self._subject, "initiator", self._answered, self._issue_key, at
        )
        if account == self._member.account:
            raise HandshakeRefused("account", "any account but this party's own")
        self._secret, self._ratchet_key = None, b""
        transcript = _bind(self._answered, finish, account, certificate)
        subject, own_account = self._subject, self._member.account
        return Session(
            subject, own_account, account, certificate, self._session_id, transcript, False, ratchet
        )


def _check_head(data: bytes, kind: MessageKind, session_id: bytes) -> None:
    try:
        given = read_prefix(data)
    except BadInput as error:
        raise HandshakeRefused("form", f"version {VERSION}, kind {kind}") from error
    if given != (kind, session_id):
        raise HandshakeRefused("form", f"kind {kind} of session 0x{session_id.hex()}")


def _shared_point(ephemeral: SecretKey, point: bytes) -> bytes:
    try:
        return ephemeral.multiply(check_point(point))
    except BadInput as error:
        raise HandshakeRefused("point", "a compressed point of secp256k1") from error


def _transcript(*parts: bytes) -> bytes:
    digest = sha256(b"energy-trading/session/1/transcript")
    for part in parts:
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.digest()


def _bind(before: bytes, message: bytes, account: str, certificate: Certificate) -> bytes:
    # The certificate is bound as well as its box: a box of this cipher could be made to open in two ways.
    return _transcript(before, message, account.encode(), certificate.hash)


def _derive(shared: bytes, transcript: bytes, use: bytes) -> bytes:
    info = b"energy-trading/session/1/" + use
    return HKDF(algorithm=SHA256(), length=32, salt=transcript, info=info).derive(shared)


def _proof_digest(
    subject: Subject, side: str, transcript: bytes, account: str, certificate: Certificate
) -> bytes:
    types = ["bytes32", "bytes32", "bytes32", "address", "bytes32"]
    fields = [keccak(text=_PROOF_TYPE), keccak(text=side), transcript, account, certificate.hash]
    return subject.domain.digest(keccak(encode(types, fields)))


def _prove(member: Member, subject: Subject, side: str, transcript: bytes) -> bytes:
    digest = _proof_digest(subject, side, transcript, member.account, member.certificate)
    return member.certificate.to_bytes() + member.secret_key.sign_digest(digest)


def _check_proof(
    proof: bytes, subject: Subject, side: str, transcript: bytes, issue_key: bytes, at: int
) -> tuple[Certificate, str]:
    if len(proof) != _PROOF_SIZE:
        raise HandshakeRefused("form", f"a proof of {_PROOF_SIZE} bytes")
    try:
        certificate = Certificate.from_bytes(proof[:CERTIFICATE_SIZE])
        public_key = certificate.public_key(issue_key)
    except BadInput as error:
        raise HandshakeRefused("certificate", "one that can be read") from error
    account = address_of(public_key)
    digest = _proof_digest(subject, side, transcript, account, certificate)
    # An implicit certificate is only as good as the signature: any bytes name some key.
    if recover_public_key(digest, proof[CERTIFICATE_SIZE:]) != public_key:
        raise HandshakeRefused("signature", "one of the certified key over this handshake")
    certificate.head.check_valid(at)
    return certificate, account
