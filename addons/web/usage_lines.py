"""What was used, in lines: sums of stretches of time or of groups go in, the cells of tables come out."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace

from addons.web.page import Part, Reading
from addons.web.words import Said, outcome_tone
from codexlb_store.latencies import Latency, latencies
from codexlb_store.quantity import DAY, count, dollars, latency, percent
from codexlb_store.sums import span_with_requests
from codexlb_store.usage import Dimension, Filters, Sums, UsageRow, usage

NO_FIGURES = Sums(input_tokens=0, cached_tokens=0, output_tokens=0, reasoning_tokens=0, cost_usd=0.0)
"""Of no requests it is known what they used, which is nothing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One column: its heading, how a line fills it, and on how wide a screen it is shown (0: on every one)."""

    heading: str
    of: Callable[[Sums, Latency | None], str]
    room: int = 0


FIGURES = (
    Figure("Requests", lambda sums, _: count(sums.requests)),
    Figure("Uncached", lambda sums, _: count(sums.uncached_tokens), 1),
    Figure("Cached", lambda sums, _: count(sums.cached_tokens), 1),
    Figure("Cache %", lambda sums, _: percent(sums.cached_percent)),
    Figure("Output", lambda sums, _: count(sums.output_tokens), 1),
    Figure("Reasoning", lambda sums, _: count(sums.reasoning_tokens), 2),
    Figure("Total", lambda sums, _: count(sums.total_tokens)),
    Figure("Cost", lambda sums, _: dollars(sums.cost_usd)),
    Figure("First p50", lambda _, took: latency(took.first_token_p50 if took else None), 2),
    Figure("First p95", lambda _, took: latency(took.first_token_p95 if took else None), 2),
    Figure("Failovers", lambda sums, _: count(sums.failovers), 2),
    Figure("Moved", lambda sums, _: count(sums.moved), 3),
    Figure("Warm lost", lambda sums, _: count(sums.lost_cached_tokens), 3),
)
"""Those of `codexlb report`; the total is what came from the prompt cache, what did not, and output."""


@dataclass(frozen=True, slots=True)
class Line:
    """What was used in one stretch of time, and how its requests ended."""

    label: str
    cells: tuple[str, ...]
    outcomes: tuple[Said, ...]
    estimate: str | None


def usage_part(reading: Reading) -> Part:
    """Today, the last seven days and all there is."""
    lines = [_line(reading, label, filters) for label, filters in periods(reading)]
    return Part("usage", "usage.html", {"lines": lines, "figures": FIGURES})


def periods(reading: Reading) -> list[tuple[str, Filters]]:
    """The stretches of time that are summed up, as in the report; days are those of this machine."""
    first = span_with_requests(reading.db, Filters())[0]
    since = datetime.datetime.fromtimestamp(max(0.0, first))
    return [
        ("Today", Filters(since=start_of_day(reading.now))),
        ("Last 7 days", Filters(since=reading.now - 7 * DAY)),
        (f"Since {since:%Y-%m-%d}", Filters()),
    ]


def start_of_day(now: float) -> float:
    """When the day of `now` began on this machine (unix seconds)."""
    day = datetime.datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp()


def _line(reading: Reading, label: str, filters: Filters) -> Line:
    outcomes = reading.figure(("outcomes", label), lambda: usage(reading.db, (Dimension.OUTCOME,), filters))
    took = reading.figure(("latency", label), lambda: latencies(reading.db, (), filters).get(()))
    sums = added(row.sums for row in outcomes)
    return Line(label, cells(sums, took), tuple(map(_ended, outcomes)), estimated(sums))


def added(rows: Iterable[Sums]) -> Sums:
    """What rows add up to; None where nothing is known of any."""
    found = list(rows)
    columns = {field.name: [getattr(row, field.name) for row in found] for field in fields(Sums)}
    known = {name: [value for value in values if value is not None] for name, values in columns.items()}
    return Sums(**{name: sum(values) for name, values in known.items() if values})


def cells(sums: Sums, took: Latency | None, figures: Sequence[Figure] = FIGURES) -> tuple[str, ...]:
    """A text for each figure."""
    shown = sums if sums.requests else replace(NO_FIGURES, lost_cached_tokens=0)
    return tuple(figure.of(shown, took) for figure in figures)


def estimated(sums: Sums) -> str | None:
    """What was estimated, which is in no other figure; None where nothing was."""
    if not sums.estimated:
        return None
    tokens = f"{count(sums.estimated_input_tokens)} input, {count(sums.estimated_output_tokens)} output tokens"
    return f"{tokens}, {dollars(sums.estimated_cost_usd)}"


def _ended(row: UsageRow) -> Said:
    [outcome] = row.groups
    of_them = f" ({count(row.sums.estimated)} estimated)" if row.sums.estimated else ""
    return Said(f"{count(row.sums.requests)} {outcome or 'running'}{of_them}", outcome_tone(outcome))
