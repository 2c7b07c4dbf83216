"""The sessions that use the most: rows of usage go in, one row per session comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codexlb_store.usage import Dimension, Sums, UsageRow
from scripts.report.breakdown import added
from scripts.report.labels import Labels

BY = (Dimension.SESSION, Dimension.ACCOUNT, Dimension.MODEL, Dimension.PROJECT)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """What one session used, and by whose account, with which model and for which project most of its requests."""

    session: str
    account: str
    model: str
    project: str
    sums: Sums


def session_rows(rows: Iterable[UsageRow], labels: Labels) -> list[SessionRow]:
    """One row per session of usage by BY, the one with the most tokens first."""
    parts: defaultdict[str, list[UsageRow]] = defaultdict(list)
    for row in rows:
        if row.groups[0] is not None:
            parts[row.groups[0]].append(row)
    found = [_session(session, of_session, labels) for session, of_session in parts.items()]
    return sorted(found, key=lambda one: (-(one.sums.total_tokens or 0), one.session))


def _session(session: str, rows: Sequence[UsageRow], labels: Labels) -> SessionRow:
    busiest = max(rows, key=lambda row: row.sums.requests)
    _, account, model, project = (
        labels.label(by, value) if value else "" for by, value in zip(BY, busiest.groups, strict=True)
    )
    return SessionRow(session, account, model, project, added(row.sums for row in rows))
