"""Xia's security analysis repeated with today's tools; order and time are put to the test on a chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from energy_trading.bench.papers.findings import (
    Finding,
    Findings,
    Verdict,
    demand,
    refused,
    same_if,
    word_table,
)
from energy_trading.bindings.offer_market import Expired, WrongState
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market.auction.auction import Auction, make_auction_terms
from energy_trading.market.auction.bidder import Bidder
from energy_trading.market.auction.publisher import Publisher
from energy_trading.market.auction.quote_store import QuoteStore
from energy_trading.market.auction.settlement import settle_all
from energy_trading.simulation._outputs import csv_text, write_all
from energy_trading.simulation.neighbourhood import settle_idle_homes
from energy_trading.simulation.people import EURO

#: what `make analyze` found; the file is committed, so that an installed package has it too
FACTS: Final = Path(__file__).with_name("analysis.json")

HOUR: Final = 3_600
#: seconds by which the proposer of a block may shift its time unnoticed: a slot of Ethereum
SHIFT: Final = 12
_GRAVE: Final = ("High", "Medium")
_finding: Final = partial(Finding, "X-11")
_UNSHOWN: Final = "one of the tool's checks; no warning is shown"
_NO_ANSWER: Final = "the paper names the check and states no result of it"


@dataclass(frozen=True)
class XiaAnalysisResult:
    """What the analysis and the experiments found.

    Args:
        facts: what `make analyze` wrote.
        findings: beside the paper's claims.
        csv: number of findings by severity and detector.
    """

    facts: dict[str, Any]
    findings: Findings
    csv: Path


def reproduce_xia_analysis(out: Path, say: Callable[[str], None] = print) -> XiaAnalysisResult:
    """Read what the tools found and put order and time to the test on a chain in this process.

    Args:
        out: folder for xia_analysis.csv, made if missing.
        say: receives the result, line by line.

    Returns:
        The result.

    Raises:
        BadInput: the facts are missing, or are not what `make analyze` writes.
        NotAsStated: an experiment took another course.

    Source:
        X-11; Xia §4.1 (Fig. 5) and §4.3 (Fig. 8).
    """
    facts = read_facts()
    street = _Street()
    rows = (
        *_reentrancy(facts),
        *street.order_of_transactions(),
        *street.block_time(facts),
        _exceptions(facts),
        _call_graph(facts),
    )
    tools = ", ".join(f"{name} {version}" for name, version in facts["tools"].items())
    counts = [["severity", "detector", "findings"]]
    counts += [
        [impact, check, str(count)]
        for impact, checks in facts["findings"].items()
        for check, count in checks.items()
    ]
    reasons = [[e["file"], f"`{e['check']}`", e["reason"]] for e in facts["explained"]]
    detail = (
        f"The tools ({tools}) do not run here: their findings are read from"
        " `energy_trading/bench/papers/analysis.json`, which `make analyze` writes; that command fails when"
        " the file is stale. The experiments with order and time run each time."
        " [analysis.md](analysis.md) states what is proven and what is tested.",
        "",
        "Open findings, by severity:",
        "",
        *word_table(counts),
        "",
        "Findings with a reason beside the line of code, which are left out above:",
        "",
        *word_table([["file", "detector", "reason"], *reasons]),
        "",
        f"Proven: {', '.join(f'`{name}`' for name in facts['proven'])}.",
    )
    (file,) = write_all(out, {"xia_analysis.csv": csv_text(counts)})
    result = XiaAnalysisResult(facts, Findings(rows, detail), file)
    for line in result.findings.lines():
        say(line)
    return result


def read_facts(path: Path = FACTS) -> dict[str, Any]:
    """Read what `make analyze` found.

    Returns:
        The tools, findings by severity and detector, explained ones with their reasons, call graph, and what
        is proven.

    Raises:
        BadInput: there is no such file, or it has other contents.
    """
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        missing = {"tools", "findings", "explained", "graph", "proven"} - set(facts)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is not what `make analyze` writes: {error}") from None
    if missing:
        raise BadInput(f"{path} is not what `make analyze` writes: it lacks {', '.join(sorted(missing))}")
    return facts


def _reentrancy(facts: dict[str, Any]) -> tuple[Finding, ...]:
    grave = {c: n for impact in _GRAVE for c, n in facts["findings"].get(impact, {}).items()}
    low = facts["findings"].get("Low", {})
    explained = [e["check"] for e in facts["explained"] if e["check"].startswith("reentrancy")]
    reentrancy = {check: count for check, count in low.items() if check.startswith("reentrancy")}
    return (
        _finding(
            "warnings of the tool (Fig. 8)",
            "two in the code before it was rebuilt, both about reentrancy: updateOrderList and"
            " DecryptedBidding",
            f"{sum(grave.values())} of high or medium severity without a reason beside the line;"
            f" {len(facts['explained'])} with one, {len(explained)} of them about reentrancy",
            Verdict.NOT_COMPARABLE,
            "the paper shows neither its contracts nor the tool's answer to the rebuilt ones;"
            " Oyente read bytecode of 2016 to 2018, while Slither reads the source",
        ),
        _finding(
            "reentrancy",
            "avoided: checks, then effects, then interactions; calls do not share state with the called",
            "the same order, and a guard where money enters and leaves; open findings of low severity: "
            + ", ".join(f"{count} `{check}`" for check, count in sorted(reentrancy.items()))
            + f"; with a reason beside the line: {', '.join(f'`{check}`' for check in explained) or 'none'}",
            same_if(not any(check.startswith("reentrancy") for check in grave)),
            "these are calls among the project's own contracts, and to a token under the guard",
        ),
    )


def _exceptions(facts: dict[str, Any]) -> Finding:
    checks = ("unchecked-lowlevel", "unchecked-send", "unchecked-transfer", "unused-return")
    found = sum(facts["findings"].get("Medium", {}).get(c, 0) for c in checks)
    explained = sum(e["check"] in checks for e in facts["explained"])
    return _finding(
        "mishandled exceptions",
        _UNSHOWN,
        f"{found} answers of calls that nobody looks at, {explained} more with the reason beside the line",
        Verdict.NOT_COMPARABLE,
        _NO_ANSWER,
    )


def _call_graph(facts: dict[str, Any]) -> Finding:
    graph = facts["graph"]
    return _finding(
        "call graph (Fig. 5)",
        "solgraph draws one contract at a time, merged by hand; main steps only, four of which write",
        f"all contracts in one picture: {graph['functions']} functions and libraries, {graph['calls']} calls;"
        f" {graph['money']} move money, {graph['writes']} more write, {graph['view']} only read",
        Verdict.DIFFERENT,
        "a colour shows the most that a call can do, through all functions that it calls; the paper's"
        " shows what the function itself does",
    )


class _Street:
    """One market, a publisher and two who compete."""

    def __init__(self) -> None:
        self.there = settle_idle_homes("seller", "one", "other")
        self.chain, self.suite = self.there.chain, self.there.suite
        self.seller, *self.rivals = (home.trader for home in self.there.homes)

    def order_of_transactions(self) -> tuple[Finding, ...]:
        """Send what two rivals do in both orders."""
        accept_by = self.chain.now() + HOUR
        offer = self.seller.offer(1_000, EURO // 5, accept_by, accept_by + HOUR)
        accept = self.suite.market.accept_offer(offer.terms)
        for first, second in (self.rivals, self.rivals[::-1]):
            with self.there.fresh():
                funds = second.account
                accept.send(first.key)
                late = refused(WrongState, partial(accept.send, second.key))
                demand(late.trade_id == offer.trade_id, "the second of two is late")
                demand(second.account == funds, "the one who comes second loses nothing")

        higher, lower = 200 * EURO // 1_000, 180 * EURO // 1_000
        ends = [self._auction(amounts) for amounts in ((higher, lower, 0), (higher, lower, 1))]
        demand(ends[0] == ends[1] == (self.rivals[0].key.address, lower), "quotes in either order")
        ties = [self._auction((lower, lower, turned)) for turned in (0, 1)]
        demand(
            [who for who, _ in ties] == [rival.key.address for rival in self.rivals],
            "a tie goes to the first",
        )
        return (
            _finding(
                "order of transactions: an offer",
                _UNSHOWN,
                "tried both ways: whoever's acceptance is mined first gets the offer, the other is refused"
                " and pays only gas; price and terms cannot change in between",
                Verdict.NOT_COMPARABLE,
                f"{_NO_ANSWER}. Here an open offer is first come, first served; one that is reserved for a"
                " buyer is not, and in the auction order does not matter",
            ),
            _finding(
                "order of transactions: quotes",
                _UNSHOWN,
                "tried both ways: the winner and the price are the same; of equal quotes the one mined first"
                " wins, at the same price",
                Verdict.NOT_COMPARABLE,
                f"{_NO_ANSWER}. Here quotes are sealed, so whoever orders transactions cannot see which order"
                " would be of use",
            ),
        )

    def block_time(self, facts: dict[str, Any]) -> tuple[Finding, ...]:
        """Put transactions at the edge of a window, and settle an auction a slot later."""
        accept_by = self.chain.now() + HOUR
        offer = self.seller.offer(1_000, EURO // 5, accept_by, accept_by + HOUR)
        accept, rival = self.suite.market.accept_offer(offer.terms), self.rivals[0]
        with self.there.fresh():
            self.chain.set_next_time(accept_by - 1)
            accept.send(rival.key)
        with self.there.fresh():
            funds = rival.account
            self.chain.set_next_time(accept_by)
            late = refused(Expired, lambda: accept.send(rival.key))
            demand(late.deadline == accept_by and rival.account == funds, "a second too late, nothing lost")

        amounts = (200 * EURO // 1_000, 180 * EURO // 1_000, 0)
        demand(
            self._auction(amounts) == self._auction(amounts, SHIFT),
            "the time of settlement changes no auction",
        )
        count = facts["findings"].get("Low", {}).get("timestamp", 0)
        return (
            _finding(
                "block time",
                _UNSHOWN,
                f"{count} comparisons of block time with a deadline are open findings of low severity."
                " Tried: an acceptance in the last second of a window counts, one second later it is"
                f" refused and costs only gas; an auction settled {SHIFT} s later has the same winner and"
                " price",
                Verdict.NOT_COMPARABLE,
                f"{_NO_ANSWER}. Here deadlines are rules of the market; time decides whether a call is within"
                " its window and when a ban ends, never an amount; windows are minutes to days long, a"
                " proposer can shift seconds",
            ),
        )

    def _auction(self, quotes: tuple[int, int, int], later: int = 0) -> tuple[str, int]:
        """Sell a lot to the rivals, who quote these amounts in this order or (1) in reverse; then undo it.

        Returns:
            Winner and price.
        """
        key, now = SecretKey.generate(), self.chain.now()
        terms = make_auction_terms(
            self.seller.key.address,
            key.address,
            [1_000],
            EURO // 10,
            EURO // 2,
            now + HOUR,
            now + 2 * HOUR,
            now + 3 * HOUR,
            now + 4 * HOUR,
            now + 10 * HOUR,
        )
        turns = list(zip(self.rivals, quotes[:2], strict=True))
        with self.there.fresh():
            auction = Auction(self.suite, terms, self.chain.height())
            Publisher(self.suite, self.seller.key).post(auction)
            for trader, amount in turns[::-1] if quotes[2] else turns:
                Bidder(self.suite, trader.key, QuoteStore(None)).quote(auction, key.public_key, amount)
            self.chain.mine(terms.quote_until + later)
            (lot,) = settle_all(self.suite, self.there.agent, auction, key).lots
        return lot.winner, lot.price
