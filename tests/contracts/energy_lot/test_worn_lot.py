"""A lot whose nonce is used up (decision 6)."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.bindings import EnergyLot
from energy_trading.bindings.energy_lot import TooManyChanges
from energy_trading.types import LotState, LotView
from tests.contracts.energy_lot.tools import NOBODY, SLOT
from tests.contracts.offer_market.tools import compiled, refused
from tests.world import World

MAX_NONCE = 2**22 - 1


def test_worn_lot_stays_and_can_be_retired(world: World) -> None:
    """The nonce never wraps, so no old permit comes back, and never spills into the lot's fate (C-7)."""
    parameters = (world.ledger.address, world.market.address, 900)
    code = compiled("WornLots").bytecode + encode(["(address,address,uint256)"], [parameters])
    lots = EnergyLot(world.chain, world.chain.deploy(code, world.stranger)[0])
    content = 1_000 | SLOT << 40 | (MAX_NONCE - 1) << 72
    making = keccak(text="make(address,uint256,uint96)")[:4]
    alice, bob = world.alice.address, world.bob.address
    arguments = encode(["address", "uint256", "uint96"], [alice, 5, content])
    world.chain.send(lots.address, making + arguments, world.stranger)
    lots.transfer_from(alice, bob, 5).send(world.alice)
    assert lots.lot_of(5) == LotView(bob, 1_000, SLOT, MAX_NONCE, LotState.ALIVE)
    for call in (lots.transfer_from(bob, alice, 5), lots.cancel_permits(5)):
        refused(call, world.bob, TooManyChanges, 5, MAX_NONCE)
    lots.retire(5).send(world.bob)
    assert lots.lot_of(5) == LotView(NOBODY, 1_000, SLOT, MAX_NONCE, LotState.RETIRED)
