"""What can be read from a ledger."""

from __future__ import annotations

import pytest

from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.rules.credit import open_limit
from energy_trading.types import ZERO_ADDRESS, AccountView
from tests.contracts.energy_ledger.tools import DAY, UNIT, TokenWorld
from tests.world import World


def test_account_of_nobody_is_empty(world: World) -> None:
    """An account that was never opened reads as nothing, not as an error (X-4)."""
    empty = AccountView(0, False, False, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    for address in (world.stranger.address, world.treasury.address, ZERO_ADDRESS):
        assert world.ledger.account_of(address) == empty


def test_deployment_is_readable(world: World, hostile: TokenWorld) -> None:
    """Asset, unit, treasury, PKG, owner, epoch and constants are as deployed."""
    ledger = world.ledger
    assert (ledger.asset(), ledger.unit(), ledger.epoch_seconds()) == (ZERO_ADDRESS, UNIT, DAY)
    assert (ledger.treasury(), ledger.pkg(), ledger.owner(), ledger.pending_owner()) == (
        world.treasury.address,
        world.pkg.address,
        world.dso.address,
        ZERO_ADDRESS,
    )
    assert ledger.credit_parameters() == DEFAULT_CREDIT
    assert hostile.world.ledger.asset() == hostile.token.address


def test_is_market(world: World) -> None:
    """The market is one; its people are none."""
    assert world.ledger.is_market(world.market.address)
    for address in (ZERO_ADDRESS, world.dso.address, world.ledger.address):
        assert not world.ledger.is_market(address)


@pytest.mark.parametrize("credit_e9", [0, 1, 10**9 - 1, 10**9, 10**9 + 1, 15 * 10**8, 10**12, 2**40 - 1])
def test_open_limit_grows_with_credit(world: World, credit_e9: int) -> None:
    """Below the floor the base, above it a share for each point, rounding down (X-2)."""
    constants = DEFAULT_CREDIT
    assert world.ledger.open_limit(credit_e9) == open_limit(credit_e9, constants)


def test_domain_is_the_ledgers(world: World) -> None:
    """EIP-5267: what wallets and PKG need to sign an attestation."""
    answer = world.ledger.eip712_domain()
    assert answer[:5] == (b"\x0f", "EnergyLedger", "1", world.chain.chain_id, world.ledger.address)
    assert (answer[5], list(answer[6])) == (bytes(32), [])
