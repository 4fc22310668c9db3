"""What goes wrong on purpose in a scenario, with rates; who and when follows from its seed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from energy_trading.errors import BadInput
from energy_trading.simulation.options import option


@dataclass(frozen=True)
class Disturbance:
    """Something that goes wrong. Under a design in which it cannot, nothing happens."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class SilentMeters(Disturbance):
    """A meter sends no reading for a slot: no row among neighbours, no receipt of what it bought."""

    kind: ClassVar[str] = "silent-meters"
    rate_percent: int = option(1, about="Chance of each home in each slot, per cent.", low=0, high=100)


@dataclass(frozen=True)
class LateReadings(Disturbance):
    """A reading comes after the slot has been posted: it counts for the supplier, not among neighbours."""

    kind: ClassVar[str] = "late-readings"
    rate_percent: int = option(1, about="Chance of each home in each slot, per cent.", low=0, high=100)


@dataclass(frozen=True)
class Cheaters(Disturbance):
    """Homes that sell and never deliver, or forge the reading; or that buy what they cannot pay for.

    Before the slot a cheating seller sells and delivers nothing. After metering its forged reading, like the
    order of a buyer without money, is declined at execution.
    """

    kind: ClassVar[str] = "cheaters"
    role: str = option("seller", about="Who cheats.", choices=("seller", "buyer"))


@dataclass(frozen=True)
class Merchant(Disturbance):
    """A seller who is honest while its credit is below a threshold, and cheats at or above it (X-10)."""

    kind: ClassVar[str] = "merchant"
    cheats_from_credit: Decimal = option(
        Decimal("7.5"), about="Seller credit from which it cheats.", low=1, high=1000
    )
    fraud_percent: int = option(
        200, about="What it sells when it cheats, per cent of what it has.", low=1, high=1000
    )


@dataclass(frozen=True)
class Withdrawals(Disturbance):
    """A seller withdraws its offer before the slot, which costs a part of the guarantee (N-4)."""

    kind: ClassVar[str] = "withdrawals"
    rate_percent: int = option(1, about="Chance of each offer, per cent.", low=0, high=100)


@dataclass(frozen=True)
class LateAcceptances(Disturbance):
    """An acceptance comes after the deadline: it is refused, and nobody loses money (N-7)."""

    kind: ClassVar[str] = "late-acceptances"
    rate_percent: int = option(1, about="Chance of each purchase, per cent.", low=0, high=100)


@dataclass(frozen=True)
class LastLook(Disturbance):
    """Homes that look at their meter first, and keep their part of a trade only if it lowers their bill."""

    kind: ClassVar[str] = "last-look"


@dataclass(frozen=True)
class DeadVerifiers(Disturbance):
    """Verifiers that are silent: a slot whose cluster has no quorum left is empty."""

    kind: ClassVar[str] = "dead-verifiers"
    rate_percent: int = option(10, about="Share of the members that is silent, per cent.", low=0, high=100)
    members: int = option(48, about="Members of the council.", low=1, high=96)
    cluster: int = option(7, about="Members that are drawn for a slot.", low=1, high=96)
    quorum: int = option(5, about="Signatures that a result needs.", low=1, high=96)

    def __post_init__(self) -> None:
        """Refuse clusters that cannot be drawn."""
        if not self.quorum <= self.cluster <= self.members:
            raise BadInput(
                f"quorum, cluster and members must rise, not {self.quorum}, {self.cluster}, {self.members}"
            )


@dataclass(frozen=True)
class CapturedClusters(DeadVerifiers):
    """Verifiers that conspire: a slot whose cluster has a bad quorum is disputed by a home, and void."""

    kind: ClassVar[str] = "captured-clusters"


@dataclass(frozen=True)
class Reorganisations(Disturbance):
    """The chain drops its last blocks. Only a venue with a chain can play this."""

    kind: ClassVar[str] = "reorganisations"
    rate_percent: int = option(1, about="Chance in each slot, per cent.", low=0, high=100)
    blocks: int = option(3, about="Blocks that are dropped.", low=1, high=64)


KINDS = (
    SilentMeters,
    LateReadings,
    Cheaters,
    Merchant,
    Withdrawals,
    LateAcceptances,
    LastLook,
    DeadVerifiers,
    CapturedClusters,
    Reorganisations,
)
