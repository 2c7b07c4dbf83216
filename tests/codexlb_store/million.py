"""A ledger of any size, made within seconds: a number goes in, so many closed exchanges with their attempts stand.

Run with a folder and a number, it makes one to measure with.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from codexlb_store.schema import open_store
from codexlb_store.sums_schema import SUM_ALL

DAY = 86_400
MODELS = ("gpt-5.5", "gpt-5.5", "gpt-5.4-mini", "gpt-9-unpriced")
TURNS_OF_SESSION, SECONDS_BETWEEN_TURNS = 30, 60
"""A session is half an hour of work."""

_EXCHANGE = """
    INSERT INTO exchanges (id, process, opened_at, kind, path, key_id, session, thread, account_id, model, client,
        request_bytes, project, ended_at, outcome, status, first_token_ms, total_ms, input_tokens, cached_tokens,
        output_tokens, reasoning_tokens, cost_usd, attempts, moved, estimated_input_tokens, estimated_output_tokens,
        estimated_cost_usd, expected_cached_tokens, cache_loss)
    VALUES (?, 'p1', ?, 'turn', '/backend-api/codex/responses', ?, ?, ?, ?, ?, 'codex_exec/0.169.0',
        30000, ?, ?, ?, 200, 800, 2500, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
"""
_ATTEMPTS = """
    INSERT INTO attempts (exchange_id, number, account_id, failure, status, upstream_request_id, started_at,
        milliseconds, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd)
    SELECT id, 1, account_id, NULL, status, NULL, opened_at, total_ms, input_tokens, cached_tokens, output_tokens,
        reasoning_tokens, cost_usd
    FROM exchanges ORDER BY id
"""


def fill(db: Database, count: int, until: float, days: int, seed: int = 1) -> None:
    """Add so many closed exchanges of the `days` before `until` (unix seconds) to an empty ledger, and their sums."""
    with db.atomic():
        db.conn.executemany(_EXCHANGE, rows(count, until, days, random.Random(seed)))
        db.execute(_ATTEMPTS)
        db.execute(SUM_ALL)


def rows(count: int, until: float, days: int, rng: random.Random) -> Iterator[tuple[Any, ...]]:
    """What differs between the exchanges: sessions of many people, one after the other and side by side."""
    for session in range(0, count, TURNS_OF_SESSION):
        started = until - rng.random() * days * DAY
        who = (f"account-{rng.randrange(8)}", f"key-{rng.randrange(12)}", f"{rng.randrange(40):012x}")
        for turn in range(min(TURNS_OF_SESSION, count - session)):
            opened_at = min(started + turn * SECONDS_BETWEEN_TURNS, until)
            yield _row(opened_at, f"session-{session}", *who, turn, rng)


def _row(
    opened_at: float, session: str, account: str, key: str, project: str, turn: int, rng: random.Random
) -> tuple[Any, ...]:
    model, read = rng.choice(MODELS), 20_000 + 900 * turn
    asked = (f"{rng.getrandbits(128):032x}", opened_at, key, session, session, account, model, project)
    if rng.random() < 0.01:
        return (*asked, opened_at + 2.5, "cancelled", *[None] * 5, 0, read, 40, 0.1, None, None)
    cached = 0 if rng.random() < 0.05 else read - 900
    cost = None if "unpriced" in model else (read - cached) * 5e-6 + cached * 5e-7 + 0.012
    loss = None if cached else "upstream_miss"
    return (
        *asked,
        opened_at + 2.5,
        "completed",
        read,
        cached,
        400,
        64,
        cost,
        not cached,
        *[None] * 3,
        read - 900,
        loss,
    )


def main(home: Path, count: int) -> None:
    """Make such a ledger, of the 400 days before now."""
    with closing(open_store(home)) as db:
        started = time.perf_counter()
        fill(db, count, time.time(), 400)
        sums = db["sums"].count
    print(f"{count} rows and {sums} sums in {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
