"""The sums that reports read: the table, what is added up in it, and the trigger that adds a row when it is closed.

One row of `sums` is the exchanges of a quarter of an hour (unix seconds of its start, by when they opened) that have
account, key, model, kind, outcome, session, project and cause of cache loss in common; '' stands for NULL, which is
no part of a primary key. A figure is NULL while it is known of none of them.

A row is summed in the transaction that closes it, whoever closes it, so rows and sums cannot part. These statements
belong to step m004 and change as little as that does.
"""

from __future__ import annotations

QUARTER_SECONDS = 900
"""The longest stretch of which the days of every time zone are made."""

GROUPS = ("account_id", "key_id", "model", "kind", "outcome", "session", "project", "cache_loss")
"""What is kept apart beside the quarter of an hour."""

SUMMED = {
    "requests": "1",
    "attempts": "coalesce({row}attempts, 0)",
    "failovers": "coalesce({row}attempts, 0) > 1",
    "moved": "coalesce({row}moved, 0)",
    "counted": "{row}input_tokens IS NOT NULL",
    "priced": "{row}cost_usd IS NOT NULL",
    "estimated": "{row}estimated_input_tokens IS NOT NULL",
    "input_tokens": "{row}input_tokens",
    "cached_tokens": "{row}cached_tokens",
    "output_tokens": "{row}output_tokens",
    "reasoning_tokens": "{row}reasoning_tokens",
    "cost_usd": "{row}cost_usd",
    "estimated_input_tokens": "{row}estimated_input_tokens",
    "estimated_output_tokens": "{row}estimated_output_tokens",
    "estimated_cost_usd": "{row}estimated_cost_usd",
    "expected_cached_tokens": "{row}expected_cached_tokens",
    "lost_cached_tokens": "({row}expected_cached_tokens - {row}cached_tokens) * ({row}cache_loss IS NOT NULL)",
}
"""What is added up, and what one ledger row adds; requests to failovers, `moved`, and `counted` (their input is known),
`priced` and `estimated` are numbers of requests or attempts."""


def group_of(name: str, row: str = "") -> str:
    """SQL for one value of a ledger row as it stands in the sums."""
    return f"coalesce({row}{name}, '')"


def quarter_of(row: str = "") -> str:
    """SQL for the start of the quarter of an hour in which a ledger row opened."""
    return f"CAST({row}opened_at AS INTEGER) / {QUARTER_SECONDS} * {QUARTER_SECONDS}"


def adding(values: str) -> str:
    """The statement that adds to the sums what this SELECT yields: the quarter, the groups, the figures."""
    added = ", ".join(
        f"{name} = CASE WHEN excluded.{name} IS NULL THEN sums.{name} "
        f"ELSE coalesce(sums.{name}, 0) + excluded.{name} END"
        for name in SUMMED
    )
    return f"INSERT INTO sums {values} ON CONFLICT DO UPDATE SET {added}"


def summing(row: str, rows: str) -> str:
    """The statement that adds ledger rows to the sums: the one that a trigger calls `row`, or all of `rows`."""
    groups = ", ".join(group_of(name, row) for name in GROUPS)
    values = ", ".join(value.format(row=row) for value in SUMMED.values())
    return adding(f"SELECT {quarter_of(row)}, {groups}, {values} {rows}")


SUM_ALL = summing("", "FROM exchanges WHERE outcome IS NOT NULL")
"""Adds every closed row, to sums that have none of them yet."""

STATEMENTS = (
    f"""
    CREATE TABLE sums (
        quarter INTEGER NOT NULL, {", ".join(f"{name} TEXT NOT NULL" for name in GROUPS)},
        {", ".join(f"{name} NUMERIC" for name in SUMMED)}, PRIMARY KEY (quarter, {", ".join(GROUPS)})
    ) WITHOUT ROWID""",
    SUM_ALL,
    f"""
    CREATE TRIGGER sum_closed AFTER UPDATE OF outcome ON exchanges WHEN OLD.outcome IS NULL AND NEW.outcome IS NOT NULL
    BEGIN {summing("NEW.", "WHERE true")}; END""",
)
