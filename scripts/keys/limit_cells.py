"""How limits are shown: what is used of them goes in, cells for a rich table come out, a line or more per limit."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Sequence

from rich.text import Text

from codexlb_store.limit_texts import limit_text
from codexlb_store.limit_uses import LimitUse
from codexlb_store.limits import MICRO, Limit, LimitKind
from codexlb_store.quantity import count, dollars, duration, moment, percent
from scripts.bars import bar, usage_style

LIMITS, BARS, PERCENT, RESETS, AT = "Limit", "Used", "", "Resets in", "at"


def label_lines(limit: Limit, width: int) -> list[str]:
    """The limit in one line, or else its model in lines of its own, none wider than so many characters."""
    text = limit_text(limit)
    head, colon, model = text.partition(":")
    if len(text) <= width or not colon:
        return [text]
    return [head, *textwrap.wrap(f":{model}", max(width, 1), break_on_hyphens=False)]


def used_percent(use: LimitUse) -> float:
    """How much of the limit is used; more than 100 when it was overshot."""
    return 100 * use.used / use.limit.amount


def used_of_amount(use: LimitUse) -> str:
    """The use in figures: `1.2M of 5M`, `$3.10 of $20.00`."""
    return f"{_quantity(use.limit.kind, use.used)} of {_quantity(use.limit.kind, use.limit.amount)}"


def _quantity(kind: LimitKind, units: int) -> str:
    return dollars(units / MICRO) if kind is LimitKind.USD else count(units)


def limit_cells(
    uses: Sequence[LimitUse], label_width: int, bar_width: int, now: float, zone: datetime.tzinfo | None
) -> list[Text]:
    """The cells limit, bar, percentage, countdown and clock time (in `zone`, None: this machine's)."""
    rows = [_lines(use, label_width, bar_width, now, zone) for use in uses]
    return [Text("\n").join(row[column] for row in rows) for column in range(5)]


def _lines(
    use: LimitUse, label_width: int, bar_width: int, now: float, zone: datetime.tzinfo | None
) -> tuple[Text, ...]:
    label, used, reset = label_lines(use.limit, label_width), used_percent(use), use.resets_at
    below = Text("\n" * (len(label) - 1))
    return (
        Text("\n".join(label)),
        bar(used, bar_width) + below,
        Text(percent(used), usage_style(used)) + below,
        Text("" if reset is None else duration(reset - now)) + below,
        Text("" if reset is None else moment(reset, now, zone)) + below,
    )
