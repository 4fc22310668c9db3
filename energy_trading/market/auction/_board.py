"""The board on which a key committee publishes its messages, and what follows from all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.threshold import (
    OUTSIDER,
    Commitments,
    Complaint,
    Deal,
    GroupKey,
    Reconstruction,
    Share,
    combine,
    deal,
    reconstruct,
)
from energy_trading.errors import BadInput
from energy_trading.files._json import parse_json
from energy_trading.market.auction.charter import Charter
from energy_trading.market.auction.message import Body, Message, MessageForged


class Board(Protocol):
    """Where messages are published: all key holders see the same ones, whatever carries them."""

    def post(self, message: dict[str, Any]) -> None:
        """Publish a JSON object."""

    def read(self) -> Iterable[Any]:
        """Return all JSON objects that were published."""


class LocalBoard:
    """A board inside one process."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def post(self, message: dict[str, Any]) -> None:
        """Publish a JSON object."""
        self._lines.append(json.dumps(message))

    def read(self) -> list[Any]:
        """Return all JSON objects that were published."""
        return [parse_json(line, "message") for line in self._lines]


def published(charter: Charter, board: Board) -> list[Body]:
    """Return the contents of all genuine messages; a malformed or forged one is nobody's and is left out."""
    bodies = []
    for value in board.read():
        try:
            message = Message.from_json(value)
            message.check(charter.ceremony)
        except (BadInput, MessageForged):
            continue
        bodies.append(message.body)
    return bodies


def group_key(charter: Charter, board: Board) -> GroupKey:
    """Return the key that the board's messages make, the same for key holders, publisher and bidders.

    Args:
        charter: of the committee.
        board: as it was when the round of complaints ended.

    Raises:
        TooFewDealers: too few deals are right.

    Source:
        X-6 errata.
    """
    bodies = published(charter, board)
    complaints = [body for body in bodies if isinstance(body, Complaint)]
    return combine(charter.ceremony, deals_in(bodies), complaints)


def open_key(commitments: Commitments, charter: Charter, board: Board) -> Reconstruction:
    """Rebuild the quote key from the shares that were disclosed.

    Args:
        commitments: the key's, as they were when the rounds ended: a late complaint must not change them.
        charter: of the committee.
        board: with the disclosed shares.

    Returns:
        The key for the contract's disclosure, and who gave a forged share.

    Raises:
        TooFewShares: there are fewer than t right shares.

    Source:
        X-6.
    """
    shares = [body for body in published(charter, board) if isinstance(body, Share)]
    return reconstruct(commitments, shares)


def deal_alone(charter: Charter, board: Board, publisher: SecretKey, quote_key: SecretKey | None) -> None:
    """Deal the whole quote key as its publisher.

    Args:
        charter: names the publisher as outsider.
        board: of the committee.
        publisher: secret key of the outsider.
        quote_key: k, the key that is dealt; None draws one.
    """
    body = deal(charter.ceremony, OUTSIDER, quote_key)
    board.post(Message.sign(charter.ceremony, body, publisher).to_json())


def deals_in(bodies: Iterable[Body]) -> list[Deal]:
    """Return the deals among the contents of messages."""
    return [body for body in bodies if isinstance(body, Deal)]
