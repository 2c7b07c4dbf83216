"""What a look at the store needs of it: a plain connection will do, and spares a short command half its time."""

from __future__ import annotations

import sqlite3
from typing import Any, Protocol


class Reader(Protocol):
    """Runs SQL that changes nothing: a sqlite_utils Database, or a connection of the standard library."""

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor: ...
