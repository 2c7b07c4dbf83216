"""Doing what was noted: a change goes in; rollouts and databases are as it says, however often it is done.

A rollout that has its edits already is left alone, so that a change that was cut off can be done once more.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

from scripts.sessions.codex_home import HISTORY, STATE, CodexHome
from scripts.sessions.databases import load_threads, set_offsets, set_provider
from scripts.sessions.edits import EditError, growth, inverse, is_before
from scripts.sessions.notes import Change, Record
from scripts.sessions.rewriting import beside, rewrite, sync_folder
from scripts.sessions.rollout_content import ContentError, blocks
from scripts.sessions.session_error import SessionsError
from scripts.sessions.survey import Advance

WORKERS = 4
"""Files at a time: while one waits for the disk, others are read and hashed."""

SPARE_BYTES = 32 << 20
"""What is left free beside the new files."""


def carry_out(home: CodexHome, change: Change, names: tuple[str, str], mark: str, advance: Advance) -> None:
    """Make all edits, then change the databases from the first of these names to the second, and prove it.

    Raises SessionsError, also for what the system refuses; then some of it may have been done.
    """
    was, becomes = names
    try:
        refuse_full_disk(home, change)
        _rewrite_all(change.records, mark, advance)
        for folder in {Path(record.path).resolve().parent for record in change.records}:
            sync_folder(folder)
    except (OSError, EditError, ContentError) as error:
        raise SessionsError(f"The sessions cannot be changed: {str(error).rstrip('.')}.") from error
    set_provider(home.database(STATE), change.threads, was, becomes)
    set_offsets(home.database(HISTORY), (offset for record in change.records for offset in record.offsets))
    _prove(home, change.threads, was)


def refuse_full_disk(home: CodexHome, change: Change) -> None:
    """Raise SessionsError if the new files would not fit beside the old ones; only some stand there at a time."""
    sizes = sorted((Path(record.path).stat().st_size for record in change.records), reverse=True)
    grown = sum(max(0, growth(record.edits)) for record in change.records)
    tables = sum(path.stat().st_size for path in (home.database(STATE), home.database(HISTORY)) if path)
    needed = sum(sizes[:WORKERS]) + grown + tables + SPARE_BYTES
    free = shutil.disk_usage(home.folder).free
    if free < needed:
        raise SessionsError(
            f"The disk of {home.folder} has {free / 1e6:,.0f} MB free, and {needed / 1e6:,.0f} MB are needed:"
            " make room and try again."
        )


def _rewrite_all(records: Iterable[Record], mark: str, advance: Advance) -> None:
    """Rewrite the files, some at a time; the first that fails ends it, once those under way are done."""
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            tasks = [pool.submit(_rewrite, record, mark, advance) for record in records]
            wait(tasks, return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(cancel_futures=True)
    for task in tasks:
        if not task.cancelled():
            task.result()


def _rewrite(record: Record, mark: str, advance: Advance) -> None:
    path = Path(record.path)
    size = path.stat().st_size
    try:
        rewrite(path, record.edits, mark)
    except EditError:
        if not is_before(blocks(path), inverse(record.edits)):
            raise
    advance(size)


def remove_leftovers(change: Change, mark: str) -> None:
    """Remove new files that a run which was killed left beside the old ones."""
    for record in change.records:
        beside(Path(record.path).resolve(), mark).unlink(missing_ok=True)


def _prove(home: CodexHome, threads: tuple[str, ...], was: str) -> None:
    wanted = set(threads)
    left = [row.id for row in load_threads(home.database(STATE)) if row.id in wanted and row.provider == was]
    if left:
        raise SessionsError(f"Codex's database still has {len(left)} sessions under {was!r}: end Codex and try again.")
