"""What goes wrong on purpose, so that all five scenarios of N-7 and both attackers of N-8 can be watched."""

from __future__ import annotations

import json

from energy_trading.bindings.contract import ContractRevert
from energy_trading.bindings.energy_ledger import Banned, Suspended
from energy_trading.bindings.offer_market import DeliveryRefused, Expired, OfferWithdrawn, TradeExpired
from energy_trading.crypto.keys import SecretKey
from energy_trading.identity import Parameters, PersonBanned, TracingProof
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.simulation.neighbourhood import Home, enrol_again
from energy_trading.simulation.people import EURO
from energy_trading.simulation.trading_day import OpenOffer, TradingDay
from energy_trading.types import Delivery, Receipt


class Faults:
    """Nothing goes wrong on purpose; `InjectedFaults` overrides what it disturbs."""

    def before_acceptance(self, day: TradingDay, slot: int, book: list[OpenOffer]) -> None:
        """Run after the offers of a slot have been made."""

    def after_acceptance(self, day: TradingDay, slot: int, book: list[OpenOffer]) -> None:
        """Run after every buyer of a slot has bought."""

    def fed_in(self, day: TradingDay, home: Home, slot: int) -> int:
        """Return what a home really feeds in, Wh."""
        return day.surplus(home, slot)

    def before_settlement(self, day: TradingDay, batch: list[Delivery]) -> None:
        """Run before the receipts of a slot are submitted."""

    def is_silent(self, day: TradingDay, entry: OpenOffer) -> bool:
        """Return whether the buyer's meter cannot be reached for the receipt of a trade."""
        return False

    def unanswered(self, day: TradingDay, entry: OpenOffer) -> None:
        """Run when a trade ended on testimony alone, without a receipt."""

    def receipt_refused(self, day: TradingDay, event: DeliveryRefused) -> None:
        """Run when a receipt in a batch was refused."""

    def expired(self, day: TradingDay, seller: Home, event: TradeExpired) -> None:
        """Run when a trade ended without a receipt."""

    def refused(self, day: TradingDay, home: Home, error: ContractRevert, other: Home | None = None) -> None:
        """Run when the market refused an offer or an acceptance; without faults it must not.

        Raises:
            ContractRevert: the error.
        """
        raise error

    def after_the_day(self, day: TradingDay) -> None:
        """Run after the last slot has been settled."""


class InjectedFaults(Faults):
    """A cheater, a seller who gives up, a buyer who is late, a forger, a buyer whose meter is silent.

    Args:
        sober_slots: the first home that has sold in more slots than this becomes the cheater.
    """

    def __init__(self, sober_slots: int = 2) -> None:
        self.cheater: Home | None = None
        self._sober_slots = sober_slots
        self._sold_in: dict[int, int] = {}
        #: what has happened already: a scenario's number, or a word
        self._happened: set[str] = set()

    def before_acceptance(self, day: TradingDay, slot: int, book: list[OpenOffer]) -> None:
        """Scenario 2: a seller withdraws an offer at once."""
        on_chain = [e for e in book if e.offer.signature is None and e.seller is not self.cheater]
        if on_chain and self._once("2"):
            entry = on_chain[-1]
            cut = entry.seller.trader.give_up(entry.offer).event(OfferWithdrawn).cut
            entry.row.ending, entry.row.cut = "withdrawn", cut
            day.tell(
                f"scenario 2, withdrawal: {entry.seller.name} gives up an offer of "
                f"{entry.offer.energy_wh} Wh before it expires; the treasury keeps {_euro(cut)} of the "
                f"guarantee of {_euro(entry.row.price)}"
            )

    def after_acceptance(self, day: TradingDay, slot: int, book: list[OpenOffer]) -> None:
        """Scenario 3: somebody accepts an offer in the second in which it expires."""
        if any(e.trade is not None for e in book) and self._once("1"):
            sold = next(e for e in book if e.trade is not None)
            day.tell(
                f"scenario 1, success: {sold.row.buyer} buys {sold.offer.energy_wh} Wh from "
                f"{sold.seller.name} for {_euro(sold.row.price)}, which is paid when the meter has signed"
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
                kept = "keeps all its money" if late.trader.account.available == before else "loses money"
                day.tell(
                    f"scenario 3, late acceptance: {late.name} accepts {error.now_ - error.deadline} s after "
                    f"the offer has expired, is refused and {kept}; {entry.seller.name} gets the whole "
                    "guarantee back"
                )

    def fed_in(self, day: TradingDay, home: Home, slot: int) -> int:
        """Return nothing for the cheater, once it has begun to cheat."""
        return 0 if home is self.cheater else day.surplus(home, slot)

    def before_settlement(self, day: TradingDay, batch: list[Delivery]) -> None:
        """Malicious consumer (N-8): a forged receipt is submitted in a batch with others."""
        overdue = [e for e in day.open if e.trade is not None and e.seller is self.cheater]
        if overdue and self._once("forgery"):
            (terms, trade), there = (overdue[0].offer.terms, overdue[0].trade), day.there
            assert trade is not None  # for the type checker
            forger = Secp256k1Meter(SecretKey.generate())
            digest = there.suite.market_domain.digest(Receipt(terms.struct_hash(), terms.energy))
            batch.append(Delivery(terms, trade.buyer, forger.signer, terms.energy, forger.sign(digest)))

    def is_silent(self, day: TradingDay, entry: OpenOffer) -> bool:
        """Return whether this is the one trade whose buyer's meter is out of reach (N-7)."""
        whole = entry.row.delivered_wh == entry.offer.energy_wh and entry.lets_testify
        buyer = entry.buyer
        if buyer is None or buyer.buys_privately or not whole or not self._once("silence"):
            return False
        day.tell(
            f"silent meter: {buyer.name} used {entry.offer.energy_wh} Wh of {entry.seller.name}, but no "
            f"receipt comes; the meter of {entry.seller.name} testifies that it fed them in"
        )
        return True

    def unanswered(self, day: TradingDay, entry: OpenOffer) -> None:
        """Report that the testimony has saved the seller (N-7)."""
        seller = entry.seller
        day.tell(
            f"silent meter: the time to reply is over without a receipt; {entry.row.buyer} gets "
            f"{_euro(entry.row.price)} back, {seller.name} gets its whole guarantee back and has "
            f"{seller.trader.account.defaults} defaults"
        )

    def receipt_refused(self, day: TradingDay, event: DeliveryRefused) -> None:
        """Report why."""
        day.tell(
            f"attack, forged receipt: refused as {event.fault.name}; the other receipts of the batch settle"
        )

    def expired(self, day: TradingDay, seller: Home, event: TradeExpired) -> None:
        """Scenarios 4 and 5: the fine, then the ban."""
        if "5" in self._happened:
            return
        account, now = seller.trader.account, day.chain.now()
        day.tell(
            f"scenario 4, late delivery: {seller.name} sold and did not deliver; the buyer gets the money "
            f"back, and the treasury keeps {_euro(event.cut)} of the guarantee; this is default number "
            f"{account.defaults}, and the seller credit is now {account.seller_credit_e9 / 1e9:.3f}"
        )
        if account.banned_until > now and self._once("5"):
            grace = day.there.ledger.credit_parameters().grace_defaults
            day.tell(
                f"scenario 5, ban: after more than {grace} defaults {seller.name} may not trade for "
                f"{(account.banned_until - now) / 86_400:.2f} days"
            )

    def refused(self, day: TradingDay, home: Home, error: ContractRevert, other: Home | None = None) -> None:
        """Report the banned cheater's next try once, and trace it; nobody else may be refused."""
        culprit = self.cheater
        if culprit is None or culprit not in (home, other) or not isinstance(error, Banned | Suspended):
            raise error
        if self._once("refused"):
            day.tell(f"{culprit.name} tries again and is refused: {error}")
            self._trace(day, culprit)

    def after_the_day(self, day: TradingDay) -> None:
        """Trace a cheater who did not try again, and report what the day had no occasion for."""
        if self.cheater is not None and "5" in self._happened and "refused" not in self._happened:
            self._trace(day, self.cheater)
        names = {"1": "success", "2": "withdrawal", "3": "late acceptance", "5": "ban"}
        if "silence" not in self._happened:
            day.story.append("no occasion today for a silent meter")
        missing = [f"{number} ({name})" for number, name in names.items() if number not in self._happened]
        if missing:
            day.story.append("no occasion today for scenario " + ", ".join(missing))

    def _trace(self, day: TradingDay, cheat: Home) -> None:
        """C-10: PKG and DSO open the pseudonym together; the ban follows the person."""
        there, account = day.there, cheat.trader.address
        # As a judge does: from the file, the published parameters and the account on chain.
        reason = f"{account} was banned for defaults"
        file = json.loads(json.dumps(there.trace(account, reason).to_json()))
        published = Parameters.from_json(json.loads(json.dumps(there.pkg.parameters.to_json())))
        identity = TracingProof.from_json(file).verify(published, account)
        day.tell(
            f"trace: PKG and DSO together open {account}: «{identity}»; a judge checks the proof without the "
            "secret of either"
        )
        accounts = there.trace_person(identity, reason)
        day.tell(
            f"trace: PKG and DSO together open all pseudonyms of the market; {len(accounts)} accounts are "
            f"that person's, and {len(there.openings)} signed records state what was opened and why"
        )
        there.note("suspend a person's accounts", there.ledger.suspend(accounts).send(there.dso))
        there.pkg.ban_person(identity)
        day.tell(f"the DSO suspends all {len(accounts)} accounts of that person in one call")
        try:
            enrol_again(there, cheat)
        except PersonBanned as error:
            day.tell(f"the person asks PKG for a third account and gets none: {error}")

    def _choose_cheater(self, day: TradingDay, book: list[OpenOffer]) -> None:
        for home in {entry.seller.number: entry.seller for entry in book if entry.trade is not None}.values():
            self._sold_in[home.number] = self._sold_in.get(home.number, 0) + 1
            if self._sold_in[home.number] > self._sober_slots and self.cheater is None:
                self.cheater = home
                enrol_again(day.there, home)  # a second pseudonym, which only tracing finds

    def _once(self, what: str) -> bool:
        first = what not in self._happened
        self._happened.add(what)
        return first


def _euro(units: int) -> str:
    return f"{units / EURO:.4f} €"
