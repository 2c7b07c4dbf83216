"""Proof of the ledger: attempts, rows and sums are added up apart and compared day by day; and what is missing.

All is read in one moment, so a proxy that goes on writing changes nothing in it.
"""

from __future__ import annotations

import datetime
import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from codexlb_store.reconciliation import Reconciliation
from codexlb_store.reconciling import reconciliations
from codexlb_store.retention import rows_since
from codexlb_store.sums_schema import SUMMED, quarter_of

NEARLY = 1e-9
"""Dollars are added up in another order each time; this much of a sum is no difference."""

_OF_ATTEMPTS = ("attempts", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd")

_ATTEMPTS = f"""
    SELECT {quarter_of("x.")} AS quarter, count(*), sum(a.input_tokens), sum(a.cached_tokens), sum(a.output_tokens),
        sum(a.reasoning_tokens), sum(a.cost_usd)
    FROM exchanges AS x JOIN attempts AS a ON a.exchange_id = x.id
    WHERE x.opened_at >= :since AND x.outcome IS NOT NULL GROUP BY quarter
"""  # noqa: S608 - names of our own columns
_ROWS = f"""
    SELECT {quarter_of()} AS quarter, {", ".join(f"sum({value.format(row='')})" for value in SUMMED.values())}
    FROM exchanges WHERE opened_at >= :since AND outcome IS NOT NULL GROUP BY quarter
"""  # noqa: S608
_SUMS = f"""
    SELECT quarter, {", ".join(f"sum({name})" for name in SUMMED)} FROM sums WHERE quarter >= :since GROUP BY quarter
"""  # noqa: S608
# With an attempt something was sent; of what failed or was refused before its first token nothing is missing.
_WITHOUT_TOKENS = """
    SELECT outcome, count(*) FROM exchanges
    WHERE opened_at >= :since AND input_tokens IS NULL AND estimated_input_tokens IS NULL
        AND (outcome IN ('completed', 'incomplete', 'lost') OR (outcome IS NOT NULL AND first_token_ms IS NOT NULL))
    GROUP BY outcome ORDER BY outcome
"""
_UNPRICED = """
    SELECT model, sum(counted - priced) FROM sums GROUP BY model HAVING sum(counted - priced) > 0 ORDER BY model
"""
_OPEN = """
    SELECT count(*), count(*) FILTER (WHERE process NOT IN (SELECT value FROM json_each(:living)))
    FROM exchanges WHERE outcome IS NULL
"""
_NOT_ATTEMPTED = """
    SELECT count(*) FROM exchanges
    WHERE opened_at >= :since AND input_tokens IS NOT NULL AND coalesce(attempts, 0) = 0
"""
_ORPHANS = "SELECT count(*) FROM attempts WHERE NOT EXISTS (SELECT 1 FROM exchanges WHERE id = exchange_id)"
_FOLDED = "SELECT min(quarter), max(quarter), sum(requests) FROM sums WHERE quarter < :since"

Figure = float | None
Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A figure of a day (such as 2026-11-22) that does not add up; None is nothing known, or no figure of attempts."""

    day: str
    figure: str
    attempts: float | None
    rows: float | None
    sums: float | None


@dataclass(frozen=True, slots=True)
class OnlySums:
    """Days of which no rows are kept any more: the first, the last, and how many requests they had."""

    first_day: str
    last_day: str
    requests: int


@dataclass(frozen=True, slots=True)
class Gaps:
    """What the ledger does not know, in numbers of requests.

    `abandoned` are open though their process is dead (the next start of a proxy closes them as lost). `without_tokens`
    are by outcome, `unpriced` by model (None: the request named none).
    """

    running: int
    abandoned: int
    without_tokens: Mapping[str, int]
    unpriced: Mapping[str | None, int]
    tokens_without_attempts: int
    attempts_without_row: int
    only_sums: OnlySums | None


@dataclass(frozen=True, slots=True)
class Verification:
    """How many requests and days were added up, what did not add up, what is missing, and how estimates compare.

    Reconciliations are by account id and minutes of the window.
    """

    requests: int
    days: int
    mismatches: tuple[Mismatch, ...]
    gaps: Gaps
    estimates: Mapping[tuple[str, int], Reconciliation]

    @property
    def holds(self) -> bool:
        """Whether attempts, rows and sums say the same, and every use has its attempt."""
        return not (self.mismatches or self.gaps.tokens_without_attempts or self.gaps.attempts_without_row)


def verify(db: Database, living: Collection[str], zone: datetime.tzinfo | None = None) -> Verification:
    """Prove the ledger as it is now; `living` are the processes that run (see processes.living).

    Days are those of `zone` (None: this machine's).
    """
    db.execute("BEGIN")
    try:
        since = {"since": rows_since(db)}
        attempts = _by_day(db.execute(_ATTEMPTS, since), _OF_ATTEMPTS, zone)
        rows = _by_day(db.execute(_ROWS, since), SUMMED, zone)
        sums = _by_day(db.execute(_SUMS, since), SUMMED, zone)
        return Verification(
            requests=sum(int(day["requests"] or 0) for day in rows.values()),
            days=len(rows),
            mismatches=tuple(compare(attempts, rows, sums)),
            gaps=_gaps(db, living, since, zone),
            estimates=reconciliations(db),
        )
    finally:
        db.rollback()


def compare(
    attempts: Mapping[str, Figures], rows: Mapping[str, Figures], sums: Mapping[str, Figures]
) -> Iterator[Mismatch]:
    """What differs between the figures of attempts, rows and sums by day, in the order of time."""
    for day in sorted({*attempts, *rows, *sums}):
        of_attempts, of_rows, of_sums = attempts.get(day, {}), rows.get(day, {}), sums.get(day, {})
        for figure in SUMMED:
            row, added = of_rows.get(figure), of_sums.get(figure)
            tried = of_attempts.get(figure, 0 if figure == "attempts" else None) if figure in _OF_ATTEMPTS else row
            if not (_is_same(row, added) and _is_same(row, tried)):
                yield Mismatch(day, figure, of_attempts.get(figure), row, added)


def _is_same(one: Figure, other: Figure) -> bool:
    """Unknown is not 0."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=NEARLY, abs_tol=NEARLY)


def _by_day(
    quarters: Iterable[tuple[Figure, ...]], figures: Iterable[str], zone: datetime.tzinfo | None
) -> dict[str, dict[str, Figure]]:
    """Figures by quarter of an hour, added up to days."""
    days: dict[str, dict[str, Figure]] = defaultdict(dict)
    for quarter, *values in quarters:
        day = days[_day(quarter or 0, zone)]
        for figure, value in zip(figures, values, strict=True):
            day[figure] = value if day.get(figure) is None else (day[figure] or 0) + (value or 0)
    return days


def _day(moment: float, zone: datetime.tzinfo | None) -> str:
    return datetime.datetime.fromtimestamp(moment, zone).date().isoformat()


def _gaps(db: Database, living: Collection[str], since: Mapping[str, int], zone: datetime.tzinfo | None) -> Gaps:
    still_open, abandoned = db.execute(_OPEN, {"living": json.dumps(list(living))}).fetchone()
    first, last, requests = db.execute(_FOLDED, dict(since)).fetchone()
    return Gaps(
        running=still_open - abandoned,
        abandoned=abandoned,
        without_tokens=dict(db.execute(_WITHOUT_TOKENS, dict(since))),
        unpriced={model or None: number for model, number in db.execute(_UNPRICED)},
        tokens_without_attempts=db.execute(_NOT_ATTEMPTED, dict(since)).fetchone()[0],
        attempts_without_row=db.execute(_ORPHANS).fetchone()[0],
        only_sums=OnlySums(_day(first, zone), _day(last, zone), requests) if requests else None,
    )
