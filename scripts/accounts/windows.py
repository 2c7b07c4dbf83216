"""How usage windows are shown: what was read of them goes in, bars and cells for a rich table come out."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

from rich.text import Text

from codexlb_store.quantity import duration, moment, percent, window_name
from codexlb_store.windows import Window, used_now
from scripts.bars import NARROWEST_BAR, WIDEST_BAR, bar, usage_style
from scripts.terminal import GAP

LEVELS = "▁▂▃▄▅▆▇█"
"""One for each eighth of a window; what is not used at all has the lowest, too: it was read."""

WIDTH_BESIDE_BARS = len("month100%23 h 59 min20 Dec 18:40") + 5 * GAP
"""What limit, percentage, countdown and clock time take at most, in characters."""


def bar_width(width: int, others: int) -> int:
    """What the other columns leave to the bars, in characters; `others` stand beside those of the windows."""
    return max(NARROWEST_BAR, min(WIDEST_BAR, width - others - WIDTH_BESIDE_BARS))


def sparkline(readings: Sequence[Window], since: float, now: float, width: int) -> Text:
    """How much of one window was used at the end of each of `width` equal stretches of time, the last of them now.

    Blank before the first reading; the readings are in order of time.
    """
    found = Text()
    for number in range(1, width + 1):
        end = since + (now - since) * number / width
        known = [reading for reading in readings if reading.read_at <= end]
        used = used_now(known[-1], end) if known else None
        found.append(" " if used is None else level(used), usage_style(used or 0))
    return found


def level(used_percent: float) -> str:
    """One character as high as the window is used: the highest only when it is full."""
    return LEVELS[min(len(LEVELS) - 1, max(0, math.floor(used_percent / 100 * (len(LEVELS) - 1))))]


def window_cells(
    windows: Sequence[Window], width_of_bar: int, now: float, zone: datetime.tzinfo | None
) -> list[str | Text]:
    """The cells limit, bar, percentage, countdown and clock time, each with one line per window."""
    if not windows:
        return ["", Text("unknown", "dim")]
    used = [used_now(window, now) for window in windows]
    ahead = [w.resets_at if w.resets_at is not None and w.resets_at > now else None for w in windows]
    return [
        "\n".join(window_name(window.minutes) for window in windows),
        Text("\n").join(bar(percentage, width_of_bar) for percentage in used),
        Text("\n").join(Text(percent(percentage), usage_style(percentage)) for percentage in used),
        "\n".join("" if reset is None else duration(reset - now) for reset in ahead),
        "\n".join("" if reset is None else moment(reset, now, zone) for reset in ahead),
    ]
