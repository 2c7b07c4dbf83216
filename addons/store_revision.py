"""Whether the store has changed: a number that is another one after somebody has written, this process or another."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from codexlb_store.schema import DATABASE_NAME


class StoreRevision:
    """Holds a connection open, for only that can tell; to be read by one thread at a time."""

    def __init__(self, home: Path) -> None:
        self.uri = f"{(home / DATABASE_NAME).absolute().as_uri()}?mode=ro"
        self.connection: sqlite3.Connection | None = None
        self.last = 0

    def read(self) -> int:
        """The number now; the last one where the store cannot be read. It takes some microseconds."""
        try:
            if self.connection is None:
                self.connection = sqlite3.connect(self.uri, uri=True, check_same_thread=False)
            [self.last] = self.connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            self.close()
        return self.last

    def close(self) -> None:
        """Let go of the connection."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None
