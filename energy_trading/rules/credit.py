"""The credit of sellers and buyers, in integers (Xia §3.1).

Every function that records something takes the `standing` before it and returns the standing after it. `z`
is the size of the trade, 0 … 255, `now` the time of the block in unix seconds, and `constants` those of the
credit model. Credits have the scale 1e9. Divisions round down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from energy_trading.errors import BadInput
from energy_trading.types import MAX_UNITS, CreditParameters

E9: Final = 10**9
#: Trades that a window remembers.
WINDOW_LENGTH: Final = 10
#: Largest z; a larger trade does not weigh more.
MAX_Z: Final = 2**8 - 1
#: Defaults and steps are counted up to this number, which never wraps.
MAX_DEFAULTS: Final = 2**16 - 1
#: Last ban date that fits (February 2106).
MAX_DATE: Final = 2**32 - 1
#: c(n) = 2**(n-1) grows up to this number.
MAX_PENALTY_FACTOR: Final = 2**31

_WINDOW_MASK: Final = 2 ** (8 * WINDOW_LENGTH) - 1


def check_parameters(constants: CreditParameters) -> None:
    """Check that each constant of the credit model is in its range.

    Raises:
        BadInput: a constant is out of its range.

    Source:
        X-1, X-2, X-3.
    """
    for name, low, high in (
        ("k1_e9", 10**6, 10 * E9),
        ("k2_e9", constants.k1_e9, 10 * E9),
        ("t1_e9", 10**6, 10 * E9),
        ("t2_e9", constants.t1_e9, 10 * E9),
        ("z0", 1, 2**32 - 1),
        ("profit_e9", 1, E9 - 1),
        ("window", 1, WINDOW_LENGTH),
        ("z_unit", 1, MAX_UNITS),
        ("floor_e9", 10**6, 10**12),
        ("ceiling_e9", constants.floor_e9, 10**12),
        ("withdrawal_e9", 0, E9),
        ("grace_defaults", 0, 100),
        ("ban_unit", 60, 3650 * 86_400),
        ("max_ban", constants.ban_unit, 3650 * 86_400),
        ("open_base", 1, MAX_UNITS),
        ("open_per_credit", 0, MAX_UNITS),
    ):
        _check(name, getattr(constants, name), low, high)


@dataclass(frozen=True)
class Standing:
    """What the ledger remembers of an account's conduct.

    Args:
        seller_credit_e9: R^s of eq 3, scale 1e9.
        buyer_credit_e9: R^b of eq 6, scale 1e9.
        sales: z of the last ten sales, 8 bits each, newest lowest.
        purchases: z of the last ten purchases, likewise.
        defaults: how many defaults there were, as a seller or a buyer.
        banned_until: unix seconds; no new commitment is possible before.
        steps: how many of the defaults escalated; c(n) and bans follow them.
        last_step_at: unix seconds of the last one that did; 0 if there was none.

    Source:
        X-4 (Xia Table 1: sCredit, bCredit, HTransaction, PDate).
    """

    seller_credit_e9: int
    buyer_credit_e9: int
    sales: int = 0
    purchases: int = 0
    defaults: int = 0
    banned_until: int = 0
    steps: int = 0
    last_step_at: int = 0


def new_standing(constants: CreditParameters) -> Standing:
    """Return the standing of an account that has just been opened.

    Both credits are at the floor and nothing is on record, so that a fresh account is never better off than a
    punished one.

    Source:
        X-1; erratum: Xia's R_0 = 0 could never move.
    """
    return Standing(constants.floor_e9, constants.floor_e9)


def z_of(value: int, constants: CreditParameters) -> int:
    """Return the size z of a trade from its value in units of account; it saturates at 255.

    Raises:
        BadInput: the value is negative.
    """
    if value < 0:
        raise BadInput(f"the value of a trade must be 0 or more, not {value}")
    return min(value // constants.z_unit, MAX_Z)


def open_limit(credit_e9: int, constants: CreditParameters) -> int:
    """Return the guarantee, in units of account, that a seller of this credit may have held at once.

    Source:
        X-2: sellers of low credit may not issue large sell orders.
    """
    above = max(credit_e9 - constants.floor_e9, 0)
    return constants.open_base + constants.open_per_credit * above // E9


def sold(standing: Standing, z: int, constants: CreditParameters) -> Standing:
    """Record a sale that was delivered, for the seller.

    Raises:
        BadInput: z is out of range.

    Source:
        X-1; Xia eqs 1 and 3 with f = 0.
    """
    window = _push(standing.sales, z)
    gain = _weight_e9(z, window, constants)
    credit = standing.seller_credit_e9 * (gain + constants.k1_e9) // constants.k2_e9
    return replace(standing, seller_credit_e9=_clamp(credit, constants), sales=window)


def bought(standing: Standing, z: int, constants: CreditParameters) -> Standing:
    """Record a purchase that was paid and delivered, for the buyer.

    Raises:
        BadInput: z is out of range.

    Source:
        X-2; Xia eqs 5 and 6, with eq 6 turned the right way up and p = 0.
    """
    window = _push(standing.purchases, z)
    gain = constants.profit_e9 * z // (_sum(window, constants) + constants.z0)
    credit = standing.buyer_credit_e9 * (gain + constants.t1_e9) // constants.t2_e9
    return replace(standing, buyer_credit_e9=_clamp(credit, constants), purchases=window)


def escalates(standing: Standing, agreed_at: int) -> bool:
    """Return whether the default of a trade would be a step: whether it was agreed at or after the last one.

    What an account agreed before its last step shows nothing about its conduct since, so many defaults of
    one time are one step.

    Source:
        X-3, N-7 (5): bans follow behaviour.
    """
    return agreed_at >= standing.last_step_at


def seller_default(
    standing: Standing, z: int, now: int, constants: CreditParameters, agreed_at: int | None = None
) -> Standing:
    """Record a sale that was not delivered, or of which too little was, for the seller.

    Args:
        agreed_at: unix seconds at which the trade was agreed; None means just now.

    Raises:
        BadInput: z is out of range.

    Source:
        X-1, X-3; Xia eqs 2, 3 with s = 0, and 7.
    """
    window = _push(standing.sales, z)
    is_step, counted = _counted(standing, now, agreed_at)
    loss = _weight_e9(z, window, constants)
    c = penalty_factor(counted.steps)
    credit = standing.seller_credit_e9 * constants.k1_e9 // (c * loss + constants.k2_e9)
    credit = _clamp(credit, constants)
    until = _banned_until(counted, credit, now, constants) if is_step else standing.banned_until
    return replace(counted, seller_credit_e9=credit, sales=window, banned_until=until)


def buyer_default(
    standing: Standing, z: int, now: int, constants: CreditParameters, agreed_at: int | None = None
) -> Standing:
    """Record an award that was not paid, for the buyer who won it.

    Args:
        agreed_at: unix seconds of the award; None means just now.

    Raises:
        BadInput: z is out of range.

    Source:
        X-2, X-3; Xia eqs 4, 6 turned the right way up with q = 0, and 7.
    """
    window = _push(standing.purchases, z)
    is_step, counted = _counted(standing, now, agreed_at)
    c = penalty_factor(counted.steps)
    part = constants.profit_e9 * z
    whole = (_sum(window, constants) - z) * E9 + part
    loss = part * E9 // whole if whole else 0
    credit = standing.buyer_credit_e9 * constants.t1_e9 // (c * loss + constants.t2_e9)
    credit = _clamp(credit, constants)
    until = _banned_until(counted, credit, now, constants) if is_step else standing.banned_until
    return replace(counted, buyer_credit_e9=credit, purchases=window, banned_until=until)


def withdrawn(standing: Standing, constants: CreditParameters) -> Standing:
    """Record that an open offer was withdrawn before its expiry, for the seller.

    A withdrawal is not a default and joins no window.

    Source:
        N-4 and X-1; eq 3 with the constant loss `withdrawal_e9` in the place of c·f(z).
    """
    if constants.withdrawal_e9 == 0:
        return standing
    credit = standing.seller_credit_e9 * constants.k1_e9 // (constants.withdrawal_e9 + constants.k2_e9)
    return replace(standing, seller_credit_e9=_clamp(credit, constants))


def penalty_factor(steps: int) -> int:
    """Return c(n) = 2**(n-1), at most 2**31, for n ≥ 1 steps so far.

    Source:
        X-1; Xia §3.1 and §4.2.
    """
    return int(min(2 ** min(steps - 1, 64), MAX_PENALTY_FACTOR))


def window_of(packed: int) -> tuple[int, ...]:
    """Return the ten z of a packed window, newest first."""
    return tuple(packed >> (8 * i) & MAX_Z for i in range(WINDOW_LENGTH))


def _weight_e9(z: int, window: int, constants: CreditParameters) -> int:
    # Erratum: z0 belongs into the denominator of eqs 1 and 2; the paper prints it beside the fraction.
    return z * E9 // (_sum(window, constants) + constants.z0)


def _sum(window: int, constants: CreditParameters) -> int:
    return sum(window_of(window)[: constants.window])


def _push(window: int, z: int) -> int:
    _check("z", z, 0, MAX_Z)
    return (window << 8 | z) & _WINDOW_MASK


def _counted(standing: Standing, now: int, agreed_at: int | None) -> tuple[bool, Standing]:
    """Return whether a default is a step, and the standing with it counted."""
    defaults = min(standing.defaults + 1, MAX_DEFAULTS)
    if not escalates(standing, now if agreed_at is None else agreed_at):
        return False, replace(standing, defaults=defaults)
    steps = min(standing.steps + 1, MAX_DEFAULTS)
    return True, replace(standing, defaults=defaults, steps=steps, last_step_at=now)


def _banned_until(standing: Standing, credit_e9: int, now: int, constants: CreditParameters) -> int:
    """Return the date of the ban after a step, which the standing has counted."""
    if standing.steps <= constants.grace_defaults:
        return standing.banned_until
    seconds = penalty_factor(standing.steps) * constants.ban_unit * E9 // credit_e9
    until = min(now + min(seconds, constants.max_ban), MAX_DATE)
    return max(until, standing.banned_until)


def _clamp(credit_e9: int, constants: CreditParameters) -> int:
    return max(constants.floor_e9, min(credit_e9, constants.ceiling_e9))


def _check(name: str, given: int, low: int, high: int) -> None:
    if not low <= given <= high:
        raise BadInput(f"{name} must be between {low} and {high}, not {given}")
