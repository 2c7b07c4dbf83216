"""What a retag is going to do: a survey and the databases go in, the change comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from scripts.sessions.codex_home import HISTORY, STATE, CodexHome
from scripts.sessions.databases import Offset, ThreadRow, load_offsets, load_threads
from scripts.sessions.edits import Edit, moved
from scripts.sessions.notes import Change, Record
from scripts.sessions.survey import Survey, paths_by_rollout


def plan(home: CodexHome, found: Survey, provider: str, since: float | None) -> Change:
    """All that has to change so that what names this provider names the other; raises SessionsError."""
    edits = found.all_edits()
    at = paths_by_rollout(found.heads)
    by_rollout = {rollout: edits[path] for rollout, path in at.items() if path in edits}
    offsets = moved_offsets(load_offsets(home.database(HISTORY), by_rollout), by_rollout)
    records = []
    for path, made in edits.items():
        head = found.heads[path]
        own = offsets.get(head.rollout, ()) if at[head.rollout] == path else ()
        names, modified_ns = len(found.named.get(path, ())), Path(path).stat().st_mtime_ns
        records.append(Record(head.rollout, head.thread, path, modified_ns, names, made, tuple(own)))
    rows = load_threads(home.database(STATE))
    return Change(tuple(records), tuple(row.id for row in chosen_rows(rows, found, provider, since)))


def chosen_rows(rows: Iterable[ThreadRow], found: Survey, provider: str, since: float | None) -> list[ThreadRow]:
    """The rows that name the provider: of sessions that were read, and of such as have no file, since that time."""
    late = {head.thread for path, head in found.heads.items() if path not in found.passed_over}
    known = {head.thread for head in found.heads.values()}
    return [
        row
        for row in rows
        if row.provider == provider
        and (row.id in late or (row.id not in known and (since is None or row.updated_at >= since)))
    ]


def moved_offsets(offsets: Iterable[Offset], edits: dict[str, tuple[Edit, ...]]) -> dict[str, list[Offset]]:
    """By rollout the offsets that the edits move, with where they point then."""
    found: dict[str, list[Offset]] = {}
    for offset in offsets:
        becomes = moved(offset.was, edits[offset.rollout])
        if becomes != offset.was:
            found.setdefault(offset.rollout, []).append(replace(offset, becomes=becomes))
    return found
