"""What a measurement of gas leaves behind: gas.json, gas.csv, trades.csv, growth.csv and gas.png."""

from __future__ import annotations

import csv
import io
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
from energy_trading.errors import BadInput


def document(
    found: Mapping[str, Scenario], points: Sequence[Point], prices: Prices, energy_wh: int | None = None
) -> dict[str, Any]:
    """Return everything that was measured, as JSON holds it; all numbers are integers.

    Args:
        found: scenarios by name.
        points: growth; may be empty.
        prices: of gas and coin.
        energy_wh: energy of a trade for which a kWh's cost is told besides that of the measured energy.
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
        points: growth; may be empty, then neither its table nor its curves are there afterwards.
        prices: of gas and coin.
        out: folder, made if it is missing.
        energy_wh: as in `document`.

    Returns:
        The files.

    Raises:
        BadInput: the folder cannot be written.
    """
    from energy_trading.bench.gas.picture import picture

    told = document(found, points, prices, energy_wh)
    # All contents before the first file: a failure leaves nothing half written.
    contents = {
        "gas.json": (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode(),
        "gas.csv": _csv(told["scenarios"]),
        "trades.csv": _csv(told["trades"]),
        **({"growth.csv": _csv(told["growth"])} if points else {}),
        "gas.png": picture(found, points, prices),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Growth of an earlier run may be of other contracts.
        (out / "growth.csv").unlink(missing_ok=True)
        for name, content in contents.items():
            (out / name).write_bytes(content)
    except OSError as error:
        raise BadInput(
            f"out: given {out}, allowed a folder that can be written ({error.strerror})"
        ) from error
    return [out / name for name in contents]


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()
