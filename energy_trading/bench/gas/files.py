"""The files that a measurement of gas leaves behind: gas.json, gas.csv, trades.csv, growth.csv, gas.png."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from energy_trading.bench.gas.growth import Point, growth_document
from energy_trading.bench.gas.money import (
    BASE_FEE_SCALAR,
    BLOB_FEE_SCALAR,
    CHAINS,
    Prices,
    per_kwh_e9,
    trades,
)
from energy_trading.bench.gas.parts import PARTS
from energy_trading.bench.gas.scenarios import TARGETS, Scenario, snapshot
from energy_trading.simulation._outputs import csv_text, write_all


def document(
    found: Mapping[str, Scenario], points: Sequence[Point], prices: Prices, energy_wh: int | None = None
) -> dict[str, Any]:
    """Return everything that was measured, as JSON has it; all numbers are integers.

    Args:
        found: scenarios by name.
        points: growth; may be empty.
        prices: of gas and coin.
        energy_wh: another energy of a trade for which the cost of a kWh is stated too.
    """
    return {
        "compiler": snapshot({})["compiler"],
        "prices": {
            "currency": prices.currency,
            "coin_price_e9": prices.coin_price_e9,
            "gas_price_wei": prices.gas_price,
            "rollup_gas_price_wei": prices.rollup_gas_price,
            "blob_price_wei": prices.blob_wei,
            "base_fee_scalar_e6": BASE_FEE_SCALAR,
            "blob_fee_scalar_e6": BLOB_FEE_SCALAR,
        },
        "scenarios": [_scenario_row(name, scenario, prices) for name, scenario in found.items()],
        "trades": _trade_rows(found, prices, energy_wh),
        "growth": growth_document(points),
    }


def _scenario_row(name: str, scenario: Scenario, prices: Prices) -> dict[str, Any]:
    target = TARGETS.get(name)
    bound = target.lower_bound if target else None
    peer_gas, peer = target.peers[0] if target and target.peers else (None, None)
    return {
        "scenario": name,
        "gas": scenario.gas,
        "share": scenario.share,
        "bytes": scenario.shared(lambda paid: paid.size),
        "at_most": target.at_most if target else None,
        "lower_bound": bound,
        "ratio_percent": scenario.gas * 100 // bound if bound else None,
        "peer_gas": peer_gas,
        "peer": peer or None,
        **{f"{chain}_cost_e9": prices.cost_e9(scenario, chain) for chain in CHAINS},
        **{f"all_{part}": scenario.parts[part] for part in PARTS},
    }


def _trade_rows(found: Mapping[str, Scenario], prices: Prices, energy_wh: int | None) -> list[dict[str, Any]]:
    rows = []
    for trade in trades(found):
        row: dict[str, Any] = {
            "trade": trade.name,
            "gas": trade.gas,
            "bytes": trade.size,
            "energy_wh": trade.energy_wh,
        }
        for chain in CHAINS:
            cost = trade.cost_e9(prices, chain)
            row[f"{chain}_cost_e9"] = cost
            row[f"{chain}_cost_per_kwh_e9"] = per_kwh_e9(cost, trade.energy_wh)
            if energy_wh is not None:
                row[f"{chain}_cost_per_kwh_e9_at_{energy_wh}_wh"] = per_kwh_e9(cost, energy_wh)
        rows.append(row)
    return rows


def write_files(
    found: Mapping[str, Scenario],
    points: Sequence[Point],
    prices: Prices,
    out: Path,
    energy_wh: int | None = None,
) -> list[Path]:
    """Write what was measured; files of an earlier run in the folder are replaced.

    Args:
        found: scenarios by name.
        points: growth; may be empty, and then neither its table nor its curves are there afterwards.
        prices: of gas and coin.
        out: folder, made if it is missing.
        energy_wh: as in `document`.

    Returns:
        The files.

    Raises:
        BadInput: the folder cannot be written.
    """
    from energy_trading.bench.gas.picture import picture

    measured = document(found, points, prices, energy_wh)
    contents: dict[str, str | bytes] = {
        "gas.json": json.dumps(measured, indent=2, ensure_ascii=False) + "\n",
        "gas.csv": _csv(measured["scenarios"]),
        "trades.csv": _csv(measured["trades"]),
        **({"growth.csv": _csv(measured["growth"])} if points else {}),
        "gas.png": picture(found, points, prices),
    }
    files = write_all(out, contents)
    if not points:  # growth of an earlier run may be that of other contracts
        (out / "growth.csv").unlink(missing_ok=True)
    return files


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    return csv_text([list(rows[0]), *(list(row.values()) for row in rows)])
