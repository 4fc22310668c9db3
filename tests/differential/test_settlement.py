"""Guarantee, fee, cuts, shares and defaults of the market equal `rules.settlement` (N-1 … N-7).

The market is the real one. Its ledger is a recorder that agrees to everything and logs what it is asked, so
that every number is seen as the market sends it, also numbers for which no ledger would have the funds.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from energy_trading.bindings import OfferMarket
from energy_trading.bindings.contract import explain
from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.offer_market import DeliveredShort, OfferWithdrawn, TradeExpired
from energy_trading.chain._revm import RevmChain
from energy_trading.chain.artifacts import load
from energy_trading.chain.connect import RevertData
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.rules.settlement import (
    Split,
    guarantee_up,
    penalty_down,
    short_delivery,
    split,
    withdrawal_cut_down,
)
from energy_trading.types import (
    MAX_UNITS,
    ZERO_ADDRESS,
    Delivery,
    Domain,
    Energy,
    MarketParameters,
    Outcome,
    Receipt,
    Terms,
    to_abi,
)
from tests.differential.revm import revm_chain
from tests.world import GENESIS

MARKETS, TRADES, PRICES = 50, 200, 200  # 10,000 trades and 10,000 guarantees
SELLER, BUYER = SecretKey.from_int(11), SecretKey.from_int(12)
METER = Secp256k1Meter(SecretKey.from_int(13))
DAY = 86_400
_SETTLE = ["address", "uint256", "uint256", "address", "uint256", "uint8", "uint256", "uint256", "uint256"]
_COMMIT = ["address", "address", "bool", "uint256", "uint256"]


def recorder() -> bytes:
    """Creation code of a ledger that logs its calldata and returns the hash of the meter."""
    answer = keccak(METER.signer).hex()
    run = bytes.fromhex(f"365f5f37365fa07f{answer}5f5260205ff3")
    return bytes.fromhex(f"60{len(run):02x}80600a5f395ff3" + "00") + run


def numbers(draw: random.Random, low: int, high: int) -> int:
    """An end of the range, a small number, or a number of any size."""
    kind = draw.randrange(6)
    if kind == 0:
        return draw.choice([low, high])
    if kind == 1:
        return min(high, low + draw.randrange(60))
    if kind == 2:
        return draw.randint(low, high)
    return max(low, min(high, draw.getrandbits(draw.randint(1, high.bit_length()))))


def constants(draw: random.Random) -> MarketParameters:
    return MarketParameters(
        guarantee_bps=numbers(draw, 1, 10_000),
        fee_bps=numbers(draw, 0, 1_000),
        cancel_bps=numbers(draw, 0, 10_000),
        penalty_bps=numbers(draw, 1, 10_000),
        tolerance_bps=numbers(draw, 0, 10_000),
        max_duration=7 * DAY,
        reply_time=DAY,
        ledger=ZERO_ADDRESS,
        auction=ZERO_ADDRESS,
    )


class Case:
    """A market with these constants over a recorder."""

    def __init__(self, chain: RevmChain, ledger: str, k: MarketParameters) -> None:
        self.chain, self.k = chain, k
        parameters = replace(k, ledger=ledger)
        code = load("OfferMarket").bytecode + encode(OfferMarket.constructor_types, [to_abi(parameters)])
        self.market = OfferMarket(chain, chain.deploy(code, SELLER)[0])
        self.domain = Domain("OfferMarket", chain.chain_id, self.market.address)

    def send(self, call: Any, sender: SecretKey) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """Send a call; return what the ledger was asked, and the events of the market."""
        try:
            receipt = self.chain.send(call.to, call.data, sender)
        except RevertData as error:
            raise explain(error) from None
        asked = [
            decode(_COMMIT if len(log["data"]) < 200 else _SETTLE, log["data"][4:])
            for log in receipt["logs"]
            if not log["topics"]
        ]
        return asked, receipt["logs"]

    def settled(self, asked: list[tuple[Any, ...]], buyer: str) -> Split:
        ((seller, unhold, seller_gets, to, buyer_gets, outcome, value, _, treasury_gets),) = asked
        assert (seller, to) == (SELLER.address.lower(), buyer.lower())
        return Split(unhold, seller_gets, buyer_gets, treasury_gets, value, Outcome(outcome))


@pytest.fixture(scope="module")
def chain() -> RevmChain:
    return revm_chain([SELLER, BUYER], GENESIS)


@pytest.fixture(scope="module")
def ledger(chain: RevmChain) -> str:
    return str(chain.deploy(recorder(), SELLER)[0])


def told(kind: Any, logs: list[Any]) -> Any:
    (log,) = (log for log in logs if log["topics"] and log["topics"][0] == kind.topic())
    return kind.from_log(log)


def test_guarantees_are_equal(chain: RevmChain, ledger: str) -> None:
    """The guarantee is rounded up, for 10,000 random prices and shares (N-1)."""
    draw = random.Random("guarantee")
    for _ in range(MARKETS):
        case = Case(chain, ledger, constants(draw))
        for _ in range(PRICES):
            price = numbers(draw, 0, MAX_UNITS)
            assert case.market.guarantee_up(price) == guarantee_up(price, case.k), (price, case.k)


def test_splits_are_equal(chain: RevmChain, ledger: str) -> None:
    """Payment, fee, cut, refund and default of 10,000 random trades that end in every way (N-3, N-4, N-7)."""
    draw = random.Random("settlement")
    ends: Counter[str] = Counter()
    for _ in range(MARKETS):
        case = Case(chain, ledger, constants(draw))
        for nonce in range(TRADES):
            ends[one_trade(draw, case, nonce)] += 1
    assert sum(ends.values()) == MARKETS * TRADES
    assert min(ends.values()) >= 100, ends
    assert set(ends) == {"withdrawn", "closed", "expired", "failed", "full", "short", "default"}


def one_trade(draw: random.Random, case: Case, nonce: int) -> str:
    """Play a trade to a random end and compare every number with the rules."""
    k, market, now = case.k, case.market, case.chain.next_time
    price, agreed = numbers(draw, 1, MAX_UNITS), numbers(draw, 1, 2**64 - 1)
    hidden = draw.random() < 0.2
    energy = Energy.hidden(agreed, bytes(32)) if hidden else Energy.plain(agreed)
    terms = Terms(SELLER.address, ZERO_ADDRESS, energy, price, now + 100, now + 200, nonce)
    (held,), _ = case.send(market.make_offer(terms), SELLER)
    assert held == (SELLER.address.lower(), ZERO_ADDRESS, False, guarantee_up(price, k), 0)
    end = draw.choices(["open", "accepted", "delivered"], [2, 1, 7])[0]
    late = draw.random() < 0.5
    if end == "open":
        if late:
            case.chain.set_next_time(now + 100)
        asked, logs = case.send(market.give_up(terms), SELLER)
        cut = 0 if late else withdrawal_cut_down(price, k)
        assert told(OfferWithdrawn, logs).cut == cut
        outcome = Outcome.NONE if late else Outcome.WITHDRAWN
        assert case.settled(asked, ZERO_ADDRESS) == split(price, 0, cut, False, outcome, k)
        return "closed" if late else "withdrawn"
    (paid,), _ = case.send(market.accept_offer(terms), BUYER)
    assert paid == (ZERO_ADDRESS, BUYER.address.lower(), True, 0, price)
    if end == "accepted":
        case.chain.set_next_time(now + 200)
        claim = market.expire(terms, BUYER.address, keccak(METER.signer))
        asked, logs = case.send(claim, BUYER)
        cut = penalty_down(price, k)
        assert told(TradeExpired, logs).cut == cut
        assert case.settled(asked, BUYER.address) == split(price, 0, cut, True, Outcome.SELLER_DEFAULT, k)
        return "expired"
    delivered = draw.choice([0, agreed, agreed - 1, numbers(draw, 0, agreed), edge(draw, agreed, k)])
    raw = Energy.plain(delivered)
    signature = METER.sign(case.domain.digest(Receipt(terms.struct_hash(), raw)))
    receipt = Delivery(terms, BUYER.address, METER.signer, raw, signature)
    call = (
        market.confirm_hidden_short(receipt, agreed, bytes(32))
        if hidden
        else market.confirm_delivery(receipt)
    )
    asked, logs = case.send(call, BUYER)
    found = case.settled(asked, BUYER.address)
    if delivered >= agreed:
        assert found == split(price, price, 0, True, Outcome.DELIVERED, k)
        return "full"
    short = short_delivery(price, delivered, agreed, k)
    event = told(DeliveredShort, logs)
    assert (event.delivered_wh, event.agreed_wh) == (delivered, agreed)
    assert (event.payment, event.cut) == (short.payment, short.cut)
    outcome = Outcome.SELLER_DEFAULT if short.is_default else Outcome.DELIVERED
    assert found == split(price, short.payment, short.cut, True, outcome, k)
    return "failed" if delivered == 0 else "default" if short.is_default else "short"


def edge(draw: random.Random, agreed: int, k: MarketParameters) -> int:
    """A delivery at the very edge of the tolerance."""
    missing = agreed * k.tolerance_bps // 10_000 + draw.choice([-1, 0, 1])
    return max(0, min(agreed, agreed - missing))


def test_every_split_adds_up() -> None:
    """No money is made or lost: whatever the numbers, the parts add up to guarantee and price."""
    draw = random.Random("sums")
    for _ in range(20_000):
        k, price, agreed = constants(draw), numbers(draw, 1, MAX_UNITS), numbers(draw, 1, 2**64 - 1)
        short = short_delivery(price, draw.randrange(agreed), agreed, k)
        parts = split(price, short.payment, short.cut, True, Outcome.DELIVERED, k)
        assert parts.seller_gets + parts.buyer_gets + parts.treasury_gets == parts.unhold + price
        assert min(parts.seller_gets, parts.buyer_gets, parts.treasury_gets) >= 0
        assert 0 <= short.cut <= parts.unhold
        assert 0 <= short.payment < price or price == 0


def test_rounding_favours_nobody_twice() -> None:
    """The guarantee is rounded up, all else down: by hand, for numbers that do not divide (N-1, N-4, N-7)."""
    k = MarketParameters(ZERO_ADDRESS, 3_333, 250, 777, 1_234, 500, DAY, DAY, ZERO_ADDRESS)
    assert guarantee_up(1_000, k) == 334  # 333.3
    assert withdrawal_cut_down(1_000, k) == 25  # 25.95
    assert penalty_down(1_000, k) == 41  # 41.2
    short = short_delivery(1_000, 333, 1_000, k)
    assert (short.payment, short.cut, short.is_default) == (333, 27, True)  # 27.49
    assert not short_delivery(1_000, 950, 1_000, k).is_default  # 5 % is still within
    assert short_delivery(1_000, 949, 1_000, k).is_default
    assert split(1_000, 333, 27, True, Outcome.SELLER_DEFAULT, k) == Split(
        334, 334 - 27 + 333 - 8, 667, 8 + 27, 1_000, Outcome.SELLER_DEFAULT
    )


def test_recorder_has_the_functions_of_the_ledger() -> None:
    """The recorder decodes what the real functions of the ledger take; this fails if they change."""
    methods = load("IEnergyLedger").method_identifiers
    assert f"commit({','.join(_COMMIT)})" in methods
    assert f"settle(({','.join(_SETTLE)}))" in methods
    assert EnergyLedger.name == "EnergyLedger"
