"""How the money of a trade is divided between seller, buyer and treasury, in integers."""

from __future__ import annotations

from dataclasses import dataclass

from energy_trading.types import BPS, MarketParameters, Outcome


@dataclass(frozen=True)
class Split:
    """Where the guarantee and the payment go, in units of account.

    Args:
        unhold: the part of the guarantee that is no longer held.
        seller_gets: what is added to the seller's available funds.
        buyer_gets: what is added to the buyer's available funds.
        treasury_gets: the fee and what is cut off the guarantee.
        value: the value of what was settled, from which the z of the credit model is made.
        outcome: what happened.
    """

    unhold: int
    seller_gets: int
    buyer_gets: int
    treasury_gets: int
    value: int
    outcome: Outcome


@dataclass(frozen=True)
class Short:
    """What a partial delivery earns and costs.

    Args:
        payment: units that the seller earned, including the fee; rounded down.
        cut: units of the guarantee that go to the treasury; rounded down.
        is_default: whether more is missing than the tolerance allows.
    """

    payment: int
    cut: int
    is_default: bool


def guarantee_up(price: int, constants: MarketParameters) -> int:
    """Return the guarantee for a price in units, rounded up.

    Source:
        Nazari §III.B, N-1.
    """
    return -(-price * constants.guarantee_bps // BPS)


def fee_down(payment: int, constants: MarketParameters) -> int:
    """Return the treasury's share of a payment in units, rounded down."""
    return payment * constants.fee_bps // BPS


def withdrawal_cut_down(price: int, constants: MarketParameters) -> int:
    """Return the part of the guarantee that an early withdrawal costs, rounded down.

    Source:
        Nazari §III.B (percentage of the guarantee), N-4.
    """
    return guarantee_up(price, constants) * constants.cancel_bps // BPS


def penalty_down(price: int, constants: MarketParameters) -> int:
    """Return the part of the guarantee that it costs to deliver nothing, rounded down.

    Source:
        Nazari §III.B (late delivery), N-7 scenario 4.
    """
    return guarantee_up(price, constants) * constants.penalty_bps // BPS


def short_delivery(price: int, delivered_wh: int, agreed_wh: int, constants: MarketParameters) -> Short:
    """Settle a partial delivery in proportion to the energy.

    Args:
        price: the whole price in units, at most `MAX_UNITS`.
        delivered_wh: Wh that the receipt proves; fewer than agreed.
        agreed_wh: Wh of the terms, at least 1.
        constants: of the market.

    Source:
        N-3, N-7 scenario 4, in proportion to what is missing.
    """
    missing = agreed_wh - delivered_wh
    return Short(
        payment=price * delivered_wh // agreed_wh,
        cut=guarantee_up(price, constants) * constants.penalty_bps * missing // (agreed_wh * BPS),
        is_default=is_beyond_tolerance(delivered_wh, agreed_wh, constants),
    )


def is_beyond_tolerance(delivered_wh: int, agreed_wh: int, constants: MarketParameters) -> bool:
    """Return whether more is missing than the tolerance allows."""
    return (agreed_wh - delivered_wh) * BPS > agreed_wh * constants.tolerance_bps


def paid_short(price: int, short: Short, constants: MarketParameters) -> Split:
    """Pay for a short delivery while the guarantee waits for testimony.

    Source:
        N-3: the payment follows the buyer's meter.
    """
    fee = fee_down(short.payment, constants)
    outcome = Outcome.NONE if short.is_default else Outcome.DELIVERED
    return Split(0, short.payment - fee, price - short.payment, fee, short.payment, outcome)


def split(
    price: int, payment: int, cut: int, paid: bool, outcome: Outcome, constants: MarketParameters
) -> Split:
    """Divide guarantee and price at the end of a trade.

    The seller gets guarantee - cut + payment - fee, the buyer the rest of the price, the treasury fee + cut.

    Args:
        price: the whole price in units.
        payment: the part of the price that the seller earned.
        cut: the part of the guarantee that is lost.
        paid: whether a buyer had paid the price.
        outcome: what happened.
        constants: of the market.

    Source:
        N-3, N-4, N-7.
    """
    guarantee, fee = guarantee_up(price, constants), fee_down(payment, constants)
    return Split(
        unhold=guarantee,
        seller_gets=guarantee - cut + payment - fee,
        buyer_gets=price - payment if paid else 0,
        treasury_gets=fee + cut,
        value=price if outcome == Outcome.SELLER_DEFAULT else payment,
        outcome=outcome,
    )
