"""A neighbourhood: homes with certificates, accounts, meters and one-time keys on a chain of their own.

PKG is the private key generator, which certifies persons; DSO is the distribution system operator.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from energy_trading.bindings.energy_ledger import AccountOpened
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.journal import Journal
from energy_trading.identity import (
    DSO,
    PKG,
    Member,
    OpeningRecord,
    TraceRequest,
    TracingProof,
    combine_halves,
    proofs_of_person,
)
from energy_trading.market.trade.trader import Trader
from energy_trading.meter.key_root import Evidence, KeyList, KeyRootBuilder, registry_domain
from energy_trading.meter.one_time_keys import OneTimeKeys
from energy_trading.meter.signers import P256Meter, ReceiptSigner, Secp256k1Meter
from energy_trading.meter.smart_meter import Reading, SmartMeter
from energy_trading.simulation.people import EURO, GENESIS, Community, certify
from energy_trading.simulation.profiles import HomeProfile

#: Units of account per Wh at one cent per kWh.
UNITS_PER_WH_CENT: Final = EURO // 100 // 1000
#: What the grid pays and takes, cents per kWh: nobody sells for less or buys for more.
FEED_IN_CT: Final = 8
RETAIL_CT: Final = 30
#: Slots after the end of a slot within which a receipt must be submitted.
RECEIPT_SLOTS: Final = 2
#: Shortest slot of a lot, seconds; the contract's bound.
MIN_LOT_SLOT_S: Final = 60
#: Slots, and the contract's bound in seconds, for which a receipt may follow testimony after its deadline.
REPLY_SLOTS: Final = 2
MIN_REPLY_S: Final = 60
#: What every home deposits.
FUNDS: Final = 50 * EURO
#: The market of the simulated day keeps one per cent of what sellers earn.
FEE_BPS: Final = 100
#: One-time keys of a meter in an epoch, at most; a root holds 2**14 in all.
MAX_ONE_TIME_KEYS: Final = 128
_ROOT_KEYS: Final = 2**14
#: Vouchers a key list needs beside its owner.
_OTHERS: Final = 1
_SECONDS_TO_ENROL: Final = 6 * 3600
_CERTIFIED_BEFORE_S: Final = 30 * 86_400


@dataclass
class Home:
    """A home with its account, meter and habits.

    Args:
        number: place in the neighbourhood, from 0.
        name: as in the profile.
        profile: what it uses and produces.
        person: who lives there; known to PKG and, after tracing, to a judge.
        member: its pseudonymous account.
        trader: acts for the account in the market.
        meter: its smart meter.
        one_time: the meter's one-time keys.
        signer: the meter's registered key.
        ask_ct: price it asks for, cents per kWh; moves with success.
        limit_ct: highest price it pays, cents per kWh.
        offers_signed: signs its offers off chain.
        buys_privately: names one-time keys.
        hides_energy: commits to the quantity instead of publishing it.
        testifies: lets its meter testify to what it fed in.
        offers: offers it makes in a slot, at most; one more than it sold last time.
    """

    number: int
    name: str
    profile: HomeProfile
    person: str = field(repr=False)
    member: Member
    trader: Trader
    meter: SmartMeter
    one_time: OneTimeKeys = field(repr=False)
    signer: ReceiptSigner = field(repr=False)
    ask_ct: int
    limit_ct: int
    offers_signed: bool
    buys_privately: bool
    hides_energy: bool
    testifies: bool
    offers: int = 1
    import_wh: int = 0
    export_wh: int = 0

    def record(self, time: int, import_wh: int, export_wh: int) -> None:
        """Advance the meter's registers.

        Args:
            time: unix seconds.
            import_wh: drawn since the last reading, Wh.
            export_wh: fed in since the last reading, Wh.
        """
        self.import_wh += import_wh
        self.export_wh += export_wh
        self.meter.record(Reading(time, self.import_wh, self.export_wh))


class Neighbourhood(Community):
    """The community of a simulated day: homes whose accounts PKG has certified."""

    pkg: PKG
    #: the DSO's half of tracing
    tracer: DSO
    #: in the order of their numbers
    homes: list[Home]
    #: published key lists by epoch
    evidence: dict[int, Evidence]
    #: what PKG and DSO have signed about the pseudonyms that they opened
    openings: list[OpeningRecord]

    def trace(self, account: str, reason: str) -> TracingProof:
        """Let PKG and DSO open the pseudonym of an account together (C-10)."""
        request = TraceRequest(reason, (self.pkg.certificate_of(account),))
        return self._open(request)[0]

    def trace_person(self, identity: str, reason: str) -> list[str]:
        """Let PKG and DSO open all pseudonyms of the market together; return a person's accounts (C-10)."""
        opened = (event for event in self.ledger.events() if isinstance(event, AccountOpened))
        request = TraceRequest.of_market(reason, opened, self.pkg.certificates)
        proofs = proofs_of_person(self._open(request), identity)
        return [proof.certificate.account(self.pkg.parameters.issue_key) for proof in proofs]

    def _open(self, request: TraceRequest) -> tuple[TracingProof, ...]:
        now = self.chain.now()
        halves = [authority.open_half(request, Journal(None), now) for authority in (self.pkg, self.tracer)]
        self.openings += [half.record for half in halves]
        return combine_halves(request, halves, self.pkg.parameters)

    def move_in(self, profile: HomeProfile, person: str, member: Member, rng: random.Random) -> None:
        """Enrol the next home with its meter and funds, and draw its habits."""
        number, suite = len(self.homes), self.suite
        # One meter in six is a P-256 one, as DLMS suite 1 meters are; without the precompile they cost more.
        signer: ReceiptSigner = (
            P256Meter(ec.generate_private_key(ec.SECP256R1()), suite.p256_verifier)
            if number % 6 == 2
            else Secp256k1Meter(SecretKey.generate())
        )
        self.enrol(member, funds=FUNDS, meter=signer)
        one_time = OneTimeKeys(
            SecretKey.generate().reveal(), registry_domain(self.chain.chain_id, suite.ledger.address)
        )
        meter = SmartMeter(signer, suite.market_domain, None, one_time)
        self.homes.append(
            Home(
                number,
                profile.name,
                profile,
                person,
                member,
                Trader(suite, member.secret_key, meter, self.note),
                meter,
                one_time,
                signer,
                ask_ct=rng.randint(14, 26),
                limit_ct=rng.randint(22, 30),
                offers_signed=number % 2 == 1,
                buys_privately=number % 3 == 1,
                hides_energy=number % 4 == 1,
                testifies=number % 2 == 0,
            )
        )

    def publish_one_time_keys(self, epoch: int, count: int) -> None:
        """Publish the one-time keys of all meters for an epoch; other meters vouch for each list (N-6)."""
        registry = registry_domain(self.chain.chain_id, self.suite.ledger.address)
        signers = [home.signer for home in self.homes]
        builder = KeyRootBuilder(registry, epoch, [signer.signer for signer in signers], _OTHERS)
        for home in self.homes:
            keys, salt = home.one_time.open_epoch(epoch, count), home.one_time.salt(epoch)
            listed = KeyList.of(epoch, keys, salt)
            vouchers = (signers[(home.number + i) % len(signers)] for i in range(_OTHERS + 1))
            builder.admit(keys, salt, [listed.vouch(voucher, registry) for voucher in vouchers])
        evidence = self.evidence[epoch] = builder.build()
        call = self.ledger.publish_key_root(epoch, evidence.root, evidence.hash)
        self.note("publish key root", call.send(self.dso))


def settle_in(
    profiles: list[HomeProfile], seed: int, say: Callable[[str], None] = lambda _: None
) -> Neighbourhood:
    """Set up PKG and DSO, deploy the market, enrol every home, register meters, publish one-time keys.

    Args:
        profiles: one per home, two or more, over the same slots.
        seed: of habits and prices. Keys are random all the same.
        say: receives one line per step.

    Raises:
        BadInput: there are fewer than two homes, or the profiles cover different slots.

    Source:
        C-1, C-2, N-6.
    """
    if len(profiles) < 2:
        raise BadInput(f"a neighbourhood needs at least 2 homes, not {len(profiles)}")
    if any(p.slot_starts != profiles[0].slot_starts for p in profiles):
        raise BadInput("the profiles cover different slots; all homes need the same ones")
    rng = random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
    slots = profiles[0].slot_starts

    tracer = DSO(SecretKey.generate())
    pkg = PKG(SecretKey.generate(), tracer.share)
    tracer.adopt(pkg.parameters)
    persons = [f"Resident of {profile.name}" for profile in profiles]
    members = [certify(pkg, person, slots[0] - _CERTIFIED_BEFORE_S) for person in persons]
    say(
        f"PKG (the private key generator) has issued {len(members)} certificates; it knows no account's key,"
        " and neither PKG nor the DSO (the distribution system operator) can trace anybody alone"
    )
    dso, treasury, agent = keys = [SecretKey.generate() for _ in range(3)]
    chain = in_process(
        accounts=[*keys, *(member.secret_key for member in members)],
        genesis_time=slots[0] - _SECONDS_TO_ENROL,
    )
    step_s = profiles[0].step_s
    there = Neighbourhood(
        chain,
        None,
        dso,
        pkg,
        treasury,
        agent,
        say,
        fee_bps=FEE_BPS,
        slot_seconds=max(MIN_LOT_SLOT_S, step_s),
        reply_time=max(MIN_REPLY_S, REPLY_SLOTS * step_s),
    )
    there.tracer, there.homes, there.evidence, there.openings = tracer, [], {}, []
    for profile, person, member in zip(profiles, persons, members, strict=True):
        there.move_in(profile, person, member, rng)
    say(f"{len(members)} accounts are open and funded, and their meters are registered")

    epoch_seconds = there.ledger.epoch_seconds()
    count = min(MAX_ONE_TIME_KEYS, _ROOT_KEYS // len(profiles))
    for epoch in range(chain.now() // epoch_seconds, slots[-1] // epoch_seconds + 1):
        there.publish_one_time_keys(epoch, count)
    say(f"{count} one-time receipt keys per meter are published; other meters have vouched for them")
    return there


def settle_idle_homes(*names: str) -> Neighbourhood:
    """Settle homes in that use and produce nothing, for experiments with a few accounts."""
    slots = [GENESIS, GENESIS + 900]
    return settle_in([HomeProfile(name, slots, 900, [0, 0], [0, 0]) for name in names], seed=1)


def enrol_again(there: Neighbourhood, home: Home) -> Member:
    """Give a person one more pseudonymous account, as the market allows (N-6, §IV Privacy).

    Raises:
        PersonBanned: PKG issues nothing to this person any more.
    """
    member = certify(there.pkg, home.person, home.profile.slot_starts[0] - _CERTIFIED_BEFORE_S)
    there.enrol(member)
    return member
