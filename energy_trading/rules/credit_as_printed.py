"""The credit model in floating point, as the paper prints it and as it means it; only for figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

Reading = Literal["printed", "denominator"]
"""Where z0 stands: beside the fraction, as eqs 1 and 2 print it, or in the denominator."""

WINDOW: Final = 10


def weight(z: float, total: float, z0: float, reading: Reading) -> float:
    """Return s(z) or f(z).

    Args:
        z: size of the trade.
        total: Σ|z_i| of the recent trades, including this one.
        z0: damping constant.
        reading: where z0 stands.

    Source:
        Xia eqs 1 and 2; X-1.
    """
    return z / total + z0 if reading == "printed" else z / (total + z0)


def seller_credits(
    conduct: Callable[[float], tuple[float, bool]],
    reading: Reading,
    *,
    start: float = 1,
    k1: float = 1,
    k2: float = 1,
    z0: float = 200,
) -> Iterator[tuple[float, bool]]:
    """Follow the credit of a merchant, without a floor, a ceiling or bans.

    Args:
        conduct: takes the credit and returns the size of the next trade and whether it is a fraud.
        reading: where z0 stands.
        start: credit before the first trade.
        k1: of eq 3.
        k2: of eq 3.
        z0: of eqs 1 and 2.

    Returns:
        The credit after each trade and whether the trade was a fraud, without end.

    Source:
        Xia eqs 1, 2, 3 and §4.2: c(n) = 2**(n-1); X-10.
    """
    credit, frauds, recent = start, 0, list[float]()
    while True:
        z, fraud = conduct(credit)
        recent = [z, *recent][:WINDOW]
        w = weight(z, sum(recent), z0, reading)
        if fraud:
            frauds += 1
            credit *= k1 / (2 ** (frauds - 1) * w + k2)
        else:
            credit *= (w + k1) / k2
        yield credit, fraud


def buyer_factor_as_printed(
    zs: Iterable[float],
    paid: bool,
    *,
    frauds: int = 1,
    profit: float = 0.5,
    z0: float = 200,
) -> float:
    """Return the factor by which eq 6, as printed, multiplies a buyer's credit.

    Args:
        zs: sizes of the recent trades, with the one in question last.
        paid: whether the buyer paid that one.
        frauds: cumulative frauds, including this one.
        profit: coefficient L.
        z0: damping constant, in the denominator.

    Returns:
        (p + 1)/(c·q + 1), which is below 1 for a buyer who pays and above 1 for one who does not.

    Source:
        Xia eqs 4, 5, 6; erratum: the paper prints the fraction upside down (X-2).
    """
    *earlier, z = zs
    p = 0 if paid else profit * z / (sum(earlier) + profit * z)
    q = profit * weight(z, sum(earlier) + z, z0, "denominator") if paid else 0
    return float((p + 1) / (2 ** (frauds - 1) * q + 1))
