"""A deposit that the owner of tokens signs and somebody else submits, by the client's intents."""

from __future__ import annotations

import json

import pytest

from energy_trading.bindings.contract import ContractRevert
from energy_trading.market.intents.intent import Intent
from energy_trading.market.intents.signer import IntentSigner
from energy_trading.market.intents.submit import submit
from energy_trading.types import TokenPermit
from tests.contracts.energy_ledger.conftest import PEOPLE
from tests.contracts.energy_ledger.test_deposit_with_permit import minted, permit
from tests.contracts.energy_ledger.tools import TokenWorld
from tests.contracts.offer_market.tools import purse


def test_deposit_intent_with_permit(permitting: TokenWorld) -> None:
    """N-8: the owner signs permit and order, the stranger submits both, and the funds are Bob's as signed."""
    world = minted(permitting)
    granted = TokenPermit(*permit(permitting, world.alice, 10))
    signer, until = IntentSigner(world.suite, world.alice), world.chain.now() + 600
    intent = signer.deposit(10, world.bob.address, deadline=until, permit=granted)
    read = Intent.from_json(json.loads(json.dumps(intent.to_json())))
    assert read == intent
    submit(world.suite, world.stranger, read)
    assert purse(world, world.bob) == (PEOPLE + 10, 0)
    with pytest.raises(ContractRevert):
        submit(world.suite, world.stranger, read)
