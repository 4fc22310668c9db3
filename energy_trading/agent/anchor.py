"""Heads of the record chain on chain: what a transaction says, and whether the records agree with it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from energy_trading.agent.records import VERSION
from energy_trading.agent.store import Store
from energy_trading.agent.tables import records
from energy_trading.chain.connect import Chain
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import from_hex

_SIZE: Final = len(VERSION) + 64


class AnchorDiffers(Forged):
    """The record that was anchored on chain is not the one in the store."""


def anchor_data(number: int, head: bytes) -> bytes:
    """Return the data of a transaction that anchors TI_n: version, n and TI_n."""
    return VERSION + number.to_bytes(32, "big") + head


def check_anchor(store: Store, chain: Chain, sender: str, transaction: str) -> int:
    """Compare the records with a head that the agent wrote on chain (decision 16).

    Args:
        store: of the agent.
        chain: whose node is asked for the transaction.
        sender: address of the agent's relayer.
        transaction: hash, 0x and 64 digits.

    Returns:
        The number of the anchored record.

    Raises:
        BadInput: there is no such transaction, or it anchors nothing.
        AnchorDiffers: it is not the agent's, or the record is another.
    """
    from hexbytes import HexBytes
    from web3.exceptions import TransactionNotFound

    try:
        found = chain.web3.eth.get_transaction(HexBytes(from_hex(transaction, "--transaction", 32)))
    except TransactionNotFound:
        raise BadInput(f"the node has no transaction {transaction}") from None
    data = bytes(found["input"])
    if len(data) != _SIZE or not data.startswith(VERSION):
        raise BadInput(f"the transaction {transaction} anchors no record")
    number, head = int.from_bytes(data[len(VERSION) : -32], "big"), data[-32:]
    if found["from"] != sender:
        raise AnchorDiffers(f"the transaction was sent by {found['from']}, not by {sender}")
    with store.reading() as connection:
        stored = connection.execute(select(records.c.hash).where(records.c.number == number)).scalar()
    if stored is None or bytes(stored) != head:
        raise AnchorDiffers(f"record {number} is not the one that was anchored on chain")
    return number
