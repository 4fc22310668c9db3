"""Refusals of the rules that no random call comes near: full auctions, worn lots, coin sent along."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from energy_trading.bindings.suite import PARTS, SuiteParameters
from energy_trading.crypto.keys import SecretKey
from energy_trading.rules.auction import MAX_QUOTES, OpenAuction
from energy_trading.rules.context import Context
from energy_trading.rules.ledger import Refused
from energy_trading.rules.lot import MAX_NONCE, NOT_SIGNED
from energy_trading.simulation.venues import Rules
from energy_trading.types import ZERO_ADDRESS, Energy, LotState, LotView, Terms

ALICE, BOB, DSO = (SecretKey.from_int(1000 + i).address for i in range(3))
NOW, AUCTION = 1_614_556_800, b"\xa0" * 32
SLOT = NOW - 1_800  # of the lot; a trade that it may fulfil had to be accepted by then (N-3)
CTX = Context(ALICE, NOW)


@pytest.fixture
def rules() -> Rules:
    """A market in which alice has a lot, number 5."""
    addresses = {part.name: SecretKey.from_int(2000 + i).address for i, part in enumerate(PARTS)}
    made = Rules.of(SuiteParameters(DSO, DSO, DSO), 1, addresses)
    made.lots.lots[5] = LotView(ALICE, 1_000, SLOT, 0, LotState.ALIVE)
    return made


def refused(step: Any, *arguments: Any) -> tuple[Any, ...]:
    """The rule that refuses a step, and its fields."""
    with pytest.raises(Refused) as error:
        step(*arguments)
    return error.value.rule, *error.value.values


def test_revert_given_full_auction(rules: Rules) -> None:
    """Quote number 2**22 - 1 is the last; one more is refused (X-5)."""
    rules.auction.auctions[AUCTION] = OpenAuction(NOW + 60, 7, 7, MAX_QUOTES - 1)
    ctx = replace(CTX, value=SuiteParameters.quote_fee)
    rules.auction.quote(ctx, AUCTION, 1, 1)
    assert refused(rules.auction.quote, ctx, AUCTION, 1, 1) == ("SealedBidAuction_Full", AUCTION, 4_194_303)


def test_worn_lot_stays_and_can_be_retired(rules: Rules) -> None:
    """The last nonce is kept, so no old permit becomes valid again (C-7, decision 6)."""
    lots = rules.lots
    lots.lots[5] = replace(lots.lot_of(5), nonce=MAX_NONCE - 1)
    lots.cancel_permits(CTX, 5)
    worn = ("EnergyLot_TooManyChanges", 5, 2**22 - 1)
    assert refused(lots.cancel_permits, CTX, 5) == worn
    assert refused(lots.transfer_from, CTX, ALICE, BOB, 5) == worn
    terms = Terms(ALICE, BOB, Energy.plain(1_000), 1, SLOT, NOW + 2, 0)
    assert refused(lots.deliver, CTX, terms, BOB, [5]) == worn
    lots.retire(CTX, 5)
    assert lots.lot_of(5) == LotView(ZERO_ADDRESS, 1_000, SLOT, MAX_NONCE, LotState.RETIRED)


def test_lots_have_owners(rules: Rules) -> None:
    """A coin would be lost, and nobody can own a lot (ERC-721)."""
    lots = rules.lots
    assert refused(lots.transfer_from, replace(CTX, value=3), ALICE, BOB, 5) == ("EnergyLot_NoCoin", 3)
    terms = Terms(ALICE, ZERO_ADDRESS, Energy.plain(1_000), 1, SLOT, NOW + 2, 0)
    assert refused(lots.deliver, CTX, terms, ZERO_ADDRESS, [5]) == ("TransferToZeroAddress",)
    assert refused(lots.balance_of, ZERO_ADDRESS) == ("BalanceQueryForZeroAddress",)
    assert (lots.owner_of(5), lots.balance_of(ALICE)) == (ALICE, 1)
    assert refused(lots.owner_of, 6) == ("TokenDoesNotExist",)


def test_lots_sign_for_accounts_only(rules: Rules) -> None:
    """A key of another length than an account's signs nothing (N-6; ERC-7913)."""
    assert rules.lots.verify(bytes(21), bytes(32), b"") == NOT_SIGNED


def test_deliver_refused_by_the_market_signs_nothing_more(rules: Rules) -> None:
    """Lots sign a receipt only while they are delivered, also when the market refuses it (N-8)."""
    terms = Terms(ALICE, BOB, Energy.plain(1_000), 1, SLOT, NOW + 2, 0)
    assert refused(rules.lots.deliver, CTX, terms, BOB, [5])[0] == "OfferMarket_ReceiptRefused"
    assert rules.lots._delivering is None
    assert rules.lots.lot_of(5).owner == ALICE
