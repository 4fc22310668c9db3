"""A neighbourhood with a private slot market on a chain, and the same in the rules beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.private_slots import (
    PrivateSettings,
    PrivateSuiteParameters,
    deploy_private_slots,
)
from energy_trading.bindings.suite import CouncilSettings
from energy_trading.chain.in_process import in_process
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.rules import council as council_rules
from energy_trading.rules.day_money import pack_money
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.private_slots import DAYS, PrivateSlotMarket
from energy_trading.rules.signers import Signers, is_p256
from energy_trading.rules.slot_pool import clear
from energy_trading.rules.sum_tree import SumTree, tree_root
from energy_trading.types import (
    ZERO_ADDRESS,
    Day,
    DayPosted,
    Evidence,
    Leaf,
    Node,
    Opening,
    Order,
    Reading,
    Result,
    SlotState,
    SumPosted,
)
from tests.contracts.slot_market.house import (
    CAP,
    GENESIS,
    LOCKED,
    MEMBERS,
    NO_EVIDENCE,
    SLOT,
    TURN,
    House,
    Kept,
)

DAY_SLOTS = 4
POST, WINDOW, ANSWER = 2 * SLOT, 4 * SLOT, SLOT
DAY = DAY_SLOTS * SLOT
DAY_POST = 2 * (WINDOW + ANSWER)
PRICE = 19_000  # the mid rate of 30,000 and 8,000
NO_POSTED = SumPosted(Result(0, 0, 0, 0, 0, 0, bytes(32), bytes(32), ZERO_ADDRESS), (), bytes(32), 0, 0)
NO_OPENING = Opening(Leaf(0, 0, 0, 0, bytes(32)), ())


@dataclass
class Sums:
    """A slot as its cluster has worked it out."""

    posted: SumPosted
    tree: SumTree
    peers: int
    signatures: bytes
    orders: dict[int, Order]
    readings: dict[int, Reading]
    budgets: dict[int, int]

    @property
    def slot(self) -> int:
        return self.posted.result.slot

    @property
    def result(self) -> Result:
        return self.posted.result

    def open(self, home: int) -> Opening:
        return self.tree.open(home)

    def leaf(self, home: int) -> Leaf:
        return self.tree.leaves[home]


@dataclass
class Daily:
    """A day's money as its cluster has worked it out."""

    posted: DayPosted
    money: bytes
    peers: int
    signatures: bytes

    @property
    def day(self) -> int:
        return self.posted.day.day

    @property
    def number(self) -> int:
        return DAYS + self.day


class PrivateHouse(House):
    """Actors by role, both markets, and the steps that they take in both at once."""

    market: PrivateSlotMarket  # type: ignore[assignment]
    suite: Any

    def __init__(self, homes: int = 5, **changes: Any) -> None:
        names = ("dso", "pkg", "treasury", "founder", "stranger")
        self.people = {name: SecretKey.from_int(3000 + i) for i, name in enumerate(names)}
        self.members = [SecretKey.from_int(4000 + i) for i in range(MEMBERS)]
        self.owners = [SecretKey.from_int(5000 + i) for i in range(homes)]
        self.keys = {key.address: key for key in (*self.people.values(), *self.members, *self.owners)}
        self._planned = 0
        self.history: dict[int, Sums] = {}
        self.chain = in_process(accounts=list(self.keys.values()), genesis_time=GENESIS)
        p = self.people
        self.parameters = PrivateSuiteParameters(  # type: ignore[assignment]
            p["dso"].address,
            p["pkg"].address,
            p["treasury"].address,
            slots=PrivateSettings(
                **{
                    "turn_seconds": TURN,
                    "post_seconds": POST,
                    "window_seconds": WINDOW,
                    "answer_seconds": ANSWER,
                    "day_slots": DAY_SLOTS,
                    "day_post_seconds": DAY_POST,
                    "ring": 32,
                    **changes,
                }
            ),
            council=CouncilSettings(
                p["founder"].address,
                50 * 10**8,
                20 * 10**8,
                cluster_size=5,
                quorum=3,
                verifier_size=3,
                turn=300,
            ),
        )
        self.suite = deploy_private_slots(self.chain, p["dso"], self.p)
        self._make_rules()
        self.meters: list[Any] = [self._meter(i) for i in range(homes)]
        for key in self.keys.values():
            if key.address not in (p["treasury"].address, p["pkg"].address):
                self._open(key)
        for i, owner in enumerate(self.owners):
            self.on_ledger("register_meter", owner.address, self.meters[i].signer, by=p["dso"])

    @property
    def p(self) -> PrivateSuiteParameters:
        found: Any = self.parameters
        assert isinstance(found, PrivateSuiteParameters)
        return found

    def _make_rules(self) -> None:
        s, p = self.suite, self.p
        verifiers: dict[str, Callable[[bytes, bytes, bytes], bool]] = {s.p256_verifier: is_p256}
        named = p.ledger(s.slots.address, s.council.address)
        self.ledger = Ledger(named, s.ledger_domain, signers=Signers(verifiers=verifiers))
        council = p.verifier_council(s.ledger.address, s.slots.address)
        self.council = council_rules.Council(council, s.council_domain, self.ledger)
        fixed = p.slot_market(s.ledger.address, s.council.address, s.slot_disputes.address)
        assert s.slots.private_parameters() == fixed
        self.market = PrivateSlotMarket(fixed, s.slots_domain, self.ledger, self.council, GENESIS)

    def same(self, replayed: bool = False) -> None:
        """Assert that chain and rules hold the same, and that no money was made or lost (no replay)."""
        s, m, c = self.suite, self.market, self.council
        assert (s.slots.homes(), s.slots.frontier(), s.slots.locked()) == (
            len(m.homes),
            m.frontier,
            m.locked,
        )
        for home in range(len(m.homes) + 1):
            assert s.slots.home_of(home) == m.home_of(home)
        owed = 0
        for address in self.keys:
            assert s.ledger.account_of(address) == self.ledger.account_of(address)
            assert s.council.member_of(address) == c.member_of(address)
            assert s.slots.owed(address) == m.owed.get(address, 0)
            seat = c.seat(address)
            owed += m.owed.get(address, 0) + seat.owed + seat.stake
        now = self.chain.now()
        for slot in range(m.frontier - 1, now // SLOT + 1):
            assert s.slots.state_of(slot) == m.state_of(slot, now)
        for day in range(m.frontier // DAY_SLOTS - 1, now // DAY + 1):
            assert s.slots.state_of(DAYS + day) == m.state_of(DAYS + day, now)
            assert tuple(s.slots.slots_of(day)) == m.slots_of(day, now)
            assert s.slots.homes_in(day) == m.homes_in(day)
        bonds = sum(d.open and d.bonded for d in m.demands.values()) * self.p.slots.bond
        available = sum(account.available for account in self.ledger.accounts.values())
        assert available + m.locked + owed + bonds == self.ledger.coin // self.p.unit
        assert m.locked == sum(home.balance for home in m.homes)

    def join_homes(self, cap: int = CAP, amount: int = LOCKED) -> None:
        """Every owner joins and locks funds, and the next day begins."""
        for owner in self.owners:
            self.ok("join", cap, by=owner)
            self.ok("lock", amount, by=owner)
        self.next_day()

    def next_day(self) -> int:
        """Go to the beginning of the next day; returns its number."""
        day = self.next_time // DAY + 1
        self.chain.mine(day * DAY)
        return day

    def turn_of(self, day: int) -> None:
        """Wait until the days before can be passed over, and do that."""
        first = self.market.frontier // DAY_SLOTS
        if first < day:
            self.go(self.day_from(day - 1) + DAY_POST)
            self.ok("advance", day - first)
        assert self.market.frontier == day * DAY_SLOTS

    def make_poor(self, home: int, units: int) -> None:
        """Let a home take out what it has but some, and the next day begin."""
        self.ok("request_exit", self.market.homes[home].balance - units, by=self.owners[home])
        day = self.next_time // DAY
        self.go(self.day_from(day) + DAY_POST)
        self.ok("advance", 1024)
        self.ok("withdraw", home)
        assert self.market.homes[home].balance == units
        self.next_day()

    # ------------------------------------------------------------ slots

    def salt(self, home: int, slot: int) -> bytes:
        return keccak(text=f"salt of {home} in {slot}")

    def work_out(
        self,
        nets: dict[int, int],
        slot: int | None = None,
        rows: Sequence[int] | None = None,
        budgets: dict[int, int] | None = None,
        turn: int = 0,
        money: dict[int, int] | None = None,
        leaves: dict[int, Leaf] | None = None,
        top: Node | None = None,
        before: int | None = None,
        **changes: Any,
    ) -> Sums:
        """Go to the end of a slot and work it out, with a lie where one is given."""
        p = self.p.slots
        slot = self.next_time // SLOT if slot is None else slot
        self.go((slot + 1) * SLOT + turn * TURN)
        orders = {home: self.order(home, slot) for home in nets}
        readings = {home: Reading(self.owners[home].address, slot, net) for home, net in nets.items()}
        known = dict.fromkeys(nets, CAP) | (budgets or {})
        shares = {home: (orders[home], net, known[home]) for home, net in nets.items()}
        day = slot // DAY_SLOTS
        count = self.market.homes_in(day)
        cleared = clear(slot, count, shares, p.pricing, p.retail, p.feed_in, 0)
        wh = list(cleared.rows if rows is None else rows)
        if before is None:
            posted = self.market._live_slots(day * DAY_SLOTS, self.next_time)
            before = max((s for s in posted if s < slot), default=slot)
        prior = [0] * count if before == slot else [leaf.money for leaf in self.history[before].tree.leaves]
        made = [
            Leaf(home, slot, wh[home], prior[home] + wh[home] * cleared.price, self.salt(home, slot))
            for home in range(count)
        ]
        for home, units in (money or {}).items():
            made[home] = replace(made[home], money=units)
        for home, leaf in (leaves or {}).items():
            made[home] = leaf
        tree = SumTree(tuple(made))
        over = top or tree.top
        matched = min(cleared.supply_wh, cleared.demand_wh)
        supply, demand = cleared.supply_wh, cleared.demand_wh
        if rows is not None and sum(row for row in wh if row > 0) != matched:
            supply = demand = matched = sum(row for row in wh if row > 0)
        cluster = self.suite.council.cluster_of(slot, turn)
        place = turn % len(cluster)
        result = Result(
            slot,
            cleared.price,
            cleared.metered_supply_wh,
            cleared.metered_demand_wh,
            supply,
            demand,
            keccak(b"".join(order.struct_hash() for order in orders.values())),
            tree_root(over.hash, matched, count, before),
            cluster[place],
        )
        result = replace(result, **changes)
        peers = [i for i in range(len(cluster)) if i != place][: self.p.council.quorum - 1]
        posted_slot = SumPosted(result, (), over.hash, count, before)
        return self.sign(Sums(posted_slot, tree, 0, b"", orders, readings, known), cluster, peers)

    def sign(self, sums: Sums, cluster: Sequence[str], peers: Sequence[int]) -> Sums:
        """Have the members at these places of the cluster sign a slot, in their order."""
        bits, signatures = self._signatures(sums.result, cluster, peers)
        who = (sums.result.leader, *(cluster[i] for i in sorted(peers)))
        posted = replace(sums.posted, signers=who)
        return replace(sums, posted=posted, peers=bits, signatures=signatures)

    def _signatures(self, message: Any, cluster: Sequence[str], peers: Sequence[int]) -> tuple[int, bytes]:
        digest = self.suite.slots_domain.digest(message)
        signed = b"".join(compact(self.keys[cluster[i]].sign_digest(digest)) for i in sorted(peers))
        return sum(1 << i for i in peers), signed

    def post_args(self, sums: Sums) -> tuple[Any, ...]:
        """What `post` takes."""
        return sums.result, sums.posted.top, sums.peers, sums.signatures

    def post_sums(self, nets: dict[int, int], **changes: Any) -> Sums:
        """Work a slot out and post it."""
        sums = self.work_out(nets, **changes)
        self.ok("post", *self.post_args(sums), by=self.keys[sums.result.leader])
        self.history[sums.slot] = sums
        return sums

    def earlier(self, sums: Sums, home: int) -> tuple[SumPosted, Opening]:
        """The slot before and a home's leaf there."""
        if sums.posted.before == sums.slot:
            return NO_POSTED, NO_OPENING
        before = self.history[sums.posted.before]
        return before.posted, before.open(home)

    def answer_args(self, sums: Sums, home: int, evidence: Evidence | None = None) -> tuple[Any, ...]:
        """What `answer` takes."""
        if evidence is None:
            evidence = self.evidence_of(sums, home) if sums.leaf(home).wh else NO_EVIDENCE
        return sums.posted, home, sums.open(home), *self.earlier(sums, home), evidence

    def evidence_of(self, sums: Sums, home: int, **changes: Any) -> Evidence:
        """Order and reading of a home, signed."""
        order, reading = sums.orders[home], sums.readings[home]
        domain, meter = self.suite.slots_domain, self.meters[home]
        signature = self.owners[home].sign_digest(domain.digest(order))
        found = Evidence(order, signature, reading, meter.signer, meter.sign(domain.digest(reading)))
        return replace(found, **changes)

    def acked(self, sums: Sums, home: int, member: int = 1, **changes: Any) -> tuple[Any, ...]:
        """What a signer of the result has acknowledged, as `misfill` takes it."""
        return self.ack(sums, home, member, **changes)  # type: ignore[arg-type]

    # ------------------------------------------------------------ days

    def day_from(self, day: int) -> int:
        """From when on a day can be posted."""
        return (day + 1) * DAY + POST + WINDOW

    def due(self, day: int) -> list[int]:
        """The money of a day by the leaves of its slots."""
        _, head, undone = self.market.slots_of(day, self.next_time)
        money = [leaf.money for leaf in self.history[head].tree.leaves]
        for place in range(DAY_SLOTS):
            if undone >> place & 1:
                sums = self.history[day * DAY_SLOTS + place]
                money = [
                    m - leaf.wh * sums.result.price for m, leaf in zip(money, sums.tree.leaves, strict=True)
                ]
        return money

    def work_out_day(
        self, day: int, money: Sequence[int] | None = None, turn: int | None = None, **changes: Any
    ) -> Daily:
        """Go to when a day can be posted and work it out, with a lie where one is given."""
        self.go(self.day_from(day))
        passed = (self.next_time - self.day_from(day)) // TURN if turn is None else turn
        _, head, undone = self.market.slots_of(day, self.next_time)
        packed = pack_money(self.due(day) if money is None else money)
        cluster = self.suite.council.cluster_of(DAYS + day, passed)
        place = passed % len(cluster)
        message = replace(Day(day, head, undone, keccak(packed), cluster[place]), **changes)
        peers = [i for i in range(len(cluster)) if i != place][: self.p.council.quorum - 1]
        bits, signatures = self._signatures(message, cluster, peers)
        who = (cluster[place], *(cluster[i] for i in peers))
        return Daily(DayPosted(message, who), packed, bits, signatures)

    def day_args(self, daily: Daily) -> tuple[Any, ...]:
        """What `post_day` takes."""
        return daily.posted.day, daily.money, daily.peers, daily.signatures

    def post_daily(self, day: int, **changes: Any) -> Daily:
        """Work a day out and post it."""
        daily = self.work_out_day(day, **changes)
        self.ok("post_day", *self.day_args(daily), by=self.keys[daily.posted.day.leader])
        return daily

    def proofs(self, daily: Daily, home: int) -> tuple[Any, ...]:
        """What `answer_day` and `wrong_day` take."""
        d = daily.posted.day
        places = [place for place in range(DAY_SLOTS) if d.undone >> place & 1]
        slots = [self.history[s] for s in (d.head, *(d.day * DAY_SLOTS + place for place in places))]
        return (
            daily.posted,
            home,
            daily.money,
            [sums.posted for sums in slots],
            [sums.open(home) for sums in slots],
        )

    def close(self, daily: Daily, by: SecretKey | None = None) -> Refused | Sent:
        """Make a posted day final."""
        signers = council_rules.signers_hash(daily.posted.signers)
        return self.do("finalise", daily.posted.day, signers, daily.money, by=by)

    def refused(self, daily: Daily) -> str:
        """The rule by which a day cannot be final now."""
        found = self.close(daily)
        assert isinstance(found, Refused)
        return found.rule

    def leader_of(self, day: int) -> SecretKey:
        """Who can post a day in the next block."""
        return self.keys[self.work_out_day(day).posted.day.leader]

    def other(self, sums: Sums, home: int) -> Reading:
        """A reading of one Wh, which is not the one that the slot was worked out from."""
        return replace(sums.readings[home], net_wh=1)

    def closed(self, daily: Daily, by: SecretKey | None = None) -> None:
        """Wait for the window and make a posted day final, and the empty ones before it."""
        self.go(self.chain.now() + WINDOW)
        found = self.close(daily, by=by)
        assert isinstance(found, Sent), found

    def is_void(self, number: int) -> bool:
        return bool(self.suite.slots.state_of(number) == SlotState.VOID)

    def stakes(self, *signers: str) -> list[int]:
        """What each signer's stake has lost."""
        return [self.p.council.min_stake - self.council.seat(signer).stake for signer in signers]

    def unhurt(self) -> bool:
        return not any(self.stakes(*(member.address for member in self.members)))


class PrivateKept(Kept):
    """A house as it is now, to be put back after each test."""

    def put_back(self, snapshot: str) -> None:
        super().put_back(snapshot)
        self.house.history = {}  # type: ignore[attr-defined]
