"""What is checked before anything is stored: the cheap checks first, the database last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth_utils.crypto import keccak

from energy_trading.agent import intents as life
from energy_trading.agent.config import AgentConfig
from energy_trading.agent.problems import Problem, problem_of
from energy_trading.agent.records import RecordChain
from energy_trading.agent.relay import Relayer
from energy_trading.agent.store import Store
from energy_trading.agent.view import View
from energy_trading.bindings.suite import Suite
from energy_trading.chain.signers import code_signed
from energy_trading.crypto._signatures import canonical_signature, recover_address
from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.files._json import (
    check_address,
    check_integer,
    check_list,
    check_object,
    from_hex,
    read_integer,
)
from energy_trading.market.intents.intent import Intent
from energy_trading.market.trade._delivery_json import delivery_from_json, delivery_to_json
from energy_trading.market.trade.offer import Offer
from energy_trading.rules.settlement import guarantee_up
from energy_trading.types import (
    SIGNED_NONCE,
    Bid,
    Delivery,
    Deposit,
    Domain,
    Order,
    Purchase,
    Reading,
    Receipt,
    Withdrawal,
)

#: items of one request for receipts
MOST_RECEIPTS = 40
_E9 = 10**9


class Intake:
    """Takes in what people signed.

    Every action is identified and authenticated before anything happens (S-1): the account is named in what
    is signed, and the signature over exactly this action is checked. A mismatch writes nothing.

    Args:
        store: migrated.
        suite: the market.
        view: the market as the index has it.
        relayer: who carries it.
        record_chain: a changed record stops all trades (S-8).
        config: limits.
        current: tells whether the index is up to date; else what it does not know may be there all the same.

    Source:
        S-1, S-3, S-8.
    """

    def __init__(
        self,
        store: Store,
        suite: Suite,
        view: View,
        relayer: Relayer,
        record_chain: RecordChain,
        config: AgentConfig,
        current: Callable[[], bool],
    ) -> None:
        self._store, self._suite, self._view = store, suite, view
        self._current = current
        self._relayer, self._records, self._config = relayer, record_chain, config
        #: asked once, not for each order: an honest market never changes them
        self._market = suite.market.market_parameters()

    def offer(self, body: Any) -> tuple[dict[str, Any], bool]:
        """Take in an offer that its seller signed off chain (SHARE).

        Args:
            body: `terms`, `energy_wh` and `signature`.

        Returns:
            The intent as the API shows it, and whether it is new.

        Raises:
            Problem: it is refused; nothing was stored.
        """
        body = check_object(body, "offer", {"terms", "energy_wh", "signature"})
        offer = Offer.from_json({**body, "salt": None} if _is_plain(body) else _hidden())
        terms = offer.terms
        if offer.signature is None or not terms.nonce & SIGNED_NONCE:
            raise Problem("bad-input", "only a signed offer is shared; one on chain is listed by itself")
        self._check_time(terms.accept_by)
        guarantee = guarantee_up(terms.price, self._market)
        self._check_signed(
            terms.seller, self._suite.market_domain.digest(terms), offer.signature, available=guarantee
        )
        return self._store_it(life.entry_of_offer(self._suite, offer))

    def intent(self, body: Any, kinds: tuple[str, ...]) -> tuple[dict[str, Any], bool]:
        """Take in a signed order.

        Args:
            body: as `Intent.to_json` writes it.
            kinds: those that are taken here.

        Returns:
            The intent as the API shows it, and whether it is new.

        Raises:
            Problem: it is refused; nothing was stored.
            BadInput: it cannot be read.
        """
        intent = Intent.from_json(body)
        order, suite = intent.order, self._suite
        if intent.kind not in kinds:
            raise Problem("bad-input", f"the kind must be one of {', '.join(kinds)}, not {intent.kind}")
        self._check_time(intent.deadline)
        self._check_domain(intent)
        needed = 0
        if isinstance(order, Purchase):
            assert intent.terms is not None, "checked when the intent was made"
            if intent.terms.price > order.max_price:
                raise Problem("bad-input", "the offer costs more than the most that was signed")
            self._check_time(intent.terms.accept_by)
            needed = intent.terms.price + order.fee
        elif isinstance(order, Bid):
            needed = order.fee
            if not 0 < order.min_wh <= order.max_wh or order.slot_start >= order.slot_end:
                raise Problem("bad-input", "the limits of the bid admit nothing")
        elif isinstance(order, Withdrawal):
            needed = order.amount + order.fee
        digest = intent.domain.digest(order)
        enrolled = not isinstance(order, Deposit)
        self._check_signed(intent.signer, digest, intent.signature, available=needed, enrolled=enrolled)
        if intent.seller_signature and intent.terms is not None:
            signed = suite.market_domain.digest(intent.terms)
            self._check_key(intent.terms.seller, signed, intent.seller_signature)
        return self._store_it(life.entry_of_intent(intent))

    def receipts(self, body: Any) -> list[dict[str, Any]]:
        """Take in receipts of meters; one that is refused stops no other.

        Args:
            body: a list of up to `MOST_RECEIPTS`, each as `delivery_to_json` writes it.

        Returns:
            For each either `intent` or `problem`.

        Raises:
            BadInput: the list itself cannot be read.
        """
        items = check_list(body, "receipts")
        if not 0 < len(items) <= MOST_RECEIPTS:
            raise BadInput(f"there must be 1 to {MOST_RECEIPTS} receipts, not {len(items)}")
        return [self._receipt(item) for item in items]

    def slot_order(self, body: Any, chain_domain: Domain) -> Order:
        """Check a standing order for the slot market; it is signed by the account's key.

        Raises:
            Problem, BadInput: it is refused.
        """
        body = check_object(body, "order", {"order", "signature"})
        fields = check_object(body["order"], "order", set(Order.__abi__))
        account = check_address(fields["account"], "account")
        numbers = [read_integer(fields[n], n, most=2**256 - 1) for n in Order.__abi__[1:]]
        order = Order(account, *numbers)
        if not order.first_slot <= order.last_slot < 2**62 or order.last_slot - order.first_slot > 95:
            raise Problem("bad-input", "an order is for 1 to 96 slots that follow one another")
        signature = from_hex(body["signature"], "signature")
        if recover_address(chain_domain.digest(order), signature) != account:
            raise Problem("not-signed")
        return order

    def slot_reading(self, body: Any, chain_domain: Domain) -> tuple[Reading, bytes]:
        """Check a meter's reading for the slot market; it is signed by the meter that it names.

        Returns:
            The reading and the meter's ERC-7913 signer.

        Raises:
            Problem, BadInput: it is refused.
        """
        body = check_object(body, "reading", {"account", "slot", "net_wh", "meter", "signature"})
        net = body["net_wh"]
        net = int(net) if isinstance(net, str) and net.removeprefix("-").isdecimal() else net
        reading = Reading(
            check_address(body["account"], "account"),
            read_integer(body["slot"], "slot", most=2**62),
            check_integer(net, "net_wh", -(2**62), 2**62),
        )
        meter = from_hex(body["meter"], "meter")
        signature = from_hex(body["signature"], "signature")
        if not 20 <= len(meter) <= 128:
            raise BadInput("meter must be an ERC-7913 signer")
        if canonical_signature(meter, chain_domain.digest(reading), signature) is None:
            raise Problem("not-signed")
        return reading, meter

    # ------------------------------------------------------------ checks

    def _receipt(self, item: Any) -> dict[str, Any]:
        try:
            delivery = delivery_from_json(item)
            if not delivery.terms.energy.is_plain and delivery.energy.is_plain:
                raise Problem("hidden-energy", "a short delivery is opened with a salt: submit it yourself")
            self._check_receipt(delivery)
            body = delivery_to_json(delivery)
            entry = life.entry_of_receipt(self._suite, delivery, body, self._market.reply_time)
            self._check_time(entry.deadline)
            return {"intent": self._store_it(entry)[0], "problem": None}
        except EnergyTradingError as error:
            return {"intent": None, "problem": problem_of(error).to_json()}

    def _check_receipt(self, delivery: Delivery) -> None:
        trade_id = delivery.terms.struct_hash()
        digest = self._suite.market_domain.digest(Receipt(trade_id, delivery.energy))
        if len(delivery.signer) > 256 or len(delivery.signature) > 1024:
            raise Problem("bad-input", "signer or signature is longer than any known one")
        if canonical_signature(delivery.signer, digest, delivery.signature) is None:
            raise Problem("not-signed", "the meter that the receipt names did not sign it")
        with self._view.lock:
            trade = self._view.fold.trades.get(trade_id)
        if trade is None or trade.buyer != delivery.buyer:
            self._check_current()
            raise Problem("not-enrolled", "the index knows no such trade of this buyer")
        if trade.receipt_key != keccak(delivery.signer):
            raise Problem("not-signed", "the buyer named another meter when it accepted")

    def _check_current(self) -> None:
        """Refuse for now, and not for good, what an index that is behind does not know."""
        if not self._current():
            raise Problem("try-again", "the index is behind the chain")

    def _check_time(self, deadline: int) -> None:
        head = self._view.head
        if head is None:
            raise Problem("try-again", "nothing is indexed yet")
        if deadline <= head.time:
            raise Problem("deadline-passed", f"it counts before {deadline}; the chain's time is {head.time}")

    def _check_domain(self, intent: Intent) -> None:
        suite = self._suite
        named = {d.name: d for d in (suite.ledger_domain, suite.desk_domain)}
        if named.get(intent.domain.name) != intent.domain:
            raise Problem("wrong-market")
        on_ledger = intent.kind in ("withdrawal", "deposit")
        if on_ledger != (intent.domain == suite.ledger_domain) and intent.kind != "nonce-cancellation":
            raise Problem("wrong-market")

    def _check_key(self, account: str, digest: bytes, signature: bytes) -> None:
        """Check a signature: by the key, or for an account that the index knows by its code."""
        if len(signature) > 4096:
            raise Problem("bad-input", "the signature is longer than 4096 bytes")
        if recover_address(digest, signature) == account:
            return
        with self._view.lock:
            known = account in self._view.fold.accounts
        if not known or not code_signed(self._suite.chain, account, digest, signature):
            raise Problem("not-signed", f"the signature is not that of {account}")

    def _check_signed(
        self, account: str, digest: bytes, signature: bytes, available: int = 0, enrolled: bool = True
    ) -> None:
        self._check_key(account, digest, signature)
        with self._view.lock:
            head, known = self._view.head, self._view.fold.accounts.get(account)
        if not enrolled:
            return
        if known is None or not known.roles or head is None:
            self._check_current()
            raise Problem("not-enrolled", f"the account {account} is not open in this market")
        if known.suspended or known.standing.banned_until > head.time:
            raise Problem("not-enrolled", f"the account {account} is suspended or banned")
        if known.available < available:
            raise Problem(
                "unfunded",
                f"the account has {known.available} units available, and this needs {available}",
                available=str(known.available),
                needed=str(available),
            )

    def _store_it(self, entry: life.Entry) -> tuple[dict[str, Any], bool]:
        self._records.check_whole()
        if entry.kind != life.OFFER:
            self._relayer.check_ready()
        head = self._view.head
        assert head is not None, "its time was asked for"
        with self._view.lock:
            account = self._view.fold.accounts.get(entry.signer)
        credit_e9 = 0 if account is None else account.standing.seller_credit_e9
        with self._store.writing() as connection:
            there = life.get(connection, entry.id)
            frees = entry.kind in ("cancellation", "give-up", "nonce-cancellation", life.RECEIPT)
            if there is None and not frees:
                # A higher credit opens more: each unit of it as much as the least.
                most = self._config.open_intents * max(1, credit_e9 // _E9)
                if life.open_count(connection, entry.signer) >= most:
                    raise Problem("too-many-open", f"the account may have {most} orders open")
            row, new = life.put(connection, entry, head.time)
            return life.to_json(row), new


def _is_plain(body: dict[str, Any]) -> bool:
    terms = body["terms"]
    energy = terms.get("energy") if isinstance(terms, dict) else None
    return isinstance(energy, str) and energy.startswith("0x" + "0" * 48)


def _hidden() -> Any:
    raise Problem("hidden-energy")
