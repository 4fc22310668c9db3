"""Random calls: how one is drawn, done on chain and in the reference, and what must hold after each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.crypto import keccak

from energy_trading.bindings import SuiteParameters, deploy
from energy_trading.bindings.contract import Call, ContractRevert, Sent, read_events
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.market.log.replay import Replay, replay
from energy_trading.meter.signers import P256Meter, ReceiptSigner, Secp256k1Meter
from energy_trading.rules.credit import Standing
from energy_trading.rules.ledger import Account, Ledger, Refused
from energy_trading.types import ZERO_ADDRESS, AccountView
from tests.contracts.energy_ledger.tools import TokenWorld, deployed
from tests.differential.revm import RevmChain
from tests.world import CONSUMER, GENESIS, PRODUCER, PROSUMER, World

FUNDS = 2_000
UNIT = 10**9
#: small numbers, so that every rounding shows and every limit is near
PARAMETERS = {
    "unit": UNIT,
    "guarantee_bps": 7_777,
    "fee_bps": 333,
    "cancel_bps": 1_234,
    "penalty_bps": 4_321,
    "tolerance_bps": 1_000,
    "bidders_bps": 6_543,
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

#: (call, "done" or the name of the refusal): how often
counts: Counter[tuple[str, str]] = Counter()
#: what else was seen: how often
seen: Counter[str] = Counter()

anybody = range(8)
often = [True] * 9 + [False]
amounts = [0, 1, 2, 13, 99, 100, 101, 250, 777, 5_000]


@dataclass(frozen=True)
class Stage:
    """A deployed market; every example starts from its state.

    Args:
        world: the market and its people.
        chain: where it is.
        parameters: what was fixed.
        token: what it settles in; None: the native coin.
        one_time: meters' one-time keys, the last one on P-256; bob's registered meter is on P-256 too.
        meters: meters that can be registered, every fourth on P-256.
        signers: of the one-time keys, and what lots sign with for each person.
        tree: over them.
    """

    world: World
    chain: RevmChain
    parameters: SuiteParameters
    token: TokenWorld | None
    one_time: list[ReceiptSigner]
    meters: list[ReceiptSigner]
    signers: list[bytes]
    tree: MerkleTree


@cache
def staged(asset: str) -> Stage:
    """Deploy once, settling in a token of tests/solidity (or, without a name, in the native coin)."""
    keys = [SecretKey.from_int(1000 + i) for i in range(10)]
    dso, pkg, treasury, *people = keys
    chain = RevmChain(keys, GENESIS)
    token = deployed(chain, people[-1], asset) if asset else None
    parameters = SuiteParameters(
        dso.address,
        pkg.address,
        treasury.address,
        asset=token.address if token else ZERO_ADDRESS,
        **PARAMETERS,
    )
    world = World(chain, deploy(chain, dso, parameters), dso, pkg, treasury, *people[:6], meters={})
    paid_in = TokenWorld(world, token) if token else None
    roles = {world.seller: PRODUCER, world.buyer: CONSUMER}
    for key in (world.alice, world.bob, world.carol, world.seller, world.buyer):
        world.enrol(key, roles.get(key, PROSUMER), 0 if token else FUNDS)
        if paid_in:
            paid_in.give(key, FUNDS)
            world.ledger.deposit(key.address, FUNDS).send(key)

    def meter(number: int, is_p256: bool) -> ReceiptSigner:
        if is_p256:
            return P256Meter(ec.derive_private_key(number, ec.SECP256R1()), world.suite.p256_verifier)
        return Secp256k1Meter(SecretKey.from_int(number))

    world.meters[world.bob.address] = meter(6000, True)
    world.ledger.register_meter(world.bob.address, world.meters[world.bob.address].signer).send(dso)
    one_time = [meter(5000 + i, i == 4) for i in range(5)]
    meters = [meter(7000 + i, i % 4 == 3) for i in range(20)]
    signers = [*(key.signer for key in one_time), *(world.suite.lots.receipt_signer(k.address) for k in keys)]
    tree = MerkleTree([signer_leaf(signer) for signer in signers])
    world.ledger.publish_key_root(GENESIS // 3600, tree.root, b"\xee" * 32).send(dso)
    return Stage(world, chain, parameters, paid_in, one_time, meters, signers, tree)


def as_account(view: AccountView) -> Account:
    """What the chain tells of an account, as the reference keeps it."""
    standing = Standing(
        view.seller_credit_e9,
        view.buyer_credit_e9,
        view.sales,
        view.purchases,
        view.defaults,
        view.banned_until,
    )
    return Account(view.roles, view.suspended, view.available, view.held, standing)


def call(weight: int = 2, /, *, asked: bool = True, **choices: Sequence[Any]) -> Callable[[Any], Any]:
    """Let machines draw this call so often, with arguments of these; `asked`: whether the market answers."""

    def remember(function: Any) -> Any:
        function.drawn, function.asked = (weight, choices), asked
        return function

    return remember


@cache
def calls_of(kind: type[Machine]) -> Mapping[str, tuple[int, dict[str, Sequence[Any]]]]:
    """Weight and choices of every call that a machine draws, by name."""
    found = {name: getattr(kind, name).drawn for name in dir(kind) if hasattr(getattr(kind, name), "drawn")}
    return {name: (kind.weights.get(name, weight), choices) for name, (weight, choices) in found.items()}


class Machine:
    """One market, its reference and its replayed log, step by step."""

    #: token of tests/solidity that the market settles in; none: the native coin
    asset: ClassVar[str] = ""
    #: weights that differ from those beside the calls
    weights: ClassVar[Mapping[str, int]] = {}
    #: calls that nobody is ever refused, and those that nobody may make
    always: ClassVar[frozenset[str]] = frozenset()
    never: ClassVar[frozenset[str]] = frozenset()
    #: calls that must have been made and refused; None: all
    examined: ClassVar[frozenset[str] | None] = None
    #: what else must have been seen
    must_see: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.stage = staged(self.asset)
        self.world, self.chain, self.parameters = self.stage.world, self.stage.chain, self.stage.parameters
        self.start = self.chain.snapshot()
        w = self.world
        self.people = [w.alice, w.bob, w.carol, w.seller, w.buyer, w.stranger, w.treasury, w.dso]
        self.model = Ledger(
            self.parameters.credit,
            w.dso.address,
            w.treasury.address,
            w.ledger.address,
            self.parameters.epoch_seconds,
        )
        self.model.roots = {GENESIS // 3600: self.stage.tree.root}
        self.replayed = Replay(self.parameters)
        for event in read_events(self.chain, w.suite.markets):
            self.replayed.fold(event)
        self.model.accounts = {k.address: as_account(w.account(k)) for k in self.people}
        self.model.meters = {address: keccak(m.signer) for address, m in w.meters.items()}
        meters = [*w.meters.values(), *self.stage.one_time]
        self.signers: dict[bytes, ReceiptSigner] = {keccak(meter.signer): meter for meter in meters}
        self.nonce = 0
        self.random = random.Random()
        #: calls made so far, to be read after a failure
        self.told: list[str] = []

    def any_call(self, seed: int) -> None:
        """Draw a call and its arguments; the seed alone decides which, so that others can be left out."""
        self.random = random.Random(seed)
        calls = calls_of(type(self))
        name = self.random.choices(list(calls), [weight for weight, _ in calls.values()])[0]
        arguments = {key: self.random.choice(values) for key, values in calls[name][1].items()}
        self.told.append(f"{name}({arguments})")
        getattr(self, name)(**arguments)

    # ------------------------------------------------------------ one step

    def step(
        self, name: str, call: Call[Any], sender: SecretKey, act: Callable[[int], Any]
    ) -> tuple[Sent | None, Any]:
        """Do the same on the chain and in the reference; both succeed or both refuse with the same words."""
        before = self.assets(self.world.ledger.address)
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
        moved = self.assets(self.world.ledger.address) - before
        moves = name.startswith(("deposit", "withdraw"))
        assert moved == 0 or moves, "only deposit and withdraw move money"
        return sent, answer

    def assets(self, address: str) -> int:
        """What an account has outside the market, in base units."""
        return self.chain.balance(address) if self.stage.token is None else self.stage.token.balance(address)

    def may_commit(self, *addresses: str) -> bool:
        """Whether the chain, asked now, says that none of them is suspended or banned."""
        views = [self.world.account(address) for address in addresses]
        now = self.chain.next_time
        return all(view.open and not view.suspended and now >= view.banned_until for view in views)

    def one_of(self, place: int, fitting: Sequence[bytes], others: Collection[bytes]) -> bytes | None:
        """One that fits the call; where none does, now and then another, which will be refused."""
        if not fitting and self.random.random() < 0.1:
            fitting = list(others)
        return fitting[place % len(fitting)] if fitting else None

    # ------------------------------------------------------------ time

    def deadlines(self) -> list[int]:
        """Ends of intervals that decide something."""
        return []

    @call(
        8, asked=False, seconds=[1, 1, 60, 60, 600, 3600], deadline=(True, True, False), early=(True, False)
    )
    def travel(self, seconds, deadline, early):
        """Time passes, often to the very end of an interval or the second before it."""
        now = self.chain.next_time
        ends = [time for time in self.deadlines() if time > now + 1]
        self.chain.set_next_time(min(ends) - early if deadline and ends else now + seconds)

    # ------------------------------------------------------------ what always holds

    def paid(self) -> int:
        """Payments of trades that are not over, units."""
        return 0

    def one_story(self) -> None:
        """Contract, reference and log agree on every account; the money is all there."""
        w = self.world
        on_chain = {key.address: as_account(w.account(key)) for key in self.people}
        assert on_chain == {a: self.model.account(a) for a in on_chain}
        assert on_chain == {a: self.replayed.account(a) for a in on_chain}
        funds = sum(account.available + account.held for account in on_chain.values())
        assert (funds + self.paid()) * UNIT == self.assets(w.ledger.address)

    def end_all(self) -> None:
        """Call what ends everything open, long after the last deadline."""

    def end_everything(self) -> None:
        """Everything ends by calls of a stranger; then nothing is held and everything can be withdrawn."""
        w = self.world
        last = max([self.chain.next_time, *self.deadlines()])
        if last > self.chain.now():
            self.chain.set_next_time(last)
        self.end_all()
        self.one_story()
        assert replay(read_events(self.chain, w.suite.markets), self.parameters) == self.replayed.accounts
        for key in self.people:
            account = w.account(key)
            assert account.held == 0
            if account.available:
                w.ledger.withdraw(w.stranger.address, account.available).send(key)
        assert self.assets(w.ledger.address) == 0


def failure(kind: type[Machine], seeds: Sequence[int]) -> tuple[list[str], Exception] | None:
    """Make a call per seed, see what must hold after each, end everything; what was called if it failed."""
    machine = kind()
    try:
        for seed in seeds:
            machine.any_call(seed)
            machine.one_story()
        machine.end_everything()
    except Exception as error:
        return machine.told, error
    finally:
        machine.chain.revert(machine.start)
    return None


def run(kind: type[Machine], examples: int, steps: int) -> str:
    """Draw calls, see that each was made and refused at least once, and tell how often.

    Not drawn by hypothesis: four of five of its calls repeated another example's, and it could not shorten.
    """
    counts.clear()
    seen.clear()
    for example in range(examples):
        draw = random.Random(example)
        seeds = [draw.getrandbits(64) for _ in range(steps)]
        if found := failure(kind, seeds):
            for i in reversed(range(steps)):  # leave out what the failure does not need
                fewer = [*seeds[:i], *seeds[i + 1 :]]
                if shorter := failure(kind, fewer):
                    found, seeds = shorter, fewer
            calls, error = found
            raise AssertionError("\n".join([f"{kind.__name__}, example {example}:", *calls])) from error
    lines = [f"{name:24} {answer:44} {count:6}" for (name, answer), count in sorted(counts.items())]
    lines += [f"{what:69} {count:6}" for what, count in sorted(seen.items())]
    all_names = {name for name in calls_of(kind) if getattr(kind, name).asked} | {name for name, _ in counts}
    names = kind.examined or all_names
    told = "\n".join([kind.__name__, *lines])
    not_done = {name for name in names if not counts[name, "done"]}
    assert not_done == kind.never & names, f"these never succeeded, so they were never tested\n{told}"
    not_refused = names - {name for name, answer in counts if answer != "done"}
    assert not_refused == kind.always & names, (
        f"these were never refused, so wrong callers were never tested\n{told}"
    )
    found_out = {what for what, count in seen.items() if count}
    not_seen = kind.must_see - found_out - {f"{name}: {answer}" for name, answer in counts}
    assert not_seen == set(), f"these were never seen\n{told}"
    return told
