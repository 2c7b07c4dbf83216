"""What undoing a run is going to do: what it changed and what is there now go in, the change back comes out.

Only what the run changed is put back. Lines and sessions that came later stay; a fork made later is still based on the
same place of what it was made from.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.sessions.bases import with_bases
from scripts.sessions.codex_home import HISTORY, STATE, CodexHome
from scripts.sessions.databases import Offset, load_offsets, load_threads
from scripts.sessions.edits import Edit, inverse, is_before, moved
from scripts.sessions.notes import Change, Record
from scripts.sessions.rollout import Head, read_head
from scripts.sessions.rollout_content import ContentError, blocks
from scripts.sessions.survey import Advance, bases_by_path, paths_by_rollout


class Fate(enum.StrEnum):
    """What became of a rollout since the run."""

    CHANGED = "changed"
    """It is as the run left it, or has grown since."""
    BACK = "back"
    """It is as it was before the run."""
    OTHER = "other"
    """Something else changed what the run had changed."""
    GONE = "gone"


@dataclass(slots=True)
class WayBack:
    """The change back, and the paths of rollouts that are gone, that it leaves alone, and that were used since."""

    change: Change
    gone: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)


def way_back(home: CodexHome, run: Change, names: tuple[str, str], advance: Advance) -> WayBack:
    """What puts back a change from the first of these names to the second; raises SessionsError and OSError."""
    heads = read_heads(home)
    at = paths_by_rollout(heads)
    found = WayBack(Change((), ()))
    edits: dict[str, tuple[Edit, ...]] = {}
    noted, skipped = set(), set()
    for record in run.records:
        path = record.path if record.path in heads else at.get(record.rollout)
        match fate_of(path, record.edits):
            case Fate.CHANGED if path is not None:
                edits[path] = inverse(record.edits)
                if Path(path).stat().st_mtime_ns != record.modified_ns:
                    found.used.append(path)
            case Fate.OTHER:
                found.other.append(record.path)
                skipped.add(record.thread)
            case Fate.GONE:
                found.gone.append(record.path)
            case _:
                pass
        noted.add(path)
        advance(Path(path).stat().st_size if path else 0)
    later_forks = {path: base for path, base in bases_by_path(heads).items() if path not in noted}
    found.change = _change(home, run, heads, with_bases(edits, later_forks))
    rows = {row.id for row in load_threads(home.database(STATE)) if row.provider == names[1]} - skipped
    found.change = replace(found.change, threads=tuple(thread for thread in run.threads if thread in rows))
    return found


def read_heads(home: CodexHome) -> dict[str, Head]:
    """By path what line 1 of every rollout says; what cannot be read is left out."""
    found = {}
    for path in home.rollouts():
        try:
            found[str(path)] = read_head(path)
        except (OSError, ContentError):
            continue
    return found


def fate_of(path: str | None, edits: tuple[Edit, ...]) -> Fate:
    """What became of the rollout that is here now; raises OSError."""
    if path is None:
        return Fate.GONE
    try:
        if is_before(blocks(Path(path)), inverse(edits)):
            return Fate.CHANGED
        return Fate.BACK if is_before(blocks(Path(path)), edits) else Fate.OTHER
    except ContentError:
        return Fate.OTHER


def _change(home: CodexHome, run: Change, heads: dict[str, Head], edits: dict[str, tuple[Edit, ...]]) -> Change:
    names = {record.rollout: record.names for record in run.records}
    noted = {_cell(offset): offset for record in run.records for offset in record.offsets}
    by_rollout = {heads[path].rollout: made for path, made in edits.items()}
    offsets: dict[str, list[Offset]] = {}
    for offset in load_offsets(home.database(HISTORY), by_rollout):
        becomes = offset_back(offset.was, noted.get(_cell(offset)), by_rollout[offset.rollout])
        if becomes != offset.was:
            offsets.setdefault(offset.rollout, []).append(replace(offset, becomes=becomes))
    records = []
    for path, made in edits.items():
        rollout, thread = heads[path].rollout, heads[path].thread
        modified_ns = Path(path).stat().st_mtime_ns
        own = tuple(offsets.get(rollout, ()))
        records.append(Record(rollout, thread, path, modified_ns, names.get(rollout, 0), made, own))
    return Change(tuple(records), ())


def _cell(offset: Offset) -> tuple[str, str, str, str]:
    return offset.table, offset.column, offset.rollout, offset.turn


def offset_back(now: int, noted: Offset | None, edits: tuple[Edit, ...]) -> int:
    """Where an offset that is `now` shall point: where it did before the run, or where the edits back move it."""
    if noted and now in (noted.becomes, noted.was):  # as before: the run was cut off before it came to the database
        return noted.was
    return moved(now, edits)
