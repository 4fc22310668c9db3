"""The rule of positions: the slot of a sale, what a position costs, why selling twice does not pay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_trading.errors import BadInput
from energy_trading.rules.positions import SlotRule, Tariffs, position

START = 1_614_600_000  # a multiple of 900
RULE = SlotRule(900)
TARIFFS = Tariffs(300_000_000, 80_000_000)
wh = st.integers(0, 2**40)


@pytest.mark.parametrize(
    ("accept_by", "deliver_by", "slot"),
    [
        (START, START + 2700, START),  # an offer for one slot, and two slots for the receipt
        (START - 36_000, START + 2700, START),  # an award that was paid for in the night before
        (START, START + 3599, START),  # a deadline within a slot
        (START, START + 3600, START + 900),  # a longer interval: its last slot that leaves room for receipts
        (START + 400, START + 500, START),  # no room for a receipt: the slot in which delivery begins
        (START + 900, START + 2700, START + 900),  # not a slot that was over when one could still accept
    ],
)
def test_slot_of_a_trade_follows_from_its_terms(accept_by: int, deliver_by: int, slot: int) -> None:
    """Seller and buyer compute the same slot from what both signed, without any reading."""
    assert RULE.of_trade(accept_by, deliver_by) == slot


@given(st.integers(0, 2**34), st.integers(1, 2**24), st.sampled_from([60, 300, 900, 3600]), st.integers(0, 9))
def test_slot_lies_in_the_delivery_interval(
    accept_by: int, length: int, slot_seconds: int, receipt_slots: int
) -> None:
    """No trade counts to a slot that ended before its delivery began, or that begins after it ended."""
    rule = SlotRule(slot_seconds, receipt_slots)
    slot = rule.of_trade(accept_by, accept_by + length)
    assert slot % slot_seconds == 0
    assert accept_by < slot + slot_seconds
    assert slot < accept_by + length


@given(wh, wh, wh, wh, wh, st.integers(0, 2**40), st.integers(0, 2**40))
def test_each_further_wh_sold_costs_its_price_at_retail(
    sold: int, bought: int, drawn: int, fed_in: int, more: int, first: int, second: int
) -> None:
    """A Wh sold beyond what was fed in costs retail, any other one at least the feed-in price it had."""
    tariffs = Tariffs(max(first, second), min(first, second))
    before = position(sold, bought, drawn, fed_in)
    cost = tariffs.owed_up(before + more) - tariffs.owed_up(before)
    assert cost * 1000 > more * tariffs.feed_in - 1000  # rounding moves less than one unit
    if before >= 0:
        assert cost * 1000 > more * tariffs.retail - 1000
    if before == 0:
        assert cost * 1000 >= more * tariffs.retail


def test_amounts_are_rounded_against_the_home() -> None:
    """Up what it owes, down what it is paid; so no slot costs the supplier a unit."""
    tariffs = Tariffs(1001, 999)
    assert [tariffs.owed_up(wh) for wh in (1, 2, 1000, 0, -1, -2, -1000)] == [2, 3, 1001, 0, 0, -1, -999]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: SlotRule(700), "a slot must divide an hour of 3600 s, which 700 s does not"),
        (lambda: SlotRule(0), "a slot must divide an hour of 3600 s, which 0 s does not"),
        (lambda: SlotRule(900, -1), "the receipt slots must be between 0 and 65536, not -1"),
        (
            lambda: SlotRule(900).check_lots(3600),
            "a slot must be a multiple of the lots' slot of 3600 s, which 900 s is not",
        ),
        (
            lambda: Tariffs(7, 8),
            "the prices must satisfy 0 <= feed-in <= retail < 2**64, but the feed-in price is 8 and the"
            " retail price is 7",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(make: object, text: str) -> None:
    """Prices that pay for a round trip, and slots that do not fit, are typed errors."""
    assert callable(make)
    with pytest.raises(BadInput) as caught:
        make()
    assert str(caught.value) == text
