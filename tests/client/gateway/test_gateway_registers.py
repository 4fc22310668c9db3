"""From samples to marks: no Wh lost, none twice, and what nobody measured is not made up (N-3)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_trading.gateway.registers import Gap, Registers, Sample, Step
from energy_trading.meter.smart_meter import Reading

SLOT = 900
START = 1_700_000_100 // SLOT * SLOT


def registers(max_gap: int = 300, max_watts: int = 60_000) -> Registers:
    made = Registers(max_gap, max_watts)
    made.use("m", (0, 0))
    return made


def grid(until: int) -> range:
    return range(START, until + 1, SLOT)


def sample(time: int, import_wh: float, export_wh: float = 0, meter: str = "m") -> Sample:
    return Sample(START + time, round(import_wh * 1000), round(export_wh * 1000), meter)


def test_mark_between_samples_is_interpolated_and_rounded_down():
    """N-3: 10 s before the mark 100.4 Wh, 10 s after it 101.8: at the mark 101.1, of which 101 whole."""
    used = registers()
    assert used.take(sample(SLOT - 10, 100.4, 7), grid(START + 2 * SLOT)) == Step()
    step = used.take(sample(SLOT + 10, 101.8, 7), grid(START + 2 * SLOT))
    assert step == Step((Reading(START + SLOT, 101, 7),))


def test_mark_on_a_sample_is_the_sample():
    """N-3: a telegram at the very second is not interpolated, whatever came before."""
    used = registers()
    used.take(sample(-200, 0), [])
    used.take(sample(0, 5.999), grid(START))
    assert used.take(sample(SLOT, 77.001), grid(START + SLOT)).marks == (Reading(START + SLOT, 77, 0),)


@given(
    st.lists(
        st.tuples(st.integers(1, 299), st.integers(0, 400_000), st.integers(0, 400_000)),
        min_size=2,
        max_size=60,
    )
)
def test_no_wh_is_lost_or_counted_twice(steps: list[tuple[int, int, int]]):
    """N-3: however samples fall, the slots' sum is the register's growth, to the rounding of both ends."""
    used = registers(max_watts=10**8)
    time, shown = START, [1_234, 999]
    marks = list(used.take(Sample(time, *shown, "m"), grid(time)).marks)
    for seconds, imported, exported in steps:
        time += seconds
        shown = [shown[0] + imported, shown[1] + exported]
        step = used.take(Sample(time, *shown, "m"), grid(time))
        assert step.refused is None
        assert step.gap is None
        marks += step.marks
    assert [mark.time for mark in marks] == list(grid(time))
    for one, other in pairwise(marks):
        assert one.import_wh <= other.import_wh
        assert one.export_wh <= other.export_wh
    total = sum(other.import_wh - one.import_wh for one, other in pairwise(marks))
    assert total == marks[-1].import_wh - marks[0].import_wh
    if marks[-1].time == time:
        assert marks[-1].import_wh == shown[0] // 1000


def test_gap_makes_nothing_up():
    """N-3: over ten silent minutes no mark is interpolated; the one that a sample hits counts."""
    used = registers()
    used.take(sample(SLOT - 20, 10), [])
    step = used.take(sample(2 * SLOT, 400), grid(START + 2 * SLOT))
    assert step.gap == Gap(START + SLOT - 20, START + 2 * SLOT, False)
    assert step.marks == (Reading(START + 2 * SLOT, 400, 0),)


def test_silence_inside_a_slot_is_no_gap():
    """N-3: ten silent minutes in which no mark passes cost nothing."""
    used = registers()
    used.take(sample(10, 10), [])
    assert used.take(sample(650, 100), grid(START + 650)) == Step()


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (
            sample(20, 9.5, 3),
            "its import register runs backwards by 0.5 Wh; a new meter needs a new name",
        ),
        (sample(20, 10, 2), "its export register runs backwards by 1 Wh; a new meter needs a new name"),
        (sample(5, 11, 3), f"its time {START + 5} is before that of the last one, {START + 10}"),
        (
            sample(20, 1_000_000, 3),
            "its import register grew by 999990 Wh in 10 s, more than max_watts allows",
        ),
    ],
)
def test_revert_given_impossible_sample(bad: Sample, why: str):
    """N-3: a register that runs backwards, jumps, or comes from the past changes nothing."""
    used = registers()
    used.take(sample(10, 10, 3), [])
    assert used.take(bad, grid(START + SLOT)) == Step(refused=why)
    assert used.take(sample(30, 10.1, 3), []) == Step()
    assert used.last == sample(30, 10.1, 3)


def test_second_sample_of_a_second_changes_nothing():
    """N-3: MQTT brings import and export in one second, a telegram may come twice: no fault."""
    used = registers()
    used.take(sample(10, 10), [])
    assert used.take(sample(10, 10.5), []) == Step()
    assert used.last == sample(10, 10)


def test_new_meter_goes_on_where_the_old_one_stopped():
    """N-3: the home's register does not fall to the new meter's zero, and the swap is a gap."""
    used = registers()
    used.take(sample(100, 5000, 700), [])
    new = sample(SLOT + 50, 3, 1, "new")
    used.use("new", used.offsets_for(new))
    step = used.take(new, grid(START + SLOT + 50), swapped=True)
    assert step == Step((), Gap(START + 100, START + SLOT + 50, True))
    after = used.take(sample(2 * SLOT, 53, 1, "new"), grid(START + 2 * SLOT))
    # 850 s later is a long time: the mark itself was hit.
    assert after.marks == (Reading(START + 2 * SLOT, 5050, 700),)
