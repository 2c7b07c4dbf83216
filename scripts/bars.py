"""How much of a limit is used, drawn: a percentage goes in, a colour or a bar comes out."""

from __future__ import annotations

import math

from rich.text import Text

WARN_PERCENT, DANGER_PERCENT = 70, 90
"""From here on use is shown in yellow, and in red: time to look, hardly any room left."""

BAR, TRACK = "━", "╌"

NARROWEST_BAR, WIDEST_BAR = 8, 32
"""In characters."""


def usage_style(used_percent: float) -> str:
    """The colour of a limit of which this much is used."""
    if used_percent >= DANGER_PERCENT:
        return "red"
    return "yellow" if used_percent >= WARN_PERCENT else "green"


def bar(used_percent: float, width: int) -> Text:
    """A bar of this many characters, filled as far as the limit is used: to its end only when it is full."""
    filled = min(width, max(math.floor(width * used_percent / 100), 1 if used_percent > 0 else 0))
    return Text.assemble((BAR * filled, usage_style(used_percent)), (TRACK * (width - filled), "dim"))
