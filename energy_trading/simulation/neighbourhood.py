"""A neighbourhood: persons with certificates, accounts, meters and one-time keys on a chain of their own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.suite import Suite, SuiteParameters, deploy
from energy_trading.chain.connect import Chain
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.identity import DSO, PKG, Enrolment, Member, Role
from energy_trading.market.trade.trader import Trader
from energy_trading.meter.key_root import Evidence, KeyList, KeyRootBuilder, registry_domain
from energy_trading.meter.one_time_keys import OneTimeKeys
from energy_trading.meter.signers import P256Meter, ReceiptSigner, Secp256k1Meter
from energy_trading.meter.smart_meter import Reading, SmartMeter
from energy_trading.simulation.profiles import HomeProfile

#: Units of account in one euro; the settlement asset of the simulated day is a coin worth one euro.
EURO: Final = 10**9
#: What the grid pays and takes, cents per kWh: nobody sells for less or buys for more.
FEED_IN_CT: Final = 8
RETAIL_CT: Final = 30
#: Seconds after a slot's end within which a receipt must come, in slots.
RECEIPT_SLOTS: Final = 2
#: Shortest slot of a lot, seconds; the contract's bound.
MIN_LOT_SLOT_S: Final = 60
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


@dataclass
class Home:
    """A home with its account, meter and habits.

    Args:
        number: place in the neighbourhood, from 0.
        name: as in the profile.
        profile: what it uses and produces.
        person: who lives there; known to PKG and, after tracing, to a judge.
        member: its pseudonymous account.
        trader: the account's verbs.
        meter: its smart meter.
        signer: the meter's registered key, for readings of what was fed in.
        ask_ct: price it asks for, cents per kWh; moves with success.
        lots: offers it makes in a slot, at most; one more than it sold last time.
        limit_ct: highest price it pays, cents per kWh.
        offers_signed: signs its offers off chain.
        buys_privately: names one-time keys.
        hides_energy: commits to the quantity instead of telling it.
    """

    number: int
    name: str
    profile: HomeProfile
    person: str = field(repr=False)
    member: Member
    trader: Trader
    meter: SmartMeter
    signer: ReceiptSigner = field(repr=False)
    ask_ct: int
    limit_ct: int
    offers_signed: bool
    buys_privately: bool
    hides_energy: bool
    lots: int = 1
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


@dataclass
class Neighbourhood:
    """All that takes part in the day.

    Args:
        chain: in process, its clock starts a day before the first slot.
        suite: the market.
        pkg: issues certificates.
        dso: traces together with PKG.
        operator: the DSO's account on chain.
        treasury: account of fees and cut guarantees.
        agent: pays for transactions that anyone may send.
        homes: in order.
        evidence: published key lists by epoch.
        gas: gas used, by verb.
    """

    chain: Chain
    suite: Suite
    pkg: PKG
    dso: DSO
    operator: SecretKey
    treasury: SecretKey
    agent: SecretKey
    homes: list[Home]
    evidence: dict[int, Evidence]
    gas: dict[str, list[int]]

    def note(self, verb: str, sent: Sent) -> Sent:
        """Count a transaction's gas under its verb."""
        self.gas.setdefault(verb, []).append(sent.gas_used)
        return sent

    def open_account(self, member: Member) -> None:
        """Open a member's account by PKG's attestation, brought by the agent (C-2).

        Raises:
            PersonBanned: PKG attests no account of this person any more.
        """
        word = self.pkg.attest(
            self.suite.ledger_domain, member.certificate, member.disclosure, self.chain.now() + 3600
        )
        call = self.suite.ledger.open_account(word, word.signature)
        self.note("open account", call.send(self.agent))


def settle_in(
    profiles: list[HomeProfile], seed: int, say: Callable[[str], None] = lambda _: None
) -> Neighbourhood:
    """Set up PKG and DSO, deploy the market, enrol every home, register meters, publish one-time keys.

    Args:
        profiles: one per home, two or more, over the same slots.
        seed: of habits and prices. Keys are random all the same.
        say: told one line per step.

    Raises:
        BadInput: fewer than two homes, or profiles over different slots.

    Source:
        C-1, C-2, N-6.
    """
    if len(profiles) < 2:
        raise BadInput(f"homes: given {len(profiles)}, allowed 2 or more")
    if any(p.slot_starts != profiles[0].slot_starts for p in profiles):
        raise BadInput("profiles: given different slots, allowed the same for all homes")
    rng = random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
    first_slot = profiles[0].slot_starts[0]

    dso = DSO(SecretKey.generate())
    pkg = PKG(SecretKey.generate(), dso.share)
    dso.adopt(pkg.parameters)
    persons = [f"Resident of {profile.name}" for profile in profiles]
    certified_from = first_slot - 30 * 86_400
    members = [_enrol(pkg, person, certified_from) for person in persons]
    say(f"{len(members)} certificates issued; PKG knows no account key, neither PKG nor DSO can trace alone")

    operator, treasury, agent = (SecretKey.generate() for _ in range(3))
    keys = [operator, treasury, agent, *(member.secret_key for member in members)]
    chain = in_process(accounts=keys, genesis_time=first_slot - _SECONDS_TO_ENROL)
    parameters = SuiteParameters(
        operator.address,
        pkg.parameters.registrar,
        treasury.address,
        fee_bps=FEE_BPS,
        slot_seconds=max(MIN_LOT_SLOT_S, profiles[0].step_s),
    )
    suite = deploy(chain, operator, parameters, say)

    there = Neighbourhood(chain, suite, pkg, dso, operator, treasury, agent, [], {}, {})
    registry = registry_domain(chain.chain_id, suite.ledger.address)
    signers: list[ReceiptSigner] = []
    one_time: list[OneTimeKeys] = []
    for number, (profile, person, member) in enumerate(zip(profiles, persons, members, strict=True)):
        # One meter in six is a P-256 one, as DLMS suite 1 meters are; without the precompile they cost more.
        signer: ReceiptSigner = (
            P256Meter(ec.generate_private_key(ec.SECP256R1()), suite.p256_verifier)
            if number % 6 == 2
            else Secp256k1Meter(SecretKey.generate())
        )
        keys_of_home = OneTimeKeys(SecretKey.generate().reveal(), registry)
        meter = SmartMeter(signer, suite.market_domain, None, keys_of_home)
        trader = Trader(suite, member.secret_key, meter, there.note)
        there.open_account(member)
        trader.deposit(FUNDS)
        there.note(
            "register meter", suite.ledger.register_meter(member.account, signer.signer).send(operator)
        )
        signers.append(signer)
        one_time.append(keys_of_home)
        there.homes.append(
            Home(
                number,
                profile.name,
                profile,
                person,
                member,
                trader,
                meter,
                signer,
                ask_ct=rng.randint(14, 26),
                limit_ct=rng.randint(22, 30),
                offers_signed=number % 2 == 1,
                buys_privately=number % 3 == 1,
                hides_energy=number % 4 == 1,
            )
        )
    say(f"{len(members)} accounts opened, funded and metered")

    epoch_seconds = suite.ledger.epoch_seconds()
    last = profiles[0].slot_starts[-1]
    count = min(MAX_ONE_TIME_KEYS, _ROOT_KEYS // len(profiles))
    for epoch in range(chain.now() // epoch_seconds, last // epoch_seconds + 1):
        builder = KeyRootBuilder(registry, epoch, [s.signer for s in signers], _OTHERS)
        for place, keys_of_home in enumerate(one_time):
            keys_listed = keys_of_home.open_epoch(epoch, count)
            salt = keys_of_home.salt(epoch)
            vouched = KeyList.of(epoch, keys_listed, salt)
            vouchers = (signers[(place + i) % len(signers)] for i in range(_OTHERS + 1))
            builder.admit(keys_listed, salt, [vouched.vouch(voucher, registry) for voucher in vouchers])
        evidence = builder.build()
        there.evidence[epoch] = evidence
        call = suite.ledger.publish_key_root(epoch, evidence.root, evidence.hash)
        there.note("publish key root", call.send(operator))
    say(f"{count} one-time receipt keys per meter published, vouched for by other meters")
    return there


def _enrol(pkg: PKG, person: str, valid_from: int) -> Member:
    enrolment = Enrolment(person, Role.PRODUCER | Role.CONSUMER)
    answer = pkg.issue(enrolment.request, valid_from, valid_from + 365 * 86_400)
    return enrolment.finish(answer, pkg.parameters)


def enrol_again(there: Neighbourhood, home: Home) -> Member:
    """Give a person one more pseudonymous account, as the market allows (N-6, §IV Privacy).

    Raises:
        PersonBanned: PKG issues nothing to this person any more.
    """
    first_slot = home.profile.slot_starts[0]
    member = _enrol(there.pkg, home.person, first_slot - 30 * 86_400)
    there.open_account(member)
    return member
