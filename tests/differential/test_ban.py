"""A ban that a later default would shorten. It is too rare for random histories."""

from dataclasses import replace

from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.rules import credit
from energy_trading.rules.credit import E9
from energy_trading.types import Outcome
from tests.differential.test_credit import NOW, Pair, Revm

SELLER, BUYER = 0x10000, 0x10001
DAY = 86_400


def test_later_default_never_shortens_a_ban() -> None:
    """Credit earned from open trades during a ban makes the next ban shorter; the longer one stays (X-3)."""
    quick = replace(DEFAULT_CREDIT, k1_e9=10**6, k2_e9=10**6, grace_defaults=0)
    ledger = Revm(quick)
    ledger.at(NOW)
    ledger.open(SELLER)
    ledger.open(BUYER)
    pair = Pair(credit.new_standing(quick), credit.new_standing(quick))
    steps = (
        (Outcome.SELLER_DEFAULT, 100 * quick.z_unit),
        (Outcome.DELIVERED, 255 * quick.z_unit),
        (Outcome.SELLER_DEFAULT, 0),
    )
    for outcome, value in steps:
        ledger.settle(outcome, SELLER, BUYER, value)
        pair.settle(outcome, value, NOW, quick)
        assert ledger.standing(SELLER) == pair.seller
    assert pair.seller.seller_credit_e9 == 100 * E9
    assert pair.seller.defaults == 2
    assert pair.seller.banned_until == NOW + DAY  # c/R is now two days by 100
