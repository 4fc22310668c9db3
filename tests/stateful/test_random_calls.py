"""Random calls by right and wrong people: the contracts, the reference and the log must tell one story."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from energy_trading.bindings import SuiteParameters, deploy
from energy_trading.bindings.contract import Call, ContractRevert, Sent, read_events
from energy_trading.bindings.energy_ledger import AccountView
from energy_trading.bindings.offer_market import Delivery, DeliveryRefused, ReceiptKey, Terms
from energy_trading.bindings.suite import DEFAULT_CREDIT, NATIVE
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.crypto.typed_data import acceptance_digest, receipt_digest
from energy_trading.market.replay import Replay, replay
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.reference.commitment import energy_commitment, is_plain_energy
from energy_trading.reference.credit import CreditConstants, Standing
from energy_trading.reference.ledger import Account, Ledger, Refused
from energy_trading.reference.settlement import MAX_UNITS, MarketConstants
from energy_trading.reference.trade import (
    SIGNED_NONCE,
    Acceptance,
    Fault,
    Market,
    NamedKey,
    Receipt,
    TradeState,
)
from tests.differential.revm import RevmChain
from tests.world import CONSUMER, GENESIS, PRODUCER, PROSUMER, World

EXAMPLES, STEPS = 100, 80
UNIT = 10**9
FUNDS = 2_000
SALT = b"\x5a" * 32
#: small numbers, so that every rounding shows and every limit is near
PARAMETERS = {
    "guarantee_bps": 7_777,
    "fee_bps": 333,
    "cancel_bps": 1_234,
    "penalty_bps": 4_321,
    "tolerance_bps": 1_000,
    "max_duration": 3 * 3600,
    "epoch_seconds": 3600,
    "credit": replace(
        DEFAULT_CREDIT,
        z_unit=7,
        grace_defaults=1,
        ban_unit=900,
        max_ban=7200,
        open_base=400,  # the highest price needs a credit that has risen
        open_per_credit=1_500,
    ),
}
#: seconds to acceptBy and deliverBy; the last three are not allowed
WINDOWS = [(600, 1200), (60, 7200), (3000, 3600), (0, 60), (60, 60), (60, 20_000)]
ONE_TIME = [Secp256k1Meter(SecretKey.from_int(5000 + i)) for i in range(5)]
TREE = MerkleTree([signer_leaf(key.signer) for key in ONE_TIME])

#: (rule, "done" or the name of the refusal): how often
counts: Counter[tuple[str, str]] = Counter()


@cache
def built() -> tuple[World, RevmChain, SuiteParameters]:
    """Deploy once; every example starts from this state."""
    keys = [SecretKey.from_int(1000 + i) for i in range(10)]
    dso, pkg, treasury, *people = keys
    chain = RevmChain(keys, GENESIS)
    parameters = SuiteParameters(dso.address, pkg.address, treasury.address, **PARAMETERS)
    suite = deploy(chain, dso, parameters)
    world = World(chain, suite, dso, pkg, treasury, *people[:6], meters={})
    for key in (world.alice, world.bob, world.carol):
        world.enrol(key, PROSUMER, FUNDS)
    world.enrol(world.seller, PRODUCER, FUNDS)
    world.enrol(world.buyer, CONSUMER, FUNDS)
    return world, chain, parameters


def as_account(view: AccountView) -> Account:
    standing = Standing(
        view.seller_credit_e9,
        view.buyer_credit_e9,
        view.sales,
        view.purchases,
        view.defaults,
        view.banned_until,
    )
    return Account(view.roles, view.suspended, view.available, view.held, standing)


anybody = range(8)
often = [True] * 9 + [False]
amounts = [0, 1, 2, 13, 99, 100, 101, 250, 777, 5_000]
prices = [1, 2, 3, 99, 100, 101, 250, 333, 777]

keys = ["meter"] * 5 + ["key"] * 7 + ["proof", "epoch", "signature"]
parts = [0, 1, 50, 89, 90, 91, 99, 100, 100, 100, 101]
oddities = [""] * 9 + ["signer", "buyer", "energy"]

#: name of a call: its weight, and what its arguments are drawn from
CALLS: dict[str, tuple[int, dict[str, Sequence[Any]]]] = {}


def call(weight: int = 2, /, **choices: Sequence[Any]) -> Callable[[Any], Any]:
    """Let the machine draw this call."""

    def remember(function: Any) -> Any:
        CALLS[function.__name__] = (weight, choices)
        return function

    return remember


class RandomCalls(RuleBasedStateMachine):
    """One market, its reference and its replayed log, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.chain, self.parameters = built()
        self.start = self.chain.snapshot()
        w = self.world
        self.people = [w.alice, w.bob, w.carol, w.seller, w.buyer, w.stranger, w.treasury, w.dso]
        self.model = Ledger(
            CreditConstants(**asdict(self.parameters.credit)),
            w.dso.address,
            w.treasury.address,
            w.ledger.address,
            self.parameters.epoch_seconds,
        )
        market = asdict(w.market.market_parameters())
        market.pop("ledger")
        market.pop("auction")
        self.trading = Market(MarketConstants(**market), self.model)
        self.replayed = Replay(self.parameters)
        for event in read_events(self.chain, [w.ledger.address, w.market.address]):
            self.replayed.fold(event)
        self.model.accounts = {k.address: as_account(w.account(k)) for k in self.people}
        self.model.meters = {address: keccak(m.signer) for address, m in w.meters.items()}
        meters = [*w.meters.values(), *ONE_TIME]
        self.signers = {keccak(meter.signer): meter for meter in meters}
        self.terms: dict[bytes, Terms] = {}
        self.signed: dict[bytes, bytes] = {}
        self.nonce = self.calls = 0

    @rule(seed=st.integers(0, 2**64 - 1))
    def any_call(self, seed: int) -> None:
        """Draw a call and its arguments evenly; hypothesis drops the steps that a failure does not need."""
        self.calls += 1
        draw = random.Random(f"{seed} {self.calls}")  # hypothesis likes to repeat a number
        name = draw.choices(list(CALLS), [weight for weight, _ in CALLS.values()])[0]
        getattr(self, name)(**{key: draw.choice(values) for key, values in CALLS[name][1].items()})

    # ------------------------------------------------------------ one step

    def step(
        self, name: str, call: Call[Any], sender: SecretKey, act: Callable[[int], Any]
    ) -> tuple[Sent | None, Any]:
        """Do the same on the chain and in the reference; both succeed or both refuse with the same words."""
        before = self.chain.balance(self.world.ledger.address)
        sent = answer = refusal = refused = None
        try:
            answer = act(self.chain.next_time)
        except Refused as error:
            refusal = (error.rule, error.values)
        try:
            sent = call.send(sender)
        except ContractRevert as error:
            refused = (error.signature.partition("(")[0], error.values)
        assert refused == refusal, f"{name}: the contract's answer is not the reference's"
        if sent is None:
            counts[name, refusal[0]] += 1
            return None, None
        counts[name, "done"] += 1
        for event in sent.events:
            self.replayed.fold(event)
        moved = self.chain.balance(self.world.ledger.address) - before
        assert moved == 0 or name in ("deposit", "withdraw"), "only deposit and withdraw move money"
        return sent, answer

    def may_commit(self, *addresses: str) -> bool:
        """Whether the chain, asked now, says that none of them is suspended or banned."""
        views = [self.world.account(address) for address in addresses]
        now = self.chain.next_time
        return all(view.open and not view.suspended and now >= view.banned_until for view in views)

    def pick(self, place: int, *states: TradeState) -> bytes | None:
        """A known trade, one in these states if there is any."""
        fitting = [i for i in self.terms if self.trading.state(i) in states] or list(self.terms)
        return fitting[place % len(fitting)] if fitting else None

    # ------------------------------------------------------------ offers

    def new_terms(self, seller: str, price: int, wh: int, hidden: bool, signed: bool, window: int) -> Terms:
        self.nonce += 1
        now = self.chain.next_time
        energy = energy_commitment(wh, SALT) if hidden else wh.to_bytes(32, "big")
        accept_by, deliver_by = [(600, 1200), (60, 7200), (3000, 3600), (0, 60), (60, 60), (60, 20_000)][
            window
        ]
        nonce = self.nonce | (SIGNED_NONCE if signed else 0)
        return Terms(seller, NATIVE, energy, price, now + accept_by, now + deliver_by, nonce)

    @call(
        8,
        who=anybody,
        right=often,
        price=prices,
        wh=[1, 7, 100, 2**64 - 1],
        hidden=(True, False),
        window=[0, 1, 2] * 6 + [3, 4, 5],
        reserved=[None] * 7 + [0, 1, 2],
        odd=[""] * 16 + ["price", "energy", "nonce", "again"],
    )
    def make_offer(self, who, right, price, wh, hidden, window, reserved, odd):
        """CTS (N-1)."""
        seller = self.people[who]
        terms = self.new_terms(seller.address, price, wh, hidden, False, window)
        if reserved is not None:
            terms = replace(terms, buyer=self.people[reserved].address)
        if odd == "price":
            terms = replace(terms, price=MAX_UNITS + 1 if wh == 1 else 0)
        elif odd == "energy":
            terms = replace(terms, energy=bytes(32))
        elif odd == "nonce":
            terms = replace(terms, nonce=terms.nonce | SIGNED_NONCE)
        elif odd == "again" and self.terms:
            terms = self.terms[self.pick(price, TradeState.CLOSED)]
            seller = next(key for key in self.people if key.address == terms.seller)
        caller = seller if right else self.people[who - 1]
        trade_id = self.world.trade_id(terms)
        allowed = self.may_commit(terms.seller)
        sent, _ = self.step(
            "make_offer",
            self.world.market.make_offer(terms),
            caller,
            lambda now: self.trading.make(caller.address, trade_id, terms, now),
        )
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.terms[trade_id] = terms

    def named_key(self, trade_id: bytes, buyer: str, odd: str) -> tuple[ReceiptKey, NamedKey]:
        """A one-time key on the wire, and what the reference knows about it."""
        place = self.nonce % len(ONE_TIME)
        meter = ONE_TIME[place]
        proof, root = TREE.proof(place), TREE.root
        if odd == "proof":
            proof, root = proof[:-1], b"\xff" * 32
        epoch = self.chain.next_time // 3600 + (odd == "epoch")
        signs_for = self.world.stranger.address if odd == "signature" else buyer
        signature = meter.sign(acceptance_digest(self.world.suite.market_domain, trade_id, signs_for))
        key = ReceiptKey(meter.signer, epoch, proof, signature)
        return key, NamedKey(meter.signer, keccak(meter.signer), epoch, root, signs_for == buyer)

    @call(12, place=range(100), who=range(0, 6), key=keys)
    def accept_offer(self, place, who, key):
        """CTP (N-2, N-6)."""
        trade_id = self.pick(place, TradeState.OFFERED)
        if trade_id is None:
            return
        terms, buyer = self.terms[trade_id], self.people[who]
        if key == "meter":
            named, call = None, self.world.market.accept_offer(terms)
        else:
            wire, named = self.named_key(trade_id, buyer.address, key)
            call = self.world.market.accept_offer_privately(terms, wire)
        allowed = self.may_commit(buyer.address)
        sent, _ = self.step(
            "accept_offer" if named is None else "accept_offer_privately",
            call,
            buyer,
            lambda now: self.trading.accept(buyer.address, trade_id, terms, now, named),
        )
        assert not sent or allowed, "nobody suspended or banned commits"

    @call(
        6,
        who=range(0, 6),
        by=range(0, 6),
        price=prices,
        hidden=(True, False),
        window=[0, 1, 2],
        key=keys,
        odd=[""] * 9 + ["signature", "nonce", "again"],
    )
    def accept_signed(self, who, by, price, hidden, window, key, odd):
        """CTS and CTP in one call (N-1, N-2)."""
        seller, buyer = self.people[who], self.people[by]
        terms = self.new_terms(seller.address, price, 100, hidden, odd != "nonce", window)
        if odd == "again" and self.signed:
            trade_id = sorted(self.signed)[price % len(self.signed)]
            terms, signature = self.terms[trade_id], self.signed[trade_id]
        else:
            trade_id = self.world.trade_id(terms)
            signature = self.world.sign_offer(terms, buyer if odd == "signature" else seller)
        genuine = odd != "signature" or seller == buyer
        if key == "meter":
            named, call = None, self.world.market.accept_signed(terms, signature)
        else:
            wire, named = self.named_key(trade_id, buyer.address, key)
            call = self.world.market.accept_signed_privately(terms, signature, wire)
        allowed = self.may_commit(terms.seller, buyer.address)
        sent, _ = self.step(
            "accept_signed" if named is None else "accept_signed_privately",
            call,
            buyer,
            lambda now: self.trading.accept_signed(buyer.address, trade_id, terms, genuine, now, named),
        )
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.terms[trade_id], self.signed[trade_id] = terms, signature

    # ------------------------------------------------------------ deliveries

    def delivery(self, trade_id: bytes, energy: bytes, odd: str) -> tuple[Delivery, Receipt]:
        """A receipt on the wire, and what the reference knows about it."""
        terms = self.terms[trade_id]
        state = self.trading.trades.get(trade_id)
        accepted = state if isinstance(state, Acceptance) else None
        buyer = accepted.buyer if accepted else self.world.bob.address
        meter = self.signers[accepted.receipt_key] if accepted else ONE_TIME[0]
        if odd == "signer":
            meter = ONE_TIME[0] if meter is not ONE_TIME[0] else ONE_TIME[1]
        if odd == "buyer":
            buyer = self.world.stranger.address
        signed_energy = bytes(31) + b"\x01" if odd == "energy" else energy
        digest = receipt_digest(self.world.suite.market_domain, trade_id, signed_energy)
        wire = Delivery(terms, buyer, meter.signer, energy, meter.sign(digest))
        return wire, Receipt(Acceptance(buyer, keccak(meter.signer)), energy, signed_energy == energy)

    def delivered(self, terms: Terms, part: int) -> bytes:
        """Wh of a receipt: `part` hundredths of 100 Wh, or all of what is agreed."""
        return terms.energy if part == 100 else part.to_bytes(32, "big")

    @call(6, place=range(100), part=parts, odd=oddities, by=anybody)
    def confirm_delivery(self, place, part, odd, by):
        """ERC, whoever brings it (N-3)."""
        trade_id = self.pick(place, TradeState.ACCEPTED)
        if trade_id is None:
            return
        terms = self.terms[trade_id]
        wire, receipt = self.delivery(trade_id, self.delivered(terms, part), odd)

        def act(now: int) -> None:
            fault = self.trading.confirm(trade_id, terms, receipt, now)
            if fault != Fault.NONE:
                raise Refused("OfferMarket_ReceiptRefused", trade_id, fault)

        self.step("confirm_delivery", self.world.market.confirm_delivery(wire), self.people[by], act)

    @call(4, place=range(100), part=parts, odd=oddities, fits=often)
    def confirm_hidden_short(self, place, part, odd, fits):
        """ERC of hidden energy that came in part (N-5)."""
        hidden = [
            i
            for i, terms in self.terms.items()
            if self.trading.state(i) == TradeState.ACCEPTED and not is_plain_energy(terms.energy)
        ]
        trade_id = hidden[place % len(hidden)] if hidden else self.pick(place, TradeState.ACCEPTED)
        if trade_id is None:
            return
        terms = self.terms[trade_id]
        wire, receipt = self.delivery(trade_id, self.delivered(terms, part), odd)
        opened = [n for n in (1, 7, 100, 2**64 - 1) if energy_commitment(n, SALT) == terms.energy]
        agreed = opened[0] if opened and fits else 2**64

        def act(now: int) -> None:
            fault = self.trading.confirm_hidden_short(trade_id, terms, receipt, agreed, SALT, now)
            if fault != Fault.NONE:
                raise Refused("OfferMarket_ReceiptRefused", trade_id, fault)

        call = self.world.market.confirm_hidden_short(wire, agreed, SALT)
        self.step("confirm_hidden_short", call, self.world.stranger, act)

    @call(
        3, part=parts, odds=[[""], ["", ""], ["", "energy", ""], ["buyer", "", "signer"]], twice=(True, False)
    )
    def confirm_deliveries(self, part, odds, twice):
        """Many at once; a bad one does not stop the others (N-3)."""
        found = [i for i in self.terms if self.trading.state(i) == TradeState.ACCEPTED][: len(odds)]
        if not found:
            return
        chosen = [*zip(found, odds, strict=False), *([(found[0], "")] if twice else [])]
        built = [(i, *self.delivery(i, self.delivered(self.terms[i], part), odd)) for i, odd in chosen]

        def act(now: int) -> list[tuple[bytes, int]]:
            faults = [(i, self.trading.confirm(i, self.terms[i], receipt, now)) for i, _, receipt in built]
            return [(i, fault) for i, fault in faults if fault != Fault.NONE]

        sent, faults = self.step(
            "confirm_deliveries",
            self.world.market.confirm_deliveries([wire for _, wire, _ in built]),
            self.world.stranger,
            act,
        )
        refused = [(e.trade_id, e.fault) for e in sent.events if isinstance(e, DeliveryRefused)]
        assert refused == faults
        for _, fault in faults:
            counts["confirm_deliveries", f"one refused: {fault.name}"] += 1

    # ------------------------------------------------------------ withdrawal, expiry

    def author(self, terms: Terms, right: bool, other: int) -> SecretKey:
        return next(
            key
            for key in self.people
            if (not right and key == self.people[other]) or key.address == terms.seller
        )

    @call(place=range(100), right=often, other=anybody)
    def give_up(self, place, right, other):
        """CCS (N-4)."""
        trade_id = self.pick(place, TradeState.OFFERED)
        if trade_id is None:
            return
        terms = self.terms[trade_id]
        caller = self.author(terms, right, other)
        self.step(
            "give_up",
            self.world.market.give_up(terms),
            caller,
            lambda now: self.trading.give_up(caller.address, trade_id, terms, now),
        )

    @call(who=range(0, 6), right=often, known=range(0, 10), late=often)
    def cancel_signed(self, who, right, known, late):
        """CCS of an offer signed off chain (N-4)."""
        seller = self.people[who]
        terms = self.new_terms(seller.address, 100, 100, False, known != 1, 0 if late else 3)
        if known == 0 and self.signed:
            terms = self.terms[sorted(self.signed)[0]]
        caller = self.author(terms, right, who - 1)
        trade_id = self.world.trade_id(terms)
        sent, _ = self.step(
            "cancel_signed",
            self.world.market.cancel_signed(terms),
            caller,
            lambda now: self.trading.cancel_signed(caller.address, trade_id, terms, now),
        )
        if sent:
            self.terms[trade_id] = terms
            self.signed[trade_id] = self.world.sign_offer(terms, seller)

    def claim(self, trade_id: bytes, right: bool = True) -> Acceptance:
        state = self.trading.trades.get(trade_id)
        if right and isinstance(state, Acceptance):
            return state
        return Acceptance(self.world.stranger.address, b"\x01" * 32)

    @call(place=range(100), right=often, open_one=(True, False), by=anybody)
    def expire(self, place, right, open_one, by):
        """What is overdue ends, whoever says so (N-7)."""
        states = (TradeState.OFFERED if open_one else TradeState.ACCEPTED,)
        trade_id = self.pick(place, *states)
        if trade_id is None:
            return
        self.expire_one(trade_id, self.claim(trade_id, right), self.people[by])

    def expire_one(self, trade_id: bytes, claim: Acceptance, by: SecretKey) -> Sent | None:
        terms = self.terms[trade_id]
        call = self.world.market.expire(terms, claim.buyer, claim.receipt_key)
        return self.step("expire", call, by, lambda now: self.trading.expire(trade_id, terms, claim, now))[0]

    # ------------------------------------------------------------ money

    @call(who=anybody, payer=anybody, amount=amounts, odd=["", "", "", "value", "huge"])
    def deposit(self, who, payer, amount, odd):
        """Coin comes in (X-4)."""
        account, sender = self.people[who].address, self.people[payer]
        amount = MAX_UNITS + 1 if odd == "huge" else amount
        value = (amount % 10_000) * UNIT + (odd == "value")
        balance = self.chain.balance(self.world.ledger.address) + value
        self.step(
            "deposit",
            self.world.ledger.deposit(account, amount, value=value),
            sender,
            lambda now: self.model.deposit(account, amount, value, UNIT, balance),
        )

    @call(who=anybody, to=anybody, amount=amounts, odd=["", "", "", "ledger", "zero"])
    def withdraw(self, who, to, amount, odd):
        """Coin goes out, whatever the account's standing (C-10, N-7)."""
        caller = self.people[who]
        target = {"ledger": self.world.ledger.address, "zero": NATIVE}.get(odd, self.people[to].address)
        self.step(
            "withdraw",
            self.world.ledger.withdraw(target, amount),
            caller,
            lambda now: self.model.withdraw(caller.address, target, amount),
        )

    # ------------------------------------------------------------ registrar

    @call(who=range(5, 8), roles=[1, 2, 3, 3, 0, 4], genuine=often, late=often)
    def open_account(self, who, roles, genuine, late):
        """PKG's word opens an account once (C-2)."""
        address = self.people[who].address
        signer = self.world.pkg if genuine else self.world.alice
        deadline = self.chain.next_time + (60 if late else 0)
        self.step(
            "open_account",
            self.world.ledger.open_account(
                *self.world.attest(address, roles, signer=signer, deadline=deadline)
            ),
            self.world.stranger,
            lambda now: self.model.open(address, roles, deadline, genuine, self.world.pkg.address, now),
        )

    @call(1, who=[[], [0], [1], [2], [3], [4], [0, 1], [2, 6], [1, 1]], right=often)
    def suspend(self, who, right):
        """The DSO keeps people from new commitments (C-10)."""
        caller = self.world.dso if right else self.world.alice
        addresses = [self.people[i].address for i in who]
        self.step(
            "suspend",
            self.world.ledger.suspend(addresses),
            caller,
            lambda now: self.model.suspend(caller.address, addresses),
        )

    @call(3, who=[[], [0], [1], [3, 2]], right=often, everybody=(True, False))
    def reinstate(self, who, right, everybody):
        """The DSO lets them commit again (C-10)."""
        caller = self.world.dso if right else self.world.alice
        addresses = [self.people[i].address for i in who]
        if everybody:
            addresses = [key.address for key in self.people if self.model.account(key.address).suspended]
        self.step(
            "reinstate",
            self.world.ledger.reinstate(addresses),
            caller,
            lambda now: self.model.reinstate(caller.address, addresses),
        )

    @call(3, who=anybody, number=range(1, 21), right=often, length=[20, 20, 20, 19])
    def register_meter(self, who, number, right, length):
        """The DSO names a meter (N-3)."""
        caller = self.world.dso if right else self.world.bob
        meter = Secp256k1Meter(SecretKey.from_int(7000 + number))
        address, signer = self.people[who].address, meter.signer[:length]
        self.signers[keccak(meter.signer)] = meter
        self.step(
            "register_meter",
            self.world.ledger.register_meter(address, signer),
            caller,
            lambda now: self.model.register_meter(caller.address, address, signer, keccak(signer)),
        )

    @call(1, who=anybody, right=often)
    def remove_meter(self, who, right):
        """Trades that named it keep it (N-3)."""
        caller = self.world.dso if right else self.world.bob
        address = self.people[who].address
        self.step(
            "remove_meter",
            self.world.ledger.remove_meter(address),
            caller,
            lambda now: self.model.remove_meter(caller.address, address),
        )

    @call(6, shift=[0, 0, 0, 0, 1, -1], right=often, empty=[False] * 6 + [True])
    def publish_key_root(self, shift, right, empty):
        """One-time keys of an epoch are admitted (N-6)."""
        caller = self.world.dso if right else self.world.bob
        epoch, root = self.chain.next_time // 3600 + shift, bytes(32) if empty else TREE.root
        self.step(
            "publish_key_root",
            self.world.ledger.publish_key_root(epoch, root, b"\xee" * 32),
            caller,
            lambda now: self.model.publish_key_root(caller.address, epoch, root, now),
        )

    @call(1, shift=[0, 1], right=often)
    def revoke_key_root(self, shift, right):
        """And stopped (N-6)."""
        caller = self.world.dso if right else self.world.bob
        epoch = self.chain.next_time // 3600 + shift
        self.step(
            "revoke_key_root",
            self.world.ledger.revoke_key_root(epoch),
            caller,
            lambda now: self.model.revoke_key_root(caller.address, epoch),
        )

    @call(3, seconds=[1, 1, 60, 60, 600, 3600], deadline=(True, False), early=(True, False))
    def travel(self, seconds, deadline, early):
        """Time passes, often to the very end of an interval or the second before it."""
        now = self.chain.next_time
        ends = [
            t for terms in self.terms.values() for t in (terms.accept_by, terms.deliver_by) if t > now + 1
        ]
        target = min(ends) - early if deadline and ends else now + seconds
        self.chain.set_next_time(target)
        counts["travel", "done"] += 1

    # ------------------------------------------------------------ what always holds

    @invariant()
    def one_story(self) -> None:
        """Contract, reference and log agree on every account; the money is all there."""
        w = self.world
        on_chain = {key.address: as_account(w.account(key)) for key in self.people}
        assert on_chain == {a: self.model.account(a) for a in on_chain}
        assert on_chain == {a: self.replayed.account(a) for a in on_chain}
        paid = 0
        for trade_id, terms in self.terms.items():
            state = self.trading.state(trade_id)
            assert w.market.state_of(trade_id) == state
            assert (trade_id in self.replayed.trades) == (state in (TradeState.OFFERED, TradeState.ACCEPTED))
            paid += terms.price if state == TradeState.ACCEPTED else 0
        funds = sum(account.available + account.held for account in on_chain.values())
        assert (funds + paid) * UNIT == self.chain.balance(w.ledger.address)

    def teardown(self) -> None:
        """Every trade ends by calls of a stranger; then nothing is held and everything can be withdrawn."""
        try:
            self.end_everything()
        finally:
            self.chain.revert(self.start)

    def end_everything(self) -> None:
        w = self.world
        last = max([self.chain.next_time, *(t.deliver_by for t in self.terms.values())])
        if last > self.chain.now():
            self.chain.set_next_time(last)
        for trade_id in self.terms:
            if self.trading.state(trade_id) in (TradeState.OFFERED, TradeState.ACCEPTED):
                assert self.expire_one(trade_id, self.claim(trade_id), w.stranger)
        self.one_story()
        whole_log = read_events(self.chain, [w.ledger.address, w.market.address])
        assert replay(whole_log, self.parameters) == self.replayed.accounts
        for key in self.people:
            account = w.account(key)
            assert account.held == 0
            if account.available:
                w.ledger.withdraw(w.stranger.address, account.available).send(key)
        assert self.chain.balance(w.ledger.address) == 0


def summary(found: Iterable[tuple[tuple[str, str], int]]) -> str:
    return "\n".join(f"{name:24} {answer:44} {count:6}" for (name, answer), count in sorted(found))


@pytest.mark.slow
def test_random_calls(capsys: pytest.CaptureFixture[str]) -> None:
    """Architecture, "what always holds": whatever anyone calls, money and story stay whole (N-7, N-8)."""
    counts.clear()
    run_state_machine_as_test(
        RandomCalls,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print("\n" + summary(counts.items()))
    rules = {*CALLS, "accept_offer_privately", "accept_signed_privately"}
    never = {name for name in rules if not counts[name, "done"]}
    assert never == set(), "these never succeeded, so they were never tested"
    unrefused = {name for name in rules if {n for n, a in counts if n == name and a != "done"} == set()}
    assert unrefused == {"travel"}, "these were never refused, so wrong callers were never tested"
