from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.schema import DATABASE_NAME, StoreError, is_busy, open_store
from tests.codexlb_store.together import run_together


def test_a_new_store_has_its_settings(home: Path) -> None:
    with closing(open_store(home)) as db:
        pragmas = {
            name: db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "auto_vacuum", "busy_timeout")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "auto_vacuum": 2, "busy_timeout": 5000}


def test_only_its_owner_can_read_it(home: Path) -> None:
    with closing(open_store(home)):
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in home.iterdir()}

    assert oct(home.stat().st_mode & 0o777) == "0o700"
    assert set(modes.values()) == {"0o600"}


def test_opening_it_again_changes_nothing(home: Path) -> None:
    with closing(open_store(home)) as db:
        db.execute("INSERT INTO homes VALUES ('s', 'a', 1)")
        before = db.schema
    with closing(open_store(home)) as db:
        assert db.schema == before
        assert list(db["homes"].rows) == [{"session": "s", "account_id": "a", "last_used_at": 1.0}]


def test_opening_it_again_wakes_no_proxy(home: Path) -> None:
    """A proxy reloads what it knows when `data_version` changes."""
    with closing(open_store(home)) as db:
        before = db.execute("PRAGMA data_version").fetchone()
        open_store(home).close()

        assert db.execute("PRAGMA data_version").fetchone() == before


def test_it_opens_while_another_program_writes(home: Path) -> None:
    with closing(open_store(home)) as db:
        db.execute("BEGIN IMMEDIATE")
        with closing(open_store(home)) as other:
            assert other.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_several_processes_may_be_the_first_at_once(home: Path) -> None:
    printed = run_together(
        "from codexlb_store.schema import open_store",
        "db = open_store(home); print(len(db.table_names())); db.close()",
        home,
    )

    with closing(open_store(home)) as db:
        assert printed == [str(len(db.table_names()))] * 4


def not_a_database(home: Path) -> None:
    home.mkdir()
    (home / DATABASE_NAME).write_bytes(b"this is a text, not a database. " * 100)


def a_file_for_a_folder(home: Path) -> None:
    home.write_text("")


def a_folder_for_a_file(home: Path) -> None:
    (home / DATABASE_NAME).mkdir(parents=True)


def from_the_future(home: Path) -> None:
    with closing(open_store(home)) as db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('codexlb', 'm999_later')")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(not_a_database, "is not a database: move it away", id="not a database"),
        pytest.param(a_file_for_a_folder, "The data folder .* cannot be made", id="no folder"),
        pytest.param(a_folder_for_a_file, "cannot be opened .*: check that you may write", id="no file"),
        pytest.param(from_the_future, "newer Codex-LB .*m999_later", id="newer schema"),
    ],
)
def test_a_store_that_cannot_be_opened_says_why(spoil: Callable[[Path], None], sentence: str, home: Path) -> None:
    spoil(home)

    with pytest.raises(StoreError, match=sentence) as caught:
        open_store(home)
    assert str(home) in str(caught.value)


def test_a_store_that_another_program_holds_says_so(home: Path) -> None:
    """Waits out the whole busy timeout, because opening must not give up before."""
    home.mkdir()
    with closing(Database(home / DATABASE_NAME)) as db:
        db.execute("CREATE TABLE theirs (id)")
        db.execute("BEGIN")
        db.execute("SELECT * FROM theirs").fetchone()

        with pytest.raises(StoreError, match="locked by another program"):
            open_store(home)
        db.execute("ROLLBACK")


def test_only_a_lock_is_worth_waiting_for() -> None:
    assert not is_busy(sqlite3.OperationalError("raised by Python"))
