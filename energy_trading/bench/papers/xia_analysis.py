"""Xia's security analysis again with today's tools; order and time are put to the test on a chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from energy_trading.bench.papers.page import Finding, Findings, demand, refused, table
from energy_trading.bindings.offer_market import Expired, WrongState
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market.auction.auction import Auction, make_auction_terms
from energy_trading.market.auction.bidder import Bidder
from energy_trading.market.auction.publisher import Publisher
from energy_trading.market.auction.quote_store import QuoteStore
from energy_trading.market.auction.settlement import settle_all
from energy_trading.simulation.neighbourhood import EURO, settle_in
from energy_trading.simulation.profiles import HomeProfile

#: what `make analyze` found; it is written there and committed, so that an installed package has it too
FACTS: Final = Path(__file__).with_name("analysis.json")

GENESIS: Final = 1_614_556_800  # 2021-03-01 00:00 UTC
HOUR: Final = 3_600
#: seconds by which a proposer of a block may shift its time without anybody's notice: a slot of Ethereum
SHIFT: Final = 12
_GRAVE: Final = ("High", "Medium")


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
        say: told the result, line by line.

    Returns:
        The result.

    Raises:
        BadInput: the facts are missing or are not what `make analyze` writes.
        NotAsTold: an experiment took another course.

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
    counts = [
        [impact, check, str(count)]
        for impact, checks in facts["findings"].items()
        for check, count in checks.items()
    ]
    reasons = [[e["file"], f"`{e['check']}`", e["reason"]] for e in facts["explained"]]
    detail = (
        f"Tools ({tools}) do not run here: their findings are read from"
        " `energy_trading/bench/papers/analysis.json`, which `make analyze` writes, and"
        " calls a fault when it is stale. The experiments with order and time run each time."
        " [analysis.md](analysis.md) says what is proven and what is tried.",
        "",
        "Findings that stand, by severity:",
        "",
        *table(["severity", "detector", "findings"], counts),
        "",
        "Explained beside the line and so left out above:",
        "",
        *table(["file", "detector", "reason"], reasons),
        "",
        f"Proven: {', '.join(f'`{name}`' for name in facts['proven'])}.",
    )
    out.mkdir(parents=True, exist_ok=True)
    result = XiaAnalysisResult(facts, Findings(rows, detail), out / "xia_analysis.csv")
    lines = [["severity", "detector", "findings"], *counts]
    result.csv.write_text("".join(f"{','.join(cells)}\n" for cells in lines), encoding="utf-8")
    for line in result.findings.lines():
        say(line)
    return result


def read_facts(path: Path = FACTS) -> dict[str, Any]:
    """Read what `make analyze` found.

    Args:
        path: of the facts.

    Returns:
        tools, findings by severity and detector, explained ones with their reasons, graph, proven.

    Raises:
        BadInput: there is no such file, or it says something else.
    """
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        missing = {"tools", "findings", "explained", "graph", "proven"} - set(facts)
    except (OSError, ValueError) as error:
        raise BadInput(f"analysis: given {path} ({error}), allowed what `make analyze` writes") from None
    if missing:
        raise BadInput(
            f"analysis: given {path} without {sorted(missing)}, allowed what `make analyze` writes"
        )
    return facts


def _reentrancy(facts: dict[str, Any]) -> tuple[Finding, ...]:
    grave = {c: n for impact in _GRAVE for c, n in facts["findings"].get(impact, {}).items()}
    low = facts["findings"].get("Low", {})
    reentrancy = {check: count for check, count in low.items() if check.startswith("reentrancy")}
    return (
        Finding(
            "X-11",
            "warnings of the tool (Fig. 8)",
            "two in the code before it was rebuilt, both of reentrancy: updateOrderList and DecryptedBidding",
            f"{sum(grave.values())} of high or medium severity without a reason beside the line;"
            f" {len(facts['explained'])} with one, none of them of reentrancy",
            not grave,
            "the paper does not show the tool's answer after its rebuilding; Oyente read bytecode of 2016 to"
            " 2018, Slither reads the source",
        ),
        Finding(
            "X-11",
            "reentrancy",
            "avoided: checks, then effects, then interactions; calls do not share state with the called",
            "the same order, and a guard where money goes in and out; of low severity stand "
            + ", ".join(f"{count} `{check}`" for check, count in sorted(reentrancy.items())),
            not any(check.startswith("reentrancy") for check in grave),
            "these are calls among the project's own contracts, and of a token under the guard",
        ),
    )


def _exceptions(facts: dict[str, Any]) -> Finding:
    checks = ("unchecked-lowlevel", "unchecked-send", "unchecked-transfer", "unused-return")
    found = sum(facts["findings"].get("Medium", {}).get(c, 0) for c in checks)
    explained = sum(e["check"] in checks for e in facts["explained"])
    return Finding(
        "X-11",
        "mishandled exceptions",
        "one of the tool's checks; no warning is shown",
        f"{found} answers of calls that nobody looks at, {explained} more with the reason beside the line",
        not found,
    )


def _call_graph(facts: dict[str, Any]) -> Finding:
    graph = facts["graph"]
    return Finding(
        "X-11",
        "call graph (Fig. 5)",
        "solgraph draws one contract at a time, merged by hand; main steps only, four of which write",
        f"all contracts in one picture: {graph['functions']} functions and libraries, {graph['calls']} calls;"
        f" {graph['money']} move money, {graph['writes']} more write, {graph['view']} only read",
        False,
        "a colour says the most that a call can do through those that it calls; the paper's says it of the"
        " function itself",
    )


class _Street:
    """One market, a publisher and two who compete."""

    def __init__(self) -> None:
        slots = [GENESIS, GENESIS + 900]
        homes = [HomeProfile(name, slots, 900, [0, 0], [0, 0]) for name in ("seller", "one", "other")]
        self.there = settle_in(homes, seed=1)
        self.chain, self.suite = self.there.chain, self.there.suite
        self.seller, *self.rivals = (home.trader for home in self.there.homes)

    def order_of_transactions(self) -> tuple[Finding, ...]:
        """Play what two rivals do in both orders."""
        accept_by = self.chain.now() + HOUR
        offer = self.seller.offer(1_000, EURO // 5, accept_by, accept_by + HOUR)
        accept = self.suite.market.accept_offer(offer.terms)
        for first, second in (self.rivals, self.rivals[::-1]):
            before = self.chain.snapshot()
            funds = second.account
            accept.send(first.key)
            late = refused(WrongState, lambda key=second.key: accept.send(key))  # type: ignore[misc]
            demand(late.trade_id == self.suite.market.trade_id_of(offer.terms), "the second of two is late")
            demand(second.account == funds, "who comes second loses nothing")
            self.chain.revert(before)

        higher, lower = 200 * EURO // 1_000, 180 * EURO // 1_000
        ends = [self._auction(amounts) for amounts in ((higher, lower, 0), (higher, lower, 1))]
        demand(ends[0] == ends[1] == (self.rivals[0].key.address, lower), "quotes in either order")
        ties = [self._auction((lower, lower, turned)) for turned in (0, 1)]
        demand([who for who, _ in ties] == [rival.key.address for rival in self.rivals], "ties to the first")
        return (
            Finding(
                "X-11",
                "order of transactions: an offer",
                "one of the tool's checks; no warning is shown",
                "played both ways: whoever's acceptance is mined first has the offer, the other is refused"
                " and pays gas only; price and terms cannot change in between",
                False,
                "an open offer is first come, first served; one that is reserved for a buyer is not, and the"
                " auction is the way of selling in which order does not count",
            ),
            Finding(
                "X-11",
                "order of transactions: quotes",
                "one of the tool's checks; no warning is shown",
                "played both ways: same winner, same price; between equal quotes the first mined wins, at the"
                " same price",
                False,
                "quotes are sealed, so nobody who orders transactions can see which order would serve them",
            ),
        )

    def block_time(self, facts: dict[str, Any]) -> tuple[Finding, ...]:
        """Put transactions at the edge of a window, and settle an auction a slot later."""
        accept_by = self.chain.now() + HOUR
        offer = self.seller.offer(1_000, EURO // 5, accept_by, accept_by + HOUR)
        accept, rival = self.suite.market.accept_offer(offer.terms), self.rivals[0]
        before = self.chain.snapshot()
        self.chain.set_next_time(accept_by - 1)
        accept.send(rival.key)
        self.chain.revert(before)
        before, funds = self.chain.snapshot(), rival.account
        self.chain.set_next_time(accept_by)
        late = refused(Expired, lambda: accept.send(rival.key))
        demand(late.deadline == accept_by and rival.account == funds, "a second too late, nothing lost")
        self.chain.revert(before)

        amounts = (200 * EURO // 1_000, 180 * EURO // 1_000, 0)
        demand(self._auction(amounts) == self._auction(amounts, SHIFT), "an auction does not feel the time")
        count = facts["findings"].get("Low", {}).get("timestamp", 0)
        return (
            Finding(
                "X-11",
                "block time",
                "one of the tool's checks; no warning is shown",
                f"{count} comparisons of block time with a deadline stand, of low severity. Played: an"
                " acceptance in a window's last second counts, in the first after it is refused and costs gas"
                f" only; an auction settled {SHIFT} s later has the same winner and price",
                False,
                "deadlines are the market's rules; time decides whether a call is in its window, never an"
                " amount but a ban's end; windows are minutes to days, a proposer can shift seconds",
            ),
        )

    def _auction(self, quotes: tuple[int, int, int], later: int = 0) -> tuple[str, int]:
        """Sell a lot to the rivals, who quote these, in their order or (1) turned round; nothing of it stays.

        Returns:
            Winner and price.
        """
        before, key, now = self.chain.snapshot(), SecretKey.generate(), self.chain.now()
        terms = make_auction_terms(
            self.seller.key.address,
            key.address,
            [1_000],
            EURO // 10,
            EURO // 2,
            now + HOUR,
            now + 2 * HOUR,
            HOUR,
            now + 10 * HOUR,
        )
        auction = Auction(self.suite, terms, self.chain.height())
        Publisher(self.suite, self.seller.key).post(auction)
        turns = list(zip(self.rivals, quotes[:2], strict=True))
        for trader, amount in turns[::-1] if quotes[2] else turns:
            Bidder(self.suite, trader.key, QuoteStore(None)).quote(auction, key.public_key, amount)
        self.chain.mine(terms.quote_until + later)
        (lot,) = settle_all(self.suite, self.there.agent, auction, key).lots
        self.chain.revert(before)
        return lot.winner, lot.price
