"""What gas costs in money, on a chain like Ethereum's mainnet and on a rollup on top of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from energy_trading.bench.gas.parts import Paid
from energy_trading.bench.gas.scenarios import BATCH, ENERGY_WH, LOT_WH, Scenario
from energy_trading.errors import BadInput

GWEI: Final = 10**9
COIN: Final = 10**18
#: Highest accepted price of gas, wei, and of a coin, units of currency × 1e9: more must be a mistake.
MOST_WEI: Final = 10**6 * GWEI
MOST_COIN_E9: Final = 10**9 * 10**9
MOST_ENERGY_WH: Final = 10**9
CHAINS: Final = ("mainnet", "rollup")

#: Share of the L1's prices that OP Mainnet charged its users, × 1e6 (block 124,665,056, 29 August 2024).
BASE_FEE_SCALAR: Final = 5_227
BLOB_FEE_SCALAR: Final = 1_014_213
#: Bytes × 1e6 that a transaction is assumed to fill after compression: a straight line, at least 100 bytes.
SIZE_LEAST_E6: Final = 100_000_000
SIZE_INTERCEPT_E6: Final = -42_585_600
SIZE_SLOPE_E6: Final = 836_500
#: The base fee over the lowest price of a blob's gas (EIP-7918: 2**17 / 2**13).
BLOB_RESERVE: Final = 16


@dataclass(frozen=True)
class Prices:
    """Prices of gas and coin; the defaults are dated examples, not the prices of today.

    Args:
        gas_price: wei for one gas on mainnet. 2.7 gwei: average of 2025 in MEXC's guide to gas fees.
        rollup_gas_price: wei for one gas on the rollup. 0.002 gwei: the lowest that Base has accepted since
            2 February 2026, from its configuration changelog.
        coin_price_e9: units of currency for one coin, × 1e9. 4,215 USD: end of September 2025, from
            CoinGecko's report on that quarter.
        blob_price: wei for one blob gas; None takes a sixteenth of ``gas_price``, below which it does not
            stay (EIP-7918).
        currency: its name.

    Raises:
        BadInput: a price is zero, negative or absurdly high, or the currency is not a short word.

    Source:
        EIP-1559, EIP-4844, EIP-7918; Base's specification of Fjord, "L1-Cost fees".
    """

    gas_price: int = 2_700_000_000
    rollup_gas_price: int = 2_000_000
    coin_price_e9: int = 4_215 * 10**9
    blob_price: int | None = None
    currency: str = "USD"

    def __post_init__(self) -> None:
        for name, given, most in (
            ("gas price", self.gas_price, MOST_WEI),
            ("gas price of the rollup", self.rollup_gas_price, MOST_WEI),
            ("blob price", self.blob_wei, MOST_WEI),
            ("coin price × 1e9", self.coin_price_e9, MOST_COIN_E9),
        ):
            if not 1 <= given <= most:
                raise BadInput(f"the {name} must be between 1 and {most}, not {given}")
        if not (1 <= len(self.currency) <= 8 and self.currency.isprintable() and " " not in self.currency):
            raise BadInput(f"the currency must have 1 to 8 characters and no space, unlike {self.currency!r}")

    @property
    def blob_wei(self) -> int:
        """Wei for one blob gas: the price stated, or the lowest one."""
        return -(-self.gas_price // BLOB_RESERVE) if self.blob_price is None else self.blob_price

    def wei(self, paid: Paid, chain: str) -> int:
        """Return what a transaction costs, in wei.

        Args:
            paid: its gas and size.
            chain: ``mainnet``, or ``rollup``, where its data is paid for too.
        """
        if chain == "mainnet":
            return paid.gas * self.gas_price
        return paid.gas * self.rollup_gas_price + self.data_wei(paid.size)

    def data_wei(self, size: int) -> int:
        """Return what an OP Stack rollup charges at most for a transaction's data, in wei.

        Args:
            size: bytes of the signed transaction, none of which is assumed to be compressible.

        Source:
            Base's specification of Fjord, "L1-Cost fees" and ``getL1FeeUpperBound``.
        """
        dearest = size + size // 255 + 16
        bytes_e6 = max(SIZE_LEAST_E6, SIZE_INTERCEPT_E6 + SIZE_SLOPE_E6 * dearest)
        weighted = 16 * self.gas_price * BASE_FEE_SCALAR + self.blob_wei * BLOB_FEE_SCALAR
        return bytes_e6 * weighted // 10**12

    def cost_e9(self, scenario: Scenario, chain: str) -> int:
        """Return what one share of a scenario costs, in units of currency × 1e9, rounded up.

        Args:
            scenario: its transactions.
            chain: ``mainnet`` or ``rollup``.
        """
        wei = scenario.shared(lambda paid: self.wei(paid, chain))
        return -(-wei * self.coin_price_e9 // COIN)


@dataclass(frozen=True)
class Trade:
    """All transactions of one trade.

    Args:
        name: how it is made.
        energy_wh: what the scenarios trade.
        steps: its scenarios, one share of each.
    """

    name: str
    energy_wh: int
    steps: tuple[Scenario, ...]

    @property
    def gas(self) -> int:
        """Gas of all steps."""
        return sum(step.gas for step in self.steps)

    @property
    def size(self) -> int:
        """Bytes of all signed transactions, rounded up where they are shared."""
        return sum(step.shared(lambda paid: paid.size) for step in self.steps)

    def cost_e9(self, prices: Prices, chain: str) -> int:
        """Return what it costs, in units of currency × 1e9."""
        return sum(prices.cost_e9(step, chain) for step in self.steps)


def trades(found: Mapping[str, Scenario]) -> tuple[Trade, ...]:
    """Return the ways to trade, each with all its transactions.

    Args:
        found: what `energy_trading.bench.gas.scenarios.measure` returns.
    """

    def of(*names: str) -> tuple[Scenario, ...]:
        return tuple(found[name] for name in names)

    batch = f"offer.confirm_batch{BATCH}"
    auction = found[f"auction.{BATCH}_per_bidder"]
    return (
        Trade("offer on chain", ENERGY_WH, of("trade.direct")),
        Trade(
            "offer on chain, one-time key",
            ENERGY_WH,
            of("offer.make", "offer.accept_private", "offer.confirm"),
        ),
        Trade(f"offer on chain, receipts by {BATCH}", ENERGY_WH, of("offer.make", "offer.accept", batch)),
        Trade("signed offer", ENERGY_WH, of("trade.signed")),
        Trade(f"signed offer, receipts by {BATCH}", ENERGY_WH, of("offer.accept_signed", batch)),
        Trade(f"auction of {BATCH} bidders", LOT_WH, (Scenario(auction.paid),)),
    )


def per_kwh_e9(cost_e9: int, energy_wh: int) -> int:
    """Return a cost for each kWh, rounded up.

    Args:
        cost_e9: units of currency × 1e9.
        energy_wh: 1 or more.
    """
    return -(-cost_e9 * 1_000 // energy_wh)


def cents(cost_e9: int) -> str:
    """Write a cost in hundredths of the currency with three significant digits; for display only."""
    value = cost_e9 / 10**7
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}" if value >= 1e-3 else f"{value:.1e}"
