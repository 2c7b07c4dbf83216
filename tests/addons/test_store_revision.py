"""One number tells that the store has changed, whoever wrote."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

from addons.store_revision import StoreRevision
from codexlb_store.schema import DATABASE_NAME, open_store
from tests.codexlb_store.rows import add


def test_it_is_another_one_after_somebody_has_written(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as db, closing(StoreRevision(tmp_path)) as revision:
        seen = [revision.read(), revision.read()]
        add(db)
        seen += [revision.read(), revision.read()]

    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_a_store_that_cannot_be_read_has_not_changed(tmp_path: Path) -> None:
    with closing(StoreRevision(tmp_path)) as revision:
        assert revision.read() == revision.read() == 0
        (tmp_path / DATABASE_NAME).write_bytes(b"no database" * 100)
        assert revision.read() == 0


def test_it_may_be_closed_while_another_thread_reads(tmp_path: Path) -> None:
    """As when the proxy ends under somebody's eyes; without care SQLite takes the process down, one time in some."""
    open_store(tmp_path).close()
    for _ in range(300):
        revision, begun = StoreRevision(tmp_path), threading.Event()

        def look_on(revision: StoreRevision = revision, begun: threading.Event = begun) -> None:
            for number in range(20):
                revision.read()
                if number == 3:
                    begun.set()

        reader = threading.Thread(target=look_on)
        reader.start()
        begun.wait()
        revision.close()
        reader.join()
        assert revision.connection is None
