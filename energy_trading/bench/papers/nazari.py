"""Nazari's five scenarios on the contracts: what seller and buyer have before and after each.

CTS is the commitment to send, CTP the commitment to pay, ERC the energy receipt confirmation, CCS the
cancellation of the commitment to send.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, fields, replace
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
from energy_trading.bindings.contract import Sent
from energy_trading.bindings.energy_ledger import Banned
from energy_trading.bindings.offer_market import Expired, OfferWithdrawn, TradeExpired, WrongState
from energy_trading.market.trade.offer import Offer, Trade
from energy_trading.market.trade.trader import confirm, expire
from energy_trading.simulation._outputs import csv_text, write_all
from energy_trading.simulation.neighbourhood import Home, settle_idle_homes
from energy_trading.simulation.people import EURO
from energy_trading.types import Energy, TradeState

SLOT: Final = 900
PRICE: Final = EURO // 5
ENERGY_WH: Final = 1_000
_BPS: Final = 10_000


@dataclass(frozen=True)
class Balance:
    """What everybody has after a step, in units of account.

    Args:
        scenario: 1 … 5.
        step: what happened last.
        seller: available funds.
        guarantee: the seller's held funds.
        buyer: available funds.
        paid: payments held in trades.
        treasury: fees and cut guarantees.
        penalties: the seller's defaults so far.
    """

    scenario: int
    step: str
    seller: int
    guarantee: int
    buyer: int
    paid: int
    treasury: int
    penalties: int


@dataclass(frozen=True)
class NazariResult:
    """What the scenarios did.

    Args:
        balances: step by step, the scenarios one after the other on one market.
        findings: beside the paper's claims.
        csv: the balances.
    """

    balances: tuple[Balance, ...]
    findings: Findings
    csv: Path

    def of(self, scenario: int) -> list[Balance]:
        """Return one scenario's steps, in order."""
        return [balance for balance in self.balances if balance.scenario == scenario]


def reproduce_nazari(out: Path, say: Callable[[str], None] = print) -> NazariResult:
    """Run the five scenarios on a chain in this process and write every balance.

    Args:
        out: folder for nazari.csv, made if missing.
        say: receives the result, line by line.

    Returns:
        The result.

    Raises:
        NotAsStated: a scenario took another course.

    Source:
        N-7; Nazari §V.B, figs 1–7, and §VI.
    """
    run = _Run()
    for scenario in (run.success, run.cancel, run.late_acceptance, run.late_delivery, run.ban):
        scenario()
    run.related_work()
    head, cells = _shown(run.balances)
    detail = (
        "Balances in coins; the scenarios run one after the other on one market;"
        f" each trade is {ENERGY_WH} Wh for {_coins(PRICE)}.",
        "",
        *word_table([head, *cells]),
    )
    result = NazariResult(tuple(run.balances), Findings(tuple(run.found), detail), out / "nazari.csv")
    columns = [field.name for field in fields(Balance)]
    write_all(out, {"nazari.csv": csv_text([columns, *map(astuple, run.balances)])})
    for line in [*("  ".join(f"{c:>9}" for c in [*row[2:], row[1]]) for row in (head, *cells))]:
        say(line)
    for line in result.findings.lines():
        say(line)
    return result


class _Run:
    """One market with one seller and one buyer."""

    def __init__(self) -> None:
        self.there = settle_idle_homes("seller", "buyer")
        self.chain, self.suite = self.there.chain, self.there.suite
        self.homes: list[Home] = self.there.homes
        self.seller, self.buyer = (home.trader for home in self.homes)
        self.terms = self.suite.market.market_parameters()
        self.balances: list[Balance] = []
        self.found: list[Finding] = []
        self.scenario = 0
        self.settled_in = self.chain.height()

    # ------------------------------------------------------------ steps

    def begin(self, scenario: int) -> Balance:
        self.scenario = scenario
        return self.look("before")

    def look(self, step: str) -> Balance:
        ledger = self.suite.ledger
        seller, buyer = self.seller.account, self.buyer.account
        treasury = ledger.account_of(self.there.treasury.address).available
        coin = self.chain.web3.eth.get_balance(self.chain.web3.to_checksum_address(ledger.address))
        owned = seller.available + seller.held + buyer.available + buyer.held + treasury
        balance = Balance(
            self.scenario,
            step,
            seller.available,
            seller.held,
            buyer.available,
            coin // ledger.unit() - owned,
            treasury,
            seller.defaults,
        )
        self.balances.append(balance)
        return balance

    def offer(self) -> Offer:
        accept_by = self.chain.now() + 4 * SLOT
        return self.seller.offer(ENERGY_WH, PRICE, accept_by, accept_by + 2 * SLOT)

    def accept(self, offer: Offer) -> Trade:
        start = offer.terms.accept_by
        return self.buyer.accept(offer, start, start + SLOT)

    def deliver(self, trade: Trade, energy_wh: int) -> None:
        """Let the slot pass; the buyer's meter measures this much."""
        start = trade.offer.terms.accept_by
        self.chain.mine(start + SLOT)
        self.homes[1].record(start, 0, 0)
        self.homes[1].record(start + SLOT, energy_wh, 0)

    def fail(self) -> Sent:
        """Sell and send nothing, until the delivery time has passed."""
        trade = self.accept(self.offer())
        self.deliver(trade, 0)
        demand(self.buyer.receipt(trade).energy == Energy.plain(0), "the meter signs that nothing arrived")
        self.chain.mine(trade.offer.terms.deliver_by)
        return expire(self.suite, self.there.agent, trade)

    def compare(self, row: str, about: str, paper: str, ours: str, verdict: Verdict, why: str = "") -> None:
        self.found.append(Finding(row, about, paper, ours, verdict, why))

    # ------------------------------------------------------------ scenarios

    def success(self) -> None:
        before = self.begin(1)
        offer = self.offer()
        made = self.look("makeOffer (CTS)")
        cheaper = replace(offer.terms, price=PRICE - 1)
        unknown = refused(
            WrongState, lambda: self.suite.market.accept_offer(cheaper).simulate(self.buyer.key)
        )
        demand(unknown.state is TradeState.NONE, "the market does not know terms with another price")
        trade = self.accept(offer)
        accepted = self.look("acceptOffer (CTP)")
        self.deliver(trade, ENERGY_WH)
        confirm(self.suite, self.there.agent, self.buyer.receipt(trade), offer)
        done = self.look("receipt of the buyer's meter (ERC)")
        self.success_count = len(self.senders())
        fee = PRICE * self.terms.fee_bps // _BPS
        self.compare(
            "N-1",
            "scenario 1, offer (Fig. 8)",
            "the seller pays P1 as guarantee",
            f"{_coins(made.guarantee)} are held, which is {self.terms.guarantee_bps // 100} % of the price",
            same_if((before.seller - made.seller, made.guarantee) == (PRICE, PRICE)),
            "the paper's balances are those of wallets, less gas, in pictures that our copy lacks;"
            " ours are funds in the ledger",
        )
        self.compare(
            "N-2",
            "scenario 1, acceptance",
            "the cost is blocked; neither side has it",
            f"{_coins(accepted.paid)} are taken from the buyer and are not yet the seller's",
            same_if(accepted.paid == PRICE == made.buyer - accepted.buyer and accepted.seller == made.seller),
        )
        self.compare(
            "N-5",
            "scenario 1, P1 = P2 and X1 = X2",
            "the contract compares price and amount of both sides",
            "an acceptance at another price names another trade, which does not exist",
            Verdict.DIFFERENT,
            "the hash of all terms identifies the trade, so the contract hash itself is what is compared",
        )
        self.compare(
            "N-3",
            "scenario 1, end",
            "only the meter's receipt pays the seller; the guarantee returns",
            f"seller {_change(done.seller - before.seller)}, buyer {_change(done.buyer - before.buyer)},"
            " nothing is held",
            same_if(
                done.seller == before.seller + PRICE - fee
                and done.buyer == before.buyer - PRICE
                and (done.guarantee, done.paid) == (0, 0)
            ),
            "sendEnergy is the meter's receipt here: Fig. 3 reprints Fig. 2, so the paper's prose defines it",
        )
        self.compare(
            "N-1",
            "transaction fee",
            "y coins at offer and at acceptance, perhaps the gas",
            f"{_coins(accepted.treasury - before.treasury)} at both,"
            f" {_coins(done.treasury - before.treasury)} of the payment at the end",
            same_if(accepted.treasury > before.treasury),
            f"{self.terms.fee_bps // 100} % of what the seller is paid (0 by default); a call that"
            " earns nothing costs only gas",
        )

    def cancel(self) -> None:
        before = self.begin(2)
        offer = self.offer()
        self.look("makeOffer")
        early = self.seller.give_up(offer)
        cut = self.look("giveUp before the expiry (CCS)")
        offer = self.offer()
        self.look("makeOffer again")
        self.chain.mine(offer.terms.accept_by)
        self.seller.give_up(offer)
        late = self.look("giveUp after the expiry")
        lost = early.event(OfferWithdrawn).cut
        share = self.terms.cancel_bps // 100
        self.compare(
            "N-4",
            "scenario 2, before the expiry",
            "P - p % returns to the seller",
            f"{_coins(PRICE - lost)} of {_coins(PRICE)} returns, p = {share} %",
            same_if(before.seller - cut.seller == lost == PRICE * self.terms.cancel_bps // _BPS),
            "the paper gives no p",
        )
        self.compare(
            "N-4",
            "scenario 2, where p % goes",
            "it remains in the contract",
            f"{_coins(cut.treasury - before.treasury)} to the treasury",
            same_if(cut.treasury == before.treasury),
            "no money may stay locked, and nobody who could spoil a delivery may gain by that",
        )
        self.compare(
            "N-4",
            "scenario 2, after the expiry",
            "all of P returns",
            f"seller {_change(late.seller - cut.seller)} against before the second offer",
            same_if((late.seller, late.treasury) == (cut.seller, cut.treasury)),
            "the paper leaves the very second of the expiry open; here it counts as after",
        )

    def late_acceptance(self) -> None:
        before = self.begin(3)
        offer = self.offer()
        self.look("makeOffer")
        self.chain.mine(offer.terms.accept_by)
        refused(Expired, lambda: self.accept(offer))
        late = self.look("acceptOffer after the expiry")
        expire(self.suite, self.there.agent, offer)
        done = self.look("expire, called by anyone")
        self.compare(
            "N-7",
            "scenario 3, balances",
            "both have their money back",
            f"seller {_change(done.seller - before.seller)}, buyer {_change(done.buyer - before.buyer)}",
            same_if((done.seller, done.guarantee, done.buyer) == (before.seller, 0, before.buyer)),
        )
        self.compare(
            "N-7",
            "scenario 3, how",
            "the late acceptOffer itself pays both back",
            f"it reverts (Expired) and takes nothing; {_coins(late.guarantee)} stay held until `giveUp`"
            " or `expire`, which anyone may call",
            same_if(late.guarantee == 0),
            "a call cannot both revert and pay out; an offer that nobody ever accepts must end as well",
        )

    def late_delivery(self) -> None:
        before, credit = self.begin(4), self.seller.account.seller_credit_e9
        cut = self.fail().event(TradeExpired).cut
        done = self.look("no receipt by deliverBy; expire, called by anyone")
        self.compare(
            "N-7",
            "scenario 4, balances",
            "the buyer has P back, the seller P - p %",
            f"buyer {_change(done.buyer - before.buyer)}, seller {_change(done.seller - before.seller)},"
            f" p = {self.terms.penalty_bps // 100} %",
            same_if(
                done.buyer == before.buyer
                and before.seller - done.seller == cut == PRICE * self.terms.penalty_bps // _BPS
            ),
            "the paper gives no p; the share goes to the treasury",
        )
        self.compare(
            "N-7",
            "scenario 4, penalty",
            "number of penalty++",
            f"defaults {before.penalties} → {done.penalties}, seller credit {_credit(credit)} →"
            f" {_credit(self.seller.account.seller_credit_e9)}",
            same_if(done.penalties == before.penalties + 1),
            "the credit is Xia's (X-1)",
        )
        self.compare(
            "N-7",
            "scenario 4, who calls",
            "the seller's late sendEnergy cancels the delivery",
            "`expire`, called by anyone",
            Verdict.DIFFERENT,
            "a seller who never calls would keep the buyer's money locked",
        )

    def ban(self) -> None:
        before = self.begin(5)
        grace = self.suite.ledger.credit_parameters().grace_defaults
        while self.seller.account.banned_until == 0:
            self.fail()
            self.look(f"late delivery, penalty {self.seller.account.defaults}")
        done, until = self.balances[-1], self.seller.account.banned_until
        length, credit = until - self.chain.now(), self.seller.account.seller_credit_e9
        sells = refused(Banned, self.offer)
        accept_by = self.chain.now() + SLOT
        offered = self.buyer.offer(ENERGY_WH, PRICE, accept_by, accept_by + 2 * SLOT)
        buys = refused(Banned, lambda: self.seller.accept(offered, accept_by, accept_by + SLOT))
        self.chain.mine(until)
        expire(self.suite, self.there.agent, offered)
        self.seller.give_up(self.offer())
        after = self.look("the date has passed: makeOffer works again, then giveUp")
        demand(after.guarantee == 0, "nothing is held at the end")
        self.compare(
            "N-7",
            "scenario 5, threshold",
            "more than k penalties end the access",
            f"penalties {before.penalties + 1} … {done.penalties} in this scenario, banned at number"
            f" {done.penalties}, k = {grace}",
            same_if(done.penalties == grace + 1),
            "the paper gives no k",
        )
        self.compare(
            "N-7",
            "scenario 5, what is closed",
            "neither buys nor sells",
            "offer and acceptance both revert (Banned)",
            same_if(sells.until == buys.until == until),
            "what is committed still settles, and free funds can be withdrawn",
        )
        self.compare(
            "N-7",
            "scenario 5, how long",
            "a limited time, which the paper does not give",
            f"a date, {length / 86_400:.2f} days from the default on; then access returns without a call",
            same_if(length > 0),
            f"Xia's eq 7: c(n)/R days, here c({done.penalties}) = {1 << done.penalties - 1} and R ="
            f" {_credit(credit)}",
        )

    # ------------------------------------------------------------ comparison

    def senders(self) -> list[str]:
        """Who sent each transaction since the homes settled in."""
        blocks = range(self.settled_in + 1, self.chain.height() + 1)
        found: list[Any] = [
            transaction
            for number in blocks
            for transaction in self.chain.web3.eth.get_block(number, full_transactions=True)["transactions"]
        ]
        return [transaction["from"] for transaction in found]

    def related_work(self) -> None:
        """Take up what the paper claims against related work (abstract, §II.C and §III)."""
        senders = self.senders()
        authorities = {self.there.dso.address, self.there.pkg.parameters.registrar}
        self.compare(
            "N-7",
            "related work: third parties",
            "related work trusts third parties; here no intermediary takes part in a trade",
            f"{len(senders)} transactions in the five scenarios,"
            f" {sum(sender in authorities for sender in senders)} of them by PKG (the private key generator)"
            " or the DSO (distribution system operator)",
            same_if(authorities.isdisjoint(senders)),
            "before the first trade, however, PKG attests every account and the DSO registers every meter;"
            " the paper has authorised addresses too, without stating who authorises them",
        )
        self.compare(
            "N-6",
            "related work: privacy",
            "related work lacks privacy; here people have several accounts and keys change",
            "one-time meter keys, hidden quantities and several accounts of a person are offered; the five"
            " scenarios use none of them",
            Verdict.NOT_COMPARABLE,
            "the paper gives no measure of privacy, and our copy ends before its comparison; here PKG and DSO"
            " together can trace an account (C-10), which the paper does not foresee",
        )
        self.compare(
            "N-7",
            "related work: overhead",
            "related work has a high computational overhead; the paper's own is not stated",
            f"scenario 1 takes {self.success_count} transactions, whose gas docs/gas.md states",
            Verdict.NOT_COMPARABLE,
            "our copy of the paper ends before its comparison and states no gas",
        )


def _coins(units: int) -> str:
    return f"{units / EURO:.3f}"


def _change(units: int) -> str:
    return f"{units / EURO:+.3f}" if units else "±0"


def _credit(e9: int) -> str:
    return f"{e9 / 10**9:.3f}"


def _shown(balances: list[Balance]) -> tuple[list[str], list[list[str]]]:
    head = ["scenario", "step", "seller", "guarantee", "buyer", "paid", "treasury", "penalties"]
    return head, [
        [
            str(b.scenario),
            b.step,
            *(_coins(units) for units in (b.seller, b.guarantee, b.buyer, b.paid, b.treasury)),
            str(b.penalties),
        ]
        for b in balances
    ]
