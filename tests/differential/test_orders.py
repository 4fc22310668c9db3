"""Signed orders end on the chain as in `rules.desk` and `rules.ledger`, errors included (N-2, N-4).

Every number may be of any size, every limit may be met or missed by one, and every signature may be of any
form. The calls are those of anybody who carries somebody else's order.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import ContractRevert
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.rules.context import Context
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.signers import Signers
from energy_trading.rules.trade import Accepted
from energy_trading.types import (
    AWARD_NONCE,
    MAX_UNITS,
    SIGNED_NONCE,
    TESTIMONY_NONCE,
    ZERO_ADDRESS,
    Acceptance,
    AccountAttestation,
    Bid,
    Cancellation,
    Deposit,
    Domain,
    Energy,
    GiveUp,
    Message,
    Purchase,
    ReceiptKey,
    Relay,
    RelayedBid,
    RelayedPurchase,
    Terms,
    TokenPermit,
    Withdrawal,
)
from tests.contracts.energy_ledger.test_deposit_with_permit import permit
from tests.contracts.energy_ledger.tools import ledger_parameters, make_ledger
from tests.differential.revm import RevmChain
from tests.differential.test_settlement import numbers
from tests.stateful.machine import UNIT, Machine, Stage, counts, staged
from tests.stateful.relay_calls import check_refusals
from tests.stateful.token_calls import TokenCalls
from tests.world import GENESIS

CASES = 1_000
LARGE = 2**256 - 1
FUNDS = 2**59
#: whom the ledger has never heard of
NOBODY = to_checksum_address("0x" + "7e" * 20)
#: what is wrong with an order, if anything
ODD = [""] * 18 + ["signer", "field", "late", "relayer", "fee", "form"]


class Orders(Machine):
    """A market whose accounts and credit allow any price up to 2**59, and the same in the rules."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: dict[bytes, Terms] = {}
        self.forms: Counter[str] = Counter()

    def staged(self) -> Stage:
        credit = replace(staged("").parameters.credit, open_base=MAX_UNITS)
        return staged("", FUNDS, unit=1, credit=credit)

    def paid(self) -> int:
        trades = self.rules.market.trades
        return sum(t.price for i, t in self.terms.items() if isinstance(trades.get(i), Accepted))

    # ------------------------------------------------------------ parts of the cases

    def offer(self, draw: random.Random) -> tuple[Terms, bytes]:
        """An offer on chain if the market takes it, or one off chain; now and then a bad one."""
        self.nonce += 1
        seller, now = draw.choice(self.people[:4] * 3 + self.people[4:5]), self.chain.next_time
        accept_by = now + draw.choice([600] * 10 + [3600, 1, 0])
        kind = draw.choice([0] * 6 + [SIGNED_NONCE] * 8 + [AWARD_NONCE])
        plain = Energy.plain(max(int(draw.random() < 0.95), numbers(draw, 0, 2**64 - 1)))
        terms = Terms(
            seller.address,
            draw.choice([ZERO_ADDRESS] * 30 + [p.address for p in self.people]),
            draw.choice([plain] * 9 + [Energy(draw.randbytes(32))]),
            max(
                int(draw.random() < 0.95), numbers(draw, 0, draw.choice([10**6] * 3 + [2**59] * 3 + [2**64]))
            ),
            accept_by,
            accept_by + draw.choice([600] * 12 + [1, 0, 10**6]),
            kind | draw.choice([0, TESTIMONY_NONCE]) | self.nonce | numbers(draw, 0, 2**200) << 32,
        )
        if kind == 0 and draw.random() < 0.9:
            self.step("make_offer", seller, "market.make_offer", terms)
        signer = self.world.stranger if draw.random() < 0.05 else seller
        return terms, self.signed(draw, signer, self.world.suite.market_domain, terms, "")

    def relay(self, draw: random.Random, odd: str) -> Relay:
        relayer = draw.choice([key.address for key in self.people])
        fee = draw.choice([0, numbers(draw, 1, 10**6), numbers(draw, 1, 2**58), 2**60])
        deadline = draw.choice([self.chain.next_time + 1, self.chain.next_time + 600, LARGE])
        if odd == "fee":
            fee = numbers(draw, MAX_UNITS + 1, LARGE)
        if odd == "late":
            deadline = draw.choice([0, self.chain.next_time - 1, self.chain.next_time])
        return Relay(deadline, ZERO_ADDRESS if odd == "relayer" else relayer, fee)

    def signed(self, draw: random.Random, key: SecretKey, domain: Domain, order: Message, odd: str) -> bytes:
        """A signature of any form that an account may use, or of one that it may not."""
        digest = domain.digest(self.stray(draw, order) if odd == "field" else order)
        whole = (self.world.stranger if odd == "signer" else key).sign_digest(digest)
        r, s, v = whole[:32], int.from_bytes(whole[32:64], "big"), whole[64]
        form = draw.choice(["compact", "whole", "high s"])
        if odd == "form":
            form = draw.choice(["cut", "long", "noise", "empty", "v"])
        self.forms[form] += 1
        return {
            "whole": whole,
            "compact": r + (s | (v - 27) << 255).to_bytes(32, "big"),
            "high s": r + (SECP256K1_N - s).to_bytes(32, "big") + bytes([27 + 28 - v]),
            "cut": whole[:-2],
            "long": whole + b"\0",
            "noise": draw.randbytes(65),
            "empty": b"",
            "v": whole[:64] + bytes([draw.choice([0, 1, 26, 29, 255])]),
        }[form]

    def stray(self, draw: random.Random, order: Message) -> Message:
        """The order with another number in one field, as if somebody had changed it after it was signed."""
        fields = [name for name, value in vars(order).items() if isinstance(value, int)]
        name = draw.choice(fields)
        return replace(order, **{name: vars(order)[name] ^ 1 << draw.randrange(40)})

    def keys(self, draw: random.Random, terms: Terms, buyer: str) -> list[ReceiptKey]:
        """No one-time key, a good one, a bad one, or two."""
        number = draw.randrange(len(self.stage.one_time))
        signer = self.stage.one_time[number]
        digest = self.world.suite.market_domain.digest(Acceptance(terms.struct_hash(), buyer))
        good = ReceiptKey(signer.signer, GENESIS // 3600, self.stage.tree.proof(number), signer.sign(digest))
        bad = replace(good, epoch=numbers(draw, 0, LARGE))
        return draw.choice([[]] * 14 + [[good]] * 4 + [[bad], [good, good]])

    def purchase(self, draw: random.Random) -> RelayedPurchase:
        (terms, offer_signature), odd = self.offer(draw), draw.choice(ODD)
        buyer, relay = draw.choice([*self.people[:3] * 3, *self.people[4:6]]), self.relay(draw, odd)
        keys = self.keys(draw, terms, buyer.address)
        limit = draw.choice([terms.price] * 5 + [LARGE] * 5 + [max(0, terms.price - 1)])
        order = Purchase(
            buyer.address,
            terms.struct_hash(),
            limit,
            keccak(keys[0].signer) if keys else bytes(32),
            relay.deadline,
            relay.relayer,
            relay.fee,
        )
        signature = self.signed(draw, buyer, self.world.suite.desk_domain, order, odd)
        return RelayedPurchase(terms, buyer.address, limit, relay, keys, signature, offer_signature)

    # ------------------------------------------------------------ cases

    def accept_for(self, draw: random.Random) -> None:
        """Any purchase."""
        made = self.purchase(draw)
        if self.step("accept_for", self.world.stranger, "desk.accept_for", made)[0]:
            self.terms[made.terms.struct_hash()] = made.terms

    def accept_for_many(self, draw: random.Random) -> None:
        """Up to four of them, some twice."""
        made = [self.purchase(draw) for _ in range(draw.randrange(4))]
        made += draw.choices(made, k=draw.randrange(2)) if made else []
        sent, refusals = self.step("accept_for_many", self.world.dso, "desk.accept_for_many", made)
        assert sent is not None
        check_refusals(sent, made, refusals)
        for purchase, refusal in zip(made, refusals, strict=True):
            counts["in a batch", refusal.rule if refusal else "done"] += 1
            if refusal is None:
                self.terms[purchase.terms.struct_hash()] = purchase.terms

    def fill_bid(self, draw: random.Random) -> None:
        """Any bid, whose limits the offer meets exactly, or breaks by one."""
        (terms, offer_signature), odd = self.offer(draw), draw.choice(ODD)
        buyer, relay = draw.choice([*self.people[:3] * 3, *self.people[4:6]]), self.relay(draw, odd)
        keys = self.keys(draw, terms, buyer.address)
        wh = int.from_bytes(terms.energy, "big") % 2**64
        per_mwh = -(-terms.price * 10**6 // max(1, wh))
        broken = draw.choice([""] * 16 + ["low", "high", "price", "slot", "seller", "credit", "key"])
        bid = Bid(
            buyer.address,
            draw.choice([ZERO_ADDRESS, terms.seller]) if broken != "seller" else self.people[7].address,
            wh + (broken == "low"),
            draw.choice([wh, LARGE]) if broken != "high" else max(0, wh - 1),
            draw.choice([per_mwh, LARGE]) if broken != "price" else max(0, per_mwh - 1),
            draw.choice([terms.accept_by, 0]) + (broken == "slot"),
            draw.choice([terms.deliver_by, LARGE]),
            self.world.account(terms.seller).seller_credit_e9 + (broken == "credit"),
            relay.deadline,
            draw.choice([1, 2, 255, 256, numbers(draw, 0, LARGE), numbers(draw, 0, LARGE)]),
            (keccak(keys[0].signer) if keys else bytes(32)) if broken != "key" else draw.randbytes(32),
            relay.relayer,
            relay.fee,
        )
        signature = self.signed(draw, buyer, self.world.suite.desk_domain, bid, odd)
        relayed = RelayedBid(terms, bid, keys, signature, offer_signature)
        if self.step("fill_bid", self.world.stranger, "desk.fill_bid", relayed)[0]:
            self.terms[terms.struct_hash()] = terms

    def give_up_for(self, draw: random.Random) -> None:
        """Any order to withdraw an offer, before or after the end of its acceptance."""
        (terms, _), odd = self.offer(draw), draw.choice(ODD)
        if draw.random() < 0.3:
            self.chain.set_next_time(max(self.chain.next_time, terms.accept_by - draw.randrange(2)))
        relay, cut = self.relay(draw, odd), draw.choice([LARGE, LARGE, numbers(draw, 0, 2**59)])
        not_before = draw.choice(
            [0] * 5 + [self.chain.next_time, self.chain.next_time + 1, numbers(draw, 0, LARGE)]
        )
        order = GiveUp(terms.struct_hash(), not_before, cut, relay.deadline, relay.relayer, relay.fee)
        seller = next(key for key in self.people if key.address == terms.seller)
        signature = self.signed(draw, seller, self.world.suite.desk_domain, order, odd)
        for _ in range(draw.choice([1, 2])):
            arguments = terms, not_before, cut, relay, signature
            self.step("give_up_for", self.world.stranger, "desk.give_up_for", *arguments)

    def cancel_for(self, draw: random.Random) -> None:
        """Any order to cancel an offer, sometimes twice."""
        (terms, _), odd = self.offer(draw), draw.choice(ODD)
        relay = self.relay(draw, odd)
        order = Cancellation(terms.struct_hash(), relay.deadline, relay.relayer, relay.fee)
        seller = next(key for key in self.people if key.address == terms.seller)
        signature = self.signed(draw, seller, self.world.suite.desk_domain, order, odd)
        for _ in range(draw.choice([1, 2])):
            self.step("cancel_for", self.world.stranger, "desk.cancel_for", terms, relay, signature)

    def withdraw_for(self, draw: random.Random) -> None:
        """Any withdrawal, down to the last unit and one beyond it."""
        odd, account = draw.choice(ODD), draw.choice(self.people)
        relay = self.relay(draw, odd)
        free = self.world.account(account).available
        amount = draw.choice([free, free - relay.fee, free - relay.fee + 1, 1, 0, numbers(draw, 0, LARGE)])
        to = draw.choice([k.address for k in self.people] * 2 + [ZERO_ADDRESS, self.world.ledger.address])
        nonce = draw.choice([1, 2, 255, 256, numbers(draw, 0, LARGE), numbers(draw, 0, LARGE)])
        order = Withdrawal(
            account.address, to, max(0, amount), nonce, relay.deadline, relay.relayer, relay.fee
        )
        signature = self.signed(draw, account, self.world.suite.ledger_domain, order, odd)
        self.step("withdraw_for", self.world.stranger, "ledger.withdraw_for", order, signature)


class TokenOrders(TokenCalls):
    """A market that settles in a token with permits."""

    def deposit_for(self, draw: random.Random) -> None:  # type: ignore[override]
        """Any deposit on its owner's order, with a permit, without, or with a bad one."""
        odd, owner = draw.choice([""] * 6 + ["signer", "field", "late"]), draw.choice(self.people)
        now = self.chain.next_time
        account = draw.choice([key.address for key in self.people] + [ZERO_ADDRESS])
        amount = draw.choice([numbers(draw, 0, LARGE), numbers(draw, 0, 40), numbers(draw, 0, 40)])
        nonce = draw.choice([1, 255, 256, numbers(draw, 0, LARGE), numbers(draw, 0, LARGE)])
        deadline = draw.choice([0, now]) if odd == "late" else draw.choice([now + 1, LARGE])
        order = Deposit(owner.address, account, amount, nonce, deadline)
        signer = self.world.stranger if odd == "signer" else owner
        signature = signer.sign_digest(self.world.suite.ledger_domain.digest(order))
        if odd == "field":
            order = replace(order, account=draw.choice(self.people).address, amount=amount ^ 1)
        permitted = draw.choice(
            [TokenPermit(0, 0, bytes(32), bytes(32)), TokenPermit(now, 27, draw.randbytes(32), bytes(32))]
        )
        if amount < 2**190 and draw.random() < 0.6:
            signed = permit(self.token, owner, amount, now, owner, UNIT)
            self.model.permits.add(signed)
            permitted = TokenPermit(*signed)
        arguments = order, signature, permitted
        self.step("deposit_for", self.world.stranger, "ledger.deposit_for", *arguments)


RELAYED = {"done", "RelayLib_OrderExpired", "RelayLib_BadFee", "RelayLib_NotSigned"}
ACCEPTED = {f"OfferMarket_{name}" for name in ("BadTerms", "BadWindow", "BadSignature", "Reserved")} | {
    "EnergyLedger_Insufficient",
    "EnergyLedger_RoleMissing",
    "OfferMarket_UnknownReceiptKey",
    "OfferMarket_WrongState",
}
DESK = {
    f"RelayDesk_{name}" for name in ("OutsideEnergy", "OutsideSlot", "TooDear", "OtherSeller", "LowCredit")
}
#: what must have been seen of each verb
SEEN: dict[str, set[str]] = {
    "accept_for": RELAYED | ACCEPTED | {"RelayDesk_OverLimit", "RelayDesk_OneKey"},
    "accept_for_many": RELAYED | ACCEPTED | {"RelayDesk_OverLimit", "RelayDesk_OneKey"},
    "fill_bid": RELAYED
    | DESK
    | {"RelayDesk_IsAward", "RelayDesk_NoMeter", "RelayDesk_OneKey", "RelayDesk_WrongReceiptKey"}
    | {"UnorderedNonces_NonceUsed"},
    "give_up_for": RELAYED
    | {"RelayDesk_TooEarly", "OfferMarket_WrongState", "OfferMarket_CutTooLarge"}
    | {"EnergyLedger_Insufficient"},
    "cancel_for": RELAYED
    | {f"OfferMarket_{name}" for name in ("WrongNonce", "Expired", "WrongState")}
    | {"EnergyLedger_Insufficient"},
    "withdraw_for": RELAYED
    | {f"EnergyLedger_{name}" for name in ("Insufficient", "ZeroAmount", "BadRecipient")}
    | {"UnorderedNonces_NonceUsed"},
    "deposit_for": (RELAYED - {"RelayLib_BadFee"})
    | {f"EnergyLedger_{name}" for name in ("NotOpen", "ZeroAmount", "TooMuch")}
    | {"UnorderedNonces_NonceUsed", "TransferFromFailed"},
}


@pytest.fixture(scope="module", params=sorted(SEEN))
def verb(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_orders_equal_the_rules(verb: str) -> None:
    """The same order ends alike on the chain and in the rules, with the same error and the same money."""
    counts.clear()
    for example in range(5):
        draw = random.Random(f"{verb} {example}")
        machine: Any = (TokenOrders if verb == "deposit_for" else Orders)()
        case: Callable[[random.Random], None] = getattr(machine, verb)
        try:
            for _ in range(CASES // 5):
                case(draw)
                machine.one_story()
        finally:
            machine.chain.revert(machine.start)
    name = "in a batch" if verb == "accept_for_many" else verb
    found = {answer for (what, answer), count in counts.items() if what == name and count}
    assert found >= SEEN[verb], f"not seen: {sorted(SEEN[verb] - found)} in {counts}"


def test_fees_equal_the_rules() -> None:
    """payFee as a market calls it: from a payer, or out of the market's care (X-4)."""
    keys = [SecretKey.from_int(300 + i) for i in range(6)]
    market, owner, pkg, *people = keys
    chain = RevmChain(keys, GENESIS)
    fixed = ledger_parameters(
        unit=1, owner=owner.address, pkg=pkg.address, treasury=owner.address, markets=[market.address]
    )
    ledger = make_ledger(chain, owner, fixed)
    rules = Ledger(fixed, Domain("EnergyLedger", chain.chain_id, ledger.address), None, Signers())
    for key in people:
        stated = AccountAttestation(key.address, 3, bytes(32), bytes(64), LARGE)
        digest = rules.domain.digest(stated)
        opening = stated, pkg.sign_digest(digest), key.sign_digest(digest)
        rules.open_account(Context(owner.address, chain.next_time), *opening)
        ledger.open_account(*opening).send(owner)
        rules.deposit(Context(owner.address, chain.next_time, FUNDS), key.address, FUNDS)
        ledger.deposit(key.address, FUNDS, value=FUNDS).send(owner)
    addresses = [key.address for key in people] + [NOBODY]
    draw, seen = random.Random(5), Counter[str]()
    for _ in range(CASES):
        payer, relayer = draw.choice([*addresses, ZERO_ADDRESS]), draw.choice(addresses)
        free = rules.account(payer).available
        amount = draw.choice([0, free, free + 1, numbers(draw, 0, LARGE)])
        if payer == ZERO_ADDRESS:
            amount = numbers(draw, 0, 10**6)  # the market takes no more into its care than it has
        refusal: tuple[str, Any] | None = None
        try:
            rules.pay_fee(relayer, amount, payer)
        except Refused as refused:
            refusal = refused.rule, refused.values
        try:
            ledger.pay_fee(relayer, amount, payer).send(market)
            answer = None
        except ContractRevert as error:
            answer = error.signature.partition("(")[0], error.values
        assert answer == refusal
        seen["refused" if refusal else "taken" if payer == ZERO_ADDRESS else "paid"] += 1
        for address in addresses:
            assert ledger.account_of(address) == rules.account_of(address)
    assert min(seen["refused"], seen["taken"], seen["paid"]) > 20, seen
