"""The limits of one key in full: their uses go in, a rich table comes out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Column
from rich.text import Text

from codexlb_store.limit_texts import limit_text
from codexlb_store.limit_uses import LimitUse
from scripts.bars import NARROWEST_BAR, WIDEST_BAR
from scripts.keys.limit_cells import limit_cells, used_of_amount
from scripts.terminal import GAP, figures, table

WIDTH_BESIDE_BARS = len("100%23 h 59 min20 Dec 18:40") + 5 * GAP
"""What percentage, countdown and clock time take at most, in characters."""


def limits_table(
    uses: Sequence[LimitUse], now: float, width: int, zone: datetime.tzinfo | None = None
) -> RenderableType:
    """A line or more per limit, `width` characters wide at most; or that there are none."""
    if not uses:
        return Text("No limits.")
    figures_of = [used_of_amount(use) for use in uses]
    room = width - WIDTH_BESIDE_BARS - max(map(len, figures_of))
    texts = [limit_text(use.limit) for use in uses]
    label = max(*(len(text.partition(":")[0]) for text in texts), min(room - NARROWEST_BAR, max(map(len, texts))))
    bars = max(NARROWEST_BAR, min(WIDEST_BAR, room - label))
    found = table(
        Column("Limit", no_wrap=True, style="dim"),
        Column("Used", no_wrap=True),
        figures(""),
        figures(""),
        figures("Resets in"),
        Column("at", no_wrap=True, style="dim"),
    )
    for use, in_figures in zip(uses, figures_of, strict=True):
        cells = limit_cells([use], label, bars, now, zone)
        found.add_row(*cells[:3], in_figures, *cells[3:])
    return found
