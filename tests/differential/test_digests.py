"""The hashes that are signed are the same in `types` and in the contracts (N-5, C-2)."""

from __future__ import annotations

import random

from eth_utils.crypto import keccak

from energy_trading.types import ZERO_ADDRESS, Domain, Energy, Terms
from tests.stateful.machine import staged
from tests.world import World

CASES, TRADE_IDS = 150, 3_000


def address(draw: random.Random) -> str:
    return draw.choice([ZERO_ADDRESS, "0x" + draw.randbytes(20).hex()])


def number(draw: random.Random) -> int:
    return draw.choice([0, 1, 2**256 - 1, draw.getrandbits(draw.randint(1, 256))])


def terms(draw: random.Random) -> Terms:
    return Terms(address(draw), address(draw), Energy(draw.randbytes(32)), *(number(draw) for _ in range(4)))


def test_contract_names_trades_alike() -> None:
    """For random terms, also those that no market takes, contract and client have one trade id (N-5)."""
    market, draw = staged("").world.market, random.Random("trade id")
    for _ in range(TRADE_IDS):
        offer = terms(draw)
        assert market.trade_id_of(offer) == offer.struct_hash()


def test_contracts_state_the_domain_that_is_signed(world: World) -> None:
    """Both contracts state the domain of `types` (EIP-5267)."""
    suite = world.suite
    for contract, used in ((suite.ledger, suite.ledger_domain), (suite.market, suite.market_domain)):
        fields, name, version, chain_id, address_, salt, extensions = contract.eip712_domain()
        assert (fields, version, salt, list(extensions)) == (b"\x0f", "1", bytes(32), [])
        assert Domain(name, chain_id, address_) == used


def test_contract_opens_commitments_of_the_client(world: World) -> None:
    """The contract opens a commitment of `Energy.hidden`, which is not plain energy (N-5)."""
    draw = random.Random("commitment")
    for _ in range(5):
        agreed, salt = draw.randint(100, 2**64 - 1), draw.randbytes(32)
        hidden = Energy.hidden(agreed, salt)
        assert hidden == keccak(agreed.to_bytes(32, "big") + salt)
        assert not hidden.is_plain
        offer = world.accepted(world.alice, world.bob, energy=hidden)
        receipt = world.receipt(offer, world.bob, agreed - agreed // 20)  # within the tolerance
        world.market.confirm_hidden_short(receipt, agreed, salt).send(world.stranger)
