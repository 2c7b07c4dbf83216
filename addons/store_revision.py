"""Whether the store has changed: a number that is another one after somebody has written, this process or another."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from codexlb_store.schema import DATABASE_NAME


class StoreRevision:
    """Holds a connection open, for only that can tell; it may be closed by one thread while another one reads."""

    def __init__(self, home: Path) -> None:
        self.uri = f"{(home / DATABASE_NAME).absolute().as_uri()}?mode=ro"
        self.connection: sqlite3.Connection | None = None
        self.last = 0
        self.turn = threading.Lock()
        """SQLite takes the whole process down when a connection is closed in the middle of a query on it."""
        self.closed = False

    def read(self) -> int:
        """The number now; the last one where the store cannot be read. It takes some microseconds."""
        with self.turn:
            try:
                if not self.closed:
                    self.last = self.look()
            except sqlite3.Error:
                self.let_go()
            return self.last

    def look(self) -> int:
        """Ask; raises sqlite3.Error."""
        if self.connection is None:
            self.connection = sqlite3.connect(self.uri, uri=True, check_same_thread=False)
        row = self.connection.execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def let_go(self) -> None:
        """End the connection; the next look makes another one."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def close(self) -> None:
        """No more looks."""
        with self.turn:
            self.closed = True
            self.let_go()
