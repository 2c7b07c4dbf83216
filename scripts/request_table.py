"""How single requests are shown: ledger rows go in, a rich table or records for JSON come out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from codexlb_store.ledger import AttemptRow
from codexlb_store.reports import ExchangeRow
from scripts.quantity import count, dollars, latency, moment
from scripts.terminal import figures, table
from scripts.usage_table import outcome_style

ROOMY_WIDTH = 100
"""From this many characters on there is room for cached tokens, too."""

USUAL_TIERS = ("default", "standard", "auto")
"""Service tiers that go without saying."""


def requests_table(
    rows: Iterable[ExchangeRow],
    names: Mapping[str, str],
    now: float,
    width: int,
    zone: datetime.tzinfo | None = None,
) -> Table:
    """One row per request and in it one line per attempt, `width` characters wide at most.

    Clock times are in `zone` (None: this machine's).
    """
    roomy = width >= ROOMY_WIDTH
    found = table(
        Column("Time", no_wrap=True, style="dim"),
        Column("Request", overflow="fold"),
        Column("Outcome", no_wrap=True),
        figures("Input"),
        *([figures("Cached")] if roomy else []),
        figures("Output"),
        figures("Cost"),
        figures("Took"),
    )
    for row in rows:
        found.add_row(
            moment(row.opened_at, now, zone),
            _story(row, names),
            Text(row.outcome or "running", outcome_style(row.outcome)),
            count(row.tokens.input),
            *([count(row.tokens.cached)] if roomy else []),
            count(row.tokens.output),
            dollars(row.cost_usd),
            latency(row.total_ms),
        )
    return found


def _story(row: ExchangeRow, names: Mapping[str, str]) -> Text:
    """What was asked for, then each attempt, then what went wrong for good."""
    tier = None if row.tier in USUAL_TIERS else row.tier
    asked = Text(" ".join(word for word in (row.model or row.kind, row.effort, tier) if word))
    lines = [asked, *(_attempt(attempt, names) for attempt in row.attempts)]
    return Text("\n").join([*lines, Text(row.error, "red")] if row.error else lines)


def _attempt(attempt: AttemptRow, names: Mapping[str, str]) -> Text:
    name = "no account" if attempt.account_id is None else names.get(attempt.account_id, attempt.account_id)
    if attempt.failure is None:
        return Text(name, "dim")
    status = f" {attempt.status}" if attempt.status is not None else ""
    return Text.assemble((name, "dim"), (f": {attempt.failure.replace('_', ' ')}{status}", "yellow"))


def request_record(row: ExchangeRow, names: Mapping[str, str]) -> dict[str, Any]:
    """One request as a JSON object; times are unix seconds, durations milliseconds, unknown is null."""
    record = asdict(row)
    tokens, attempts = record.pop("tokens"), record.pop("attempts")
    record["key"] = record.pop("key_id")
    return {
        **_with_account(record, names),
        **{f"{kind}_tokens": number for kind, number in tokens.items()},
        "attempts": [_with_account(attempt, names) for attempt in attempts],
    }


def _with_account(record: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The record with the account under the names reports use: its id as `account`, its name beside it."""
    account = record.pop("account_id")
    return {**record, "account": account, "account_name": names.get(account)}
