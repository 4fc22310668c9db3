"""A market with people in it: the one builder for simulations, benchmarks, papers and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.offer_market import OfferMarket
from energy_trading.bindings.suite import Suite, SuiteParameters, deploy
from energy_trading.chain.connect import Chain
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.identity import PKG, Enrolment, Member
from energy_trading.meter.export_ledger import SignedReading
from energy_trading.meter.signers import ReceiptSigner
from energy_trading.meter.smart_meter import Reading, SmartMeter
from energy_trading.types import (
    MAX_UNITS,
    ZERO_ADDRESS,
    AccountAttestation,
    Delivery,
    Energy,
    Purchase,
    Receipt,
    ReceiptKey,
    Relay,
    RelayedPurchase,
    Role,
    Terms,
    Testimony,
    Witness,
)

GENESIS: Final = 1_614_556_800  # 2021-03-01 00:00 UTC
#: Units of account in one euro; the settlement asset of these markets is a coin worth one euro.
EURO: Final = 10**9
#: Seconds for which an attestation can be submitted.
_ATTESTED_S: Final = 3600
_YEAR_S: Final = 365 * 86_400


class Community:
    """A deployed market and those who run it; `enrol` lets people in.

    Args:
        chain: where the market is; whoever sends a transaction needs coins there.
        suite: the contracts; None deploys new ones.
        dso: account of the distribution system operator (DSO), which owns the contracts and registers meters.
        pkg: the private key generator (PKG), which attests the accounts of those whom it has certified; or a
            bare key, which attests any account, where certificates do not matter.
        treasury: account that receives fees and cut guarantees.
        agent: pays for the transactions that anyone may send.
        say: receives one line per deployed contract.
        parameters: fields of `SuiteParameters` that differ from the defaults, for new contracts.

    Source:
        C-1, C-2.
    """

    #: fields of an attestation without a certificate
    plain_attestation: Mapping[str, Any] = {
        "certificate_hash": b"\xce" * 32,
        "identity_ciphertext": b"\xa1" * 64,
    }

    def __init__(
        self,
        chain: Chain,
        suite: Suite | None,
        dso: SecretKey,
        pkg: PKG | SecretKey,
        treasury: SecretKey,
        agent: SecretKey,
        say: Callable[[str], None] = lambda _: None,
        **parameters: Any,
    ) -> None:
        self.chain, self.dso, self.treasury, self.agent = chain, dso, treasury, agent
        self.pkg = pkg
        if suite is None:
            registrar = pkg.parameters.registrar if isinstance(pkg, PKG) else pkg.address
            roles = {"owner": dso.address, "pkg": registrar, "treasury": treasury.address}
            suite = deploy(chain, dso, SuiteParameters(**roles | parameters), say)
        self.suite = suite
        #: registered meter by account
        self.meters: dict[str, ReceiptSigner] = {}
        #: gas used, by verb
        self.gas: dict[str, list[int]] = {}

    @property
    def ledger(self) -> EnergyLedger:
        """The ledger of the suite."""
        return self.suite.ledger

    @property
    def market(self) -> OfferMarket:
        """The market of the suite."""
        return self.suite.market

    def note(self, verb: str, sent: Sent) -> Sent:
        """Record the gas of a transaction under its verb, and return the transaction."""
        self.gas.setdefault(verb, []).append(sent.gas_used)
        return sent

    def attest(
        self, who: Member | SecretKey | str, roles: int = Role.PROSUMER, **changes: Any
    ) -> tuple[AccountAttestation, bytes, bytes]:
        """Let PKG attest an account, and the account consent.

        Args:
            who: a certified member; or an account that a bare key attests without a certificate: its key, or
                its address, for which nobody consents.
            roles: of an account without a certificate: 1 producer, 2 consumer, 3 both.
            changes: fields of a plain attestation that differ; `signer` and `domain` of its signature;
                `consent`, the key that consents if it is not that of the account.

        Returns:
            The attestation, its signature and that of the account, as `open_account` takes them.

        Raises:
            PersonBanned: PKG attests no further account of this person.
        """
        deadline = self.chain.now() + _ATTESTED_S
        domain = changes.pop("domain", self.suite.ledger_domain)
        if isinstance(who, Member):
            assert isinstance(self.pkg, PKG)  # for the type checker
            signed = self.pkg.attest(domain, who.certificate, who.disclosure, deadline)
            return signed, signed.signature, who.consent(domain, signed)
        signer = changes.pop("signer", self.pkg)
        consenting = changes.pop("consent", who)
        account = who if isinstance(who, str) else who.address
        plain = AccountAttestation(
            account, roles, **{"deadline": deadline, **self.plain_attestation, **changes}
        )
        digest = domain.digest(plain)
        consent = consenting.sign_digest(digest) if isinstance(consenting, SecretKey) else b""
        return plain, signer.sign_digest(digest), consent

    def enrol(
        self,
        who: Member | SecretKey,
        roles: int = Role.PROSUMER,
        funds: int = 0,
        meter: ReceiptSigner | None = None,
    ) -> None:
        """Open an account, fund it and register its meter.

        A member pays its own funds in; for a bare key the agent does.

        Args:
            who: a member that PKG has certified, or the key of an account without a certificate.
            roles: of an account without a certificate: 1 producer, 2 consumer, 3 both.
            funds: units of account to deposit; 0 deposits nothing.
            meter: on either curve; None registers no meter.

        Raises:
            PersonBanned: PKG attests no further account of this person.

        Source:
            C-2, N-1.
        """
        if isinstance(who, Member):
            account, payer, attested = who.account, who.secret_key, self.attest(who)
        else:
            account, payer, attested = who.address, self.agent, self.attest(who, roles)
        self.note("open account", self.ledger.open_account(*attested).send(self.agent))
        if funds:
            call = self.ledger.deposit(account, funds, value=funds * self.ledger.unit())
            self.note("deposit", call.send(payer))
        if meter is not None:
            self.register_meter(account, meter)

    def register_meter(self, account: str, meter: ReceiptSigner) -> None:
        """Let the DSO register a meter for an account, in place of an earlier one (N-3)."""
        self.meters[account] = meter
        call = self.ledger.register_meter(account, meter.signer)
        self.note("register meter", call.send(self.dso))

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Put chain and meters back afterwards, so that what is tried here does not affect what follows."""
        kept, meters = self.chain.snapshot(), dict(self.meters)
        yield
        self.chain.revert(kept)
        self.meters = meters

    def sign_offer(self, terms: Terms, key: SecretKey) -> bytes:
        """Sign an offer that stays off chain until it is accepted; 65 bytes."""
        return key.sign_digest(self.suite.market_domain.digest(terms))

    def purchase(
        self,
        terms: Terms,
        buyer: SecretKey,
        offer_signature: bytes = b"",
        key: ReceiptKey | None = None,
        /,
        **changes: Any,
    ) -> RelayedPurchase:
        """Let a buyer sign its acceptance of an offer, for somebody else to submit.

        Args:
            terms: of the offer or award.
            buyer: who signs.
            offer_signature: the seller's, of an offer that was signed off chain.
            key: the one-time key that will sign the receipt; None is the registered meter.
            changes: fields of the purchase that differ: by default any price is right, for an hour, without
                a fee; `signer` and `domain` of its signature.
        """
        signer, domain = changes.pop("signer", buyer), changes.pop("domain", self.suite.desk_domain)
        signed = replace(
            Purchase(
                buyer.address,
                terms.struct_hash(),
                MAX_UNITS,
                bytes(32) if key is None else keccak(key.signer),
                self.chain.now() + _ATTESTED_S,
                ZERO_ADDRESS,
                0,
            ),
            **changes,
        )
        return RelayedPurchase(
            terms,
            signed.buyer,
            signed.max_price,
            Relay(signed.deadline, signed.relayer, signed.fee),
            [] if key is None else [key],
            compact(signer.sign_digest(domain.digest(signed))),
            offer_signature,
        )

    def receipt(
        self, terms: Terms, buyer: SecretKey, energy: bytes | int | None = None, **changes: Any
    ) -> Delivery:
        """Let the buyer's meter sign a receipt.

        Args:
            terms: of the trade.
            buyer: whose registered meter signs.
            energy: Wh, or 32 bytes as the terms have them; None is all that was agreed.
            changes: fields of the receipt that differ; `meter` and `domain` of its signature.
        """
        raw = terms.energy if energy is None else energy
        raw = Energy.plain(raw) if isinstance(raw, int) else Energy(raw)
        meter = changes.pop("meter", None) or self.meters[buyer.address]
        domain = changes.pop("domain", self.suite.market_domain)
        digest = domain.digest(Receipt(terms.struct_hash(), raw))
        return replace(Delivery(terms, buyer.address, meter.signer, raw, meter.sign(digest)), **changes)

    def witness(
        self, terms: Terms, buyer: SecretKey, energy: bytes | int | None = None, **changes: Any
    ) -> Witness:
        """Let the seller's meter testify to what it fed in between acceptBy and deliverBy.

        Args:
            terms: of the trade.
            buyer: who accepted, on its registered meter.
            energy: Wh, or 32 bytes as the terms have them; None is all that was agreed.
            changes: fields of the testimony that differ; `meter` and `domain` of its signature.
        """
        raw = terms.energy if energy is None else energy
        raw = Energy.plain(raw) if isinstance(raw, int) else Energy(raw)
        meter = changes.pop("meter", None) or self.meters[terms.seller]
        domain = changes.pop("domain", self.suite.market_domain)
        start, end = changes.get("from_", terms.accept_by), changes.get("to", terms.deliver_by)
        signature = meter.sign(domain.digest(Testimony(terms.struct_hash(), raw, start, end)))
        receipt_signer = self.meters[buyer.address].signer
        plain = Witness(terms, buyer.address, receipt_signer, meter.signer, raw, start, end, signature)
        return replace(plain, **changes)


def certify(pkg: PKG, person: str, valid_from: int) -> Member:
    """Let PKG issue a certificate (ECQV, the implicit certificates of SEC 4) to a prosumer.

    Args:
        pkg: it learns the identity, and never the secret key of the account.
        person: identity.
        valid_from: unix seconds; the certificate is valid for a year.

    Returns:
        The member, whose account no contract knows yet.

    Raises:
        PersonBanned: PKG issues nothing to this person any more.

    Source:
        C-2.
    """
    enrolment = Enrolment(person, Role.PROSUMER)
    answer = pkg.issue(enrolment.request, valid_from, valid_from + _YEAR_S)
    return enrolment.finish(answer, pkg.parameters)


def feed_in(suite: Suite, signer: ReceiptSigner, slot_start: int, energy_wh: int) -> SignedReading:
    """Let a new meter feed in during one slot and sign all of it for a lot.

    Args:
        suite: the market.
        signer: the meter's key.
        slot_start: unix seconds.
        energy_wh: 1 … 2**40-1.

    Source:
        C-4.
    """
    meter, slot_seconds = SmartMeter(signer, suite.market_domain), suite.lots.lot_parameters().slot_seconds
    meter.record(Reading(slot_start, 0, 0))
    meter.record(Reading(slot_start + slot_seconds, 0, energy_wh))
    return meter.sign_injection(slot_start, slot_seconds, suite.lots_domain).reading


def clock(time: int) -> str:
    """Return a time of the day with its zone, such as ``13:30 UTC``."""
    return f"{datetime.fromtimestamp(time, UTC):%H:%M} UTC"
