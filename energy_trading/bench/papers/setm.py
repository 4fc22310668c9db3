"""SETM's case study: the seven members of Table 1 trade through the real market agent (S-1, S-5 … S-8).

The paper gives each member's least and highest bid and "days for forecasting", and neither quantities, nor a
rule, nor a result. The assumptions are ours, and `ASSUMPTIONS` names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from energy_trading.bench.papers.findings import (
    Finding,
    Findings,
    Verdict,
    demand,
    refused,
    same_if,
    word_table,
)
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market.intents.signer import IntentSigner
from energy_trading.market.trade.offer import Offer
from energy_trading.market.trade.trader import Trader
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.meter.smart_meter import Allotment, Reading, SmartMeter
from energy_trading.simulation._outputs import csv_text, write_all
from energy_trading.simulation.people import EURO, GENESIS, Community
from energy_trading.types import Delivery

if TYPE_CHECKING:
    from energy_trading.agent.client import AgentClient
    from energy_trading.agent.service import Service

#: energy of each trade, Wh; more would exceed the guarantees that a new producer may have open
ENERGY_WH: Final = 50_000
ROUND_S: Final = 900
#: €/MWh by which each side comes towards the other in a round
STEP: Final = 2
#: after so many rounds everybody is at its last price
MOST_ROUNDS: Final = 8
_FUNDS: Final = 1_000 * EURO
#: more than any order here uses
_GAS: Final = 2_000_000


@dataclass(frozen=True)
class TableMember:
    """A row of Table 1.

    Args:
        name: of the member, with what it is.
        days: for forecasting.
        low: min bid, €/MWh.
        high: max bid, €/MWh.
    """

    name: str
    days: int
    low: int
    high: int


TABLE_1: Final = (
    TableMember("personal consumer 1 (home solar system)", 9, 34, 46),
    TableMember("personal consumer 2 (wearable devices)", 4, 34, 46),
    TableMember("personal consumer 3 (smart devices)", 9, 36, 48),
    TableMember("personal consumer 4 (smart vehicles)", 18, 36, 48),
    TableMember("personal consumer 5 (personal office)", 8, 38, 48),
    TableMember("industrial consumer 1 (smart factories)", 1393, 36, 50),
    TableMember("generation 1 (solar)", 342, 40, 52),
)
#: ours: the paper's producer is alone, and S-6 needs a second one
SECOND: Final = TableMember("generation 2 (assumed)", 342, 38, 50)

ASSUMPTIONS: Final = (
    "Each consumer wants 50 kWh once, and a producer has 50 kWh for each of them.",
    "A producer asks for its max bid first and for 2 €/MWh less in each round in which somebody still wants"
    " energy, down to its min bid; a consumer bids its min bid first and 2 €/MWh more in each round, up to"
    " its max bid.",
    "The agent fills a bid as soon as an offer fits it, and the buyer pays what the offer asks.",
    f"The second producer, which S-6 needs, has bids of {SECOND.low} to {SECOND.high} €/MWh.",
    "Days for forecasting change nothing: the paper does not state what is forecast.",
)


@dataclass(frozen=True)
class Deal:
    """What one consumer bought.

    Args:
        buyer: name in Table 1.
        seller: name of the producer.
        round: in which they agreed, from 0.
        price: €/MWh.
    """

    buyer: str
    seller: str
    round: int
    price: int


@dataclass(frozen=True)
class SetmResult:
    """What came of the case study.

    Args:
        alone: deals with the producer of Table 1.
        competing: deals with the second producer as well.
        records: how many records the two runs' chains have.
        findings: beside the paper's claims.
        files: what was written.
    """

    alone: tuple[Deal, ...]
    competing: tuple[Deal, ...]
    records: tuple[int, int]
    findings: Findings
    files: tuple[Path, ...]


def reproduce_setm(out: Path, say: Callable[[str], None] = print) -> SetmResult:
    """Let Table 1's members trade through the agent, with one producer and with two.

    Args:
        out: folder for deals.csv.
        say: receives what was found.

    Raises:
        BadInput: the extra "agent" is not installed.
    """
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "sqlalchemy", "alembic", "httpx")):
        raise BadInput("SETM's case study runs the market agent: pip install energy-trading[agent]")
    producer = TABLE_1[-1]
    alone = _Study((producer,))
    competing = _Study((producer, SECOND))
    for study in (alone, competing):
        study.run()
    findings = Findings(_findings(alone, competing), tuple(_detail(alone, competing)))
    rows = [
        (label, *vars(deal).values()) for label, study in _named(alone, competing) for deal in study.deals
    ]
    table = csv_text([("producers", "buyer", "seller", "round", "price_eur_per_mwh"), *rows])
    files = write_all(out, {"deals.csv": table})
    for line in findings.lines():
        say(line)
    records = alone.records, competing.records
    return SetmResult(tuple(alone.deals), tuple(competing.deals), records, findings, tuple(files))


class _Study:
    """One run of the case study, with its own chain, contracts and agent."""

    def __init__(self, producers: tuple[TableMember, ...]) -> None:
        self.producers, self.consumers = producers, TABLE_1[:-1]
        self.deals: list[Deal] = []
        self.records = 0
        self.refused_unsigned = self.refused_changed = self.linked = False

    def run(self) -> None:
        """Trade until every consumer has bought or its highest bid was not enough; then check the records."""
        from energy_trading.agent.config import AgentConfig
        from energy_trading.agent.demo import free_port, serving
        from energy_trading.agent.service import Service

        names = [member.name for member in (*self.producers, *self.consumers)]
        keys = [SecretKey.from_int(40_000 + i) for i in range(4 + len(names))]
        chain = in_process(accounts=keys, genesis_time=GENESIS)
        community = Community(chain, None, keys[0], keys[1], keys[2], keys[3])
        self._suite, self._chain = community.suite, chain
        self._keys = dict(zip(names, keys[4:], strict=True))
        self._meters: dict[str, SmartMeter] = {}
        for i, (name, key) in enumerate(self._keys.items()):
            signer = Secp256k1Meter(SecretKey.from_int(50_000 + i))
            community.enrol(key, funds=_FUNDS, meter=signer)
            self._meters[name] = SmartMeter(signer, self._suite.market_domain)
        with TemporaryDirectory() as folder:
            config = AgentConfig(
                database=f"sqlite:///{folder}/agent.db",
                port=free_port(),
                final_blocks=1,
                batch_seconds=0,
                rate=1_000_000,
                open_intents=1000,
                anchor_records=0,
            )
            service = Service(config, community.agent, self._suite)
            _adapt(service)
            with serving(service, rounds=False) as url:
                from energy_trading.agent.client import AgentClient

                client = AgentClient(url, chain)
                self._rounds(service)
                self._check_unsigned(client)
                self._negotiate(service, client)
                self._check_records(service, client)

    def _negotiate(self, service: Service, client: AgentClient) -> None:
        wanting = {member.name: member for member in self.consumers}
        for number in range(MOST_ROUNDS):
            if not wanting:
                return
            now = self._chain.now()
            offers: dict[bytes, tuple[TableMember, int, Offer]] = {}
            for producer in self.producers:
                ask = max(producer.high - STEP * number, producer.low)
                for i in range(len(wanting)):
                    offer = self._offer(producer, ask, now, 1000 * number + i)
                    client.share(offer)
                    offers[offer.trade_id] = producer, ask, offer
            bids = {}
            for member in wanting.values():
                limit = min(member.low + STEP * number, member.high)
                bids[member.name] = client.submit(self._bid(member, limit, now))["id"]
            self._rounds(service)
            bought = []
            for name, id in bids.items():
                shown = client.intent(id)
                if shown["state"] in ("mined", "final"):
                    producer, ask, offer = offers[bytes.fromhex(shown["trade_id"][2:])]
                    self.deals.append(Deal(name, producer.name, number, ask))
                    bought.append((name, offer))
                    del wanting[name]
            self._deliver(service, client, bought, now)

    def _offer(self, producer: TableMember, ask: int, now: int, nonce: int) -> Offer:
        times = now + ROUND_S // 2, now + 4 * ROUND_S
        price = ask * EURO * ENERGY_WH // 10**6
        trader = Trader(self._suite, self._keys[producer.name])
        return trader.sign_offer(ENERGY_WH, price, *times, nonce=nonce)

    def _bid(self, member: TableMember, limit: int, now: int) -> Any:
        signer = IntentSigner(self._suite, self._keys[member.name], self._meters[member.name])
        return signer.bid(
            min_wh=ENERGY_WH,
            max_wh=ENERGY_WH,
            max_price_per_mwh=limit * EURO,
            slot_start=now,
            slot_end=now + 5 * ROUND_S,
            deadline=now + ROUND_S // 2,
        )

    def _deliver(
        self, service: Service, client: AgentClient, bought: list[tuple[str, Offer]], now: int
    ) -> None:
        """Let a round pass, and hand over the receipts of what was bought in it."""
        start, end = now + ROUND_S // 2, now + ROUND_S
        self._chain.mine(end + 1)
        self._rounds(service)
        receipts = []
        for name, offer in bought:
            meter = self._meters[name]
            meter.allot(Allotment(offer.trade_id, start, end, ENERGY_WH, None))
            meter.record(Reading(start, 0, 0))
            meter.record(Reading(end, ENERGY_WH, 0))
            signed = meter.sign_receipt(offer.trade_id)
            buyer = self._keys[name].address
            receipts.append(Delivery(offer.terms, buyer, signed.signer, signed.energy, signed.signature))
        if receipts:
            results = client.receipts(receipts)
            demand(all(result["problem"] is None for result in results), "every receipt is taken in")
            self._rounds(service)

    def _rounds(self, service: Service) -> None:
        """Let the agent see, carry, and see what it carried; the chain makes a block for each."""
        for _ in range(3):
            service.round()
            self._chain.mine()
        service.round()

    def _check_unsigned(self, client: AgentClient) -> None:
        """Algorithm 1: an action in another's name is an error, and nothing happens (S-1)."""
        from energy_trading.agent.client import AgentRefused

        member = self.consumers[0]
        bid = self._bid(member, member.high, self._chain.now())
        forged = replace(bid, signature=self._keys[self.consumers[1].name].sign_digest(bytes(32)))
        error = refused(AgentRefused, lambda: client.submit(forged))
        self.refused_unsigned = error.status == 401

    def _check_records(self, service: Service, client: AgentClient) -> None:
        """Read every record, change one, and see that the next trade is refused (S-5, S-8)."""
        from sqlalchemy import select, update

        from energy_trading.agent.client import AgentRefused
        from energy_trading.agent.records import START, RecordChanged
        from energy_trading.agent.tables import records

        self.records = service.records.check()
        with service.store.reading() as connection:
            rows = connection.execute(select(records).order_by(records.c.number)).all()
        hashes = [START, *(bytes(row.hash) for row in rows)]
        self.linked = [bytes(row.previous) for row in rows] == hashes[:-1] and len(set(hashes)) == len(hashes)
        with service.store.writing() as connection:
            connection.execute(update(records).where(records.c.number == 1).values(root=bytes(32)))
        refused(RecordChanged, service.records.check)
        offer = self._offer(self.producers[0], self.producers[0].high, self._chain.now(), 99_999)
        error = refused(AgentRefused, lambda: client.share(offer))
        self.refused_changed = error.code == "record-changed"


def _adapt(service: Service) -> None:
    """Let the agent work on the chain in this process, which lacks two things that every node has.

    It has no search by block hash, and it estimates gas at the wall clock's time and not at its own.
    """
    suite, addresses = service.suite, service.suite.markets

    def logs(header: Any) -> list[Any]:
        return list(suite.chain.logs(addresses, header.number, header.number))

    service.indexer._logs = logs  # type: ignore[method-assign]
    service.relayer._gas_of = lambda call: _GAS  # type: ignore[method-assign]


def _named(alone: _Study, competing: _Study) -> tuple[tuple[str, _Study], ...]:
    return ("one", alone), ("two", competing)


def _mean(deals: list[Deal]) -> float:
    return sum(deal.price for deal in deals) / len(deals)


def _findings(alone: _Study, competing: _Study) -> tuple[Finding, ...]:
    members = {member.name: member for member in (*TABLE_1, SECOND)}
    deals = [*alone.deals, *competing.deals]
    within = all(
        members[deal.buyer].low <= deal.price <= members[deal.buyer].high
        and members[deal.seller].low <= deal.price <= members[deal.seller].high
        for deal in deals
    )
    one, two = _mean(alone.deals), _mean(competing.deals)
    studies = (alone, competing)
    return (
        Finding(
            "S-7",
            "prices of Table 1's members",
            "least and highest bid of seven members; no quantity, rule or result",
            f"{len(alone.deals)} of {len(alone.consumers)} consumers buy, at"
            f" {min(d.price for d in alone.deals)} to {max(d.price for d in alone.deals)} €/MWh;"
            f" {'all' if within else 'not all'} prices lie in both parties' ranges",
            Verdict.NOT_COMPARABLE,
            "the paper states no result; quantities and the way to a price are assumptions, listed below",
        ),
        Finding(
            "S-7",
            "days for forecasting",
            "9, 4, 9, 18, 8, 1393 and 342",
            "not used",
            Verdict.NOT_COMPARABLE,
            "the paper does not state what is forecast, or what it changes",
        ),
        Finding(
            "S-6",
            "competition among producers",
            "with several producers the consumer picks among the supply, and the cost falls",
            f"mean price {one:.2f} €/MWh with one producer, {two:.2f} €/MWh with two",
            same_if(two < one),
        ),
        Finding(
            "S-1",
            "identification and authentication before every action",
            "a mismatch is an error",
            "an order in another's name is answered 401, and nothing is stored",
            same_if(all(study.refused_unsigned for study in studies)),
        ),
        Finding(
            "S-5",
            "chained transactions",
            "each set of transactions is hashed together with the one before",
            f"{alone.records} and {competing.records} records, each naming the hash of the one before",
            same_if(all(study.linked and study.records == len(study.deals) for study in studies)),
        ),
        Finding(
            "S-8",
            "a modified record",
            "it breaks the chain, and the trade is refused",
            "the changed record is found, and the next offer is answered 409 record-changed",
            same_if(all(study.refused_changed for study in studies)),
        ),
    )


def _detail(alone: _Study, competing: _Study) -> list[str]:
    head = ["member", "min", "max", "pays with one producer", "pays with two"]
    rows = []
    for member in alone.consumers:
        paid = []
        for study in (alone, competing):
            found = next((deal for deal in study.deals if deal.buyer == member.name), None)
            paid.append("nothing bought" if found is None else f"{found.price} to {found.seller}")
        rows.append([member.name, str(member.low), str(member.high), *paid])
    lines = [f"- {line}" for line in ASSUMPTIONS]
    return [
        "Assumptions, all of them ours:",
        "",
        *lines,
        "",
        "Prices in €/MWh:",
        "",
        *word_table([head, *rows]),
    ]
