"""Short days for tests: four homes over twelve half hours, two with the sun and two without."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from energy_trading.simulation.profiles import HomeProfile

DAY = date(2021, 3, 1)
START = 1_614_556_800
STEP_S = 1800
SLOTS = 12
LOAD_WH = {"north": 100, "east": 260, "south": 60, "west": 310}
PV_WH = {"north": 700, "south": 500}


def profiles(slots: int = SLOTS) -> list[HomeProfile]:
    starts = [START + i * STEP_S for i in range(slots)]
    return [
        HomeProfile(name, starts, STEP_S, [load] * slots, [PV_WH.get(name, 0)] * slots)
        for name, load in LOAD_WH.items()
    ]


def write_wide_csv(path: Path) -> Path:
    """The same day as the CSV that the README describes, for the whole day of 48 half hours."""
    names = [f"{name}_{kind}" for name in LOAD_WH for kind in ("load_w", "pv_w")]
    lines = ["timestamp," + ",".join(names)]
    for i in range(86_400 // STEP_S):
        sun = 8 <= i < 8 + SLOTS
        row = [str(v) for n in LOAD_WH for v in (LOAD_WH[n] * 2, PV_WH.get(n, 0) * 2 * sun)]
        lines.append(f"{START + i * STEP_S}," + ",".join(row))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
