"""Pages read the store beside the proxy that writes it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from codexlb_store.read_only import open_read_only
from codexlb_store.schema import open_store

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_what_is_committed_is_seen_and_nothing_can_be_written(tmp_path: Path) -> None:
    home = tmp_path / "with space ? and #"
    with closing(open_store(home)) as db:
        db.execute("INSERT INTO projects VALUES ('p', 'Name')")
        db.conn.commit()
        with closing(open_read_only(home)) as reading:
            assert reading.execute("SELECT name FROM projects").fetchone() == ("Name",)
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reading.execute("DELETE FROM projects")


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        open_read_only(tmp_path / "none")

    assert list(tmp_path.iterdir()) == []


def test_a_query_is_broken_off_from_outside(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    over = threading.Event()
    threading.Timer(0.05, over.set).start()

    with (
        closing(open_read_only(tmp_path, over.is_set)) as reading,
        pytest.raises(sqlite3.OperationalError, match="interrupted"),
    ):
        reading.execute(ENDLESS).fetchone()
