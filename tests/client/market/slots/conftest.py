"""The same neighbourhood as that of the contracts' tests."""

from tests.contracts.slot_market.conftest import _kept, house  # noqa: F401
