"""Every change of a standing is in the log, and a default stays on record for ever (X-1, X-3, X-4)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_abi.abi import encode

from energy_trading.bindings import Call, ContractRevert, Event
from energy_trading.bindings.energy_ledger import (
    AlreadyOpen,
    Banned,
    CreditChanged,
    DefaultRecorded,
    DeliveryRecorded,
    EnergyLedger,
    NoPermit,
    NotMarket,
    NotSigned,
)
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.chain import artifacts
from energy_trading.chain.connect import Chain
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.market.log.records import changes_in
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.rules import credit
from energy_trading.rules.credit import Standing
from energy_trading.types import (
    ZERO_ADDRESS,
    AccountAttestation,
    Cause,
    Deposit,
    Domain,
    LedgerParameters,
    NonceCancellation,
    Outcome,
    Settlement,
    TokenPermit,
    Withdrawal,
    to_abi,
)
from tests.world import GENESIS, PROSUMER

CONSTANTS = DEFAULT_CREDIT


@dataclass
class Book:
    """A ledger whose market is a key of the test, so that any outcome can be reported."""

    chain: Chain
    ledger: EnergyLedger
    owner: SecretKey
    market: SecretKey
    pkg: SecretKey
    people: tuple[SecretKey, ...]

    def attest(self, key: SecretKey) -> tuple[AccountAttestation, bytes, bytes]:
        """PKG's attestation of an account, and the account's consent."""
        domain = Domain("EnergyLedger", self.chain.chain_id, self.ledger.address)
        a = AccountAttestation(key.address, PROSUMER, b"\xce" * 32, b"\xa1", self.chain.now() + 3600)
        digest = domain.digest(a)
        return a, self.pkg.sign_digest(digest), key.sign_digest(digest)

    def settle(self, outcome: Outcome, seller: SecretKey, buyer: SecretKey, z: int) -> None:
        """Report an outcome that moves no money."""
        s = Settlement(
            seller.address, 0, 0, buyer.address, 0, outcome, z * CONSTANTS.z_unit, self.chain.now(), 0
        )
        self.ledger.settle(s).send(self.market)

    def standing(self, key: SecretKey) -> Standing:
        """What the ledger remembers of an account."""
        v = self.ledger.account_of(key.address)
        return Standing(
            v.seller_credit_e9,
            v.buyer_credit_e9,
            v.sales,
            v.purchases,
            v.defaults,
            v.banned_until,
            v.steps,
            v.last_step_at,
        )


@pytest.fixture(scope="module")
def _book() -> Book:
    owner, market, pkg, *people = (SecretKey.from_int(4000 + i) for i in range(7))
    chain = in_process(accounts=[owner, market, pkg, *people], genesis_time=GENESIS)
    parameters = LedgerParameters(
        ZERO_ADDRESS,
        1,
        owner.address,
        pkg.address,
        owner.address,
        [market.address],
        86_400,
        replace(DEFAULT_CREDIT, grace_defaults=4),
    )
    code = artifacts.load(EnergyLedger.name).bytecode
    code += encode(EnergyLedger.constructor_types, [to_abi(parameters)])
    book = Book(chain, EnergyLedger(chain, chain.deploy(code, owner)[0]), owner, market, pkg, tuple(people))
    for key in people:
        book.ledger.open_account(*book.attest(key)).send(owner)
    return book


@pytest.fixture
def book(_book: Book) -> Iterator[Book]:
    """The module's ledger, put back after the test."""
    snapshot = _book.chain.snapshot()
    yield _book
    _book.chain.revert(snapshot)


def rebuilt(events: list[Event]) -> dict[str, Standing]:
    """Fold credit changes and defaults into standings; every change continues where the last one ended."""
    standings: dict[str, Standing] = {}
    for event in events:
        for change in changes_in(event):
            s = standings.get(change.account, credit.new_standing(CONSTANTS))
            if change.cause in (Cause.BOUGHT, Cause.BUYER_DEFAULT):
                assert change.old_e9 == s.buyer_credit_e9
                window = (s.purchases << 8 | change.z) % 2**80
                s = replace(s, buyer_credit_e9=change.new_e9, purchases=window)
            else:
                assert change.old_e9 == s.seller_credit_e9
                s = replace(s, seller_credit_e9=change.new_e9)
                if change.cause != Cause.WITHDRAWN:
                    s = replace(s, sales=(s.sales << 8 | change.z) % 2**80)
            standings[change.account] = s
        if isinstance(event, DefaultRecorded):
            s = standings[event.account]
            assert event.defaults == s.defaults + 1
            standings[event.account] = replace(
                s,
                defaults=event.defaults,
                banned_until=event.banned_until,
                steps=event.steps,
                last_step_at=event.last_step_at,
            )
    return standings


def test_log_alone_rebuilds_every_standing(book: Book) -> None:
    """After 200 random outcomes the events alone give every account's standing (X-1 … X-4)."""
    rng = random.Random(7)
    outcomes: Counter[Outcome] = Counter()
    for _ in range(200):
        seller, buyer = rng.choices(book.people, k=2)
        outcome = rng.choices(list(Outcome), (1, 12, 1, 1, 2))[0]
        book.settle(outcome, seller, buyer, rng.choice((0, 1, 10, 255, rng.randrange(256))))
        outcomes[outcome] += 1
        book.chain.travel(rng.randrange(1, 100_000))
    assert min(outcomes[outcome] for outcome in Outcome) > 0, outcomes
    events = book.ledger.events()
    ledger = {key.address: book.standing(key) for key in book.people}
    assert rebuilt(events) == ledger
    assert any(standing.banned_until for standing in ledger.values())
    # a default logs both events, the credit's first; a delivery one for both credits, None nothing
    kinds = Counter(type(event) for event in events)
    defaults = outcomes[Outcome.SELLER_DEFAULT] + outcomes[Outcome.BUYER_DEFAULT]
    assert kinds[DefaultRecorded] == defaults
    assert kinds[DeliveryRecorded] == outcomes[Outcome.DELIVERED]
    assert kinds[CreditChanged] == defaults + outcomes[Outcome.WITHDRAWN]


def test_each_cause_is_named(book: Book) -> None:
    """An event says what happened to whom, with the z that counted (X-1, X-2, X-3, N-4)."""
    a, b = book.people[:2]
    for outcome in (Outcome.DELIVERED, Outcome.SELLER_DEFAULT, Outcome.BUYER_DEFAULT, Outcome.WITHDRAWN):
        book.settle(outcome, a, b, 30)
    told: list[tuple[str, Cause, int]] = []
    for event in book.ledger.events():
        told += [(change.account, change.cause, change.z) for change in changes_in(event)]
        if isinstance(event, DefaultRecorded):
            told.append((event.account, Cause(event.cause), event.defaults))
    assert told == [
        (a.address, Cause.SOLD, 30),
        (b.address, Cause.BOUGHT, 30),
        (a.address, Cause.SELLER_DEFAULT, 30),
        (a.address, Cause.SELLER_DEFAULT, 1),
        (b.address, Cause.BUYER_DEFAULT, 30),
        (b.address, Cause.BUYER_DEFAULT, 1),
        (a.address, Cause.WITHDRAWN, 0),
    ]


def test_no_function_takes_a_default_away(book: Book) -> None:
    """Owner, market, PKG and the account itself call everything there is; the record stays (X-3)."""
    culprit, other = book.people[:2]
    for _ in range(6):
        book.settle(Outcome.SELLER_DEFAULT, culprit, other, 10)
    before = book.standing(culprit)
    assert (before.defaults, before.banned_until > 0) == (6, True)
    ledger, address, owner, heir = book.ledger, culprit.address, book.owner, other
    meter = Secp256k1Meter(SecretKey.from_int(99)).signer
    epoch = book.chain.now() // 86_400 + 1
    settled = [Settlement(address, 0, 0, address, 0, o, 10 * CONSTANTS.z_unit, 2**32, 0) for o in Outcome]
    calls: dict[str, list[tuple[Call[Any], SecretKey]]] = {
        "deposit": [(ledger.deposit(address, 100, value=100), culprit)],
        "withdraw": [(ledger.withdraw(address, 10), culprit)],
        "commit": [(ledger.commit(heir.address, heir.address, False, 0, 0), book.market)],
        "payOwed": [(ledger.pay_owed(address, False, 0), book.market)],
        "transfer": [(ledger.transfer(heir.address, book.people[2].address, 0), book.market)],
        "settle": [(ledger.settle(s), book.market) for s in settled],
        "suspend": [(ledger.suspend([address]), owner)],
        "reinstate": [(ledger.reinstate([address]), owner)],
        "registerMeter": [(ledger.register_meter(address, meter), owner)],
        "removeMeter": [(ledger.remove_meter(address), owner)],
        "publishKeyRoot": [(ledger.publish_key_root(epoch, b"\1" * 32, b"\2" * 32), owner)],
        "revokeKeyRoot": [(ledger.revoke_key_root(epoch), owner)],
        "setPkg": [(ledger.set_pkg(owner.address), owner), (ledger.set_pkg(book.pkg.address), owner)],
        "transferOwnership": [(ledger.transfer_ownership(heir.address), owner)],
        "acceptOwnership": [(ledger.accept_ownership(), heir)],
        "renounceOwnership": [(ledger.renounce_ownership(), heir)],
        "payFee": [(ledger.pay_fee(heir.address, 0, address), book.market)],
        "voidNonces": [(ledger.void_nonces(0, 1), culprit)],
    }
    no_permit = TokenPermit(0, 0, bytes(32), bytes(32))
    permit = ledger.deposit_with_permit(1, 2**32, 27, b"\1" * 32, b"\1" * 32)
    refused: dict[str, tuple[Call[Any], SecretKey, type[ContractRevert], tuple[str, ...]]] = {
        "openAccount": (ledger.open_account(*book.attest(culprit)), owner, AlreadyOpen, (address,)),
        "depositWithPermit": (permit, culprit, NoPermit, ()),
        "depositFor": (
            ledger.deposit_for(Deposit(address, address, 1, 0, 2**32), b"", no_permit),
            culprit,
            NotSigned,
            (address,),
        ),
        "withdrawFor": (
            ledger.withdraw_for(Withdrawal(address, address, 1, 0, 2**32, ZERO_ADDRESS, 0), b""),
            culprit,
            NotSigned,
            (address,),
        ),
        "voidNoncesFor": (
            ledger.void_nonces_for(NonceCancellation(address, 0, 1, 2**32), b""),
            culprit,
            NotSigned,
            (address,),
        ),
    }
    abi = artifacts.load(EnergyLedger.name).abi
    changing = {
        f["name"] for f in abi if f["type"] == "function" and f["stateMutability"] not in ("view", "pure")
    }
    # Lifting a ban takes only its date away: test_lift_ban.py.
    assert changing == calls.keys() | refused.keys() | {"liftBan"}
    for call, sender, error, values in refused.values():
        with pytest.raises(error) as caught:
            call.send(sender)
        assert caught.value.values == values
    defaults, banned_until = before.defaults, before.banned_until
    for name, several in calls.items():
        for call, sender in several:
            call.send(sender)
            now = book.standing(culprit)
            assert now.defaults >= defaults, name
            assert now.banned_until >= banned_until, name
            defaults, banned_until = now.defaults, now.banned_until
    assert defaults == before.defaults + 2  # the two defaults that were reported on the way


def test_ban_holds_where_seller_and_buyer_are_one(book: Book) -> None:
    """An account that defaults on its own award is banned like any other: its flag survives (X-3)."""
    culprit = book.people[0]
    for _ in range(5):
        book.settle(Outcome.BUYER_DEFAULT, culprit, culprit, 10)
    with pytest.raises(Banned) as caught:
        book.ledger.commit(ZERO_ADDRESS, culprit.address, False, 0, 0).send(book.market)
    assert caught.value.values == (culprit.address, book.standing(culprit).banned_until)


def test_revert_given_settlement_by_anyone_but_a_market(book: Book) -> None:
    """Owner, PKG and the account itself cannot report an outcome (X-3)."""
    culprit = book.people[0]
    call = book.ledger.settle(
        Settlement(culprit.address, 0, 0, culprit.address, 0, Outcome.DELIVERED, 1, 0, 0)
    )
    for sender in (book.owner, book.pkg, culprit):
        with pytest.raises(NotMarket) as caught:
            call.send(sender)
        assert caught.value.values == (sender.address,)
