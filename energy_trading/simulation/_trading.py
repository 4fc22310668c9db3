"""Executes what a market design decides on a venue: trades as signed offers, pools as posted slots.

Everything that the protocol signs is signed here with the keys of the homes, their meters and the members of
the council, and checked once: by the contract where it looks at the signature, else by whoever would get the
message.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from coincurve import PrivateKey, PublicKey
from numpy.typing import NDArray

from energy_trading.bindings import SuiteParameters
from energy_trading.bindings.contract import ContractRevert, Sent
from energy_trading.bindings.offer_market import DeliveryRefused
from energy_trading.bindings.suite import CouncilSettings, SlotSettings, plan
from energy_trading.chain.connect import Chain
from energy_trading.crypto._signatures import compact, recover_account
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import Forged, InternalFault
from energy_trading.market.slots.clearing import PoolClearing, PoolPrice, PoolRule, clear_pool
from energy_trading.rules.council import signers_hash
from energy_trading.rules.slot_pool import rows_root
from energy_trading.rules.slots import closing_of
from energy_trading.simulation._engines import CHAIN_ID, venue_at
from energy_trading.simulation.venues import Step, Venue
from energy_trading.types import (
    SIGNED_NONCE,
    TESTIMONY_NONCE,
    ZERO_ADDRESS,
    AccountAttestation,
    AccountView,
    Delivery,
    DeliveryFault,
    Domain,
    Energy,
    Order,
    Pricing,
    Reading,
    Receipt,
    Result,
    Role,
    Terms,
    Testimony,
    Witness,
)
from energy_trading.types._keccak import keccak

#: receipts in a transaction
RECEIPTS_AT_ONCE: Final = 40
#: slots that are made final in a transaction
FINAL_AT_ONCE: Final = 4
#: Wh beyond which a price is at no home's limit
_NO_LIMIT: Final = 2**32 - 1
_ATTESTED_S: Final = 86_400
_CAP: Final = 2**55
_SETTINGS: Final = SlotSettings()
_FEEDERS: Final = 12
_Integers = NDArray[np.int64]
_KEY: Final = PrivateKey((77).to_bytes(32, "big"))
_DIGESTS: Final = [keccak(i.to_bytes(4, "big")) for i in range(64)]


@dataclass(frozen=True)
class Cast:
    """Everybody of a simulated market, with keys that follow from a seed: a run can be made again.

    Args:
        homes: accounts of the homes.
        meters: keys of their meters, likewise.
        members: of the council of a slot market.
        dso: operator of the grid, which owns the contracts and registers meters.
        pkg: attests accounts.
        treasury: gets fees and cuts.
        founder: names the first members of the council.
        agent: sends what anyone may send.
    """

    homes: tuple[SecretKey, ...] = field(repr=False)
    meters: tuple[SecretKey, ...] = field(repr=False)
    members: tuple[SecretKey, ...] = field(repr=False)
    dso: SecretKey
    pkg: SecretKey
    treasury: SecretKey
    founder: SecretKey
    agent: SecretKey

    @classmethod
    def drawn(cls, homes: int, seed: int, members: int = 48) -> Cast:
        """Return a cast whose keys are hashes of the seed. Nobody else may hold funds by them.

        Args:
            homes: how many.
            seed: of the keys.
            members: of the council.
        """

        def key(role: str) -> SecretKey:
            return SecretKey(keccak(f"energy-trading simulation {seed}: {role}".encode()))

        def keys(role: str, count: int) -> tuple[SecretKey, ...]:
            return tuple(key(f"{role} {i}") for i in range(count))

        roles = ("dso", "pkg", "treasury", "founder", "agent")
        return cls(keys("home", homes), keys("meter", homes), keys("member", members), *map(key, roles))

    @property
    def senders(self) -> tuple[SecretKey, ...]:
        """Whoever sends transactions."""
        return (*self.homes, *self.members, self.dso, self.founder, self.agent)


@dataclass(frozen=True)
class Agreed:
    """A trade between two homes.

    Args:
        seller: number of the home.
        buyer: number of the home.
        energy_wh: agreed, Wh.
        price: of all of it, units of account.
        testimony: whether the seller's meter may testify to what it fed in.
    """

    seller: int
    buyer: int
    energy_wh: int
    price: int
    testimony: bool = False


class _Trading:
    """What both markets share: accounts, and what is signed."""

    def __init__(
        self, chain: Chain | None, cast: Cast, now: int, chain_id: int, market: str, **parameters: Any
    ) -> None:
        self.cast = cast
        people = (cast.dso.address, cast.pkg.address, cast.treasury.address)
        self.fixed = SuiteParameters(
            *people, council=CouncilSettings(founder=cast.founder.address), **parameters
        )
        self.venue: Venue = venue_at(chain, cast.dso, self.fixed, now, chain_id)
        chain_id = chain_id if chain is None else chain.chain_id
        addresses = {each.name: each.address for each in plan(cast.dso.address, 0, self.fixed)}
        self._ledger_domain = Domain("EnergyLedger", chain_id, addresses["EnergyLedger"])
        self._domain = Domain(market, chain_id, addresses[market])
        #: how many messages were signed and checked, and by how much that grew while settling in
        self.signatures = 0
        self.settling_signatures = 0

    def _take(self, steps: Sequence[Step], at: int) -> list[Any]:
        """Take steps together; all must succeed."""
        found = self.venue.together(steps, at)
        for each in found:
            if isinstance(each, Exception):
                raise each
        return found

    def _open_accounts(self, keys: Sequence[SecretKey], funds: Sequence[int]) -> None:
        """Open and fund accounts, in units of account."""
        ledger, agent = self.venue.ledger, self.cast.agent
        deadline = self.venue.now + _ATTESTED_S
        opening, paying = [], []
        for key, amount in zip(keys, funds, strict=True):
            plain = AccountAttestation(key.address, Role.PROSUMER, b"\xce" * 32, b"\xa1" * 64, deadline)
            digest = self._ledger_domain.digest(plain)
            consent = key.sign_digest(digest)
            opening.append(
                ledger.step("open_account", agent, plain, self.cast.pkg.sign_digest(digest), consent)
            )
            if amount:
                value = amount * self.fixed.unit
                paying.append(ledger.step("deposit", key, key.address, amount, value=value))
        self.settling_signatures += 2 * len(keys)
        self._take(opening, 0)
        self._take(paying, 0)

    def _register_meters(self) -> None:
        steps = [
            self.venue.ledger.step("register_meter", self.cast.dso, home.address, _account(meter))
            for home, meter in zip(self.cast.homes, self.cast.meters, strict=True)
        ]
        self._take(steps, 0)

    def accounts(self) -> list[AccountView]:
        """Return the account of every home in the ledger."""
        return [self.venue.ledger.account_of(key.address) for key in self.cast.homes]


class OfferTrading(_Trading):
    """Trades of two homes: a seller signs an offer, a buyer accepts it, and its meter signs a receipt.

    Args:
        chain: where the market is; None for the rules in memory.
        cast: everybody.
        now: unix seconds, for the rules in memory.
        funds: of each home, units of account.
        chain_id: for the rules in memory.
        parameters: fields of `SuiteParameters` that differ from the defaults.
    """

    def __init__(
        self,
        chain: Chain | None,
        cast: Cast,
        now: int,
        funds: Sequence[int],
        chain_id: int = CHAIN_ID,
        **parameters: Any,
    ) -> None:
        super().__init__(chain, cast, now, chain_id, "OfferMarket", **parameters)
        self._nonce = SIGNED_NONCE
        self._open_accounts(cast.homes, funds)
        self._register_meters()

    def accept(
        self, trades: Sequence[Agreed], at: int, accept_by: int, deliver_by: int
    ) -> list[Terms | ContractRevert]:
        """Let sellers sign their offers, and buyers accept them.

        Args:
            trades: of one slot.
            at: unix seconds of the acceptances.
            accept_by: unix seconds, half open.
            deliver_by: unix seconds, half open; receipts count before.

        Returns:
            For each trade its terms, or why it was refused.
        """
        homes, steps, found = self.cast.homes, [], []
        for trade in trades:
            self._nonce += 1
            seller, buyer = homes[trade.seller], homes[trade.buyer]
            energy = Energy.plain(trade.energy_wh)
            nonce = self._nonce | TESTIMONY_NONCE if trade.testimony else self._nonce
            terms = Terms(seller.address, ZERO_ADDRESS, energy, trade.price, accept_by, deliver_by, nonce)
            signature = seller.sign_digest(self._domain.digest(terms))
            steps.append(self.venue.market.step("accept_signed", buyer, terms, signature))
            found.append(terms)
        self.signatures += len(steps)
        answers = self.venue.together(steps, at)
        return [
            each if isinstance(each, ContractRevert) else terms
            for each, terms in zip(answers, found, strict=True)
        ]

    def deliver(self, trades: Sequence[tuple[Terms, Agreed, int]], at: int) -> None:
        """Let the buyers' meters sign receipts, and submit them in batches.

        Args:
            trades: terms, trade and what was delivered in Wh.
            at: unix seconds of the receipts.

        Raises:
            InternalFault: a receipt was refused.
        """
        deliveries = []
        for terms, trade, wh in trades:
            meter = self.cast.meters[trade.buyer]
            energy = Energy.plain(wh)
            signature = compact(meter.sign_digest(self._domain.digest(Receipt(terms.struct_hash(), energy))))
            buyer = self.cast.homes[trade.buyer].address
            deliveries.append(Delivery(terms, buyer, _account(meter), energy, signature))
        self.signatures += len(deliveries)
        batches = [deliveries[i : i + RECEIPTS_AT_ONCE] for i in range(0, len(deliveries), RECEIPTS_AT_ONCE)]
        market, agent = self.venue.market, self.cast.agent
        answers = self._take([market.step("confirm_deliveries", agent, batch) for batch in batches], at)
        refused = sum(map(_refused, answers))
        if refused:
            raise InternalFault(f"the market refused {refused} of {len(deliveries)} receipts")

    def testify(self, trades: Sequence[tuple[Terms, Agreed, int]], at: int, until: int) -> None:
        """Let the sellers' meters testify to what they fed in.

        Args:
            trades: terms, which allow testimony, trade and what was fed in for it, Wh.
            at: unix seconds of the testimonies.
            until: unix seconds at which the energy had been fed in; it began at the end of the acceptances.

        Raises:
            ContractRevert: the market refused a testimony.
        """
        steps = []
        for terms, trade, wh in trades:
            energy = Energy.plain(wh)
            meter, receipt_meter = (_account(self.cast.meters[n]) for n in (trade.seller, trade.buyer))
            testimony = Testimony(terms.struct_hash(), energy, terms.accept_by, until)
            signature = compact(self.cast.meters[trade.seller].sign_digest(self._domain.digest(testimony)))
            buyer = self.cast.homes[trade.buyer].address
            span = (terms.accept_by, until)
            witness = Witness(terms, buyer, receipt_meter, meter, energy, *span, signature)
            steps.append(self.venue.market.step("testify", self.cast.agent, witness))
        self.signatures += len(steps)
        self._take(steps, at)

    def treasury(self) -> int:
        """Return the units of the treasury."""
        view: AccountView = self.venue.ledger.account_of(self.cast.treasury.address)
        return view.available


def _refused(answer: Any) -> int:
    """Return how many receipts of a batch were refused."""
    if isinstance(answer, Sent):
        return sum(bytes(log["topics"][0]) == DeliveryRefused.topic() for log in answer.logs)
    return sum(fault != DeliveryFault.NONE for fault in answer)


@dataclass(frozen=True)
class _Posted:
    """A slot that waits to become final."""

    result: Result
    signers: tuple[str, ...]
    rows: NDArray[np.int16]
    packed: bytes
    posted_at: int


class SlotTrading(_Trading):
    """Slots of a pool: homes sign orders, meters sign readings, a leader with a quorum of its cluster posts.

    Args:
        chain: where the market is; None for the rules in memory.
        cast: everybody.
        now: unix seconds, for the rules in memory.
        funds: what each home locks, units of account.
        chain_id: for the rules in memory.
        settings: constants of the slot market.
        parameters: other fields of `SuiteParameters` that differ from the defaults.
    """

    def __init__(
        self,
        chain: Chain | None,
        cast: Cast,
        now: int,
        funds: Sequence[int],
        chain_id: int = CHAIN_ID,
        settings: SlotSettings = _SETTINGS,
        **parameters: Any,
    ) -> None:
        super().__init__(chain, cast, now, chain_id, "SlotMarket", slots=settings, **parameters)
        p = settings
        self._accounts = [_account(key) for key in cast.homes]
        self._meters = [_account(key) for key in cast.meters]
        self._members = {key.address: key for key in cast.members}
        self._orders: list[Order | None] = [None] * len(cast.homes)
        self._hashes = [b""] * len(cast.homes)
        #: units that each home surely has, whatever of its posted slots becomes final
        self._free = np.array(funds, np.int64)
        self._posted: list[_Posted] = []
        kind = PoolPrice.MID_RATE if p.pricing is Pricing.MID_RATE else PoolPrice.SUPPLY_DEMAND_RATIO
        self.rule = PoolRule(p.retail, p.feed_in, kind)
        self._found_council()
        self._join(funds)

    def _found_council(self) -> None:
        members, council = self.cast.members, self.venue.council
        stake = self.fixed.council.min_stake
        self._open_accounts(members, [stake] * len(members))
        joining = [
            council.step("request_join", key, i % _FEEDERS, keccak(f"certificate {i}".encode()), stake)
            for i, key in enumerate(members)
        ]
        self._take(joining, 0)
        founder, agent = self.cast.founder, self.cast.agent
        self._take([council.step("found", founder, [key.address for key in members])], 0)
        self._take(
            [self.venue.ledger.step("deposit", agent, members[0].address, 1, value=self.fixed.unit)], 0
        )
        self._take([council.step("redraw", agent)], 0)  # a block after the one whose hash is the seed

    def _join(self, funds: Sequence[int]) -> None:
        homes, market = self.cast.homes, self.venue.slots
        self._open_accounts(homes, funds)
        self._register_meters()
        self._take([market.step("join", key, _CAP) for key in homes], 0)
        locking = [market.step("lock", key, n) for key, n in zip(homes, funds, strict=True) if n]
        self._take(locking, 0)

    def slot(
        self,
        slot: int,
        net_wh: _Integers,
        buy_limits: _Integers,
        sell_limits: _Integers,
        max_spends: _Integers,
        metered: NDArray[np.bool_] | None = None,
    ) -> PoolClearing:
        """Work a slot out at its end, and post it.

        A home signs a new order if its limits have changed or the last one has ended.

        Args:
            slot: number of the slot.
            net_wh: reading of each home, Wh; fed in is positive.
            buy_limits: highest price at which each buys, units per Wh.
            sell_limits: lowest price at which each sells, units per Wh.
            max_spends: most that each pays in the slot, fee included, units.
            metered: which homes sent a reading; None is all.

        Returns:
            The slot as posted.

        Raises:
            ContractRevert: the contract refused it.
        """
        p, homes = self.fixed.slots, self.cast.homes
        slot_seconds, quorum = self.fixed.slot_seconds, self.fixed.council.quorum
        nets = net_wh if metered is None else np.where(metered, net_wh, 0)
        self._renew_orders(slot, buy_limits, sell_limits, max_spends)
        self._read(slot, nets, metered)
        budgets = np.minimum(np.minimum(max_spends, self._free), _CAP)
        cleared = clear_pool(nets, buy_limits, sell_limits, (budgets - p.fee).clip(0), self.rule, slot)
        rows = cleared.rows
        # Words of 16 rows, the last one filled up with zeros.
        packed = np.zeros(-(-len(homes) // 16) * 16, ">i2")
        packed[: len(homes)] = rows
        coded = packed.tobytes()
        end = (slot + 1) * slot_seconds
        at = max(end, self.venue.now + 1)
        cluster = self.venue.council.cluster_of(slot, (at - end) // p.turn_seconds)
        place = (at - end) // p.turn_seconds % len(cluster)
        peers = [i for i in range(len(cluster)) if i != place][: quorum - 1]
        totals = (
            cleared.price,
            cleared.metered_supply_wh,
            cleared.metered_demand_wh,
            cleared.supply_wh,
            cleared.demand_wh,
        )
        orders = keccak(b"".join(self._hashes))
        result = Result(slot, *totals, orders, rows_root(coded), cluster[place])
        digest = self._domain.digest(result)
        signatures = b"".join(compact(self._members[cluster[i]].sign_digest(digest)) for i in peers)
        self.signatures += len(peers)
        bits = sum(1 << i for i in peers)
        leader = self._members[cluster[place]]
        self._take([self.venue.slots.step("post", leader, result, coded, bits, signatures)], at)
        signers = (leader.address, *(cluster[i] for i in peers))
        self._posted.append(_Posted(result, signers, rows, coded, self.venue.now))
        self._free -= self._paid(rows, cleared.price)
        return cleared

    def _renew_orders(self, slot: int, buy: _Integers, sell: _Integers, spend: _Integers) -> None:
        wanted = zip(buy.tolist(), sell.tolist(), spend.tolist(), strict=True)
        for home, limits in enumerate(wanted):
            old = self._orders[home]
            if (
                old is not None
                and slot <= old.last_slot
                and (old.buy_limit, old.sell_limit, old.max_spend) == limits
            ):
                continue
            key, nonce = self.cast.homes[home], 1 if old is None else old.nonce + 1
            order = Order(key.address, slot, slot + 95, *limits, nonce)
            digest = self._domain.digest(order)
            self._check(digest, key.sign_digest(digest), self._accounts[home])
            self._orders[home], self._hashes[home] = order, order.struct_hash()

    def _read(self, slot: int, nets: _Integers, metered: NDArray[np.bool_] | None) -> None:
        sent = range(len(nets)) if metered is None else np.flatnonzero(metered).tolist()
        values, homes, meters = nets.tolist(), self.cast.homes, self.cast.meters
        for home in sent:
            digest = self._domain.digest(Reading(homes[home].address, slot, values[home]))
            self._check(digest, meters[home].sign_digest(digest), self._meters[home])

    def _check(self, digest: bytes, signature: bytes, signer: bytes) -> None:
        """Check a message as the member that gets it does."""
        self.signatures += 1
        if recover_account(digest, signature) != signer:
            raise Forged(f"a message is not signed by 0x{signer.hex()}")

    def finalise(self, *, last: bool = False) -> int:
        """Make posted slots final whose window has passed, four at a time.

        Args:
            last: wait for the window of all that are left.

        Returns:
            How many slots became final.
        """
        done = 0
        while self._posted:
            batch = self._posted[:FINAL_AT_ONCE]
            # Slots before the first that nobody posted have to be over, too.
            over = (batch[0].result.slot + 1) * self.fixed.slot_seconds + self.fixed.slots.post_seconds
            due = max(batch[-1].posted_at + self.fixed.slots.window_seconds, over)
            if not last and (len(batch) < FINAL_AT_ONCE or self.venue.now < due):
                break
            closings = [closing_of(each.result, signers_hash(each.signers)) for each in batch]
            rows = [each.packed for each in batch]
            self._take([self.venue.slots.step("finalise", self.cast.agent, closings, rows)], due)
            for each in batch:
                self._free += self._earned(each.rows, each.result.price)
            del self._posted[: len(batch)]
            done += len(batch)
        return done

    def balances(self) -> list[int]:
        """Return what the market holds for each home, units."""
        return [self.venue.slots.home_of(home).balance for home in range(len(self.cast.homes))]

    def _paid(self, rows: NDArray[np.int16], price: int) -> _Integers:
        bought = (-rows.astype(np.int64)).clip(0)
        paid: _Integers = bought * price + (bought > 0) * self.fixed.slots.fee
        return paid

    def _earned(self, rows: NDArray[np.int16], price: int) -> _Integers:
        sold: _Integers = rows.astype(np.int64).clip(0)
        return sold * price


def _account(key: SecretKey) -> bytes:
    return bytes.fromhex(key.address[2:])


def signature_floor(messages: int) -> float:
    """Return the CPU seconds to sign and recover as many digests, with coincurve and nothing around it.

    Args:
        messages: how many.
    """
    start = time.process_time()
    for i in range(messages):
        digest = _DIGESTS[i % len(_DIGESTS)]
        PublicKey.from_signature_and_message(_KEY.sign_recoverable(digest, hasher=None), digest, hasher=None)
    return time.process_time() - start
