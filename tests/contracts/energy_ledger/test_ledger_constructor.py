"""The ledger's constructor: each parameter at both ends of its range, and beyond."""

from __future__ import annotations

import pytest

from energy_trading.bindings import ContractRevert
from energy_trading.bindings.energy_ledger import (
    AssetWithoutCode,
    Outside,
    OwnableInvalidOwner,
    ZeroAddress,
)
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS
from tests.contracts.energy_ledger.tools import DAY, HOUR, YEAR, ledger_parameters, make_ledger
from tests.world import World

E9 = 10**9
#: Python name, Solidity name, least, most, what else must change so that both ends fit
RANGES = [
    ("unit", "unit", 1, 10**18, {}),
    ("epoch_seconds", "epochSeconds", HOUR, YEAR, {}),
    ("k1_e9", "k1E9", 10**6, 10 * E9, {"k2_e9": 10 * E9}),
    ("k2_e9", "k2E9", E9, 10 * E9, {}),
    ("t1_e9", "t1E9", 10**6, 10 * E9, {"t2_e9": 10 * E9}),
    ("t2_e9", "t2E9", E9, 10 * E9, {}),
    ("z0", "z0", 1, 2**32 - 1, {}),
    ("profit_e9", "profitE9", 1, E9 - 1, {}),
    ("window", "window", 1, 10, {}),
    ("z_unit", "zUnit", 1, MAX_UNITS, {}),
    ("floor_e9", "floorE9", 10**6, 10**12, {"ceiling_e9": 10**12}),
    ("ceiling_e9", "ceilingE9", E9, 10**12, {}),
    ("withdrawal_e9", "withdrawalE9", 0, E9, {}),
    ("grace_defaults", "graceDefaults", 0, 100, {}),
    ("ban_unit", "banUnit", 60, 3650 * DAY, {"max_ban": 3650 * DAY}),
    ("max_ban", "maxBan", DAY, 3650 * DAY, {}),
    ("open_base", "openBase", 1, MAX_UNITS, {}),
    ("open_per_credit", "openPerCredit", 0, MAX_UNITS, {}),
]


def made(world: World, **changes):
    return make_ledger(world.chain, world.stranger, ledger_parameters(**changes))


@pytest.mark.parametrize(("name", "solidity", "least", "most", "others"), RANGES, ids=[r[0] for r in RANGES])
def test_parameter_has_two_ends(world: World, name, solidity, least, most, others) -> None:
    """The least and the most are accepted and read back; one beyond is refused by name (X-1, X-2, X-3)."""
    for value in (least, most):
        ledger = made(world, **{**others, name: value})
        held = {"unit": ledger.unit(), "epoch_seconds": ledger.epoch_seconds()}
        parameters = ledger.credit_parameters()
        assert held.get(name, getattr(parameters, name, None)) == value
    for value in (least - 1, most + 1):
        if value < 0:
            continue
        with pytest.raises(ContractRevert) as caught:
            made(world, **{**others, name: value})
        assert (type(caught.value), caught.value.values) == (Outside, (solidity, value, least, most))


def test_all_parameters_are_read_back(world: World) -> None:
    """Nothing is swapped: every constant comes back under its own name."""
    parameters = ledger_parameters(
        **{name: 10**6 + i for i, name in enumerate(("k1_e9", "k2_e9", "t1_e9", "t2_e9"))},
        **{
            "z0": 11,
            "profit_e9": 12,
            "window": 3,
            "z_unit": 14,
            "floor_e9": 10**6 + 15,
            "ceiling_e9": 10**6 + 16,
        },
        **{"withdrawal_e9": 17, "grace_defaults": 18, "ban_unit": 61, "max_ban": 62},
        **{"open_base": 19, "open_per_credit": 20},
    )
    ledger = make_ledger(world.chain, world.stranger, parameters)
    assert ledger.credit_parameters() == parameters.credit
    assert (ledger.owner(), ledger.pkg(), ledger.treasury()) == ("0x" + "11" * 20,) * 3


@pytest.mark.parametrize("count", range(1, 9))
def test_one_to_eight_markets(world: World, count: int) -> None:
    """Each market named is one, and nobody else is, least of all the zero address."""
    markets = ["0x" + f"{i + 1:040x}" for i in range(8)]
    ledger = made(world, markets=markets[:count])
    assert [ledger.is_market(market) for market in markets] == [i < count for i in range(8)]
    assert not ledger.is_market(ZERO_ADDRESS)


@pytest.mark.parametrize("count", [0, 9])
def test_revert_when_markets_are_none_or_too_many(world: World, count: int) -> None:
    """One to eight."""
    with pytest.raises(ContractRevert) as caught:
        made(world, markets=["0x" + "11" * 20] * count)
    assert (type(caught.value), caught.value.values) == (Outside, ("markets.length", count, 1, 8))


@pytest.mark.parametrize(
    ("changes", "error", "values"),
    [
        ({"pkg": ZERO_ADDRESS}, ZeroAddress, ("pkg",)),
        ({"treasury": ZERO_ADDRESS}, ZeroAddress, ("treasury",)),
        ({"markets": ["0x" + "11" * 20, ZERO_ADDRESS]}, ZeroAddress, ("market",)),
        ({"owner": ZERO_ADDRESS}, OwnableInvalidOwner, (ZERO_ADDRESS,)),
        ({"asset": "0x" + "22" * 20}, AssetWithoutCode, ("0x" + "22" * 20,)),
    ],
    ids=["pkg", "treasury", "market", "owner", "asset"],
)
def test_revert_when_an_address_cannot_be(world: World, changes, error, values) -> None:
    """Nobody is not a PKG, a treasury, a market or an owner; an account without code is no token."""
    with pytest.raises(ContractRevert) as caught:
        made(world, **changes)
    assert (type(caught.value), caught.value.values) == (error, values)
