"""Which account served a turn: a session goes in, the name that the ledger has comes out."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from codexlb_store.accounts import Account
from scripts.doctor.store_seen import open_as_it_is

WRITTEN_SECONDS = 3.0
"""The proxy writes rows in batches, a few times a second."""

_FIND = "SELECT account_id FROM exchanges WHERE session = ? AND outcome IS NOT NULL"


def served_by(database: Path, accounts: Sequence[Account], session: str) -> str | None:
    """The name of the account; None where the ledger of this machine does not have that session."""
    names = {account.id: account.name for account in accounts}
    deadline = time.monotonic() + WRITTEN_SECONDS
    while database.exists():
        try:
            with closing(open_as_it_is(database)) as db:
                row = db.execute(_FIND, (session,)).fetchone()
        except sqlite3.Error:
            return None
        if row or time.monotonic() > deadline:
            return names.get(row[0]) if row else None
        time.sleep(0.05)
    return None
