"""The same neighbourhood as that of the slot market."""

from tests.contracts.slot_market.conftest import _kept, house  # noqa: F401
