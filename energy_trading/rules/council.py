"""The verifier council: who verifies, who validates, how they are drawn, and how they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import recover_address
from energy_trading.rules.context import Context
from energy_trading.rules.lanes import MAX_LANE
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.settlement import Split
from energy_trading.types import (
    ZERO_ADDRESS,
    Admission,
    CouncilParameters,
    Domain,
    MemberState,
    MemberView,
    Outcome,
    Registration,
)

_T = TypeVar("_T")
MAX_MEMBERS: Final = 96
FIRST_SCORE: Final = 16
LEAST_SCORE: Final = 8
MAX_SCORE: Final = 64
PEER_FAULT: Final = 2
LEADER_FAULT: Final = 8
#: slots in a row that a cluster serves
SERVED: Final = 4
_DAY: Final = 86_400
#: blocks whose hash a contract can still read (EIP-2935)
HISTORY: Final = 8191


@dataclass(frozen=True)
class Seat:
    """What is kept of a member; the fields are those of `MemberView`, and the day of the last rise."""

    state: MemberState = MemberState.NONE
    stake: int = 0
    owed: int = 0
    score: int = 0
    feeder: int = 0
    leave_at: int = 0
    rise_day: int = 0


@dataclass(frozen=True, order=True)
class Listed:
    """A member in the list: sorted by feeder and then by account."""

    feeder: int
    key: int

    @property
    def account(self) -> str:
        """The account, EIP-55."""
        from eth_utils.address import to_checksum_address

        return to_checksum_address(self.key.to_bytes(20, "big"))

    @classmethod
    def of(cls, feeder: int, account: str) -> Listed:
        """Return the entry of an account."""
        return cls(feeder, int(account, 16))


def draw(feeders: Sequence[int], excluded: set[int], seed: bytes, count: int) -> list[int]:
    """Draw places of a list by feeder: each gives one member per round, drawn without replacement.

    Args:
        feeders: feeder of each place, sorted.
        excluded: places that do not count: they are drawn and put aside.
        seed: 32 bytes.
        count: how many to draw; there may be fewer.

    Source:
        Z-1, Z-4, Z-8 (clustered sampling).
    """
    pools = {feeder: [place for place, f in enumerate(feeders) if f == feeder] for feeder in feeders}
    found: list[int] = []
    live: list[list[int]] = []
    number = 0
    while len(found) < min(count, len(feeders) - len(excluded)):
        if not live:
            live = [pool for pool in pools.values() if pool]
        random = int.from_bytes(keccak(encode(["bytes32", "uint256"], [seed, number])), "big")
        number += 1
        pick = (random >> 128) % len(live)
        pool = live[pick]
        place = _take(pool, random % 2**128 % len(pool))
        if place not in excluded:
            found.append(place)
            _take(live, pick)
        elif not pool:
            _take(live, pick)
    return found


def _take(items: list[_T], place: int) -> _T:
    """Take an item out of a list; the last one fills its place."""
    found, items[place] = items[place], items[-1]
    items.pop()
    return found


class Council:
    """All members of one council.

    Every step is given its `Context` first, and raises `Refused` where it is refused. Steps that change the
    member list are given the number of their block besides.

    Args:
        parameters: what is fixed when a council begins.
        domain: where the council is, which admissions are signed for.
        ledger: where the money is.
    """

    def __init__(self, parameters: CouncilParameters, domain: Domain, ledger: Ledger) -> None:
        self.parameters = parameters
        self.domain = domain
        self.ledger = ledger
        self.seats: dict[str, Seat] = {}
        self.list: list[Listed] = []
        self.next_list: list[Listed] | None = None
        self.verifier_places: list[int] = []
        self.seed = bytes(32)
        self.drawn = False
        self.drawn_at = 0
        self.seed_block = 0
        self.version = 0
        self.turns_used = 0
        self.registrar_nonce = 0

    # ------------------------------------------------------------ joining

    def request_join(self, ctx: Context, feeder: int, certificate_hash: bytes, stake: int) -> None:
        """Ask to join and put down a stake (Z-1, Z-2)."""
        p = self.parameters
        if feeder >= 2**16:
            raise Refused("VerifierCouncil_BadFeeder", feeder, 2**16 - 1)
        if not p.min_stake <= stake <= MAX_LANE:
            raise Refused("VerifierCouncil_BadStake", stake, p.min_stake, MAX_LANE)
        seat = self._seat_in(ctx.sender, MemberState.NONE)
        self.ledger.commit(ZERO_ADDRESS, 0, ctx.sender, stake, ctx.now)
        self.seats[ctx.sender] = replace(
            seat, state=MemberState.CANDIDATE, stake=stake, feeder=feeder, score=FIRST_SCORE
        )

    def withdraw_request(self, ctx: Context) -> None:
        """Withdraw the caller's request (Z-2)."""
        self._give_back(ctx.sender, self._seat_in(ctx.sender, MemberState.CANDIDATE))

    def found(self, ctx: Context, block: int, candidates: Sequence[str]) -> None:
        """Make candidates the first members, or add some if too few are left (Z-1)."""
        p = self.parameters
        latest = list(self._latest())
        needed = p.verifier_size + p.cluster_size
        if ctx.sender != p.founder or len(latest) >= needed:
            raise Refused("VerifierCouncil_NotFounder", ctx.sender, len(latest), needed)
        seats = dict(self.seats)
        try:
            for candidate in candidates:
                latest = self._seated(latest, candidate)
        except Refused:
            self.seats = seats
            raise
        self._schedule(block, latest)

    def decide(self, ctx: Context, block: int, a: Admission, peers: int, signatures: bytes) -> None:
        """Admit or decline a candidate, as the verifier set has decided (Z-2; eq 1, conditions 1 and 2)."""
        if self.seed_block:
            raise Refused("VerifierCouncil_RedrawPending", self.seed_block)
        if a.version != self.version:
            raise Refused("VerifierCouncil_WrongVersion", a.version, self.version)
        chosen = self.verifiers()
        if not chosen:
            raise Refused("VerifierCouncil_TooFew", 0, self.parameters.verifier_size)
        turn = self.current_turn(ctx.now)
        place = turn % len(chosen)
        if ctx.sender != chosen[place] or a.leader != chosen[place]:
            raise Refused("VerifierCouncil_NotLeader", ctx.sender, chosen[place])
        if turn < self.turns_used:
            raise Refused("VerifierCouncil_TurnUsed", turn)
        needed = (2 * len(chosen) + 2) // 3
        self._check_signed(chosen, place, needed, self.domain.digest(a), peers, signatures)
        seat = self._seat_in(a.candidate, MemberState.CANDIDATE)
        if a.feeder != seat.feeder:
            raise Refused("VerifierCouncil_WrongFeeder", a.feeder, seat.feeder)
        if a.reason:
            self._give_back(a.candidate, seat)
        else:
            self._schedule(block, self._seated(list(self.list), a.candidate))
        self.turns_used = turn + 1

    # ------------------------------------------------------------ drawing

    def redraw(self, ctx: Context, block: int, block_hash: Callable[[int], bytes]) -> None:
        """Draw both sets, or name the block that the next seed comes from (Z-1, Z-8)."""
        if not self.seed_block:
            earliest = self.drawn_at + self.parameters.reseed
            if not self.drawn or ctx.now < earliest:
                raise Refused("VerifierCouncil_TooEarly", ctx.now, earliest)
            self.seed_block = block + 1
            return
        if block <= self.seed_block:
            raise Refused("VerifierCouncil_TooEarly", block, self.seed_block + 1)
        self._draw(ctx, block, block_hash)

    def _draw(self, ctx: Context, block: int, block_hash: Callable[[int], bytes]) -> None:
        if block - self.seed_block > HISTORY:
            self.seed_block = block + 1
            return
        self.list = list(self._latest())
        self.next_list = None
        value = encode(["bytes32", "uint64"], [block_hash(self.seed_block), self.version])
        self.seed = keccak(value)
        feeders = [listed.feeder for listed in self.list]
        self.verifier_places = sorted(draw(feeders, set(), self.seed, self.parameters.verifier_size))
        self.seed_block, self.drawn, self.drawn_at, self.turns_used = 0, True, ctx.now, 0

    def _schedule(self, block: int, members: list[Listed]) -> None:
        self.next_list = members
        self.version += 1
        self.seed_block = block + 1

    # ------------------------------------------------------------ leaving

    def resign(self, ctx: Context, block: int, block_hash: Callable[[int], bytes]) -> None:
        """Leave the list; the stake stays held for the unbonding time (Z-6)."""
        self._remove(ctx, block, block_hash, ctx.sender, self._seat_in(ctx.sender, MemberState.MEMBER))

    def expel(self, ctx: Context, block: int, block_hash: Callable[[int], bytes], member: str) -> None:
        """Take a member out of the list whose stake or standing is too low (Z-6, Z-8)."""
        seat = self._seat_in(member, MemberState.MEMBER)
        if seat.stake >= self.parameters.min_stake and seat.score >= LEAST_SCORE:
            raise Refused("VerifierCouncil_InGoodStanding", member, seat.stake, seat.score)
        self._remove(ctx, block, block_hash, member, seat)

    def _remove(
        self, ctx: Context, block: int, block_hash: Callable[[int], bytes], member: str, seat: Seat
    ) -> None:
        if self.seed_block and block > self.seed_block:
            self._draw(ctx, block, block_hash)
        leave_at = ctx.now + self.parameters.unbonding
        self.seats[member] = replace(seat, state=MemberState.LEAVING, leave_at=leave_at)
        self._schedule(block, [each for each in self._latest() if each.account != member])

    def take_stake(self, ctx: Context) -> None:
        """Give the caller's stake back once the unbonding time is over (Z-6)."""
        seat = self._seat_in(ctx.sender, MemberState.LEAVING)
        if ctx.now < seat.leave_at:
            raise Refused("VerifierCouncil_TooEarly", ctx.now, seat.leave_at)
        self._give_back(ctx.sender, seat)

    def collect(self, ctx: Context) -> int:
        """Move what the caller is owed into its funds in the ledger."""
        seat = self.seat(ctx.sender)
        if not seat.owed:
            raise Refused("VerifierCouncil_NothingOwed", ctx.sender)
        self.seats[ctx.sender] = replace(seat, owed=0)
        pay(self.ledger, ctx.sender, seat.owed, ctx.now)
        return seat.owed

    def check_act(self, ctx: Context, action: bytes, deadline: int, peers: int, signatures: bytes) -> None:
        """Refuse an act as registrar that two thirds of the verifier set have not signed; count it (Z-2)."""
        if ctx.now >= deadline:
            raise Refused("VerifierCouncil_Expired", ctx.now, deadline)
        chosen = self.verifiers()
        needed = (2 * len(chosen) + 2) // 3 if chosen else self.parameters.verifier_size
        digest = self.domain.digest(Registration(action, self.registrar_nonce, deadline))
        self._check_signed(chosen, None, needed, digest, peers, signatures)
        self.registrar_nonce += 1

    # ------------------------------------------------------------ what the slot market calls

    def slash(self, guilty: Sequence[str], wronged: str) -> None:
        """Take the slash: half to the wronged home, half to the treasury (Z-6)."""
        total = 0
        for place, member in enumerate(guilty):
            seat = self.seat(member)
            amount = min(seat.stake, self.parameters.slash)
            score = max(0, seat.score - (PEER_FAULT if place else LEADER_FAULT))
            self.seats[member] = replace(seat, stake=seat.stake - amount, score=score)
            total += amount
        half = (total + 1) // 2
        self._credit(wronged, half)
        self._credit(self.ledger.treasury, total - half)

    def reward(self, now: int, earners: Sequence[str], fees: Sequence[int]) -> None:
        """Give those who led or finalised their fees; a member's standing rises by one once a day (Z-6)."""
        today = now // _DAY
        for earner, fee in zip(earners, fees, strict=True):
            seat = self.seat(earner)
            if seat.state == MemberState.MEMBER and seat.rise_day < today and seat.score < MAX_SCORE:
                seat = replace(seat, rise_day=today, score=seat.score + 1)
            self.seats[earner] = replace(seat, owed=seat.owed + fee)

    def verify(
        self, slot: int, turn: int, leader: str, digest: bytes, peers: int, signatures: bytes
    ) -> bytes:
        """Check that a slot's leader and a quorum of its cluster signed; return the hash of the signers."""
        cluster = self.cluster_of(slot, turn)
        place = turn % len(cluster)
        if cluster[place] != leader:
            raise Refused("VerifierCouncil_NotLeader", leader, cluster[place])
        quorum = self.parameters.quorum
        return signers_hash(self._check_signed(cluster, place, quorum, digest, peers, signatures))

    # ------------------------------------------------------------ views

    def cluster_of(self, slot: int, turn: int) -> list[str]:
        """Return the cluster of a slot; it serves four, and changes when all turns have passed (Z-4, Z-8)."""
        p = self.parameters
        types = ["bytes32", "uint256", "uint256"]
        seed = keccak(encode(types, [self.seed, slot // SERVED, turn // p.cluster_size]))
        feeders = [listed.feeder for listed in self.list]
        places = draw(feeders, set(self.verifier_places), seed, p.cluster_size)
        if len(places) != p.cluster_size:
            raise Refused("VerifierCouncil_TooFew", len(self.list), p.verifier_size + p.cluster_size)
        return [self.list[place].account for place in places]

    def verifiers(self) -> list[str]:
        """Return the verifier set, in the order of the list (Z-1)."""
        return [self.list[place].account for place in self.verifier_places]

    def current_turn(self, now: int) -> int:
        """Return (T_i - T_0) / τ of eq 1 for the verifier set."""
        return (now - self.drawn_at) // self.parameters.turn

    def seat(self, account: str) -> Seat:
        """Return a member's seat, also that of an account that has none."""
        return self.seats.get(account, Seat())

    def member_of(self, account: str) -> MemberView:
        """Return everything about a member."""
        s = self.seat(account)
        return MemberView(s.state, s.stake, s.owed, s.score, s.feeder, s.leave_at)

    def members(self) -> list[str]:
        """Return the list that the sets are drawn from."""
        return [listed.account for listed in self.list]

    # ------------------------------------------------------------ parts of the above

    def _check_signed(
        self,
        chosen: Sequence[str],
        leader: int | None,
        needed: int,
        digest: bytes,
        peers: int,
        signatures: bytes,
    ) -> list[str]:
        who = [] if leader is None else [chosen[leader]]
        offset = 0
        for place, member in enumerate(chosen):
            if not peers >> place & 1:
                continue
            signature = signatures[offset : offset + 64]
            offset += 64
            if place == leader or len(signature) < 64 or recover_address(digest, signature) != member:
                raise Refused("VerifierCouncil_BadSignature", place)
            who.append(member)
        if len(who) < needed:
            raise Refused("VerifierCouncil_NoQuorum", len(who), needed)
        return who

    def _seat_in(self, account: str, needed: MemberState) -> Seat:
        seat = self.seat(account)
        if seat.state != needed:
            raise Refused("VerifierCouncil_WrongState", account, int(seat.state), int(needed))
        return seat

    def _seated(self, members: list[Listed], account: str) -> list[Listed]:
        seat = self._seat_in(account, MemberState.CANDIDATE)
        if len(members) == MAX_MEMBERS:
            raise Refused("VerifierCouncil_TooMany", len(members) + 1, MAX_MEMBERS)
        self.seats[account] = replace(seat, state=MemberState.MEMBER)
        return sorted([*members, Listed.of(seat.feeder, account)])

    def _latest(self) -> list[Listed]:
        return self.list if self.next_list is None else self.next_list

    def _give_back(self, account: str, seat: Seat) -> None:
        self.seats[account] = Seat(owed=seat.owed + seat.stake)

    def _credit(self, account: str, amount: int) -> None:
        if amount:
            seat = self.seat(account)
            self.seats[account] = replace(seat, owed=seat.owed + amount)


def signers_hash(signers: Sequence[str]) -> bytes:
    """Return the hash by which a slot remembers its signers: the leader, then its peers."""
    return keccak(b"".join(bytes(12) + bytes.fromhex(signer[2:]) for signer in signers))


def pay(ledger: Ledger, account: str, amount: int, now: int) -> None:
    """Move units from a market's care into an account's funds."""
    split = Split(unhold=0, seller_gets=amount, buyer_gets=0, treasury_gets=0, value=0, outcome=Outcome.NONE)
    ledger.settle(account, account, split, now)
