"""The lines at the top: what runs, what today came to, and the last hours in small bars."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from rich.text import Text

from codexlb_store.quantity import count, dollars, percent
from codexlb_store.usage import Sums
from scripts.watch.buckets import MOST_STEPS, STEP_SECONDS, step_of
from scripts.watch.columns import fitted, number, row, words
from scripts.watch.look import Look
from scripts.watch.place import Place
from scripts.watch.spark import spark

LABEL, BARS = words("", 8, 8), words("", 10, MOST_STEPS)
NOW, MOST = number("Now", 6, goes=1), number("Most", 6, goes=2)


def head_lines(look: Look, place: Place) -> list[Text]:
    """What runs now, and what today came to: two lines, as much of it as fits."""
    clock = f"{datetime.datetime.fromtimestamp(place.now, place.zone):%H:%M}"
    proxy = Text("no proxy runs", "yellow") if not look.processes else Text(f"{look.in_flight} in flight", "cyan")
    return [
        _joined([Text("Codex-LB", "bold"), Text(clock), proxy], place.width),
        _joined(_today(look.today), place.width),
    ]


def _today(sums: Sums) -> list[Text]:
    told = [f"{count(sums.requests)} request{'' if sums.requests == 1 else 's'}"]
    if sums.requests:
        told += [dollars(sums.cost_usd), f"{count(sums.input_tokens)} in", f"{percent(sums.cached_percent)} cached"]
        told.append(f"{count(sums.output_tokens)} out")
    if sums.failovers:
        told.append(f"{count(sums.failovers)} failed over")
    failed = [Text(f"{count(sums.failed)} failed", "red")] if sums.failed else []
    return [Text("Today", "bold"), *map(Text, told), *failed]


def _joined(parts: Iterable[Text], width: int) -> Text:
    """The parts with dots between them, as many as fit in whole."""
    found = Text(no_wrap=True)
    for part in parts:
        glue = " · " if found else ""
        if found.cell_len + len(glue) + part.cell_len > width:
            break
        found.append(glue, "dim").append_text(part)
    return found


def spark_lines(look: Look, place: Place) -> list[Text]:
    """Requests and tokens of the last hours, as many steps as there is room for."""
    widths = fitted((LABEL, BARS, NOW, MOST), place.width)
    steps = look.steps[-widths[BARS] :]
    since = step_of(look.at) - (len(steps) - 1) * STEP_SECONDS
    asked = [sums.requests for sums in steps]
    tokens = [sums.total_tokens or 0 for sums in steps]
    head = {BARS: f"5 min each, since {place.clock(since)}", NOW: NOW.heading, MOST: MOST.heading}
    return [
        row(widths, {column: Text(cell, "dim") for column, cell in head.items()}),
        row(widths, {LABEL: "Requests", BARS: spark(asked), NOW: count(asked[-1]), MOST: count(max(asked))}),
        row(widths, {LABEL: "Tokens", BARS: spark(tokens), NOW: count(tokens[-1]), MOST: count(max(tokens))}),
    ]
