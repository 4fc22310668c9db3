"""Chen's protocol from end to end on the contracts, message by message, as printed and hardened.

PKG is the private key generator; DSO is the distribution system operator. Phases are named as in the paper.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from energy_trading.bench.papers.findings import Finding, Findings, Verdict, demand, refused, same_if
from energy_trading.bindings.energy_lot import BadSignature, IdUsed, LotExchanged, LotMinted
from energy_trading.chain.in_process import in_process
from energy_trading.crypto._curve import address_of
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.ecies import DecryptionFailed
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.files.journal import Journal
from energy_trading.identity import (
    DSO,
    PKG,
    Member,
    Parameters,
    PersonBanned,
    Role,
    TraceRequest,
    TracingProof,
    combine_halves,
    identity_ciphertext,
    issue_as_printed,
    trace_as_printed,
)
from energy_trading.identity._as_printed import identity_hash
from energy_trading.market.lots.certification import Certifier, NotCertified, request_certificate
from energy_trading.market.lots.dispute_file import HistoryBroken, check_dispute, dispute_file
from energy_trading.market.lots.injection import Contact, mint
from energy_trading.market.lots.lot_owner import LotOwner, exchange
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.session import (
    Accept,
    HandshakeRefused,
    Initiator,
    InProcess,
    MessageRefused,
    MessageRepeated,
    PriceProposal,
    Responder,
    Session,
    Subject,
    hello_as_printed,
    session_key_as_printed,
)
from energy_trading.session._wire import PREFIX_SIZE
from energy_trading.simulation._outputs import write_all
from energy_trading.simulation.people import EURO, GENESIS, Community, certify, feed_in

SLOT: Final = GENESIS - 900
PRICE: Final = EURO // 4
ENERGY_WH: Final = 2_500
#: What a connection of 3 × 25 A carries in a slot of 15 minutes, Wh.
LIMIT_WH: Final = 4_312
_CERTIFIED_FROM: Final = GENESIS - 30 * 86_400
_BOB: Final = "Bob, who lives in house 1"
_ALICE: Final = "Alice, who lives in house 2"


@dataclass(frozen=True)
class Step:
    """A phase of the protocol.

    Args:
        row: of the papers' list.
        title: of the phase.
        lines: what was sent by whom and what was checked, in order; no value that differs between runs.
    """

    row: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ChenResult:
    """What was exchanged.

    Args:
        steps: the transcript.
        findings: beside the paper's claims.
        transcript: the steps as Markdown.
        history: public file that proves the lot's owners to a third party (C-9).
    """

    steps: tuple[Step, ...]
    findings: Findings
    transcript: Path
    history: Path


def reproduce_chen(out: Path, say: Callable[[str], None] = print) -> ChenResult:
    """Run set-up, key issue, injection, handshake, messages, permit, exchange, history and trace.

    Args:
        out: folder for transcript.md and lot-history.json, made if missing.
        say: receives each step, then the findings.

    Returns:
        The result.

    Raises:
        NotAsStated: a step took another course.

    Source:
        C-1 … C-10; Chen §IV and §V.
    """
    run = _Run()
    phases = (
        *(run.set_up, run.issue_as_printed, run.issue, run.addresses, run.inject, run.agree_as_printed),
        *(run.handshake, run.messages, run.permit, run.exchange, run.history, run.trace),
    )
    for phase in phases:
        phase()
    detail = []
    for number, step in enumerate(run.steps, 1):
        detail += [f"{number}. **{step.title}** ({step.row})", *(f"    - {line}" for line in step.lines)]
    findings = Findings(
        tuple(run.found), ("Bob sells, Alice buys. What was sent and what was checked:", "", *detail)
    )
    history = json.dumps(run.dispute, indent=1) + "\n"
    files = write_all(out, {"transcript.md": "\n".join([*detail, ""]), "lot-history.json": history})
    result = ChenResult(tuple(run.steps), findings, *files)
    for line in [*detail, *result.findings.lines()]:
        say(line)
    return result


class _Run:
    """All parties in one process; what one phase makes, the later ones use."""

    steps: list[Step]
    bob: Member
    alice: Member
    dispute: dict[str, Any]

    def __init__(self) -> None:
        self.steps, self.found = [], list[Finding]()
        self.operator, self.treasury = SecretKey.generate(), SecretKey.generate()
        self.chain = in_process(accounts=[self.operator, self.treasury], genesis_time=GENESIS)

    def report(self, row: str, title: str, *lines: str) -> None:
        self.steps.append(Step(row, title, lines))

    def compare(self, about: str, paper: str, ours: str, verdict: Verdict, why: str = "") -> None:
        """Add a finding about the row of the last step."""
        self.found.append(Finding(self.steps[-1].row, about, paper, ours, verdict, why))

    # ------------------------------------------------------------ identities

    def set_up(self) -> None:
        self.dso = DSO(SecretKey.generate())
        self.pkg = PKG(SecretKey.generate(), self.dso.share)
        published = Parameters.from_json(json.loads(json.dumps(self.pkg.parameters.to_json())))
        self.dso.adopt(published)
        self.parameters = published
        registrar = published.registrar
        self.people = Community(self.chain, None, self.operator, self.pkg, self.treasury, self.operator)
        self.suite = self.people.suite
        demand(self.suite.ledger.pkg() == registrar, "the ledger names PKG's published key")
        self.report(
            "C-1",
            "Set-up",
            f"DSO → PKG: its half of the trace key ({len(published.dso.public_key)} bytes) and a proof that"
            " it holds the secret",
            f"PKG → all: PK_PKG = s·P on secp256k1 ({len(published.issue_key)} bytes), its attestation key,"
            " both halves of the trace key with their proofs",
            "checked: DSO finds its own half in what was published; the ledger on chain names PKG's key",
        )
        self.compare(
            "who can decrypt α",
            "DSO alone, under PK_DSO",
            "PKG and DSO only together",
            Verdict.DIFFERENT,
            "C-10 asks for this; there is one authority less to trust",
        )

    def issue_as_printed(self) -> None:
        master, dso = SecretKey.generate(), SecretKey.generate()
        bob = issue_as_printed(master, _BOB, dso.public_key)
        alice = issue_as_printed(master, _ALICE, dso.public_key)
        inverse = pow(identity_hash(_BOB, bob.identity_ciphertext), -1, SECP256K1_N)
        stolen = int.from_bytes(bob.secret_key.reveal(), "big") * inverse % SECP256K1_N
        forged = SecretKey.from_int(stolen * identity_hash(_ALICE, alice.identity_ciphertext) % SECP256K1_N)
        leaks = SecretKey.from_int(stolen) == master and forged == alice.secret_key
        traced = trace_as_printed(dso, master.public_key, bob.secret_key.public_key, bob.identity_ciphertext)
        demand(traced == _BOB, "DSO and the public master key trace a printed key")
        self.report(
            "C-2",
            "Key issue as printed (eqs 3–5), apart from the market",
            "PKG: α = encrypt(ID, PK_DSO), priK = s·hash(ID‖α), pubK = priK·P",
            "PKG → Bob: priK; PKG computes it by the equations, so PKG knows it too",
            "attack: with his own α Bob computes s = priK·hash(ID‖α)⁻¹ mod n and, with her α, Alice's key",
            "checked: the stolen s is PKG's, the forged key is Alice's",
        )
        self.compare(
            "eqs 3–5 as printed",
            "the key proves the user's identity",
            "a user who knows their own α has PKG's master key, and the key of anyone whose ID and α are"
            " known"
            if leaks
            else "no master key",
            same_if(not leaks),
            "the hash is public, so eq 4 can be solved for s; α would have to be hidden from its own user",
        )

    def issue(self) -> None:
        self.bob, self.alice = (certify(self.pkg, name, _CERTIFIED_FROM) for name in (_BOB, _ALICE))
        certificate = self.bob.certificate
        demand(
            certificate.public_key(self.parameters.issue_key) == self.bob.secret_key.public_key,
            "anyone computes the public key from the certificate",
        )
        for member in (self.bob, self.alice):
            self.people.enrol(member)
        deposit = self.suite.ledger.deposit(self.alice.account, EURO, value=EURO * self.suite.ledger.unit())
        deposit.send(self.operator)
        alpha = certificate.identity_ciphertext
        self.report(
            "C-2",
            "Key issue, hardened (ECQV, SEC 4)",
            f"Bob → PKG, privately: identity, roles, a fresh point ({len(certificate.head.point)} bytes)",
            f"PKG → Bob: certificate ({len(certificate.to_bytes())} bytes, public, with α of {len(alpha)}),"
            " PKG's part of the key, and what opens α",
            "Bob: priK from his own part and PKG's; checked: it fits the certificate, and α holds his"
            " identity",
            "PKG → chain, submitted by anyone with the account's signature: attestation (account, roles, hash"
            " of the certificate, α, deadline)",
            "the same is done for Alice",
        )
        self.compare(
            "who knows priK",
            "PKG computes it and hands it over",
            "only its user",
            Verdict.DIFFERENT,
            "the certificate is implicit: PKG's part is useless without the user's, and the key still"
            " carries α",
        )

    def addresses(self) -> None:
        key = self.bob.secret_key
        same = address_of(key.public_key) == self.bob.account == Contact.of(key).account
        self.report(
            "C-3",
            "Addresses (eqs 1, 2)",
            "Bob: txAddr = hash(pubK), which is his account on chain (20 bytes)",
            f"Bob: msgAddr = hash(pubK‖priK) ({len(message_address(key))} bytes), where messages for him"
            " are sent",
            "checked: the account of the certificate is txAddr",
        )
        self.compare(
            "txAddr, msgAddr", "hash(pubK), hash(pubK‖priK)", "the same, by keccak256", same_if(same)
        )

    # ------------------------------------------------------------ lot

    def inject(self) -> None:
        domain, deadline = self.suite.lots_domain, self.chain.now() + 3600
        meter = Secp256k1Meter(SecretKey.generate())
        self.people.register_meter(self.bob.account, meter)
        reading = feed_in(self.suite, meter, SLOT, ENERGY_WH)
        request = request_certificate(reading, self.bob.secret_key, self.operator.address, domain)
        contact, desk = request.contact, Certifier(self.suite, self.operator, LIMIT_WH)
        home_made = feed_in(self.suite, Secp256k1Meter(SecretKey.generate()), SLOT, ENERGY_WH)
        unregistered = request_certificate(home_made, self.bob.secret_key, self.operator.address, domain)
        refused(NotCertified, lambda: desk.certify(unregistered, deadline))
        paper = desk.certify(request, deadline)
        second = feed_in(self.suite, meter, SLOT, ENERGY_WH + 1)
        again = request_certificate(second, self.bob.secret_key, self.operator.address, domain)
        refused(NotCertified, lambda: desk.certify(again, deadline))
        self.lot = mint(self.suite, self.treasury, paper)
        used = refused(IdUsed, lambda: mint(self.suite, self.treasury, paper))
        demand(used.lot == self.lot, "a reading makes one lot")
        minted = [event for event in self.suite.lots.events() if isinstance(event, LotMinted)]
        stored = [(e.producer, e.public_key, e.msg_addr, e.certificate) for e in minted]
        kept = stored == [(contact.account, contact.public_key, contact.msg_addr, paper.signature)]
        self.report(
            "C-4",
            "Energy injection",
            f"Bob's meter → DSO: {ENERGY_WH} Wh in one slot of 15 minutes, signed"
            f" ({len(reading.signature)} bytes)",
            f"Bob → DSO: pubK ({len(contact.public_key)} bytes), txAddr, msgAddr"
            f" ({len(contact.msg_addr)} bytes), and Bob's signature of them to this DSO"
            f" ({len(request.signature)} bytes)",
            "DSO: the meter is the one registered for Bob, pubK is his account's (eq 1), the energy is within"
            " the limit of a slot, and the meter has no other reading of the slot",
            f"DSO → Bob: a certificate of all this, sign_D ({len(paper.signature)} bytes)",
            "anyone → chain: mint; the lot is Bob's, its id is the hash of the reading; the log keeps the"
            " contact and sign_D",
            "checked: the same reading makes no second lot; an unregistered meter and a second reading of the"
            " slot are not certified",
        )
        self.compare(
            "what the chain keeps",
            "contact (pubK, txAddr, msgAddr) and sign_D",
            "the same, in the log" if kept else "another contact",
            same_if(kept),
        )
        self.compare(
            "what Bob signs",
            "PK_DSO",
            "the DSO's account, his meter's reading and his contact",
            Verdict.DIFFERENT,
            "a signature of a public key alone states nothing about energy and can be used again",
        )
        self.compare(
            "the energy contract",
            "one contract C_addr per injection, deployed by DSO",
            "one token per injection in one contract, minted by anyone with DSO's signature",
            Verdict.DIFFERENT,
            "each contract would take a deployment, for which DSO would have to pay",
        )

    # ------------------------------------------------------------ session

    def agree_as_printed(self) -> None:
        (alice, gamma_a), (bob, gamma_b), (mallory, gamma_m) = (
            (SecretKey.generate(), SecretKey.generate()) for _ in range(3)
        )
        hello = hello_as_printed(alice, gamma_a, bob.public_key)
        answer = hello_as_printed(bob, gamma_b, alice.public_key)
        equal = session_key_as_printed(alice, gamma_a, answer) == session_key_as_printed(bob, gamma_b, hello)
        fooled = hello_as_printed(alice, gamma_a, mallory.public_key)
        forged = hello_as_printed(mallory, gamma_m, alice.public_key)
        taken = session_key_as_printed(alice, gamma_a, forged) == session_key_as_printed(
            mallory, gamma_m, fooled
        )
        self.report(
            "C-5",
            "Handshake as printed (eqs 6, 7), apart from the market",
            f"Alice → Bob: pubK_A ({len(hello.public_key)} bytes), C_A = encrypt(γ_A, pubK_B), hash(C_A)",
            "Bob → Alice: pubK_B, C_B = encrypt(γ_B, pubK_A), hash(C_B)",
            "both: K = Hash(κ_A·κ_B·P ‖ γ_A·γ_B); checked: equal",
            "attack: Mallory answers in Bob's place with keys and a hash of her own; checked: she shares a"
            " key with Alice",
        )
        self.compare("eqs 6 and 7", "both sides arrive at the same K", "they do", same_if(equal))
        self.compare(
            "as printed, against attackers",
            "the session key protects the messages",
            "a man in the middle is not noticed" if taken else "a man in the middle fails",
            same_if(not taken),
            "anybody can compute hash(C), so it proves nothing",
        )

    def handshake(self) -> None:
        at, key = self.chain.now(), self.parameters.issue_key
        subject = Subject(self.chain.chain_id, self.suite.lots.address, self.lot)
        asks = Initiator(self.alice, subject, self.bob.account, key)
        asked = Responder(self.bob, subject, key, asks.hello)
        mallory = SecretKey.generate().public_key
        swapped = asked.answer[:PREFIX_SIZE] + mallory + asked.answer[PREFIX_SIZE + len(mallory) :]
        middle = refused(HandshakeRefused, lambda: asks.finish(swapped, at))
        finish, self.to_bob = asks.finish(asked.answer, at)
        self.to_alice = asked.finish(finish, at)
        fresh = Initiator(self.alice, subject, self.bob.account, key)
        replay = refused(HandshakeRefused, lambda: fresh.finish(asked.answer, at))
        proved = (self.to_bob.peer_account, self.to_alice.peer_account) == (
            self.bob.account,
            self.alice.account,
        )
        self.report(
            "C-5",
            "Handshake, hardened (SIGMA-I)",
            f"Alice → Bob's msgAddr: hello, {len(asks.hello)} bytes: the lot, her msgAddr, an ephemeral key",
            f"Bob → Alice's msgAddr: answer, {len(asked.answer)} bytes: an ephemeral key and, sealed, his"
            " certificate and his signature of all so far",
            f"Alice → Bob: finish, {len(finish)} bytes: sealed, her certificate and signature",
            f"checked: Mallory's key in place of Bob's is refused ({middle.part}), his answer to an old hello"
            f" as well ({replay.part}); each side is sure of the other's account",
        )
        self.compare(
            "public keys are checked",
            "with the contract of the other side",
            "by certificate and signature over the whole exchange, lot and chain" if proved else "not at all",
            same_if(proved),
            "man in the middle and replay are refused",
        )

    def messages(self) -> None:
        post, heard = InProcess(), list[bytes]()
        for member in (self.bob, self.alice):
            post.subscribe(message_address(member.secret_key), heard.append)
        offered = PriceProposal(self.lot, PRICE, self.chain.now() + 600)
        first = self._carry(post, heard, self.to_alice, self.alice, offered)
        reflected = refused(MessageRefused, lambda: _stolen(self.to_alice).open(first))
        demand(type(reflected) is MessageRefused, "a reflected message is one that does not open")
        demand(self.to_bob.open(first) == offered, "Alice reads the price")
        refused(MessageRepeated, lambda: self.to_bob.open(first))
        second = self._carry(post, heard, self.to_bob, self.bob, Accept(offered.hash))
        demand(self.to_alice.open(second) == Accept(offered.hash), "Bob reads the acceptance")
        ends, sent = (self.to_bob, self.to_alice), (first, second)
        opened = sum(_opens(_stolen(end), old) for end in ends for old in sent)
        self.price = offered.price
        self.report(
            "C-6",
            "Messages",
            f"Bob → Alice: a price for the lot, {len(first)} bytes, padded and sealed",
            f"Alice → Bob: acceptance of the price, by its hash, {len(second)} bytes",
            "both: a new key for every message, a new Diffie–Hellman secret at every turn",
            "checked: a message is refused when it is reflected or repeated; the whole state of both sides,"
            " stolen afterwards, opens neither message again",
        )
        self.compare(
            "renewed secrets",
            "K^n from K^(n-1) and new secrets, in a period of time; forward secrecy",
            f"with every message; the states of both sides, stolen afterwards, open {opened} of 2 messages",
            same_if(opened == 0),
        )

    # ------------------------------------------------------------ owner

    def permit(self) -> None:
        deadline = self.chain.now() + 3600
        owner = LotOwner(self.suite, self.bob.secret_key)
        self.signed = owner.sign_permit(self.lot, self.alice.account, self.price, deadline)
        self.report(
            "C-7",
            "Permit (eq 8)",
            f"Bob → Alice: Permit_B, {len(self.signed.signature)} bytes: lot, Alice's account, price, nonce"
            " of the lot, deadline, contract and chain (EIP-712)",
        )
        self.compare(
            "what the permit states",
            "C_addr ‖ pubK_A; a price in the text before it, not in eq 8",
            "lot, buyer, price, nonce, deadline, contract, chain",
            Verdict.DIFFERENT,
            "as printed it never ends, fits any price and any chain, and works again once Bob has the lot"
            " back",
        )

    def exchange(self) -> None:
        ledger, lots = self.suite.ledger, self.suite.lots
        alice, bob = LotOwner(self.suite, self.alice.secret_key), LotOwner(self.suite, self.bob.secret_key)
        taken = alice.sign_acceptance(self.signed)
        before = [ledger.account_of(m.account).available for m in (self.bob, self.alice)]
        sent = exchange(self.suite, self.treasury, taken)
        after = [ledger.account_of(m.account).available for m in (self.bob, self.alice)]
        event = sent.event(LotExchanged)
        kept = (event.permit, event.acceptance, event.msg_addr) == (
            self.signed.signature,
            taken.signature,
            message_address(self.alice.secret_key),
        )
        owner = lots.owner_of(self.lot) == self.alice.account
        paid = [now - then for now, then in zip(after, before, strict=True)]
        demand(paid == [PRICE, -PRICE], "Bob has the price, Alice has paid it")
        deadline = self.chain.now() + 3600
        back = alice.sign_permit(self.lot, self.bob.account, PRICE, deadline)
        exchange(self.suite, self.treasury, bob.sign_acceptance(back))
        replay = refused(BadSignature, lambda: exchange(self.suite, self.treasury, taken))
        demand(replay.signer == self.bob.account, "the old permit is void")
        self.report(
            "C-8",
            "Exchange of owner",
            f"Alice: sign_A, {len(taken.signature)} bytes, of the whole permit and her msgAddr",
            "anyone → chain: both signatures in one transaction; the lot is Alice's, the price Bob's",
            "chain, in its log: both signatures, msgAddr_A, both accounts",
            "Alice sells the lot back to Bob in the same way",
            "checked: the first two signatures, submitted again, are refused, as the nonce of the lot has"
            " moved",
        )
        self.compare(
            "what is verified and kept",
            "Permit_B and sign_A; msgAddr_A, txAddr_A, sign_A are stored, the owner becomes pubK_A",
            "the same; kept in the log" if kept and owner else "something else",
            same_if(kept and owner),
        )
        self.compare(
            "the price",
            "agreed before; how it is paid is not stated",
            f"paid in the same transaction: Bob {paid[0] / EURO:+.2f}, Alice {paid[1] / EURO:+.2f}",
            Verdict.DIFFERENT,
            "neither side can go first and lose",
        )

    def history(self) -> None:
        self.dispute = dispute_file(self.suite, self.lot)
        holdings = check_dispute(json.loads(json.dumps(self.dispute)), [self.operator.address])
        owners = [holding.owner for holding in holdings]
        expected = [self.bob.account, self.alice.account, self.bob.account]
        for step in range(len(owners)):
            forged = deepcopy(self.dispute)
            fields = forged["steps"][step]["fields"]
            fields["price" if "price" in fields else "energy_wh"] = "1"
            refused(HistoryBroken, partial(check_dispute, forged, [self.operator.address]))
        self.report(
            "C-9",
            "History",
            f"log → judge: a file of {len(self.dispute['steps'])} steps with every signature"
            " (lot-history.json)",
            "judge, without chain: Bob by sign_D, Alice by both signatures, Bob again",
            "checked: the file is refused when any one price or energy is changed",
        )
        self.compare(
            "undeniable: exchanges of owner",
            "transactions cannot be denied",
            "every owner after an exchange is proved by both signatures",
            same_if(owners == expected),
            "it is the same for exchanges only",
        )
        self.chain.send(self.bob.account, b"", self.operator, value=EURO * self.suite.ledger.unit())
        plain = self.suite.lots.transfer_from(self.bob.account, self.alice.account, self.lot)
        plain.send(self.bob.secret_key)
        *_, handed = dispute_file(self.suite, self.lot)["steps"]
        demand(handed["event"] == "Transfer", "the last step is a plain transfer")
        signatures = {"permit", "acceptance", "certificate"} & set(handed["fields"])
        self.compare(
            "undeniable: other changes of owner",
            "transactions cannot be denied",
            f"a plain transfer of the lot stands in the log with {len(signatures)} signatures of its parties",
            same_if(bool(signatures)),
            "the lot is an ERC-721 token, which can also be transferred, split, merged and delivered without"
            " a permit; such a step proves nothing off chain, only the chain itself can vouch for it",
        )
        self.compare(
            "undeniable: communications",
            "communications cannot be denied",
            "messages are authenticated by keys that both sides have, so either could have written them",
            Verdict.DIFFERENT,
            "negotiations are deniable on purpose: only permit and acceptance bind",
        )

    # ------------------------------------------------------------ trace

    def trace(self) -> None:
        account, certificate = self.bob.account, self.pkg.certificate_of(self.bob.account)
        request = TraceRequest("dispute about a lot", (certificate,))
        halves = [who.open_half(request, Journal(None), _CERTIFIED_FROM) for who in (self.pkg, self.dso)]
        alpha, head = certificate.identity_ciphertext, certificate.head.to_bytes()
        for half in halves:
            refused(DecryptionFailed, partial(identity_ciphertext.read, half.openings[0].image, alpha, head))
        (proof,) = combine_halves(request, halves, self.parameters)
        handed = json.loads(json.dumps(proof.to_json()))
        identity = TracingProof.from_json(handed).verify(self.parameters, account)
        self.pkg.ban_person(identity)
        refused(PersonBanned, lambda: certify(self.pkg, _BOB, _CERTIFIED_FROM))
        self.suite.ledger.suspend([account]).send(self.operator)
        demand(not self.suite.ledger.may_commit(account, int(Role.PRODUCER)), "Bob may not trade")
        self.report(
            "C-10",
            "Trace",
            "PKG → judge, DSO → judge: one half each of the opening of Bob's α, with a proof that it is"
            " right",
            "judge: the identity from both; checked: with the published keys and the account on chain alone",
            "checked: neither half alone reveals it",
            "PKG refuses Bob another account; DSO suspends the one he has",
        )
        self.compare(
            "traceable",
            "PKG shows s to the judge, who finds the user together with PKG and DSO",
            "PKG and DSO each give half an opening of one α; no secret is shown",
            Verdict.DIFFERENT,
            "whoever has seen s has everybody's key; the identity that is found is the same",
        )
        demand(identity == _BOB, "the judge reads Bob's identity")

    def _carry(
        self, post: InProcess, heard: list[bytes], end: Session, to: Member, content: PriceProposal | Accept
    ) -> bytes:
        post.publish(message_address(to.secret_key), end.seal(content))
        demand(post.deliver() == 1, "one message arrives")
        return heard.pop()


def _opens(end: Session, message: bytes) -> bool:
    try:
        end.open(message)
    except MessageRefused:
        return False
    return True


def _stolen(end: Session) -> Session:
    """Return a copy of everything that one end keeps."""
    return Session.from_json(json.loads(json.dumps(end.to_json())))
