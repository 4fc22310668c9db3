"""Random calls by right and wrong people, after which contracts, rules and log must agree."""

from __future__ import annotations

import pytest

from tests.stateful.auction_calls import AuctionCalls
from tests.stateful.lot_calls import LotCalls
from tests.stateful.machine import Machine, run
from tests.stateful.relay_calls import RelayCalls
from tests.stateful.slot_calls import SlotCalls
from tests.stateful.token_calls import HostileTokenCalls, TokenCalls
from tests.stateful.trade_calls import TradeCalls


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "examples", "steps"),
    [
        (TradeCalls, 60, 80),
        (RelayCalls, 60, 100),
        (AuctionCalls, 90, 120),
        (TokenCalls, 20, 80),
        (HostileTokenCalls, 20, 80),
        (LotCalls, 35, 100),
        (SlotCalls, 24, 80),
    ],
)
def test_random_calls(
    capsys: pytest.CaptureFixture[str], kind: type[Machine], examples: int, steps: int
) -> None:
    """Whatever anyone calls, the money stays whole, and contracts, rules and log agree (N-7, N-8)."""
    summary = run(kind, examples, steps)
    with capsys.disabled():
        print("\n" + summary)
