"""A home's watcher: checks every posted slot about its own homes, and disputes what is wrong, in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from energy_trading.bindings.contract import Call, ContractRevert, UnknownRevert
from energy_trading.bindings.suite import Suite
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import TryAgain
from energy_trading.market.log.follower import Follower
from energy_trading.market.slots.book import HomeInSlot, SlotBook, spent
from energy_trading.market.slots.home_records import HomeRecords
from energy_trading.market.slots.posting import Posting
from energy_trading.rules.slot_pool import row_fits

#: how a posted row is found: right, or what it is disputed by
RIGHT, DEMAND, MISFILL, OVERSPEND, OVERDRAFT, EXPIRE = (
    "right",
    "demand",
    "misfill",
    "overspend",
    "overdraft",
    "expire",
)


@dataclass(frozen=True)
class RowFinding:
    """What the watcher found about one row.

    Args:
        slot: the slot.
        home: number of the home.
        row: its row, Wh.
        verdict: "right", or the dispute: "demand", "misfill", "overspend", "overdraft", "expire".
        why: one plain sentence.
        sent: hash of the transaction that disputed it; None if there was none.
    """

    slot: int
    home: int
    row: int
    verdict: str
    why: str
    sent: bytes | None = None


class Watcher:
    """Checks posted slots about some homes. `step` reads what is new and disputes what is wrong.

    A row is right if it follows from what a member has acknowledged and signed; a signer that acknowledged
    something else is slashed by a misfill. A row that the home has no acknowledgement for is demanded.

    Args:
        suite: the contracts.
        from_block: block of the deployment.
        accounts: whose homes it watches; None watches all, from public data alone.
        key: sends the disputes and pays for their gas; None only reports. A home's own demand needs no bond.
        records: what the homes have kept; None for homes of others.
        say: is called with a line of text about reorganisations and refused transactions.

    Source:
        Z-6, Z-7.
    """

    def __init__(
        self,
        suite: Suite,
        from_block: int,
        accounts: Sequence[str] | None,
        key: SecretKey | None,
        records: HomeRecords | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._suite, self._from_block = suite, from_block
        self._accounts = None if accounts is None else set(accounts)
        self._key, self._records, self._say = key, records, say
        self._begin()

    def _begin(self) -> None:
        self.book = SlotBook(self._suite.slots.slot_parameters())
        self.now = 0
        self._follower = Follower(self._suite, self._from_block, self._say)
        self._times: dict[int, int] = {}
        self._postings: dict[int, Posting] = {}
        self._settled: dict[tuple[int, int], str] = {}

    def step(self) -> list[RowFinding]:
        """Read what is new, and check it.

        Returns:
            The rows about which something was found since the last call: a verdict is reported once.

        Raises:
            NodeError: the chain's node cannot be reached.
        """
        self._sync()
        found = []
        for finding, call in list(self._findings()):
            if finding.verdict != RIGHT and call is not None and self._key is not None:
                sent = self._send(finding, call)
                if sent is None:
                    continue  # the next step tries again
                finding = RowFinding(**{**vars(finding), "sent": sent})
            self._settled[finding.slot, finding.home] = finding.verdict
            found.append(finding)
        return found

    def _findings(self) -> Iterator[tuple[RowFinding, Call[Any] | None]]:
        for posted in self.book.live():
            slot = posted.slot
            if slot not in self._postings:
                self._postings[slot] = Posting.read(self._suite.chain, posted, self._suite.slots_domain)
            for home, facts in enumerate(self.book.homes_of(slot)):
                if self._accounts is not None and facts.account not in self._accounts:
                    continue
                if (found := self._check(self._postings[slot], home, facts)) is not None:
                    yield found
                    if found[0].verdict not in (RIGHT, DEMAND):
                        break  # the slot will be void

    def _check(
        self, posting: Posting, home: int, facts: HomeInSlot
    ) -> tuple[RowFinding, Call[Any] | None] | None:
        result, row = posting.posted.result, posting.row(home)
        slot, posted, proof = result.slot, posting.posted, posting.proof(home)
        before = self._settled.get((slot, home))
        disputes, fee = self._suite.slot_disputes, self.book.parameters.fee

        def found(
            verdict: str, why: str, call: Call[Any] | None
        ) -> tuple[RowFinding, Call[Any] | None] | None:
            return None if before == verdict else (RowFinding(slot, home, row, verdict, why), call)

        demand = self.book.demands.get((slot, home))
        if demand is not None and self.now >= demand.deadline:
            why = "nobody has shown its order and its reading in time"
            return found(EXPIRE, why, disputes.expire(posted, home))
        cost = spent(row, result.price, fee)
        if cost > facts.cap or (facts.frozen and row):
            why = f"it costs {cost} and the cap is {0 if facts.frozen else facts.cap}"
            return found(OVERSPEND, why, disputes.overspend(posted, home, proof))
        if slot == self.book.frontier and cost > self.book.balance(home):
            why = f"it costs {cost} and the home has {self.book.balance(home)}"
            return found(OVERDRAFT, why, disputes.overdraft(posted, home, proof))
        window_end = self.book.posted_at[slot] + self.book.parameters.window_seconds
        acks = {} if self._records is None else self._records.acks(facts.account, slot)
        known = False
        for member, signer in enumerate(posted.signers):
            ack = acks.get(signer)
            order = self._records.order_of(ack) if ack and self._records else None
            reading = self._records.reading(facts.account, slot) if self._records else None
            if ack is None or order is None or reading is None:
                continue
            if ack.ack.reading != reading.reading.struct_hash():
                continue
            known = True
            budget = min(ack.ack.budget, order.order.max_spend, facts.cap)
            fits = row_fits(row, order.order, reading.reading.net_wh, budget, True, result, fee)
            if not (row == 0 if facts.frozen else fits) and self.now < window_end:
                why = f"{signer} has acknowledged another order or reading than it has signed a row for"
                call = disputes.misfill(
                    posted, home, proof, order.order, reading.reading, ack.ack, member, ack.signature
                )
                return found(MISFILL, why, call)
        if known:
            return found(RIGHT, "it follows from what a signer has acknowledged", None)
        if row == 0 or self._records is None:
            return found(RIGHT, "it is within what public data allow", None)
        if demand is None and before != DEMAND and self.now < window_end:
            why = "no signer has acknowledged an order and a reading to this home"
            return found(DEMAND, why, self._suite.slots.demand(slot, home))
        return None

    def _send(self, finding: RowFinding, call: Call[Any]) -> bytes | None:
        assert self._key is not None
        try:
            call.simulate(self._key)
            return call.send(self._key).transaction_hash
        except (ContractRevert, UnknownRevert, TryAgain) as error:
            self._say(f"{finding.verdict} of slot {finding.slot} for home {finding.home}: {error}")
            return None

    def _sync(self) -> None:
        now = self._suite.chain.now()
        for event, vanished in self._follower.news():
            number = event.block_number
            if number not in self._times:
                self._times[number] = self._suite.chain.time_of(number)
            if vanished or not self.book.fold(event, self._times[number]):
                self._begin()
                self._sync()
                return
        self.now = max(self.now, now)
        self.book.advance(self.now)
        if not self.book.frontier:
            self.book.frontier = self._suite.slots.frontier()
        self._settled = {key: what for key, what in self._settled.items() if key[0] >= self.book.frontier}
        self._postings = {s: each for s, each in self._postings.items() if s >= self.book.frontier}
