"""Numbers that contracts and clients must agree on, each written down once."""

from __future__ import annotations

from typing import Final

ZERO_ADDRESS: Final = "0x" + "00" * 20
"""Nobody: anyone may accept such an offer, such an asset is the native coin, and nobody owns such a lot."""
MAX_UNITS: Final = 2**63 - 1
"""Most units of account that a ledger can count, and so the highest price and the highest fee."""
BPS: Final = 10_000
"""Hundredths of a per cent in a whole."""
WH_PER_KWH: Final = 1000

SIGNED_NONCE: Final = 1 << 255
"""This bit is set in the nonce of exactly those offers that are signed off chain."""
AWARD_NONCE: Final = 1 << 254
"""This bit is set in the nonce of exactly those offers that an auction has awarded."""
TESTIMONY_NONCE: Final = 1 << 253
"""This bit is set in the nonce of exactly those offers to which the seller's meter may testify."""

MAX_LOTS: Final = 8
"""Most lots of one auction."""
MAX_LOT_WH: Final = 2**40 - 1
"""Most energy of one lot, at an auction or as a token."""
MAX_SLOT_START: Final = 2**32 - 1
"""Latest start of a lot's slot, unix seconds; it is in the year 2106."""
