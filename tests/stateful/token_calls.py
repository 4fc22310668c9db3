"""Random calls in a market that settles in a token, honest or not."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.bindings.suite import NATIVE
from tests.contracts.energy_ledger.test_deposit_with_permit import permit
from tests.contracts.energy_ledger.tools import Behaviour
