"""A row of small bars: figures go in, one character for each comes out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from rich.text import Text

from scripts.accounts.windows import LEVELS

STYLE, STYLE_OF_NOTHING = "cyan", "dim"


def spark(figures: Sequence[float]) -> Text:
    """One character per figure, as high as it is against the highest; nothing at all is a faint line."""
    most = max(figures, default=0)
    heights = [math.ceil(figure / most * len(LEVELS)) if figure > 0 else 0 for figure in figures]
    found = Text()
    for is_something, run in itertools.groupby(heights, bool):  # few colours are few bytes to a far terminal
        found.append("".join(LEVELS[max(0, height - 1)] for height in run), STYLE if is_something else STYLE_OF_NOTHING)
    return found
