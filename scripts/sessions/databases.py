"""Codex's databases: its newest files go in, rows that name a provider or an offset come out and are changed.

`threads.model_provider` in `state_*.sqlite`, and three columns with byte offsets into rollouts in
`thread_history_*.sqlite`, whose `thread_id` is a rollout's id. Older releases have no such file, table or column:
what is absent is passed over. Every change names what must stand there before, so it can be made twice.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.sessions.session_error import SessionsError

BUSY_SECONDS = 5

OFFSETS = {
    "thread_turns": ("rollout_byte_offset", "rollout_end_byte_offset"),
    "thread_history_projection_state": ("next_rollout_byte_offset",),
}


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A row of `threads`; `updated_at` in unix seconds."""

    id: str
    provider: str
    updated_at: float


@dataclass(frozen=True, slots=True)
class Offset:
    """A cell of the history database: `was` stands there, `becomes` shall. `turn` is empty where a table has none."""

    table: str
    column: str
    rollout: str
    turn: str
    was: int
    becomes: int


@contextlib.contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """An open database of Codex; what is wrong with it becomes a SessionsError."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as error:
        raise SessionsError(f"Codex's database {path} cannot be used ({error}): end Codex and try again.") from error


@contextlib.contextmanager
def _changing(path: Path) -> Iterator[sqlite3.Connection]:
    """All changes count, and are on the disk; or none."""
    with database(path) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def _has(db: sqlite3.Connection, table: str, *columns: str) -> bool:
    found = {row[1] for row in db.execute("SELECT * FROM pragma_table_info(?)", (table,))}
    return found.issuperset(columns)


def load_threads(path: Path | None) -> list[ThreadRow]:
    """All rows of `threads`; raises SessionsError."""
    if path is None:
        return []
    with database(path) as db:
        if not _has(db, "threads", "id", "model_provider", "updated_at"):
            return []
        return [ThreadRow(*row) for row in db.execute("SELECT id, model_provider, updated_at FROM threads")]


def set_provider(path: Path | None, threads: Iterable[str], was: str, becomes: str) -> None:
    """Name another provider in the rows of these threads that name `was`; raises SessionsError."""
    rows = [(becomes, thread, was) for thread in threads]
    if path is None or not rows:
        return
    with _changing(path) as db:
        db.executemany("UPDATE threads SET model_provider = ? WHERE id = ? AND model_provider = ?", rows)


def load_offsets(path: Path | None, rollouts: Iterable[str]) -> Iterator[Offset]:
    """The offsets into these rollouts, each as it is; raises SessionsError."""
    if path is None:
        return
    with database(path) as db:
        present = [
            (table, column, "turn_id" if table == "thread_turns" else "''")
            for table, columns in OFFSETS.items()
            for column in columns
            if _has(db, table, "thread_id", column)
        ]
        for rollout in rollouts:
            for table, column, turn in present:
                # Names of our own table above, no text from elsewhere.
                query = f"SELECT {turn}, {column} FROM {table} WHERE thread_id = ? AND {column} IS NOT NULL"  # noqa: S608
                for found, value in db.execute(query, (rollout,)):
                    yield Offset(table, column, rollout, found, value, value)


def set_offsets(path: Path | None, offsets: Iterable[Offset]) -> None:
    """Change these cells where they are as they were; raises SessionsError."""
    if path is None:
        return
    with _changing(path) as db:
        for offset in offsets:
            if offset.column not in OFFSETS.get(offset.table, ()):
                raise SessionsError(f"The notes of this run are broken: {offset.table}.{offset.column} is no offset.")
            by_turn = " AND turn_id = ?" if offset.turn else ""
            query = (
                f"UPDATE {offset.table} SET {offset.column} = ?"  # noqa: S608 - from `OFFSETS`
                f" WHERE thread_id = ? AND {offset.column} = ?{by_turn}"
            )
            db.execute(query, (offset.becomes, offset.rollout, offset.was, *([offset.turn] if offset.turn else [])))
