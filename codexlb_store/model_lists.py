"""The lists of models that the upstream gave last, kept for when it gives none: as they came, with whose they were.

Of each version of a client and each account the last list is kept: what is seen depends on both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from codexlb_store.reader import Reader

if TYPE_CHECKING:  # it loads as much as all the rest of a short command
    from sqlite_utils import Database

MOST_LISTS = 8
"""Kept at the same time: people have one or two versions of Codex, and a pool one or two plans."""

SAME_TIME_SECONDS = 86_400.0
"""Lists that were read within a day of each other count as of the same time: the upstream is asked each day."""

TOUCH_SECONDS = 6 * 3_600.0
"""How old the time in the store may be of a list that comes unchanged again and again."""

_COLUMNS = "client_version, account_id, body, content_type, etag, models, read_at"
_SAVE = f"INSERT OR REPLACE INTO model_lists ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own columns
_PRUNE = """
    DELETE FROM model_lists WHERE (client_version, account_id) NOT IN (
        SELECT client_version, account_id FROM model_lists ORDER BY read_at DESC LIMIT ?
    )
"""
_LOAD = f"SELECT {_COLUMNS} FROM model_lists ORDER BY read_at DESC"  # noqa: S608


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list as an account got it; `body` is plain JSON, `models` those in it that people may pick, in its order.

    `client_version` is empty where the client named none; `read_at` is in unix seconds.
    """

    client_version: str
    account_id: str
    body: bytes = field(repr=False)
    content_type: str
    etag: str | None
    models: tuple[str, ...]
    read_at: float


def save_list(db: Database, kept: KeptList) -> None:
    """Keep a list in the place of the account's last one for that version; the oldest of too many goes."""
    values = (kept.client_version, kept.account_id, kept.body, kept.content_type, kept.etag)
    with db.atomic():
        db.execute(_SAVE, (*values, json.dumps(kept.models), kept.read_at))
        db.execute(_PRUNE, (MOST_LISTS,))


def load_lists(db: Reader) -> list[KeptList]:
    """Every list that is kept, the newest first, but for one that is damaged: no proxy shall fail to start for it."""
    return [kept for row in db.execute(_LOAD) if (kept := _read(row))]


def _read(row: tuple[Any, ...]) -> KeptList | None:
    client_version, account_id, body, content_type, etag, models, read_at = row
    try:
        names = tuple(json.loads(models))
    except (ValueError, TypeError):
        return None
    return KeptList(client_version, account_id, body, content_type, etag, names, read_at)


def of_last_day(lists: Iterable[KeptList]) -> list[KeptList]:
    """The newest list, and those that are not much older, the newest first."""
    newest_first = sorted(lists, key=lambda kept: kept.read_at, reverse=True)
    return [kept for kept in newest_first if newest_first[0].read_at - kept.read_at < SAME_TIME_SECONDS]


def available(lists: Iterable[KeptList]) -> tuple[str, ...]:
    """The models that people may pick, as the lists of the last day have them, each once."""
    return tuple(dict.fromkeys(model for kept in of_last_day(lists) for model in kept.models))


def stand_in(lists: Iterable[KeptList], client_version: str, sight: Callable[[str], float]) -> KeptList | None:
    """The list to show a client of that version, else any, when there is none from the upstream.

    Of those of about the same time that of the account that sees most; `sight` tells how much by its id.
    """
    found = list(lists)
    of_version = [kept for kept in found if kept.client_version == client_version]
    return max(of_last_day(of_version or found), key=lambda kept: sight(kept.account_id), default=None)


class ModelLists:
    """What a proxy process holds of them in memory."""

    def __init__(self, lists: Iterable[KeptList] = ()) -> None:
        self._lists = {(kept.client_version, kept.account_id): kept for kept in lists}
        self._written_at = {place: kept.read_at for place, kept in self._lists.items()}

    def of(self, accounts: Container[str]) -> list[KeptList]:
        """What these accounts saw."""
        return [kept for kept in self._lists.values() if kept.account_id in accounts]

    def note(self, fresh: KeptList) -> bool:
        """Take over a list that has just come; whether it is to be written down: it is another one, or the time in the
        store is too old. No other can be newer than it: where one says so, the clock was put back."""
        for held, kept in self._lists.items():
            if kept.read_at > fresh.read_at:
                self._lists[held] = replace(kept, read_at=fresh.read_at)
        place = fresh.client_version, fresh.account_id
        known = self._lists.get(place)
        self._lists[place] = fresh
        if len(self._lists) > MOST_LISTS:
            del self._lists[min(self._lists, key=lambda held: self._lists[held].read_at)]
        is_same = known is not None and replace(known, read_at=fresh.read_at) == fresh
        if is_same and 0 <= fresh.read_at - self._written_at[place] < TOUCH_SECONDS:
            return False
        self._written_at[place] = fresh.read_at
        self._written_at = {held: at for held, at in self._written_at.items() if held in self._lists}
        return True
