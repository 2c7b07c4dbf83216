"""Choices: why an exchange went to its account, with every account considered, kept so that it can be explained.

Nothing in it tells what was asked or answered: account ids, numbers and fixed words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

# Of two words on the same attempt the first is what the request acted on.
_SAVE = """
    INSERT OR IGNORE INTO choices (exchange_id, number, chosen_at, account_id, reason, candidates)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_LOAD = """
    SELECT exchange_id, number, chosen_at, account_id, reason, candidates FROM choices
    WHERE exchange_id = ? ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Considered:
    """One account as it stood when one was chosen: the weight it had, or why it was out of the question.

    `terms` are the factors of its weight by name.
    """

    account_id: str
    weight: float | None = None
    excluded: str | None = None
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """The choice for one attempt (numbered from 1) at unix time `chosen_at`; no account when none could serve."""

    exchange_id: str
    number: int
    chosen_at: float
    account_id: str | None
    reason: str
    candidates: tuple[Considered, ...]


def save_choice(db: Database, row: ChoiceRow) -> None:
    """Keep why an attempt went where it did; what was kept once stays."""
    candidates = json.dumps([_record(one) for one in row.candidates], separators=(",", ":"))
    db.execute(_SAVE, (row.exchange_id, row.number, row.chosen_at, row.account_id, row.reason, candidates))


def load_choices(db: Database, exchange_id: str) -> list[ChoiceRow]:
    """The choices of one exchange, in the order of its attempts; none when they were not kept so long."""
    return [_choice(*row) for row in db.execute(_LOAD, (exchange_id,))]


def _record(one: Considered) -> dict[str, Any]:
    """What a reader of the table sees; what is not so is left out, for there are many rows."""
    found: dict[str, Any] = {"account": one.account_id}
    if one.weight is not None:
        found["weight"] = one.weight
    if one.excluded is not None:
        found["excluded"] = one.excluded
    if one.terms:
        found["terms"] = dict(one.terms)
    return found


def _choice(
    exchange_id: str, number: int, chosen_at: float, account_id: str | None, reason: str, candidates: str
) -> ChoiceRow:
    considered = tuple(
        Considered(one["account"], one.get("weight"), one.get("excluded"), one.get("terms", {}))
        for one in json.loads(candidates)
    )
    return ChoiceRow(exchange_id, number, chosen_at, account_id, reason, considered)
