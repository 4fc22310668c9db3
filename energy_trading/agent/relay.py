"""The relayer: carries what people signed to the chain, each once or not at all, and pays for the gas."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from energy_trading.agent import intents as life
from energy_trading.agent.book import Listed, listed, ranked, requests_in_turn
from energy_trading.agent.config import AgentConfig
from energy_trading.agent.index import newest
from energy_trading.agent.store import Store, next_number, set_fact, tell
from energy_trading.agent.tables import attempts, blocks, intents, jobs
from energy_trading.agent.view import View
from energy_trading.bindings.contract import Call, ContractRevert, explain
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import NodeError, RevertData, sign_transaction
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import EnergyTradingError, TryAgain
from energy_trading.files._json import to_hex
from energy_trading.market.intents.intent import Intent
from energy_trading.market.log.event_json import named, to_plain
from energy_trading.market.trade._delivery_json import delivery_from_json
from energy_trading.market.trade.trader import repair
from energy_trading.types import Bid, Purchase

log: Final = logging.getLogger("energy_trading.agent")

#: items in one transaction
BATCH: Final = 40
#: how often an order that a batch refused is tried again, while its simulation succeeds
TRIES: Final = 3
DAY: Final = 86_400
_SINGLES: Final = ("give-up", "cancellation", "withdrawal", "deposit", "nonce-cancellation")
#: a replacement must cost a tenth more on most nodes; an eighth is safe
_BUMP: Final = (9, 8)
_UNMINED: Final = ("prepared", "sent")
#: errors of the ledger that mean: the money is not there
_NO_MONEY: Final = ("Insufficient", "OverCreditLimit")
_LATE: Final = ("OrderExpired", "Expired")
_EARLY: Final = ("TooEarly",)


class NotCarrying(TryAgain):
    """The relayer takes no orders at present: its gas money or its budget is used up, or gas is too dear.

    Args:
        code: which of them.
        why: the reason in words.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass
class _Item:
    row: Row[Any]
    call: Call[Any]
    #: what a batch needs of it
    part: Any = None
    trade_id: bytes | None = None


class Relayer:
    """One sender of transactions. Each nonce is a job, whose signed transactions are stored before sending.

    Args:
        store: migrated.
        suite: the market.
        view: the market as the index has it.
        key: the relayer's own key, which nobody else sends with.
        config: limits.
        clock: unix seconds of this machine: for the day of the budget, and for fee bumps.
    """

    def __init__(
        self,
        store: Store,
        suite: Suite,
        view: View,
        key: SecretKey,
        config: AgentConfig,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._suite, self._view, self._config = store, suite, view, config
        self._signer = key.to_local_account()
        self._clock = clock
        self.address = key.address
        #: what the last look found, for the service's answers: balance in wei, and base fee
        self.balance, self.base_fee = 0, 0
        self._looked = False

    @property
    def _eth(self) -> Any:
        return self._suite.chain.web3.eth

    def _mined(self) -> int:
        """Return how many transactions of the relayer were mined, which is the chain's next nonce."""
        return int(self._eth.get_transaction_count(self.address, "latest"))

    def check_ready(self) -> None:
        """Refuse new orders rather than accept what cannot be carried.

        Raises:
            NotCarrying: there is a reason.
        """
        config = self._config
        if not self._looked:
            raise NotCarrying("try-again", "the relayer has not looked at the chain yet")
        if self.balance < config.least_balance:
            raise NotCarrying("relay-unfunded", "the relayer's money for gas is used up; submit it yourself")
        if self.base_fee > config.fee_cap:
            raise NotCarrying("gas-too-dear", "gas costs more than the relayer pays; try again later")
        with self._store.reading() as connection:
            if self._spent(connection) >= config.daily_budget:
                raise NotCarrying("budget-spent", "the relayer's budget of the day is used up")

    def tick(self) -> bool:
        """Look after the transactions that are on their way, and make new ones.

        Returns:
            Whether anything was made or settled.

        Raises:
            NodeError: the node went away; nothing is lost.
            StoreAway: the database went away; nothing is lost.
        """
        self.balance = int(self._eth.get_balance(self.address))
        self.base_fee = int(self._eth.get_block("latest")["baseFeePerGas"])
        self._looked = True
        changed = self._settle()
        mined = self._mined()
        self._resend(mined)
        for make in (self._make_singles, self._make_bids, self._make_purchases, self._make_receipts):
            changed |= make(mined)
        return changed

    # ------------------------------------------------------------ what is on its way

    def _settle(self) -> bool:
        """See which jobs were mined, and which the chain has taken back."""
        changed = False
        with self._store.reading() as connection:
            mine = select(jobs).where(jobs.c.sender == self.address)
            rows = connection.execute(
                mine.where(jobs.c.state.in_((*_UNMINED, "mined"))).order_by(jobs.c.nonce)
            ).all()
            tip = newest(connection)
        if tip is None:
            return False
        for job in rows:
            if job.state == "mined" and self._stands(job):
                if job.block <= tip[0] - self._config.final_blocks:
                    self._mark(job, "final")
                continue
            receipt = self._receipt_of(job)
            if receipt is not None:
                block = int(receipt["blockNumber"])
                place = {"block": block, "block_hash": bytes(receipt["blockHash"])}
                if block > tip[0]:
                    continue  # the index comes first, so that what was carried out is known
                cost = int(receipt["gasUsed"]) * int(receipt["effectiveGasPrice"])
                if self._mark(job, "mined", cost=str(cost), **place):
                    self._release(job)
                    changed = True
            elif job.state == "mined":
                self._mark(job, "sent", block=None, block_hash=None)
                changed = True
        return changed

    def _stands(self, job: Row[Any]) -> bool:
        with self._store.reading() as connection:
            stored = connection.execute(select(blocks.c.hash).where(blocks.c.number == job.block)).scalar()
        return stored is not None and bytes(stored) == bytes(job.block_hash)

    def _receipt_of(self, job: Row[Any]) -> Any:
        """Return the receipt of whichever transaction of a job was mined; None if none was."""
        from hexbytes import HexBytes
        from web3.exceptions import TransactionNotFound

        for attempt in self._attempts(job.id):
            try:
                receipt = self._eth.get_transaction_receipt(HexBytes(bytes(attempt.tx)))
            except TransactionNotFound:
                continue
            if receipt["blockHash"] is not None:
                return receipt
        return None

    def _attempts(self, job: int) -> Sequence[Row[Any]]:
        with self._store.reading() as connection:
            wanted = select(attempts).where(attempts.c.job == job).order_by(attempts.c.fee)
            return connection.execute(wanted).all()

    def _mark(self, job: Row[Any], state: str, **changes: Any) -> bool:
        with self._store.writing() as connection:
            same = jobs.c.id == job.id, jobs.c.state == job.state
            done = connection.execute(update(jobs).where(*same).values(state=state, **changes))
            if done.rowcount:
                news = {"id": str(job.id), "kind": job.kind, "nonce": str(job.nonce), "state": state}
                tell(connection, [("job", "", json.dumps(news))])
            return bool(done.rowcount)

    def _release(self, job: Row[Any]) -> None:
        """Free the orders that a mined job did not carry out; they are tried again or dropped."""
        with self._store.writing() as connection:
            rest = connection.execute(
                select(intents).where(intents.c.job == job.id, intents.c.state == life.IN_FLIGHT)
            ).all()
            for row in rest:
                if row.block is None:
                    life.move(connection, [row.id], life.OPEN, job=None, tries=row.tries + 1)

    def _resend(self, mined: int) -> None:
        """Send everything from the chain's nonce on again; a node refuses what it knows already."""
        with self._store.reading() as connection:
            rows = connection.execute(
                select(jobs)
                .where(jobs.c.sender == self.address, jobs.c.state.in_(_UNMINED))
                .order_by(jobs.c.nonce)
            ).all()
        lost = [job for job in rows if job.nonce < mined and self._receipt_of(job) is None]
        for job in lost:
            # Looked at once more, because the transaction may have been mined between two questions.
            if job.state == "prepared" or self._nonce_gone(job):
                self._lose(job)
        for job in rows:
            if job.nonce >= mined:
                newest_attempt = self._attempts(job.id)[-1]
                if self._clock() - newest_attempt.made >= self._config.bump_seconds:
                    newest_attempt = self._bump(job, newest_attempt) or newest_attempt
                self._send(job, newest_attempt)

    def _nonce_gone(self, job: Row[Any]) -> bool:
        return job.nonce < self._mined() and self._receipt_of(job) is None

    def _lose(self, job: Row[Any]) -> None:
        """Another transaction of this key took the nonce: what the job carried waits again."""
        with self._store.writing() as connection:
            done = connection.execute(
                update(jobs).where(jobs.c.id == job.id, jobs.c.state.in_(_UNMINED)).values(state="lost")
            )
            if not done.rowcount:
                return
            log.error("nonce %s of the relayer was used by another program", job.nonce)
            set_fact(connection, "warning", f"nonce {job.nonce} of the relayer was used by another program")
            carried = intents.c.job == job.id, intents.c.state == life.IN_FLIGHT
            ids = connection.execute(select(intents.c.id).where(*carried)).scalars().all()
            life.move(connection, ids, life.OPEN, job=None)

    def _bump(self, job: Row[Any], last: Row[Any]) -> Row[Any] | None:
        """Sign the same call again for a higher fee, within the cap; None if there is no room."""
        tip, fee = self._fees()
        tip = max(tip, -(-last.tip * _BUMP[0] // _BUMP[1]))
        fee = max(fee, -(-last.fee * _BUMP[0] // _BUMP[1]))
        if fee > self._config.fee_cap:
            return None
        with self._store.writing() as connection:
            still = connection.execute(select(jobs.c.state).where(jobs.c.id == job.id)).scalar()
            if still not in _UNMINED:
                return None
            self._sign(connection, job.id, job.target, bytes(job.data), job.gas, job.nonce, tip, fee)
        return self._attempts(job.id)[-1]

    def _send(self, job: Row[Any], attempt: Row[Any]) -> None:
        try:
            self._eth.send_raw_transaction(bytes(attempt.raw))
        except (NodeError, RevertData) as error:
            # Known already, or mined: the receipt decides. Or the node is away: it is sent again.
            log.debug("job %s: the node did not take the transaction: %s", job.id, error)
        if job.state == "prepared":
            self._mark(job, "sent")

    # ------------------------------------------------------------ new jobs

    def _make_singles(self, mined: int) -> bool:
        changed = False
        for row in self._waiting(_SINGLES):
            item = self._checked(row, self._read_single)
            if item is not None:
                changed |= self._make(row.kind, [item], item.call, mined)
        return changed

    def _read_single(self, row: Row[Any]) -> tuple[Call[Any], Any]:
        return Intent.from_json(json.loads(row.body)).call(self._suite), None

    def _make_bids(self, mined: int) -> bool:
        rows, wanted = {row.id: row for row in self._waiting(["bid"])}, {}
        for row in rows.values():
            try:
                intent = Intent.from_json(json.loads(row.body))
                intent.check(self._suite)
                wanted[row.id] = intent
            except TryAgain:
                raise
            except EnergyTradingError as error:
                self._drop(row, error)
        if not wanted:
            return False
        with self._store.reading() as connection:
            offers = listed(connection, self._view)
            sold = self._promised(connection)
        offers = [item for item in offers if item.offer.trade_id not in sold]
        changed = False
        bids = [(id, i.order) for id, i in wanted.items() if isinstance(i.order, Bid)]
        self._open([rows[id] for id in wanted if rows[id].state == life.RECEIVED])
        for id, bid in requests_in_turn(iter(bids)):
            for candidate in ranked(offers, bid):
                item = self._fits(rows[id], wanted[id], candidate)
                if item is None:
                    continue
                if self._make("bid", [item], item.call, mined):
                    offers.remove(candidate)
                    changed = True
                break
        return changed

    def _promised(self, connection: Connection) -> set[bytes]:
        """Return the offers that an order on its way buys already."""
        buys = intents.c.kind.in_(("bid", "purchase")), intents.c.state == life.IN_FLIGHT
        found = connection.execute(select(intents.c.trade_id).where(*buys)).scalars()
        return {bytes(trade_id) for trade_id in found if trade_id is not None}

    def _fits(self, row: Row[Any], intent: Intent, candidate: Listed) -> _Item | None:
        try:
            call = intent.call(self._suite, candidate.offer)
            self._simulate(call)
        except TryAgain:
            raise
        except EnergyTradingError as refusal:
            log.debug("a bid does not fit an offer: %s", type(refusal).__name__)
            return None
        return _Item(row, call, trade_id=candidate.offer.trade_id)

    def _make_purchases(self, mined: int) -> bool:
        suite = self._suite

        def read(row: Row[Any]) -> tuple[Call[Any], Any]:
            intent = Intent.from_json(json.loads(row.body))
            assert isinstance(intent.order, Purchase), "the kind says so"
            return intent.call(suite), intent.purchase()

        return self._make_batches("purchase", read, suite.desk.accept_for_many, mined)

    def _make_receipts(self, mined: int) -> bool:
        suite = self._suite

        def read(row: Row[Any]) -> tuple[Call[Any], Any]:
            delivery = repair(delivery_from_json(json.loads(row.body)), suite.market_domain)
            return suite.market.confirm_delivery(delivery), delivery

        return self._make_batches(life.RECEIPT, read, suite.market.confirm_deliveries, mined)

    def _make_batches(
        self,
        kind: str,
        read: Callable[[Row[Any]], tuple[Call[Any], Any]],
        together: Callable[[list[Any]], Call[Any]],
        mined: int,
    ) -> bool:
        rows = self._waiting([kind])
        changed, head = False, self._view.head
        while rows and head is not None:
            items = []
            for row in rows[:BATCH]:
                item = self._checked(row, read)
                if item is not None:
                    items.append(item)
            due = any(item.row.deadline - self._config.margin_seconds <= head.time for item in items)
            waited = any(head.time - item.row.received >= self._config.batch_seconds for item in items)
            if items and (len(rows) >= BATCH or due or waited):
                changed |= self._make_in_parts(kind, items, together, mined)
            rows = rows[BATCH:]
        return changed

    def _make_in_parts(
        self, kind: str, items: list[_Item], together: Callable[[list[Any]], Call[Any]], mined: int
    ) -> bool:
        """Make one job, or several where one would need more gas than the cap."""
        call = together([item.part for item in items])
        gas = self._gas_of(call)
        if gas is not None and gas <= self._config.gas_cap:
            return self._make(kind, items, call, mined, gas)
        if len(items) == 1:
            with self._store.writing() as connection:
                life.move(connection, [items[0].row.id], life.FAILED, code="too-much-gas")
            return True
        half = len(items) // 2
        first = self._make_in_parts(kind, items[:half], together, mined)
        return self._make_in_parts(kind, items[half:], together, mined) or first

    def _checked(self, row: Row[Any], read: Callable[[Row[Any]], tuple[Call[Any], Any]]) -> _Item | None:
        """Simulate an order on the indexed block, and drop it if it is refused for good."""
        try:
            if row.tries >= TRIES:
                raise _GivenUp
            call, part = read(row)
            self._simulate(call)
        except ContractRevert as refusal:
            self._refuse(row, refusal)
            return None
        except TryAgain:
            raise
        except _GivenUp:
            with self._store.writing() as connection:
                life.move(connection, [row.id], life.FAILED, code="refused-repeatedly")
            return None
        except EnergyTradingError as error:
            self._drop(row, error)
            return None
        self._open([row] if row.state == life.RECEIVED else [])
        return _Item(row, call, part, None if row.trade_id is None else bytes(row.trade_id))

    def _drop(self, row: Row[Any], error: EnergyTradingError) -> None:
        """End an order that is not what was taken in: the stored text was changed, or a contract's code."""
        with self._store.writing() as connection:
            detail = json.dumps({"text": str(error)})
            life.move(connection, [row.id], life.FAILED, code="refused", detail=detail)

    def _open(self, rows: Sequence[Row[Any]]) -> None:
        if rows:
            with self._store.writing() as connection:
                still = intents.c.id.in_([row.id for row in rows]), intents.c.state == life.RECEIVED
                ids = connection.execute(select(intents.c.id).where(*still)).scalars().all()
                life.move(connection, ids, life.OPEN)

    def _refuse(self, row: Row[Any], refusal: ContractRevert) -> None:
        name = type(refusal).__name__
        if name in _EARLY:
            return
        with self._store.writing() as connection:
            # What the same account has on its way may be what this order waits for.
            others = intents.c.signer == row.signer, intents.c.state == life.IN_FLIGHT
            if connection.execute(select(intents.c.id).where(*others).limit(1)).first() is not None:
                return
            current = life.get(connection, row.id)
            if current is None or current.state not in life.WAITING or current.job is not None:
                return
            state = life.UNFUNDED if name in _NO_MONEY else life.EXPIRED if name in _LATE else life.FAILED
            detail = json.dumps({"contract_error": contract_error(refusal)})
            life.move(connection, [row.id], state, code="contract-refused", detail=detail)

    def _simulate(self, call: Call[Any]) -> None:
        head = self._view.head
        if head is None:
            raise NodeError("nothing is indexed yet")
        try:
            self._suite.chain.call(call.to, call.data, self.address, call.value, head.number)
        except RevertData as error:
            raise explain(error) from None

    def _gas_of(self, call: Call[Any]) -> int | None:
        fields = {"from": self.address, "to": call.to, "data": to_hex(call.data)}
        try:
            return int(self._eth.estimate_gas(fields)) * 5 // 4
        except RevertData:
            return None

    def _make(
        self, kind: str, items: list[_Item], call: Call[Any], mined: int, gas: int | None = None
    ) -> bool:
        """Bind orders to a nonce and a signed transaction, durably; then send it for the first time."""
        gas = self._gas_of(call) if gas is None else gas
        tip, fee = self._fees()
        if gas is None or gas > self._config.gas_cap or fee > self._config.fee_cap:
            return False
        with self._store.writing() as connection:
            if self._spent(connection) + gas * fee > self._config.daily_budget:
                return False
            ids = [item.row.id for item in items]
            free = intents.c.id.in_(ids), intents.c.state.in_(life.WAITING), intents.c.job.is_(None)
            same = connection.execute(select(intents).where(*free)).all()
            if len(same) != len(ids) or any(row.cancelling for row in same if row.kind != life.RECEIPT):
                return False  # another relayer was faster, or somebody cancelled: look again
            job = self._add_job(connection, kind, call.to, call.data, gas, mined, tip, fee)
            for item in items:
                changes = {} if item.trade_id is None else {"trade_id": item.trade_id}
                life.move(connection, [item.row.id], life.IN_FLIGHT, job=job, **changes)
        self.send_job(job)
        return True

    def send_plain(self, kind: str, data: bytes, bind: Callable[[Connection, int], bool]) -> bool:
        """Send a transaction to the relayer's own account, whose data is the message.

        Args:
            kind: of the job.
            data: what to write on chain.
            bind: is called in the transaction that stores the job, with its number; False stops it.

        Returns:
            Whether it was made.
        """
        gas = 21_000 + 40 * len(data) + 1000  # EIP-7623: at most 40 gas for a byte of plain data
        tip, fee = self._fees()
        mined = self._mined()
        with self._store.writing() as connection:
            over = self._spent(connection) + gas * fee > self._config.daily_budget
            if over or fee > self._config.fee_cap:
                return False
            job = next_number(connection, "job")
            if not bind(connection, job):
                return False
            self._add_job(connection, kind, self.address, data, gas, mined, tip, fee, job)
        self.send_job(job)
        return True

    def send_job(self, job: int) -> None:
        """Send a stored job for the first time; `tick` sends it again as long as it is not mined."""
        with self._store.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job)).one()
        self._send(row, self._attempts(job)[-1])

    def _add_job(
        self,
        connection: Connection,
        kind: str,
        target: str,
        data: bytes,
        gas: int,
        mined: int,
        tip: int,
        fee: int,
        job: int | None = None,
    ) -> int:
        job = next_number(connection, "job") if job is None else job
        last = connection.execute(
            select(jobs.c.nonce).where(jobs.c.sender == self.address).order_by(jobs.c.nonce.desc()).limit(1)
        ).scalar()
        nonce = mined if last is None else max(mined, last + 1)
        connection.execute(
            insert(jobs).values(
                id=job,
                sender=self.address,
                nonce=nonce,
                kind=kind,
                target=target,
                data=data,
                gas=gas,
                made=int(self._clock()),
                state="prepared",
                cost=str(gas * fee),
            )
        )
        self._sign(connection, job, target, data, gas, nonce, tip, fee)
        return job

    def _sign(
        self,
        connection: Connection,
        job: int,
        target: str,
        data: bytes,
        gas: int,
        nonce: int,
        tip: int,
        fee: int,
    ) -> None:
        from eth_utils.crypto import keccak

        chain_id = self._suite.chain.chain_id
        raw = sign_transaction(self._signer, target, data, 0, gas, nonce, tip, fee, chain_id)
        row = {"tx": keccak(raw), "job": job, "raw": raw, "tip": tip, "fee": fee, "made": int(self._clock())}
        connection.execute(insert(attempts).values(**row))

    def _fees(self) -> tuple[int, int]:
        """Return tip and fee per gas within the cap; twice the base fee lasts for six full blocks."""
        tip, base = int(self._eth.max_priority_fee), int(self._eth.get_block("latest")["baseFeePerGas"])
        cap = self._config.fee_cap
        fee = 2 * base + tip
        return min(tip, cap), min(fee, cap) if base + tip <= cap else fee

    def _spent(self, connection: Connection) -> int:
        """Return what this UTC day's jobs cost, or may still cost, in wei."""
        today = int(self._clock()) // DAY * DAY
        mine = jobs.c.sender == self.address, jobs.c.made >= today, jobs.c.state != "lost"
        return sum(int(cost) for cost in connection.execute(select(jobs.c.cost).where(*mine)).scalars())

    def _waiting(self, kinds: Sequence[str]) -> Sequence[Row[Any]]:
        head = self._view.head
        if head is None:
            return []
        with self._store.reading() as connection:
            return life.waiting(connection, kinds, head.time)


class _GivenUp(Exception):
    """An order was refused too often although its simulation succeeds."""


def contract_error(refusal: ContractRevert) -> dict[str, Any]:
    """Return a contract's refusal with its fields, for the API."""
    fields = {n: to_plain(v, named) for n, v in zip(refusal.fields, refusal.values, strict=True)}
    shown = {n: str(v) if isinstance(v, int) and not isinstance(v, bool) else v for n, v in fields.items()}
    return {"name": refusal.signature.partition("(")[0], "fields": shown, "text": refusal.meaning}
