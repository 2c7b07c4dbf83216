"""Whatever is asked for, the sums are those of the rows: a plain loop over a ledger made by chance is the judge."""

from __future__ import annotations

import datetime
import itertools
import random
from collections import defaultdict
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from codexlb_store.ledger import UNKNOWN, CacheLoss, Estimate, Outcome, Tokens
from codexlb_store.usage import Dimension, Filters, usage
from tests.codexlb_store.rows import add

BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
START = datetime.datetime(2026, 10, 24, tzinfo=BERLIN).timestamp()
DAYS_SECONDS = 3 * 86_400

LEDGER_COLUMN = {
    Dimension.MODEL: "model",
    Dimension.ACCOUNT: "account_id",
    Dimension.KEY: "key_id",
    Dimension.SESSION: "session",
    Dimension.PROJECT: "project",
    Dimension.OUTCOME: "outcome",
}
ADDED_UP = (
    *("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd"),
    *("estimated_input_tokens", "estimated_output_tokens", "estimated_cost_usd", "expected_cached_tokens"),
)
PAIRS = [*((one,) for one in Dimension), *itertools.permutations(Dimension, 2)]


@pytest.fixture
def filled(db: Database) -> Database:
    """A hundred exchanges around the night on which the clocks of Berlin are set back."""
    rng = random.Random(6)
    with db.atomic():
        for _ in range(100):
            add(db, **_anything(rng))
    return db


def _anything(rng: random.Random) -> dict[str, Any]:
    tokens = Tokens(rng.randrange(1000), rng.choice((None, 9)), rng.randrange(50), rng.choice((None, 3)))
    closing = {
        "outcome": rng.choice(list(Outcome)),
        "moved": rng.choice((None, False, True)),
        "estimate": rng.choice((None, Estimate(30, 3, 0.5))),
        "expected_cached": rng.choice((None, 50)),
        "cache_loss": rng.choice((None, *CacheLoss)),
    }
    return {
        "opened_at": START + rng.choice((rng.random() * DAYS_SECONDS, rng.randrange(0, DAYS_SECONDS, 900))),
        "tokens": rng.choice((tokens, UNKNOWN)),
        "cost": rng.choice((None, rng.randrange(8) / 4)),
        "is_open": rng.random() < 0.1,
        "closing": closing,
        "account_id": rng.choice((None, "a1", "a2")),
        "key_id": rng.choice((None, "k1")),
        "model": rng.choice((None, "gpt-5.5", "o3")),
        "session": rng.choice((None, "s1", "s2", "s3")),
        "project": rng.choice((None, "p1")),
    }


def judged(rows: list[dict[str, Any]], by: tuple[Dimension, ...], zone: ZoneInfo) -> dict[tuple[str | None, ...], Any]:
    """The groups with the figures of their rows, added up one by one."""
    found: defaultdict[tuple[str | None, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[tuple(_group(row, dimension, zone) for dimension in by)].append(row)
    return {group: _figures(members) for group, members in found.items()}


def _group(row: dict[str, Any], by: Dimension, zone: ZoneInfo) -> str | None:
    wall = datetime.datetime.fromtimestamp(row["opened_at"], zone)
    match by:
        case Dimension.HOUR:
            return f"{wall:%Y-%m-%d %H:00}"
        case Dimension.DAY:
            return f"{wall:%Y-%m-%d}"
        case Dimension.WEEK:
            return f"{wall - datetime.timedelta(wall.weekday()):%Y-%m-%d}"
        case Dimension.MONTH:
            return f"{wall:%Y-%m}"
        case _:
            value: str | None = row[LEDGER_COLUMN[by]]
            return value


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    added = {}
    for name in ADDED_UP:
        known = [row[name] for row in rows if row[name] is not None]
        added[name] = sum(known) if known else None
    return added | {
        "requests": len(rows),
        "attempts": sum(row["attempts"] or 0 for row in rows),
        "moved": sum(row["moved"] or 0 for row in rows),
        "counted": sum(row["input_tokens"] is not None for row in rows),
        "priced": sum(row["cost_usd"] is not None for row in rows),
        "estimated": sum(row["estimated_input_tokens"] is not None for row in rows),
        "failed": sum(row["outcome"] in ("failed", "lost") for row in rows),
        "running": sum(row["outcome"] is None for row in rows),
    }


SPANS = pytest.mark.parametrize(
    ("since", "until"),
    [
        pytest.param(None, None, id="ever"),
        pytest.param(START + 1234.5, START + 150_000.25, id="from within a quarter to within another"),
        pytest.param(START + 90_000, START + 180_000, id="whole quarters"),
        pytest.param(START + 100_000.5, START + 100_700, id="less than a quarter"),
        pytest.param(START + 86_400 + 300, None, id="until now"),
    ],
)


@SPANS
@pytest.mark.parametrize("zone", [BERLIN, KATHMANDU], ids=str)
def test_every_group_is_the_sum_of_its_rows(
    zone: ZoneInfo, since: float | None, until: float | None, filled: Database
) -> None:
    rows = [row for row in filled["exchanges"].rows if (since or 0) <= row["opened_at"] < (until or 9e99)]
    filters = Filters(since, until)
    [total] = usage(filled, filters=filters)

    for by in PAIRS:
        expected = judged(rows, by, zone)
        found = usage(filled, by, filters, zone)

        assert len(found) == len(expected), by
        for row in found:
            figures = expected[row.groups]
            assert {name: getattr(row.sums, name) for name in figures} == figures, (by, row.groups)
        assert sum(row.sums.requests for row in found) == total.sums.requests == len(rows), by
        assert sum(row.sums.cost_usd or 0 for row in found) == (total.sums.cost_usd or 0), by
