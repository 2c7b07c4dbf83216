"""All keys at one look: views of keys go in, a rich table comes out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from rich.cells import cell_len
from rich.table import Column, Table
from rich.text import Text

from codexlb_store.limit_texts import limit_text
from scripts.bars import NARROWEST_BAR, WIDEST_BAR
from scripts.keys.limit_cells import limit_cells
from scripts.keys.status import remarks
from scripts.keys.view import KeyView
from scripts.remarks import folded
from scripts.terminal import GAP, figures, table

NO_KEYS = "No keys yet: make one with `codexlb keys create NAME`."

NO_LIMITS = "no limits"

NARROWEST_IDENTITY = len("active · sk-clb-AbCdEfGh")
WIDEST_IDENTITY = len("used 12 min ago · expires in 364 d")
"""Status and beginning in one line, and what else there is to say."""

WIDTH_BESIDE_BARS = len("100%23 h 59 min") + 4 * GAP
CLOCK_WIDTH = len("20 Dec 18:40") + GAP
"""What percentage and countdown take at most, and clock times where there is room for them; in characters."""

ROOM_FOR_CLOCK = 100


def keys_table(views: Sequence[KeyView], now: float, width: int, zone: datetime.tzinfo | None = None) -> Table:
    """One row per key and in it one line per limit, `width` characters wide at most; revoked keys come last.

    Clock times are in `zone` (None: this machine's).
    """
    shown = sorted(views, key=lambda view: view.key.revoked_at is not None)
    has_clock = width >= ROOM_FOR_CLOCK
    identity, label, bars = _widths([view for view in shown if view.key.revoked_at is None], width, has_clock)
    columns = [
        Column("Key", overflow="fold", width=identity),
        Column("Limit", no_wrap=True, style="dim"),
        Column("Used", no_wrap=True),
        figures(""),
        figures("Resets in"),
        Column("at", no_wrap=True, style="dim"),
    ]
    found = table(*columns[: 6 if has_clock else 5], leading=1)
    for view in shown:
        is_revoked = view.key.revoked_at is not None
        head = Text(view.key.name, "dim" if is_revoked else "bold")
        said = Text("\n").join([head, folded(remarks(view.key, now, zone), identity)])
        cells = limit_cells(view.uses, label, bars, now, zone)[: 5 if has_clock else 4]
        found.add_row(said, *([] if is_revoked else cells if view.uses else [NO_LIMITS]))
    return found


def _widths(views: Sequence[KeyView], width: int, has_clock: bool) -> tuple[int, int, int]:
    """How wide names, limits and bars may be, in characters: names grow with the room that limits leave."""
    texts = [limit_text(use.limit) for view in views for use in view.uses]
    room = width - WIDTH_BESIDE_BARS - (CLOCK_WIDTH if has_clock else 0)
    whole = max(map(len, texts), default=0)
    heads = max((len(text.partition(":")[0]) for text in texts), default=0)
    label = max(heads, len(NO_LIMITS), min(whole, room - NARROWEST_BAR - WIDEST_IDENTITY))
    names = max((cell_len(view.key.name) for view in views), default=0)
    wanted = max(WIDEST_IDENTITY, names)
    identity = max(NARROWEST_IDENTITY, min(wanted, room - label - NARROWEST_BAR))
    return identity, label, max(NARROWEST_BAR, min(WIDEST_BAR, room - label - identity))
