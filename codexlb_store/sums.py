"""What requests add up to: stretches of time and filters go in, sums of each group come out; read-only.

Whole quarters of an hour come from the table of sums, the rest and what still runs from the ledger itself: in one
statement, so that every request is counted once, whatever ends meanwhile.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from sqlite_utils import Database

from codexlb_store.sums_schema import QUARTER_SECONDS, SUMMED, group_of, quarter_of

Span = tuple[float, float]
"""From when up to when, in unix seconds."""

EVER: Span = (-QUARTER_SECONDS * 1e12, QUARTER_SECONDS * 1e12)
"""A JSON text has no infinity."""

_FIGURES = {**SUMMED, "failed": "coalesce({row}outcome IN ('failed', 'lost'), 0)", "running": "{row}outcome IS NULL"}
"""The fields of Sums in order, and what one row of the ledger adds to each."""

_OF_SUMS = {"failed": "iif(outcome IN ('failed', 'lost'), requests, 0)", "running": "0"}
"""What a row of the table of sums adds, where that is not the column of the same name."""

OF_ROWS = ", ".join(f"{value.format(row='')} AS {name}" for name, value in _FIGURES.items())
"""SQL for what a row of the ledger adds to each field of Sums."""

TOTALS = ", ".join(f"sum({name})" for name in _FIGURES)
"""SQL for the fields of Sums over such rows."""

_CONDITIONS = {
    "account_id": "account_id = nullif(:account_id, '')",
    "key_id": "key_id = nullif(:key_id, '')",
    "model": "model GLOB :model AND model != ''",
    "project": "project = nullif(:project, '')",
    "session": "session = nullif(:session, '')",
}
"""In the table of sums '' stands for NULL: nothing asks for it, and neither passes."""

_ODD_SUMS = " AND (counted > priced OR outcome IN ('failed', 'lost') OR cache_loss != '')"
_ODD_ROWS = """ AND (input_tokens IS NOT NULL AND cost_usd IS NULL OR outcome IN ('failed', 'lost')
    OR cache_loss IS NOT NULL)"""
"""What is not as it should be. Of a year they are few, and only these have to be told apart."""

# CROSS keeps the order: of each piece of time one range of an index. LIMIT keeps the pieces from being read anew for
# every row. The plus keeps running rows from being looked for among all of a year: they have an index of their own.
_PIECES = """
    (SELECT json_extract(value, '$[0]') AS span, json_extract(value, '$[1]') AS since,
        json_extract(value, '$[2]') AS until FROM json_each({of}) LIMIT -1)
"""
_SCAN = """
    SELECT span{groups}, {totals} FROM (
        SELECT span{names}, {of_sums} FROM {whole} CROSS JOIN sums
        WHERE quarter >= since AND quarter < until{conditions}{odd_sums}
        UNION ALL
        SELECT span{of_row}, {of_rows} FROM {parts} CROSS JOIN exchanges
        WHERE opened_at >= max(since, (SELECT coalesce(max(rows_since), 0) FROM retention)) AND opened_at < until
            AND outcome IS NOT NULL{conditions}{odd_rows}
        UNION ALL
        SELECT span{of_row}, {of_rows} FROM {spans} CROSS JOIN exchanges
        WHERE +opened_at >= since AND +opened_at < until AND outcome IS NULL{conditions}{odd_rows}
    ) GROUP BY span{names}
"""
_EXTENT = f"""
    SELECT min(quarter), max(quarter) FROM (
        SELECT min(quarter) AS quarter FROM sums UNION ALL SELECT max(quarter) FROM sums
        UNION ALL SELECT {quarter_of()} FROM (SELECT min(opened_at) AS opened_at FROM exchanges)
        UNION ALL SELECT {quarter_of()} FROM (SELECT max(opened_at) AS opened_at FROM exchanges)
    )
"""  # noqa: S608 - our own column


@dataclass(frozen=True, slots=True)
class Filters:
    """Which requests are counted: those opened in [since, until) (unix seconds), and of them all, or those of one
    account, key, project or session, or with a model of a pattern: * and ? and [...], upper and lower case differ.
    """

    since: float | None = None
    until: float | None = None
    account_id: str | None = None
    key_id: str | None = None
    model: str | None = None
    project: str | None = None
    session: str | None = None


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Sums:
    """What requests add up to: None is nothing known, never 0.

    `attempts`, `failovers` (requests that took more than one), `moved` (served by another account than the session's
    last request), `counted`, `priced`, `estimated` (whose input tokens, cost, estimate is known), `failed` (or lost)
    and `running` are numbers; of requests that ended only, but for `requests` and `running`.
    """

    requests: int = 0
    attempts: int = 0
    failovers: int = 0
    moved: int = 0
    counted: int = 0
    priced: int = 0
    estimated: int = 0
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    estimated_input_tokens: int | None = None
    estimated_output_tokens: int | None = None
    estimated_cost_usd: float | None = None
    expected_cached_tokens: int | None = None
    lost_cached_tokens: int | None = None
    failed: int = 0
    running: int = 0

    @property
    def cached_percent(self) -> float | None:
        """How much of the input came from the prompt cache, in percent."""
        if not self.input_tokens or self.cached_tokens is None:
            return None
        return 100 * self.cached_tokens / self.input_tokens

    @property
    def uncached_tokens(self) -> int | None:
        """The input that did not come from the prompt cache."""
        if self.input_tokens is None or self.cached_tokens is None:
            return None
        return self.input_tokens - self.cached_tokens

    @property
    def total_tokens(self) -> int | None:
        """Input and output together, or the one that is known."""
        if self.input_tokens is None and self.output_tokens is None:
            return None
        return (self.input_tokens or 0) + (self.output_tokens or 0)


def scan(
    db: Database, columns: Sequence[str], spans: Sequence[Span], filters: Filters, odd_only: bool = False
) -> Iterator[tuple[int, tuple[str | None, ...], Sums]]:
    """Of each span (by its number) and each group of `columns` the sums; `filters` but for their times apply.

    `odd_only`: at least of those that failed, were lost, have no price or lost cache, and not of all others.
    """
    cut = [_cut(number, span) for number, span in enumerate(spans)]
    values = {
        "whole": json.dumps([piece for whole, _ in cut for piece in whole]),
        "parts": json.dumps([piece for _, parts in cut for piece in parts]),
        "spans": json.dumps([(number, *span) for number, span in enumerate(spans)]),
    }
    sql = _scanning(columns, filters, odd_only)
    for number, *row in db.execute(sql, values | asdict(filters)).fetchall():
        yield number, tuple(row[: len(columns)]), Sums(*row[len(columns) :])


def _scanning(columns: Sequence[str], filters: Filters, odd_only: bool) -> str:
    return _SCAN.format(
        groups="".join(f", nullif({name}, '')" for name in columns),
        names="".join(f", {name}" for name in columns),
        of_row="".join(f", {group_of(name)}" for name in columns),
        totals=TOTALS,
        of_sums=", ".join(f"{_OF_SUMS.get(name, name)} AS {name}" for name in _FIGURES),
        of_rows=OF_ROWS,
        conditions=conditions(filters),
        odd_sums=_ODD_SUMS if odd_only else "",
        odd_rows=_ODD_ROWS if odd_only else "",
        **{name: _PIECES.format(of=f":{name}") for name in ("whole", "parts", "spans")},
    )


def conditions(filters: Filters) -> str:
    """What the filters ask of a row but for its time, as SQL to append; the values are bound by the fields' names."""
    given = asdict(filters)
    return "".join(f" AND {asked}" for name, asked in _CONDITIONS.items() if given[name] is not None)


def _cut(number: int, span: Span) -> tuple[list[tuple[int, float, float]], list[tuple[int, float, float]]]:
    """The whole quarters of a span as one piece, and what is left of it at both ends."""
    since, until = span
    start = math.ceil(since / QUARTER_SECONDS) * QUARTER_SECONDS
    end = math.floor(until / QUARTER_SECONDS) * QUARTER_SECONDS
    if start >= end:
        return [], [(number, since, until)]
    ends = [(number, since, start), (number, end, until)]
    return [(number, start, end)], [piece for piece in ends if piece[1] < piece[2]]


def span_of(filters: Filters) -> Span:
    """The time the filters ask for."""
    since, until = EVER
    return (since if filters.since is None else filters.since, until if filters.until is None else filters.until)


def span_with_requests(db: Database, filters: Filters) -> Span:
    """The part of that time in which there may be requests; outside of it there is none."""
    since, until = span_of(filters)
    first, last = db.execute(_EXTENT).fetchone()
    return (since, since) if first is None else (max(since, first), min(until, last + QUARTER_SECONDS))
