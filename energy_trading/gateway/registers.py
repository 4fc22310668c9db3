"""From what a meter shows now and then to its registers at the marks: the ends of slots and of deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from energy_trading.meter.smart_meter import Reading

MWH_PER_WH: Final = 1000
_HOUR_S: Final = 3600
#: a meter may show what it measured a moment later, so this much is always plausible
_SLACK_MWH: Final = 2 * MWH_PER_WH


@dataclass(frozen=True)
class Sample:
    """What a meter showed at one moment.

    Args:
        time: unix seconds.
        import_mwh: energy drawn from the grid so far, in thousandths of a Wh, rounded down.
        export_mwh: energy fed into the grid so far, in thousandths of a Wh, rounded down.
        meter: serial number or another name of the meter; a new name is a new meter.
    """

    time: int
    import_mwh: int
    export_mwh: int
    meter: str


@dataclass(frozen=True)
class Gap:
    """A stretch of time in which nobody knows when the energy flowed.

    Args:
        start: last sample before it, unix seconds.
        end: first sample after it, unix seconds.
        swapped: whether another meter came in between, so that what it measured is unknown too.
    """

    start: int
    end: int
    swapped: bool


@dataclass(frozen=True)
class Step:
    """What one sample brought.

    Args:
        marks: the registers at the marks that it passed, oldest first, in whole Wh, rounded down.
        gap: the gap that it ended, if marks were lost in it or the meter was swapped.
        refused: why the sample does not count, as a sentence; None if it does.
    """

    marks: tuple[Reading, ...] = ()
    gap: Gap | None = None
    refused: str | None = None


class Registers:
    """The two registers of a home, which only grow, whatever meters have measured them.

    A register at a mark is interpolated between the samples around it and rounded down. The register is
    rounded and not the difference, so neighbouring slots share each mark, no Wh is lost and none counts
    twice. A new meter goes on where the old one stopped.

    Args:
        max_gap: seconds between two samples within which a mark may be interpolated.
        max_watts: the most that the home can draw or feed in; a register that runs faster is refused.
    """

    def __init__(self, max_gap: int, max_watts: int) -> None:
        self._max_gap, self._max_watts = max_gap, max_watts
        #: the newest sample, with the registers of the home
        self.last: Sample | None = None
        #: name of the meter, and what is added to its import and export, mWh
        self.meter: str | None = None
        self.offsets = (0, 0)

    def use(self, meter: str, offsets: tuple[int, int]) -> None:
        """Go on with a meter whose registers differ from the home's by the offsets, in mWh."""
        self.meter, self.offsets = meter, offsets

    def resume(self, last: Sample) -> None:
        """Go on from a sample with the registers of the home, unless a newer one is known."""
        if self.last is None or last.time > self.last.time:
            self.last = last

    def offsets_for(self, sample: Sample) -> tuple[int, int]:
        """Return what must be added to a new meter so that the home's registers go on, mWh."""
        if self.last is None:
            return 0, 0
        return self.last.import_mwh - sample.import_mwh, self.last.export_mwh - sample.export_mwh

    def take(self, sample: Sample, wanted: Iterable[int], *, swapped: bool = False) -> Step:
        """Take in a sample.

        Args:
            sample: as the meter in use shows it.
            wanted: times of marks, unix seconds, in any order; only those that the sample passes count.
            swapped: whether the meter was put into use by this sample, in place of another.

        Returns:
            What it brought; a refused sample changes nothing.
        """
        now = Sample(
            sample.time,
            sample.import_mwh + self.offsets[0],
            sample.export_mwh + self.offsets[1],
            sample.meter,
        )
        last = self.last
        if last is not None and now.time == last.time:
            return Step()  # several in one second are no fault; the next one has all that they had
        if last is not None and (why := self._refusal(last, now)):
            return Step(refused=why)
        since = now.time - 1 if last is None else last.time
        passed = sorted({time for time in wanted if since < time <= now.time})
        self.last = now
        if last is None or swapped:
            lost = last is not None
            marks = () if lost else tuple(_at(now, now, time) for time in passed)
            return Step(marks, Gap(since, now.time, True) if lost else None)
        known = [time for time in passed if time == now.time or now.time - last.time <= self._max_gap]
        gap = Gap(last.time, now.time, False) if len(known) < len(passed) else None
        return Step(tuple(_at(last, now, time) for time in known), gap)

    def _refusal(self, last: Sample, now: Sample) -> str | None:
        seconds = now.time - last.time
        if seconds < 0:
            return f"its time {now.time} is before that of the last one, {last.time}"
        most = self._max_watts * seconds * MWH_PER_WH // _HOUR_S + _SLACK_MWH
        for name in ("import", "export"):
            grown = getattr(now, f"{name}_mwh") - getattr(last, f"{name}_mwh")
            if grown < 0:
                back = -grown / MWH_PER_WH
                return f"its {name} register runs backwards by {back:g} Wh; a new meter needs a new name"
            if grown > most:
                wh = grown // MWH_PER_WH
                return f"its {name} register grew by {wh} Wh in {seconds} s, more than max_watts allows"
        return None


def _at(last: Sample, now: Sample, time: int) -> Reading:
    """Return the registers at a time between two samples, rounded down to whole Wh."""

    def of(before: int, after: int) -> int:
        if time == now.time:
            return after // MWH_PER_WH
        part = (after - before) * (time - last.time) // (now.time - last.time)
        return (before + part) // MWH_PER_WH

    return Reading(time, of(last.import_mwh, now.import_mwh), of(last.export_mwh, now.export_mwh))
