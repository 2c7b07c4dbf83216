"""Bar charts: values over time go in, places in percent of the drawing come out. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

STEPS = (1, 2, 4, 6, 8, 10)
"""Where an axis may end, times a power of ten: half of it reads as well."""

BAR_PART = 0.78
"""How much of its slot a bar fills."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time: what is said of it, its value and how much of that went wrong; `mark` stands below it."""

    said: str
    value: float
    bad: float = 0.0
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A bar where it is drawn: left edge and width, heights from below (all in percent), and what is said of it."""

    left: float
    width: float
    height: float
    bad_height: float
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing: slots for all stretches of time, lines of the value axis (from the top) and marks of the time axis."""

    slot_width: float
    slots: tuple[Slot, ...]
    lines: tuple[tuple[float, str], ...]
    marks: tuple[tuple[float, str], ...]


def chart(bars: Sequence[Bar], written: Callable[[float], str], least_top: float) -> Chart:
    """The drawing of these bars; `written` is how a value of the axis reads, which ends at `least_top` or above."""
    top = axis_top(max([least_top, *(bar.value for bar in bars)]))
    width = 100 / max(1, len(bars))
    return Chart(
        slot_width=round(width, 3),
        slots=tuple(_slot(number, bar, top, width) for number, bar in enumerate(bars)),
        lines=tuple((round(100 - 100 * part, 1), written(top * part)) for part in (1, 0.5, 0)),
        marks=tuple((round(number * width, 3), bar.mark) for number, bar in enumerate(bars) if bar.mark),
    )


def axis_top(most: float) -> float:
    """The least round number that is not below `most`."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in STEPS if step * power >= most * (1 - 1e-9))


def _slot(number: int, bar: Bar, top: float, width: float) -> Slot:
    left = (number + (1 - BAR_PART) / 2) * width
    height, bad_height = (round(100 * value / top, 2) for value in (bar.value, min(bar.bad, bar.value)))
    return Slot(round(left, 3), round(BAR_PART * width, 3), height, bad_height, bar.said)
