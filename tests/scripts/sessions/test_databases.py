"""Codex's databases: what is read and changed, and what is absent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scripts.sessions.databases import Offset, load_offsets, load_threads, set_offsets, set_provider
from scripts.sessions.session_error import SessionsError
from tests.scripts.sessions.rollouts import SmallHome


def test_only_the_threads_named_change_and_only_from_that_provider(home: SmallHome) -> None:
    for thread, provider in (("a", "openai"), ("b", "openai"), ("c", "other")):
        home.row(thread, provider)

    for _ in range(2):
        set_provider(home.folder / "state_5.sqlite", ["a", "c", "gone"], "openai", "codex-lb")

    assert home.rows() == {"a": "codex-lb", "b": "openai", "c": "other"}


def test_offsets_are_read_and_changed_once(home: SmallHome) -> None:
    path = home.folder / "thread_history_1.sqlite"
    home.offsets("a", [10, 20, 30])
    home.offsets("b", [10, 20])

    found = list(load_offsets(path, ["a", "gone"]))
    ten_more = [Offset(one.table, one.column, one.rollout, one.turn, one.was, one.was + 10) for one in found]
    for _ in range(2):
        set_offsets(path, ten_more)

    assert [one.was for one in found] == [10, 20, 20, 30]
    assert home.all_offsets() == [
        ("a", "turn 0", 20, 30),
        ("a", "turn 1", 30, None),
        ("b", "turn 0", 10, None),
        ("a", 40),
        ("b", 20),
    ]


@pytest.mark.parametrize(
    "schema", ["CREATE TABLE other (id)", "CREATE TABLE threads (id); CREATE TABLE thread_turns (thread_id, turn_id)"]
)
def test_tables_and_columns_of_another_release_are_passed_over(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "state_1.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(schema)

    assert load_threads(path) == load_threads(None) == []
    assert list(load_offsets(path, ["a"])) == list(load_offsets(None, ["a"])) == []
    set_offsets(None, [])
    set_provider(None, ["a"], "x", "y")


def test_notes_that_name_another_column_change_nothing(home: SmallHome) -> None:
    home.row("a", "openai")

    with pytest.raises(SessionsError, match="threads"):
        set_offsets(home.folder / "state_5.sqlite", [Offset("threads", "model_provider", "a", "", 1, 2)])

    assert home.rows() == {"a": "openai"}


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "state_5.sqlite"
    path.write_bytes(b"no database at all" * 100)

    with pytest.raises(SessionsError, match=r"state_5.sqlite cannot be used .*: end Codex and try again\.$"):
        load_threads(path)
