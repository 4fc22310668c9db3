"""What goes wrong on purpose, so that all five scenarios of N-7 and both attackers of N-8 can be watched."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from energy_trading.bindings.contract import ContractRevert
from energy_trading.bindings.energy_ledger import Banned, Suspended
from energy_trading.bindings.offer_market import DeliveryRefused, Expired, OfferWithdrawn, TradeExpired
from energy_trading.crypto.keys import SecretKey
from energy_trading.identity import Parameters, PersonBanned, TracingProof
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.simulation.auction import run_day_ahead_auction
from energy_trading.simulation.lot_sale import sell_a_lot
from energy_trading.simulation.neighbourhood import EURO, Home, enrol_again
from energy_trading.types import Delivery, Receipt

if TYPE_CHECKING:
    from energy_trading.simulation.trading_day import TradingDay, _Open


class Faults:
    """A day on which nothing goes wrong on purpose; `InjectedFaults` overrides what it disturbs."""

    def __init__(self) -> None:
        #: what happened, in words
        self.story: list[str] = []

    def before_the_day(self, day: TradingDay) -> None:
        """No slot's market has opened yet."""

    def before_acceptance(self, day: TradingDay, slot: int, book: list[_Open]) -> None:
        """The offers of a slot are made."""

    def after_acceptance(self, day: TradingDay, slot: int, book: list[_Open]) -> None:
        """Every buyer of a slot has bought."""

    def fed_in(self, day: TradingDay, home: Home, slot: int) -> int:
        """Return what a home really feeds in, Wh."""
        return day.surplus(home, slot)

    def before_settlement(self, day: TradingDay, batch: list[Delivery]) -> None:
        """The receipts of a slot are about to be submitted."""

    def receipt_refused(self, day: TradingDay, event: DeliveryRefused) -> None:
        """A receipt in a batch was refused."""

    def expired(self, day: TradingDay, seller: Home, event: TradeExpired) -> None:
        """A trade ended without a receipt."""

    def refused(self, day: TradingDay, home: Home, error: ContractRevert, other: Home | None = None) -> None:
        """The market refused an offer or an acceptance; without faults it must not.

        Raises:
            ContractRevert: the error.
        """
        raise error

    def after_the_day(self, day: TradingDay) -> None:
        """The last slot is settled."""


class InjectedFaults(Faults):
    """A cheater who sells and does not deliver, a seller who gives up, a buyer who is late, a forger.

    Args:
        sober_slots: the first home that sold in so many slots becomes the cheater.
    """

    def __init__(self, sober_slots: int = 2) -> None:
        super().__init__()
        self.cheater: Home | None = None
        self.second_account = ""
        self._sober_slots = sober_slots
        self._sold_in: dict[int, int] = {}
        self._told: set[str] = set()

    def before_the_day(self, day: TradingDay) -> None:
        """No fault: a sealed-bid auction under a committee's key (X-5 … X-8)."""
        self.story += run_day_ahead_auction(day, len(day.starts))

    def before_acceptance(self, day: TradingDay, slot: int, book: list[_Open]) -> None:
        """Scenario 2: a seller withdraws an offer at once."""
        on_chain = [e for e in book if e.offer.signature is None and e.seller is not self.cheater]
        if on_chain and self._once("2"):
            entry = on_chain[-1]
            sent = entry.seller.trader.give_up(entry.offer)
            cut = sent.event(OfferWithdrawn).cut
            entry.row.ending, entry.row.cut = "withdrawn", cut
            self._tell(
                day,
                f"scenario 2, withdrawal: {entry.seller.name} gives up an offer of "
                f"{entry.offer.energy_wh} Wh before its expiry; {_euro(cut)} of {_euro(entry.row.price)} "
                "guarantee are kept",
            )

    def after_acceptance(self, day: TradingDay, slot: int, book: list[_Open]) -> None:
        """Scenario 3: somebody accepts an offer in the second in which it expires."""
        if any(e.trade is not None for e in book) and self._once("1"):
            sold = next(e for e in book if e.trade is not None)
            self._tell(
                day,
                f"scenario 1, success: {sold.row.buyer} buys {sold.offer.energy_wh} Wh from "
                f"{sold.seller.name} for {_euro(sold.row.price)}; paid when the meter has signed",
            )
        if self.cheater is None:
            self._choose_cheater(day, book)
        unsold = [e for e in book if e.trade is None and e.offer.signature is None and e.row.ending == "open"]
        buyers = [h for h in day.there.homes if day.surplus(h, slot) < 0]
        if unsold and buyers and self._once("3"):
            entry, late = unsold[0], buyers[0]
            before = late.trader.account.available
            day.chain.mine(entry.offer.terms.accept_by)
            try:
                day.accept(late, entry.offer, slot)
            except Expired as error:
                kept = "kept all money" if late.trader.account.available == before else "lost money"
                self._tell(
                    day,
                    f"scenario 3, late acceptance: {late.name} comes {error.now_ - error.deadline} s after "
                    f"the expiry and is refused, {kept}; {entry.seller.name} gets the whole guarantee back",
                )

    def fed_in(self, day: TradingDay, home: Home, slot: int) -> int:
        """Return nothing for the cheater, once it has begun to cheat."""
        return 0 if home is self.cheater else day.surplus(home, slot)

    def before_settlement(self, day: TradingDay, batch: list[Delivery]) -> None:
        """Malicious consumer (N-8): a forged receipt goes along in a batch."""
        overdue = [e for e in day.open if e.trade is not None and e.seller is self.cheater]
        if overdue and self._once("forgery"):
            entry = overdue[0]
            t, trade = entry.offer.terms, entry.trade
            assert trade is not None  # for the type checker
            forger = Secp256k1Meter(SecretKey.generate())
            digest = day.there.suite.market_domain.digest(Receipt(t.struct_hash(), t.energy))
            batch.append(Delivery(t, trade.buyer, forger.signer, t.energy, forger.sign(digest)))

    def receipt_refused(self, day: TradingDay, event: DeliveryRefused) -> None:
        """Tell why."""
        self._tell(
            day,
            f"attack, forged receipt: refused as {event.fault.name}, the other receipts of the batch settle",
        )

    def expired(self, day: TradingDay, seller: Home, event: TradeExpired) -> None:
        """Scenarios 4 and 5: the fine, then the ban; then the trace."""
        if "5" in self._told:
            return
        account = seller.trader.account
        self._tell(
            day,
            f"scenario 4, late delivery: {seller.name} sold and did not deliver; the buyer has the money "
            f"back, {_euro(event.cut)} of the guarantee are kept, default number {account.defaults}, "
            f"seller credit {account.seller_credit_e9 / 1e9:.3f}",
        )
        if account.banned_until > day.chain.now() and self._once("5"):
            days = (account.banned_until - day.chain.now()) / 86_400
            self._tell(
                day,
                f"scenario 5, ban: more than {self._grace(day)} defaults, {seller.name} may not trade for "
                f"{days:.2f} days",
            )

    def refused(self, day: TradingDay, home: Home, error: ContractRevert, other: Home | None = None) -> None:
        """Tell of the banned cheater's next try once, and trace it; nobody else may be refused."""
        culprit = self.cheater
        if culprit is None or culprit not in (home, other) or not isinstance(error, Banned | Suspended):
            raise error
        if self._once("refused"):
            self._tell(day, f"{culprit.name} tries again and is refused: {error}")
            self._trace(day, culprit)

    def after_the_day(self, day: TradingDay) -> None:
        """Trace a cheater who did not try again, sell a lot, say what the day had no occasion for."""
        if self.cheater is not None and "5" in self._told and "refused" not in self._told:
            self._trace(day, self.cheater)
        left_wh = {
            (home.number, start): self.fed_in(day, home, slot)
            for home in day.there.homes
            for slot, start in enumerate(day.starts)
        }
        numbers = {home.name: home.number for home in day.there.homes}
        for row in day.rows:
            left_wh[numbers[row.seller], row.slot_start] -= row.delivered_wh
        self.story += sell_a_lot(day.there, day.seed, left_wh)
        names = {"1": "success", "2": "withdrawal", "3": "late acceptance", "5": "ban"}
        missing = [f"{number} ({name})" for number, name in names.items() if number not in self._told]
        if missing:
            self.story.append("no occasion today for scenario " + ", ".join(missing))

    def _trace(self, day: TradingDay, cheat: Home) -> None:
        """C-10: PKG and DSO open the pseudonym together; the ban follows the person."""
        there = day.there
        certificate = there.pkg.certificate_of(cheat.trader.address)
        halves = [there.pkg.open_partially(certificate), there.dso.open_partially(certificate)]
        proof = TracingProof.combine(certificate, halves, there.pkg.parameters)
        # As a judge does: from the file, the published parameters and the account on chain.
        file = json.loads(json.dumps(proof.to_json()))
        published = Parameters.from_json(json.loads(json.dumps(there.pkg.parameters.to_json())))
        identity = TracingProof.from_json(file).verify(published, cheat.trader.address)
        self._tell(
            day,
            f"trace: PKG and DSO together open {cheat.trader.address}: «{identity}»; a judge checks the "
            f"proof without either secret",
        )
        accounts = [cheat.trader.address, self.second_account]
        there.note("suspend a person's accounts", there.suite.ledger.suspend(accounts).send(there.operator))
        there.pkg.ban_person(identity)
        self._tell(day, f"the DSO suspends all {len(accounts)} accounts of that person in one call")
        try:
            enrol_again(there, cheat)
        except PersonBanned as error:
            self._tell(day, f"the person asks PKG for a third account and gets none: {error}")

    def _choose_cheater(self, day: TradingDay, book: list[_Open]) -> None:
        for home in {entry.seller.number: entry.seller for entry in book if entry.trade is not None}.values():
            self._sold_in[home.number] = self._sold_in.get(home.number, 0) + 1
            if self._sold_in[home.number] > self._sober_slots and self.cheater is None:
                self.cheater = home
                self.second_account = enrol_again(day.there, home).account

    def _grace(self, day: TradingDay) -> int:
        return day.there.suite.ledger.credit_parameters().grace_defaults

    def _once(self, what: str) -> bool:
        if what in self._told:
            return False
        self._told.add(what)
        return True

    def _tell(self, day: TradingDay, words: str) -> None:
        self.story.append(f"{datetime.fromtimestamp(day.chain.now(), UTC):%H:%M}  {words}")


def _euro(units: int) -> str:
    return f"{units / EURO:.4f} €"
