"""The worlds of the market's tests, for orders."""

from tests.contracts.offer_market.conftest import _award_world, award_world  # noqa: F401
