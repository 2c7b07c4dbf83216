"""What machines may ask of the store: parameters go in, JSON objects come out. Each runs in a thread.

A ValueError carries one sentence for who asked wrongly.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from addons import api_records as records
from addons.api_filters import FILTERS, filters_of
from addons.wire.page_parameters import parse_choice, parse_count, parse_time
from codexlb_store import anomalies as anomalies_of
from codexlb_store.account_record import account_record
from codexlb_store.account_views import account_views
from codexlb_store.choices import load_choices
from codexlb_store.conversations import conversations as load_conversations
from codexlb_store.exchanges import request as load_request
from codexlb_store.exchanges import requests as load_requests
from codexlb_store.keys import load_keys
from codexlb_store.ledger import Outcome
from codexlb_store.limit_uses import limit_uses
from codexlb_store.processes import living
from codexlb_store.usage import Dimension
from codexlb_store.usage import usage as load_usage

MOST_DIMENSIONS = 2
MOST_ROWS = 10_000
"""Of usage: a year of hours; by session there may be more."""

DEFAULT_LIMIT = 50
MOST_REQUESTS = 500
MOST_CONVERSATIONS = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the store is, the parameters, and the time (unix seconds)."""

    home: Path
    parameters: Mapping[str, str]
    now: float


Record = dict[str, Any]
Question = Callable[[Database, Asked], Record]


def accounts(db: Database, asked: Asked) -> Record:
    """Every account: status, since and until when, what runs on it, its windows."""
    views = account_views(db, asked.now, living(asked.home))
    return {"accounts": [account_record(view, asked.now) for view in views]}


def keys(db: Database, asked: Asked) -> Record:
    """Every client key with its rules, limits and what is used of them."""
    alive = living(asked.home)
    found = [(key, limit_uses(db, key, alive, asked.now)) for key in load_keys(db)]
    return {"keys": [records.key_record(key, uses, asked.now) for key, uses in found]}


def usage(db: Database, asked: Asked) -> Record:
    """What was used, in groups: `by` names up to two dimensions, comma separated; without it one row, the total."""
    names = [name for name in asked.parameters.get("by", "").split(",") if name]
    by = tuple(parse_choice("by", name, Dimension) for name in names)
    if len(by) > MOST_DIMENSIONS or len(set(by)) < len(by):
        raise ValueError(f"by is {asked.parameters['by']!r}: give at most {MOST_DIMENSIONS} different dimensions.")
    filters, zone = filters_of(db, asked.parameters, asked.now)
    rows = load_usage(db, by, filters, zone)
    if len(rows) > MOST_ROWS:
        raise ValueError(f"These are {len(rows)} rows, more than {MOST_ROWS}: give a since, or group by less.")
    found = records.load_names(db)
    return {"by": by, "rows": [records.usage_record(row, by, found) for row in rows]}


def requests(db: Database, asked: Asked) -> Record:
    """Single requests, newest first; `next_before` asks for those before them, null when there are none."""
    filters, zone = filters_of(db, asked.parameters, asked.now)
    limit = parse_count(asked.parameters, "limit", DEFAULT_LIMIT, MOST_REQUESTS)
    outcome, before = asked.parameters.get("outcome"), asked.parameters.get("before")
    rows = load_requests(
        db,
        limit,
        filters,
        None if outcome is None else parse_choice("outcome", outcome, Outcome),
        None if before is None else parse_time("before", before, asked.now, zone),
    )
    names = records.load_names(db)
    return {
        "requests": [records.request_record(row, names) for row in rows],
        "next_before": rows[-1].opened_at if len(rows) == limit else None,
    }


def request(db: Database, asked: Asked, id_prefix: str) -> Record | None:
    """One request by the beginning of its id, with why each attempt went where it did; None unless it is one."""
    row = load_request(db, id_prefix)
    if row is None:
        return None
    names = records.load_names(db)
    choices = [records.choice_record(choice, names) for choice in load_choices(db, row.id)]
    return {"request": records.request_record(row, names) | {"choices": choices}}


def conversations(db: Database, asked: Asked) -> Record:
    """Threads with requests that pass the filters, the one with the newest request first."""
    filters, _ = filters_of(db, asked.parameters, asked.now)
    limit = parse_count(asked.parameters, "limit", DEFAULT_LIMIT, MOST_CONVERSATIONS)
    found = load_conversations(db, filters, limit)
    names = records.load_names(db)
    return {"conversations": [records.conversation_record(one, names) for one in found]}


def anomalies(db: Database, asked: Asked) -> Record:
    """What went otherwise than it should: failovers, moves, lost cache by cause, models without a price."""
    filters, _ = filters_of(db, asked.parameters, asked.now)
    return {"anomalies": dataclasses.asdict(anomalies_of.anomalies(db, filters))}


QUESTIONS: dict[str, tuple[Question, tuple[str, ...]]] = {
    "accounts": (accounts, ()),
    "usage": (usage, ("by", *FILTERS)),
    "requests": (requests, ("limit", "before", "outcome", *FILTERS)),
    "keys": (keys, ()),
    "conversations": (conversations, ("limit", *FILTERS)),
    "anomalies": (anomalies, FILTERS),
}
"""By the last part of the path: what answers, and the parameters that it takes."""
