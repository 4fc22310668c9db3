"""Zaman's leader (eq 1) and Q-scores (eq 2) as the paper prints them, and the cure; only for tables.

Eq 2 multiplies: v_i = v_(i−1) · x_i. A failure (x < 0) flips the sign, so a second failure in a row flips it
back and rewards everybody who took part. The cure adds the same odd power of x instead, so that a failure
always lowers a score and a success always raises it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from energy_trading.errors import BadInput


class Failed(Enum):
    """Who made a transaction fail: α of eq 2."""

    NOBODY = 0
    SELLER = 1
    BUYER = -1


@dataclass(frozen=True)
class Transaction:
    """The outcome of a transaction.

    Args:
        x: its score; above 0 it succeeded, below 0 it was declined.
        failed: who failed; nobody if and only if it succeeded.

    Raises:
        BadInput: x is 0, or does not fit who failed.
    """

    x: Fraction
    failed: Failed = Failed.NOBODY

    def __post_init__(self) -> None:
        """Refuse an outcome that eq 2 does not know."""
        if self.x == 0 or (self.x > 0) != (self.failed is Failed.NOBODY):
            raise BadInput(
                "the score of a transaction must be above 0 if nobody failed and below 0 if somebody did, not"
                f" {self.x} with {self.failed.name}"
            )


@dataclass(frozen=True)
class QScores:
    """The scores of those who took part.

    Args:
        peers: v, of the verifier or validation peers.
        leader: L.
        seller: S.
        buyer: B.
    """

    peers: Fraction = Fraction(1)
    leader: Fraction = Fraction(1)
    seller: Fraction = Fraction(1)
    buyer: Fraction = Fraction(1)


def leader_of(time: int, first: int, interval: int, members: int) -> int:
    """Return the index of the leader at a time: ⌊(T − T_0) / τ⌋ mod n.

    Source:
        Zaman eq 1; Z-2.
    """
    return (time - first) // interval % members


def as_printed(before: QScores, transaction: Transaction) -> QScores:
    """Return the scores after a transaction by eq 2.

    The paper gives S and B no index. They are read as v and L are: S·x⁵ is what the seller has afterwards.

    Source:
        Zaman eq 2; Z-6.
    """
    return _moved(before, transaction, lambda score, power: score * power)


def additive(before: QScores, transaction: Transaction) -> QScores:
    """Return the scores after a transaction by the cure: the same powers, added.

    Source:
        Z-6, erratum of eq 2.
    """
    return _moved(before, transaction, lambda score, power: score + power)


def total_as_printed(before: QScores, transaction: Transaction) -> Fraction:
    """Return the Q-score of a transaction, v + L + f(x, α).

    Source:
        Zaman eq 2; Z-6.
    """
    after = as_printed(before, transaction)
    traders = {
        Failed.NOBODY: after.seller + after.buyer,
        Failed.SELLER: after.seller,
        Failed.BUYER: after.buyer,
    }
    return after.peers + after.leader + traders[transaction.failed]


def follow(
    move: Callable[[QScores, Transaction], QScores], transactions: Iterable[Transaction]
) -> list[QScores]:
    """Return the scores before the first transaction, all 1, and after each."""
    scores = [QScores()]
    for transaction in transactions:
        scores.append(move(scores[-1], transaction))
    return scores


def _moved(
    before: QScores, transaction: Transaction, move: Callable[[Fraction, Fraction], Fraction]
) -> QScores:
    """Move the scores of peers by x, of the leader by x³, of the traders that α names by x⁵."""
    x, failed = transaction.x, transaction.failed
    return QScores(
        move(before.peers, x),
        move(before.leader, x**3),
        before.seller if failed is Failed.BUYER else move(before.seller, x**5),
        before.buyer if failed is Failed.SELLER else move(before.buyer, x**5),
    )
