"""Xia's Fig. 7 on a chain: a merchant who is honest below credit 7.5 and cheats at or above it (X-10)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

from eth_abi.abi import encode

from energy_trading.bench.papers.findings import Finding, Findings, Verdict, same_if
from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.suite import DEFAULT_CREDIT, Suite
from energy_trading.chain import artifacts
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import InternalFault
from energy_trading.market.log.records import Change, changes_in
from energy_trading.rules import credit
from energy_trading.rules.credit import E9
from energy_trading.rules.credit_as_printed import Reading, seller_credits, weight
from energy_trading.simulation._outputs import csv_text, plots, png, write_all
from energy_trading.simulation.people import GENESIS, Community
from energy_trading.types import ZERO_ADDRESS, Cause, LedgerParameters, Outcome, Settlement, to_abi

TRADES: Final = 200
HONEST_Z: Final = 10
FRAUD_Z: Final = 20
THRESHOLD_E9: Final = 75 * E9 // 10

_LIFT_Z: Final = 255
#: Σ of eq 1 for the seller of a trade of `HONEST_Z`: a newcomer's, and that of one who sold 100 nine times
_SELLERS: Final = (HONEST_Z, 9 * 100 + HONEST_Z)
#: ways of breaking a promise
_BROKEN: Final = (
    (Outcome.WITHDRAWN, Cause.WITHDRAWN),
    (Outcome.SELLER_DEFAULT, Cause.SELLER_DEFAULT),
    (Outcome.BUYER_DEFAULT, Cause.BUYER_DEFAULT),
)
_finding: Final = partial(Finding, "X-10")
_COLUMNS: Final = (
    *("trade", "z", "fraud", "credit_e9", "credit_float"),
    *("fraud_as_printed", "credit_as_printed"),
)

#: The paper has no floor and starts at 1, while an account begins at the floor. So the floor lies just below
#: the lowest credit of the merchant, and one sale of z = 255 lifts the new account from it to exactly 1.
PARAMETERS: Final = replace(
    DEFAULT_CREDIT,
    k1_e9=E9,
    k2_e9=E9,
    z0=200,
    window=10,
    z_unit=1,
    floor_e9=640_845_071,
    ceiling_e9=1000 * E9,
    grace_defaults=100,  # no ban: the paper's merchant trades on
)


class Disagreement(InternalFault):
    """Contract and rules disagree about the standing after the same trade: a bug in one of them."""


@dataclass(frozen=True)
class Fig7Trade:
    """One trade of the merchant on the chain.

    Args:
        z: its size.
        fraud: whether the merchant cheated.
        before_e9: credit before, scale 1e9.
        after_e9: credit after, scale 1e9.
    """

    z: int
    fraud: bool
    before_e9: int
    after_e9: int


@dataclass(frozen=True)
class Fig7Result:
    """What the merchant did and where the files are.

    Args:
        trades: as the ledger recorded them, counted from 0.
        float_frauds: trades at which the frauds fall in floats, z0 in the denominator.
        printed_frauds: the same with z0 as printed.
        printed_credits: credit after each trade with z0 as printed.
        bought: growth of two buyers' credits on the ledger by a first purchase of `HONEST_Z`, from a newcomer
            and from a seller whose last trades sum to ``_SELLERS[1]``.
        kept: share of the credit that the ledger leaves after a withdrawal, an undelivered sale and an unpaid
            award of `FRAUD_Z`.
        csv: every trade in all three versions.
        figure: PNG.
    """

    trades: tuple[Fig7Trade, ...]
    float_frauds: tuple[int, ...]
    printed_frauds: tuple[int, ...]
    printed_credits: tuple[float, ...]
    bought: tuple[float, ...]
    kept: tuple[float, ...]
    csv: Path
    figure: Path

    @property
    def frauds(self) -> tuple[int, ...]:
        """Trades at which the merchant cheated, counted from 0."""
        return tuple(i for i, trade in enumerate(self.trades) if trade.fraud)

    @property
    def kept_e9(self) -> tuple[int, ...]:
        """Share of the credit that each fraud left, scale 1e9, rounded down."""
        return tuple(trade.after_e9 * E9 // trade.before_e9 for trade in self.trades if trade.fraud)

    @property
    def honest_between(self) -> tuple[int, ...]:
        """Honest trades that each fraud but the last cost until the next one."""
        return tuple(b - a - 1 for a, b in pairwise(self.frauds))

    @property
    def findings(self) -> Findings:
        """The result beside the paper's claims."""
        kept, between = self.kept_e9, self.honest_between
        first = ", ".join(str(i) for i in self.frauds)
        follows = all(
            trade.fraud == (trade.before_e9 >= THRESHOLD_E9) == (trade.after_e9 < trade.before_e9)
            for trade in self.trades
        )
        stranger, proven = (
            PARAMETERS.profit_e9 / E9 * weight(HONEST_Z, total, PARAMETERS.z0, "denominator")
            for total in _SELLERS
        )
        return Findings(
            (
                _finding(
                    "course of Fig. 7",
                    "credit climbs while the merchant is honest and collapses at each fraud, from 7.5 on",
                    f"{len(self.frauds)} frauds in {len(self.trades)} trades, at {first} (counted from 0)",
                    same_if(follows and self.frauds == self.float_frauds),
                    "the paper prints no numbers for the figure, so only its course and order can be"
                    " compared; contract, integer rules and floats agree at every trade",
                ),
                _finding(
                    "punishment grows",
                    "each fraud costs more than the one before",
                    "share of the credit kept: " + ", ".join(f"{share / 1e9:.3f}" for share in kept),
                    same_if(all(later < earlier for earlier, later in pairwise(kept))),
                ),
                _finding(
                    "the way back grows",
                    "more honest trades are needed each time to come back",
                    "honest trades between frauds: " + ", ".join(str(n) for n in between),
                    same_if(all(later > earlier for earlier, later in pairwise(between))),
                ),
                _finding(
                    "conditions of the run",
                    "k1 = k2 = 1, z0 = 200, c = 1, 2, 4 …; the merchant goes on trading after every fraud",
                    "the same constants, but not the market as it is deployed: bans are off (they begin"
                    f" after {PARAMETERS.grace_defaults} defaults instead of"
                    f" {DEFAULT_CREDIT.grace_defaults}), the ceiling is raised from"
                    f" {DEFAULT_CREDIT.ceiling_e9 // E9} to {PARAMETERS.ceiling_e9 // E9}, the floor is"
                    f" lowered from {DEFAULT_CREDIT.floor_e9 // E9} to {PARAMETERS.floor_e9 / E9:.3f}, and"
                    f" {1 + credit.WINDOW_LENGTH} preparing trades precede: one of z = {_LIFT_Z} and"
                    f" {credit.WINDOW_LENGTH} of z = 0",
                    Verdict.DIFFERENT,
                    "the paper's figure has no ban, floor or ceiling; after the preparing trades the credit"
                    " is exactly 1 and the window is empty. On the deployed market the merchant would be"
                    f" banned from the fraud after the first {DEFAULT_CREDIT.grace_defaults} on",
                ),
                Finding(
                    "X-1",
                    "eqs 1 and 2 as printed",
                    "z0 = 200 stands beside the fraction",
                    "in floats the first honest trade multiplies the credit by"
                    f" {self.printed_credits[0]:.0f}, and the frauds come at"
                    f" {', '.join(str(i) for i in self.printed_frauds[:5])} …: another figure",
                    same_if(self.printed_frauds == self.frauds),
                    "z0 must be in the denominator, where the contract has it",
                ),
                Finding(
                    "X-1",
                    "first credit",
                    "0",
                    f"{self.trades[0].before_e9 / 1e9:.0f}",
                    same_if(self.trades[0].before_e9 == 0),
                    "the model multiplies, so a credit of 0 never moves; in the market 1 is also the"
                    " floor, while here nothing reaches the floor",
                ),
                Finding(
                    "X-1",
                    "punishment by behaviour",
                    "different degrees, according to what a fraudulent seller did",
                    "share of the credit kept the first time, z = {}: {:.3f} after an offer is withdrawn,"
                    " {:.3f} after a sale is not delivered, {:.3f} of the buyer's after an award is not"
                    " paid".format(FRAUD_Z, *self.kept),
                    Verdict.NOT_COMPARABLE,
                    "the paper names no behaviours, and its eq 2 knows only the size of a fraud and how many"
                    " came before",
                ),
                Finding(
                    "X-2",
                    "growth of a buyer's credit (eq 5)",
                    "L · s(z) with the seller's s(z), so that buying from a seller of low credit counts more:"
                    f" z = {HONEST_Z} adds {stranger:.4f} with a newcomer and {proven:.4f} with a seller"
                    f" whose last trades sum to {_SELLERS[1]}",
                    "L · z / (Σ + z0) over the buyer's own purchases: a newcomer and a proven seller count"
                    f" the same, {self.bought[0]:.4f} each in the buyer's first purchase",
                    same_if(
                        all(abs(a - b) < 1e-6 for a, b in zip(self.bought, (stranger, proven), strict=True))
                    ),
                    "with the seller's window, a buyer who buys from one new account of their own after"
                    " another always gets the full growth; with the buyer's own it flattens. The price is"
                    " that nothing rewards buying from newcomers",
                ),
            )
        )

    def lines(self) -> list[str]:
        """Return the frauds as one list, then the findings."""
        frauds = ",".join(str(i) for i in self.frauds)
        return ["frauds at trades (counted from 0):", frauds, *self.findings.lines()]


def reproduce_fig7(out: Path, say: Callable[[str], None] = print) -> Fig7Result:
    """Run the merchant on a chain, in the integer rules and in floats; write figure and table.

    Args:
        out: folder for fig7.png and fig7.csv, made if missing.
        say: receives the result, line by line.

    Returns:
        The result.

    Raises:
        Disagreement: contract and rules differ after a trade.

    Source:
        X-10; Xia §4.2 and Fig. 7.
    """
    trades, bought, kept = run_on_chain()
    floats = {reading: _in_floats(reading) for reading in ("denominator", "printed")}
    result = Fig7Result(
        trades,
        _frauds(floats["denominator"]),
        _frauds(floats["printed"]),
        tuple(value for value, _ in floats["printed"]),
        bought,
        kept,
        out / "fig7.csv",
        out / "fig7.png",
    )
    rows = (
        (
            i,
            trade.z,
            int(trade.fraud),
            trade.after_e9,
            f"{floats['denominator'][i][0]:.9f}",
            int(i in result.printed_frauds),
            f"{result.printed_credits[i]:.9g}",
        )
        for i, trade in enumerate(trades)
    )
    write_all(out, {"fig7.csv": csv_text([_COLUMNS, *rows]), "fig7.png": _draw(result)})
    for line in result.lines():
        say(line)
    return result


def run_on_chain() -> tuple[tuple[Fig7Trade, ...], tuple[float, ...], tuple[float, ...]]:
    """Let the merchant, and then two buyers, trade on an EnergyLedger whose market is a key of this process.

    Returns:
        The merchant's trades, each already compared with the rules, the growth of the buyers' credits, and
        the share of a credit that is left after each way of breaking a promise.

    Raises:
        Disagreement: contract and rules differ after a trade.
    """
    market, pkg, treasury, *everybody = (SecretKey.from_int(7000 + i) for i in range(9))
    merchant, customer, newcomer, proven, *buyers = (key.address for key in everybody)
    chain = in_process(accounts=[market, pkg], genesis_time=GENESIS)
    parameters = LedgerParameters(
        ZERO_ADDRESS, 1, market.address, pkg.address, treasury.address, [market.address], 86_400, PARAMETERS
    )
    code = artifacts.load(EnergyLedger.name).bytecode
    code += encode(EnergyLedger.constructor_types, [to_abi(parameters)])
    suite = Suite(chain, chain.deploy(code, market)[0], *[ZERO_ADDRESS] * 4)  # no contract but the ledger
    people = Community(chain, suite, market, pkg, treasury, agent=market)
    for key in everybody:
        people.enrol(key)
    ledger = people.ledger

    def trade(seller: str, buyer: str, z: int, outcome: Outcome = Outcome.DELIVERED) -> dict[Cause, Change]:
        sent = ledger.settle(Settlement(seller, 0, 0, buyer, 0, outcome, z, chain.now(), 0)).send(market)
        return {change.cause: change for event in sent.events for change in changes_in(event)}

    standing = credit.new_standing(PARAMETERS)

    def settle(z: int, fraud: bool) -> Change:
        nonlocal standing
        outcome = Outcome.SELLER_DEFAULT if fraud else Outcome.DELIVERED
        change = trade(merchant, customer, z, outcome)[Cause.SELLER_DEFAULT if fraud else Cause.SOLD]
        if fraud:
            standing = credit.seller_default(standing, z, chain.now(), PARAMETERS)
        else:
            standing = credit.sold(standing, z, PARAMETERS)
        view = ledger.account_of(merchant)
        on_chain = replace(
            standing,
            seller_credit_e9=view.seller_credit_e9,
            sales=view.sales,
            defaults=view.defaults,
            steps=view.steps,
            last_step_at=view.last_step_at,
            banned_until=view.banned_until,
        )
        if on_chain != standing or change.new_e9 != standing.seller_credit_e9:
            raise Disagreement(f"the ledger has {on_chain} for the merchant, the rules have {standing}")
        return change

    settle(_LIFT_Z, False)
    for _ in range(credit.WINDOW_LENGTH):
        settle(0, False)  # changes no credit and empties the window
    trades = []
    for _ in range(TRADES):
        z, fraud = _conduct(standing.seller_credit_e9 >= THRESHOLD_E9)
        change = settle(z, fraud)
        trades.append(Fig7Trade(z, fraud, change.old_e9, change.new_e9))

    for _ in range(9):
        trade(proven, customer, 100)
    bought = []
    for seller, buyer in zip((newcomer, proven), buyers, strict=True):
        change = trade(seller, buyer, HONEST_Z)[Cause.BOUGHT]
        bought.append(change.new_e9 / change.old_e9 - 1)
    kept = []
    for outcome, cause in _BROKEN:
        change = trade(proven, customer, FRAUD_Z, outcome)[cause]
        kept.append(change.new_e9 / change.old_e9)
    return tuple(trades), tuple(bought), tuple(kept)


def _conduct(tempted: bool) -> tuple[int, bool]:
    return (FRAUD_Z, True) if tempted else (HONEST_Z, False)


def _in_floats(reading: Reading) -> list[tuple[float, bool]]:
    return list(islice(seller_credits(lambda r: _conduct(r >= THRESHOLD_E9 / E9), reading), TRADES))


def _frauds(run: Sequence[tuple[float, bool]]) -> tuple[int, ...]:
    return tuple(i for i, (_, fraud) in enumerate(run) if fraud)


def _draw(result: Fig7Result) -> bytes:
    figure, (above, below) = plots(8, 6, 2)
    above.plot([t.after_e9 / E9 for t in result.trades], color="tab:blue")
    above.plot(
        result.frauds,
        [result.trades[i].after_e9 / E9 for i in result.frauds],
        "o",
        color="tab:red",
        label="fraud (z = 20)",
    )
    above.axhline(THRESHOLD_E9 / E9, color="grey", linestyle=":", label="cheats from 7.5 on")
    above.set_title("z0 in the denominator (contract and rules)")
    above.set_ylabel("seller credit")
    above.legend(loc="upper left")
    below.plot(result.printed_credits, color="tab:orange")
    below.set_yscale("log")
    below.set_title("z0 beside the fraction, as printed (floats)")
    below.set_ylabel("seller credit")
    below.set_xlabel("trade, counted from 0")
    return png(figure)
