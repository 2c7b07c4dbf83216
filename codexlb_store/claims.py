"""The refresh lane: of all processes on one database, one at a time may refresh a token, whichever account's."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlite_utils import Database

# One statement, so that of two processes that ask at once the second sees the first one's claim.
_TAKE = """
    INSERT INTO refresh_claim (lane, account_id, holder, expires_at)
    VALUES (1, :account_id, :holder, :expires_at)
    ON CONFLICT (lane) DO UPDATE SET
        account_id = excluded.account_id, holder = excluded.holder, expires_at = excluded.expires_at
    WHERE refresh_claim.expires_at <= :now OR refresh_claim.holder = :holder
        OR refresh_claim.holder NOT IN (SELECT value FROM json_each(:living))
"""


def take_claim(db: Database, account_id: str, holder: str, living: Collection[str], now: float, seconds: float) -> bool:
    """Claim the lane for `seconds` from `now` (unix seconds); False while another living process holds it.

    `holder` is the id of this process's mark, `living` those of all (see processes.py). Ask who lives in the same
    write transaction, not before it: the claim of a process that was born in between would be taken for a dead one's.
    """
    values = {
        "account_id": account_id,
        "holder": holder,
        "expires_at": now + seconds,
        "living": json.dumps(list(living)),
        "now": now,
    }
    with db.atomic():
        return db.execute(_TAKE, values).rowcount == 1


def release_claim(db: Database, holder: str) -> None:
    """Give the lane up; nothing changes when another process has it by now."""
    with db.atomic():
        db.execute("DELETE FROM refresh_claim WHERE holder = ?", (holder,))
