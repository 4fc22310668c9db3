"""The roles of an account, as certificates, attestations and the ledger count them."""

from __future__ import annotations

from enum import STRICT, IntFlag


class Role(IntFlag, boundary=STRICT):
    """What an account may do, as bits of one number."""

    PRODUCER = 1
    CONSUMER = 2
    PROSUMER = PRODUCER | CONSUMER
