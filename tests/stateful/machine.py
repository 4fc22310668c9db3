"""Random calls: how one is drawn, made on the chain and in the rules, and what must hold after each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.crypto import keccak

from energy_trading.bindings import SuiteParameters, deploy
from energy_trading.bindings.contract import ContractRevert, Sent, read_events
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.chain._revm import RevmChain
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.market.log.replay import Replay, replay
from energy_trading.meter.signers import P256Meter, ReceiptSigner, Secp256k1Meter
from energy_trading.rules.ledger import Token
from energy_trading.simulation.venues import InMemory, OnChain, Rules
from energy_trading.types import ZERO_ADDRESS
from tests.contracts.energy_ledger.tools import TokenWorld, deployed
from tests.differential.revm import revm_chain
from tests.world import CONSUMER, GENESIS, PRODUCER, PROSUMER, World

FUNDS = 2_000
UNIT = 10**9
#: Small numbers, so that every rounding shows and every limit is near.
PARAMETERS: dict[str, Any] = {
    "unit": UNIT,
    "guarantee_bps": 7_777,
    "fee_bps": 333,
    "cancel_bps": 1_234,
    "penalty_bps": 4_321,
    "tolerance_bps": 1_000,
    "bidders_bps": 6_543,
    "max_duration": 3 * 3600,
    "min_settle_window": 100,
    "min_pay_window": 60,
    "quote_fee": 1_009,
    "settler_bps": 3_333,
    "reply_time": 600,
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

#: How often each call was done, or refused with which error.
counts: Counter[tuple[str, str]] = Counter()
#: How often something else was seen.
seen: Counter[str] = Counter()

anybody = range(8)
often = [True] * 9 + [False]
amounts = [0, 1, 2, 13, 99, 100, 101, 250, 777, 5_000]


@dataclass(frozen=True)
class Stage:
    """A deployed market, from whose state every example starts.

    Args:
        world: the market and its people.
        chain: where it is.
        parameters: what was fixed.
        token: what it settles in; None: the native coin.
        one_time: one-time keys of meters, the last on P-256; bob's registered meter is on P-256, too.
        meters: meters that can be registered, every fourth on P-256.
        signers: those of the one-time keys, and those with which lots sign for each person.
        tree: the Merkle tree over these signers.
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
def staged(asset: str, funds: int = FUNDS, **changes: Any) -> Stage:
    """Deploy once, settling in a token of tests/solidity (or, without a name, in the native coin)."""
    keys = [SecretKey.from_int(1000 + i) for i in range(10)]
    dso, pkg, treasury, *people = keys
    chain = revm_chain(keys, GENESIS)
    token = deployed(chain, people[-1], asset) if asset else None
    parameters = SuiteParameters(
        dso.address,
        pkg.address,
        treasury.address,
        asset=token.address if token else ZERO_ADDRESS,
        **PARAMETERS | changes,
    )
    alice, bob, carol, seller, buyer, stranger, *_ = people
    suite = deploy(chain, dso, parameters)
    world = World(chain, suite, dso, pkg, treasury, alice, bob, carol, seller, buyer, stranger, meters={})
    paid_in = TokenWorld(world, token) if token else None
    roles = {world.seller: PRODUCER, world.buyer: CONSUMER}
    for key in (world.alice, world.bob, world.carol, world.seller, world.buyer):
        world.enrol(key, roles.get(key, PROSUMER), 0 if token else funds)
        if paid_in:
            paid_in.give(key, funds)
            world.ledger.deposit(key.address, funds).send(key)

    def meter(number: int, is_p256: bool) -> ReceiptSigner:
        if is_p256:
            return P256Meter(ec.derive_private_key(number, ec.SECP256R1()), world.suite.p256_verifier)
        return Secp256k1Meter(SecretKey.from_int(number))

    bobs: Any = meter(6000, True)
    world.meters[bob.address] = bobs
    world.ledger.register_meter(bob.address, bobs.signer).send(dso)
    one_time = [meter(5000 + i, i == 4) for i in range(5)]
    meters = [meter(7000 + i, i % 4 == 3) for i in range(20)]
    signers = [*(key.signer for key in one_time), *(world.suite.lots.receipt_signer(k.address) for k in keys)]
    tree = MerkleTree([signer_leaf(signer) for signer in signers])
    world.ledger.publish_key_root(GENESIS // 3600, tree.root, b"\xee" * 32).send(dso)
    return Stage(world, chain, parameters, paid_in, one_time, meters, signers, tree)


def call(weight: int = 2, /, *, asked: bool = True, **choices: Sequence[Any]) -> Callable[[Any], Any]:
    """Let machines draw a call this often, with one of these for each argument.

    `asked` states whether the market is called, and may refuse.
    """

    def remember(function: Any) -> Any:
        function.drawn, function.asked = (weight, choices), asked
        return function

    return remember


class Machine:
    """One market on a chain, in memory and in its replayed log, step by step."""

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

    #: weight and choices of every call that the machine draws, by name
    calls: ClassVar[Mapping[str, tuple[int, dict[str, Sequence[Any]]]]] = {}

    def __init_subclass__(cls) -> None:
        drawn = {name: getattr(getattr(cls, name), "drawn", None) for name in dir(cls)}
        found = {name: draw for name, draw in drawn.items() if draw is not None}
        cls.calls = {
            name: (cls.weights.get(name, weight), chosen) for name, (weight, chosen) in found.items()
        }

    def __init__(self) -> None:
        self.stage = self.staged()
        self.world, self.chain, self.parameters = self.stage.world, self.stage.chain, self.stage.parameters
        self.start = self.chain.snapshot()
        w = self.world
        self.people = [w.alice, w.bob, w.carol, w.seller, w.buyer, w.stranger, w.treasury, w.dso]
        self.replayed = Replay(self.parameters)
        for event in read_events(self.chain, w.suite.markets):
            self.replayed.fold(event)
        self.rules = Rules.of(self.parameters, self.chain.chain_id, w.suite.addresses, self.model_of_token())
        self.rules.ledger.accounts = dict(self.replayed.accounts)
        self.rules.ledger.meters = {address: keccak(m.signer) for address, m in w.meters.items()}
        self.rules.ledger.roots = {GENESIS // 3600: self.stage.tree.root}
        self.rules.ledger.coin = 0 if self.asset else self.assets(w.ledger.address)
        self.on_chain, self.in_memory = OnChain(w.suite), InMemory(self.rules, self.chain.now())
        meters = [*w.meters.values(), *self.stage.one_time]
        self.signers: dict[bytes, ReceiptSigner] = {keccak(meter.signer): meter for meter in meters}
        self.nonce = 0
        self.random = random.Random()
        #: calls made so far, to be printed after a failure
        self.made: list[str] = []

    def staged(self) -> Stage:
        """What every example starts from."""
        return staged(self.asset)

    def any_call(self, seed: int) -> None:
        """Draw a call and its arguments. The seed alone decides which, so that others can be left out."""
        self.random = random.Random(seed)
        name = self.random.choices(list(self.calls), [weight for weight, _ in self.calls.values()])[0]
        arguments = {key: self.random.choice(values) for key, values in self.calls[name][1].items()}
        self.made.append(f"{name}({arguments})")
        getattr(self, name)(**arguments)

    def model_of_token(self) -> Token | None:
        """What the rules settle in; None: the native coin."""
        return None

    # ------------------------------------------------------------ one step

    def step(
        self, name: str, caller: SecretKey, verb: str, *arguments: Any, value: int = 0
    ) -> tuple[Sent | None, Any]:
        """Make the same call on the chain and in memory; both succeed, or both refuse with the same error.

        The verb is that of a part of the venues, such as "market.make_offer"; the call is counted under the
        name. Returns the transaction and what the rule returned, or None twice if the call was refused.
        """
        before = self.assets(self.world.ledger.address)
        self.in_memory.now = self.chain.next_time
        answers: list[Any] = []
        refusals: list[tuple[str, Any]] = []
        for venue in (self.in_memory, self.on_chain):
            try:
                answers.append(attrgetter(verb)(venue)(caller, *arguments, value=value))
            except ContractRevert as error:
                refusals.append((error.signature.partition("(")[0], error.values))
        assert len(refusals) in (0, 2), f"{name}: contract and rules disagree: {refusals}"
        if refusals:
            assert refusals[0] == refusals[1], f"{name}: contract and rules disagree"
            counts[name, refusals[0][0]] += 1
            return None, None
        answer, sent = answers
        counts[name, "done"] += 1
        for event in sent.events:
            self.replayed.fold(event)
        moved = self.assets(self.world.ledger.address) - before
        moves = name.startswith(("deposit", "withdraw"))
        assert moved == 0 or moves, "only deposit and withdraw move money"
        return sent, answer

    def assets(self, address: str) -> int:
        """What an account owns outside the market, in base units."""
        return self.chain.balance(address) if self.stage.token is None else self.stage.token.balance(address)

    def may_commit(self, *addresses: str) -> bool:
        """Whether none of them is suspended or banned now, as the chain has it."""
        views = [self.world.account(address) for address in addresses]
        now = self.chain.next_time
        return all(view.open and not view.suspended and now >= view.banned_until for view in views)

    def one_of(self, place: int, fitting: Sequence[bytes], others: Collection[bytes]) -> bytes | None:
        """One that fits the call; if none does, now and then another one, which will be refused."""
        if not fitting and self.random.random() < 0.1:
            fitting = list(others)
        return fitting[place % len(fitting)] if fitting else None

    # ------------------------------------------------------------ time

    def deadlines(self) -> list[int]:
        """Ends of intervals after which something is decided differently."""
        return []

    @call(
        8, asked=False, seconds=[1, 1, 60, 60, 600, 3600], deadline=(True, True, False), early=(True, False)
    )
    def travel(self, seconds: int, deadline: bool, early: bool) -> None:
        """Time passes, often to the very end of an interval or the second before it."""
        now = self.chain.next_time
        ends = [time for time in self.deadlines() if time > now + 1]
        self.chain.set_next_time(min(ends) - early if deadline and ends else now + seconds)

    # ------------------------------------------------------------ what always holds

    def paid(self) -> int:
        """Payments of trades that have not ended, in units."""
        return 0

    def one_story(self) -> None:
        """Contracts, rules and log agree on every account; the money is all there."""
        w = self.world
        self.in_memory.now = self.chain.now()
        on_chain = {key.address: w.account(key) for key in self.people}
        assert on_chain == {a: self.in_memory.ledger.account_of(a) for a in on_chain}
        assert on_chain == {a: self.replayed.account(a).view() for a in on_chain}
        funds = sum(account.available + account.held for account in on_chain.values())
        assert (funds + self.paid()) * self.parameters.unit == self.assets(w.ledger.address)

    def end_all(self) -> None:
        """End everything that is open, long after the last deadline."""

    def end_everything(self) -> None:
        """A stranger can end everything; then nothing is held, and everything can be withdrawn."""
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
    """Make a call per seed, with all checks, and end everything; return the calls and what failed."""
    machine = kind()
    try:
        for seed in seeds:
            machine.any_call(seed)
            machine.one_story()
        machine.end_everything()
    except Exception as error:
        return machine.made, error
    finally:
        machine.chain.revert(machine.start)
    return None


def run(kind: type[Machine], examples: int, steps: int) -> str:
    """Draw calls, check that each was made and refused at least once, and return how often.

    Hypothesis is not used: four of five of its calls repeated those of another example, and it could not
    shorten them.
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
    all_names = {name for name in kind.calls if getattr(kind, name).asked} | {name for name, _ in counts}
    names = kind.examined or all_names
    summary = "\n".join([kind.__name__, *lines])
    not_done = {name for name in names if not counts[name, "done"]}
    assert not_done == kind.never & names, f"these calls never succeeded, so they were not tested\n{summary}"
    not_refused = names - {name for name, answer in counts if answer != "done"}
    assert not_refused == kind.always & names, (
        f"these calls were never refused, so wrong callers were not tested\n{summary}"
    )
    found_out = {what for what, count in seen.items() if count}
    not_seen = kind.must_see - found_out - {f"{name}: {answer}" for name, answer in counts}
    assert not_seen == set(), f"these were not seen\n{summary}"
    return summary
