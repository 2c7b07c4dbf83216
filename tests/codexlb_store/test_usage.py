from __future__ import annotations

import datetime
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from codexlb_store.ledger import UNKNOWN, AttemptRow, CacheLoss, Estimate, Outcome, Tokens
from codexlb_store.retention import prune
from codexlb_store.usage import Dimension, Filters, Sums, UsageRow, series, usage
from tests.codexlb_store.rows import add

HOUR, DAY = 3600.0, 86_400.0
BERLIN, KATHMANDU, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu"), datetime.UTC
FAILED = AttemptRow(1, "a1", "overloaded", 500, None, 1.0, 1.0)
SERVED = AttemptRow(2, "a2", None, 200, None, 2.0, 1.0)


def at(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def groups(rows: list[UsageRow]) -> list[tuple[str | int | None, ...]]:
    """Each row's groups and its number of requests."""
    return [(*row.groups, row.sums.requests) for row in rows]


def test_the_total_is_one_row_with_all_there_is_to_know(db: Database) -> None:
    add(db, closing={"attempts": (FAILED, SERVED), "moved": True, "expected_cached": 90, "cache_loss": CacheLoss.MOVED})
    add(db, tokens=Tokens(10, 0, 2, 0), cost=None, opened_at=5000.0)
    cancelled = {"outcome": Outcome.CANCELLED, "estimate": Estimate(70, 7, 0.125), "attempts": ()}
    add(db, tokens=UNKNOWN, cost=None, closing=cancelled)
    add(db, tokens=UNKNOWN, cost=None, closing={"outcome": Outcome.FAILED})
    add(db, tokens=UNKNOWN, cost=None, closing={"outcome": Outcome.LOST})
    add(db, is_open=True)

    expected = Sums(
        requests=6,
        attempts=5,
        failovers=1,
        moved=1,
        counted=2,
        priced=1,
        estimated=1,
        input_tokens=110,
        cached_tokens=40,
        output_tokens=22,
        reasoning_tokens=5,
        cost_usd=0.5,
        estimated_input_tokens=70,
        estimated_output_tokens=7,
        estimated_cost_usd=0.125,
        expected_cached_tokens=90,
        lost_cached_tokens=50,
        failed=2,
        running=1,
    )
    assert usage(db) == [UsageRow((), expected)]
    assert usage(db, filters=Filters(since=999.9, until=5000.1)) == [UsageRow((), expected)]


def test_the_total_of_nothing_is_nothing_known(db: Database) -> None:
    assert usage(db) == [UsageRow((), Sums())]
    assert usage(db, (Dimension.ACCOUNT,)) == usage(db, (Dimension.DAY,)) == []
    assert series(db, Filters(), 300) == []


def test_unknown_is_never_counted_as_nothing(db: Database) -> None:
    add(db, tokens=UNKNOWN, cost=None, model="a")
    add(db, tokens=UNKNOWN, cost=None, model="b")
    add(db, tokens=Tokens(7, None, 3, None), cost=None, model="b")
    add(db, is_open=True, model="c")

    assert usage(db, (Dimension.MODEL,)) == [
        UsageRow(("b",), Sums(2, 2, counted=1, input_tokens=7, output_tokens=3)),
        UsageRow(("a",), Sums(1, 1)),
        UsageRow(("c",), Sums(1, running=1)),
    ]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        pytest.param(Dimension.ACCOUNT, [("a1", 2), (None, 1)], id="account"),
        pytest.param(Dimension.OUTCOME, [("completed", 2), (None, 1)], id="outcome: None still runs"),
        pytest.param(Dimension.KEY, [("k1", 2), (None, 1)], id="key"),
        pytest.param(Dimension.SESSION, [("s1", 2), ("s2", 1)], id="session"),
        pytest.param(Dimension.PROJECT, [("p1", 2), (None, 1)], id="project"),
        pytest.param(Dimension.MODEL, [("gpt-5.1", 2), ("gpt-5.2", 1)], id="model"),
        pytest.param(Dimension.HOUR, [("1970-01-01 23:00", 1), ("1970-01-02 00:00", 2)], id="hour"),
        pytest.param(Dimension.DAY, [("1970-01-01", 1), ("1970-01-02", 2)], id="day: in order"),
        pytest.param(Dimension.WEEK, [("1969-12-29", 3)], id="week: by its Monday"),
        pytest.param(Dimension.MONTH, [("1970-01", 3)], id="month"),
    ],
)
def test_usage_is_grouped(by: Dimension, expected: list[tuple[str | None, int]], db: Database) -> None:
    for _ in range(2):
        add(db, key_id="k1", project="p1", opened_at=DAY)
    add(db, is_open=True, account_id=None, session="s2", model="gpt-5.2", opened_at=DAY - 1)

    assert groups(usage(db, (by,), zone=UTC)) == expected


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        pytest.param(
            (Dimension.DAY, Dimension.MODEL),
            [("1970-01-01", "b", 3), ("1970-01-01", "a", 1), ("1970-01-02", "a", 4)],
            id="models of days",
        ),
        pytest.param(
            (Dimension.MODEL, Dimension.DAY),
            [("a", "1970-01-01", 1), ("a", "1970-01-02", 4), ("b", "1970-01-01", 3)],
            id="days of models, the busiest of all days first",
        ),
        pytest.param(
            (Dimension.MODEL, Dimension.ACCOUNT),
            [("a", "a1", 4), ("a", None, 1), ("b", "a1", 3)],
            id="accounts of models",
        ),
        pytest.param(
            (Dimension.MONTH, Dimension.DAY),
            [("1970-01", "1970-01-01", 4), ("1970-01", "1970-01-02", 4)],
            id="days of months",
        ),
        pytest.param(
            (Dimension.DAY, Dimension.ACCOUNT, Dimension.MODEL),
            [
                ("1970-01-01", "a1", "b", 3),
                ("1970-01-01", None, "a", 1),
                ("1970-01-02", "a1", "a", 4),
            ],
            id="three",
        ),
    ],
)
def test_groups_can_be_nested(
    by: tuple[Dimension, ...], expected: list[tuple[str | int | None, ...]], db: Database
) -> None:
    for _ in range(4):
        add(db, model="a", opened_at=DAY)
    add(db, model="a", account_id=None, opened_at=2 * HOUR)
    for _ in range(3):
        add(db, model="b", opened_at=HOUR)

    assert groups(usage(db, by, zone=UTC)) == expected


@pytest.mark.parametrize(
    ("since", "until", "requests"),
    [
        pytest.param(None, None, 5, id="ever"),
        pytest.param(20.0, None, 4, id="its start is in it"),
        pytest.param(20.1, None, 3, id="just after"),
        pytest.param(None, 20.0, 1, id="its end is not"),
        pytest.param(10.0, 30.0, 2, id="within a quarter of an hour"),
        pytest.param(40.0, None, 2, id="a whole quarter of an hour"),
        pytest.param(900.0, 1800.0, 1, id="exactly one"),
        pytest.param(30.0, 1800.1, 3, id="both ends within one"),
        pytest.param(1800.1, 1800.0, 0, id="the end before the start"),
        pytest.param(1800.1, None, 0, id="none"),
    ],
)
def test_a_span_has_its_start_and_not_its_end(
    since: float | None, until: float | None, requests: int, db: Database
) -> None:
    for opened_at in (10.0, 20.0, 30.0, 1000.5, 1800.0):
        add(db, opened_at=opened_at)

    assert usage(db, filters=Filters(since, until))[0].sums.requests == requests
    days = usage(db, (Dimension.DAY,), Filters(since, until), UTC)
    assert sum(row.sums.requests for row in days) == requests


@pytest.mark.parametrize(
    ("filters", "requests"),
    [
        pytest.param(Filters(account_id="a2"), 1, id="account"),
        pytest.param(Filters(account_id=""), 0, id="no account is no account's"),
        pytest.param(Filters(key_id="k1"), 2, id="key"),
        pytest.param(Filters(project="p1"), 1, id="project"),
        pytest.param(Filters(session="s2"), 1, id="session"),
        pytest.param(Filters(model="gpt-5.1"), 2, id="model"),
        pytest.param(Filters(model="gpt-*"), 3, id="models"),
        pytest.param(Filters(model="*"), 3, id="all that have a model"),
        pytest.param(Filters(model="GPT-*"), 0, id="upper and lower case differ"),
        pytest.param(Filters(model="gpt-5.[23]*"), 1, id="models of a set"),
        pytest.param(Filters(model="gpt-5'; DROP TABLE sums"), 0, id="what is no model"),
        pytest.param(Filters(key_id="k1", model="gpt-5.2-codex"), 1, id="together"),
    ],
)
@pytest.mark.parametrize("since", [None, 999.9])
def test_filters_apply_to_sums_and_rows_alike(
    since: float | None, filters: Filters, requests: int, db: Database
) -> None:
    add(db, key_id="k1", project="p1")
    add(db, key_id="k1", model="gpt-5.2-codex", account_id=None)
    add(db, session="s2", account_id="a2", is_open=True)
    add(db, model=None)
    asked = replace(filters, since=since, until=None if since is None else 1000.1)

    assert usage(db, filters=asked)[0].sums.requests == requests


@pytest.mark.parametrize(
    ("zone", "moments", "by", "expected"),
    [
        pytest.param(
            BERLIN, ["2026-10-24T21:59+00:00", "2026-10-24T22:00+00:00", "2026-10-25T22:59+00:00"], Dimension.DAY,
            [("2026-10-24", 1), ("2026-10-25", 2)], id="a day of 25 hours",
        ),
        pytest.param(
            BERLIN, ["2026-10-25T00:30+00:00", "2026-10-25T01:30+00:00", "2026-10-25T02:00+00:00"], Dimension.HOUR,
            [("2026-10-25 02:00", 2), ("2026-10-25 03:00", 1)], id="an hour that comes twice",
        ),
        pytest.param(
            KATHMANDU, ["2026-11-22T18:14:59+00:00", "2026-11-22T18:15+00:00"], Dimension.DAY,
            [("2026-11-22", 1), ("2026-11-23", 1)], id="a quarter of an hour off",
        ),
        pytest.param(
            ZoneInfo("America/Los_Angeles"), ["2026-02-01T07:00+00:00", "2026-02-01T08:00+00:00"], Dimension.MONTH,
            [("2026-01", 1), ("2026-02", 1)], id="west of Greenwich",
        ),
    ],
)  # fmt: skip
def test_days_are_those_of_a_time_zone(
    zone: ZoneInfo, moments: list[str], by: Dimension, expected: list[tuple[str, int]], db: Database
) -> None:
    for moment in moments:
        add(db, opened_at=at(moment))

    assert groups(usage(db, (by,), zone=zone)) == expected


@pytest.mark.parametrize(
    ("tokens", "percent", "uncached", "total"),
    [
        pytest.param(Tokens(200, 50, 1, 1), 25.0, 150, 201, id="some"),
        pytest.param(Tokens(200, 0, 1, 1), 0.0, 200, 201, id="none"),
        pytest.param(Tokens(0, 0, 1, 1), None, 0, 1, id="no input"),
        pytest.param(Tokens(200, None, None, 1), None, None, 200, id="unknown"),
        pytest.param(UNKNOWN, None, None, None, id="nothing known"),
    ],
)
def test_how_much_came_from_the_cache(
    tokens: Tokens, percent: float | None, uncached: int | None, total: int | None, db: Database
) -> None:
    add(db, tokens=tokens)

    [row] = usage(db)

    assert (row.sums.cached_percent, row.sums.uncached_tokens, row.sums.total_tokens) == (percent, uncached, total)


@pytest.mark.parametrize(
    ("bucket_seconds", "expected"),
    [
        pytest.param(300, [(600.0, 1), (900.0, 2), (3600.0, 1)], id="five minutes"),
        pytest.param(900, [(0.0, 1), (900.0, 2), (3600.0, 1)], id="a quarter of an hour"),
        pytest.param(3600, [(0.0, 3), (3600.0, 1)], id="an hour"),
        pytest.param(1000, [(0.0, 2), (1000.0, 1), (3000.0, 1)], id="what quarters do not make"),
    ],
)
def test_a_series_leaves_gaps_out(bucket_seconds: int, expected: list[tuple[float, int]], db: Database) -> None:
    for opened_at in (899.9, 900.0, 1000.0, 3600.0, 5000.0):
        add(db, opened_at=opened_at, is_open=opened_at == 1000.0)

    found = series(db, Filters(since=10.0, until=5000.0), bucket_seconds)

    assert [(start, sums.requests) for start, sums in found] == expected


def test_a_series_begins_within_its_first_bucket(db: Database) -> None:
    for opened_at in (100.0, 200.0):
        add(db, opened_at=opened_at)

    assert [(start, sums.requests) for start, sums in series(db, Filters(since=150.0), 3600)] == [(0.0, 1)]


def test_rows_that_are_only_being_deleted_are_not_counted_again(db: Database) -> None:
    for hour in range(24):
        add(db, opened_at=DAY + hour * HOUR + 1)
    add(db, opened_at=40 * DAY)
    while db["exchanges"].count == 25:
        prune(db, 40 * DAY, keep_days=10, most_rows=5, zone=UTC)

    assert db["exchanges"].count == 20
    assert groups(usage(db, (Dimension.DAY,), Filters(since=DAY + 0.5), UTC)) == [("1970-01-02", 24), ("1970-02-10", 1)]


def test_a_report_reads_ranges_and_the_few_that_run_and_never_all_rows(db: Database) -> None:
    add(db)
    add(db, is_open=True)
    said: list[str] = []
    db.conn.set_trace_callback(said.append)
    usage(db, (Dimension.DAY, Dimension.MODEL), Filters(since=10.0), UTC)
    db.conn.set_trace_callback(None)
    [sql] = [text for text in said if "CROSS JOIN sums" in text]

    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}") if "exchanges" in row[3] or "sums" in row[3]]

    assert plan == [
        "SEARCH sums USING PRIMARY KEY (quarter>? AND quarter<?)",
        "SEARCH exchanges USING INDEX exchanges_opened_at (opened_at>? AND opened_at<?)",
        "SCAN exchanges USING INDEX exchanges_open",
    ]


def test_reading_writes_nothing(db: Database) -> None:
    add(db)
    db.conn.commit()
    db.execute("PRAGMA query_only = ON")

    assert usage(db, (Dimension.DAY,), zone=UTC)[0].sums.requests == 1
    assert not db.conn.in_transaction
