"""A retag from beginning to end: what is to change goes in; all of it is done, or all is as it was.

Undoing takes the same road back: the notes of a run say what it changed, also if it was killed in the middle.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scripts.sessions.carrying_out import carry_out, remove_leftovers
from scripts.sessions.codex_home import CodexHome
from scripts.sessions.notes import Change
from scripts.sessions.progress import progress
from scripts.sessions.run import Run, Stage, load_runs
from scripts.sessions.session_error import SessionsError
from scripts.sessions.way_back import WayBack, way_back


def bytes_of(change: Change) -> int:
    """The size of the rollouts that change and are there, on disk."""
    paths = (Path(record.path) for record in change.records)
    return sum(path.stat().st_size for path in paths if path.exists())


def make_change(run: Run, change: Change) -> Run:
    """Do what the run noted; if that fails, or Ctrl-C ends it, put everything back and raise what happened."""
    names = run.header.was, run.header.becomes
    try:
        with progress("Retagging", bytes_of(change)) as advance:
            carry_out(run.home, change, names, run.header.stamp, advance)
    except BaseException as error:
        try:
            put_back(run)
        except (SessionsError, OSError) as second:
            raise SessionsError(
                f"{error} Putting everything back failed, too ({second}): once that is mended, run"
                f" `codexlb sessions undo {run.header.stamp}`."
            ) from error
        if isinstance(error, SessionsError):
            raise SessionsError(f"{error} Everything has been put back as it was.") from error
        raise
    return run.at(Stage.DONE)


def still_there(change: Change) -> Change:
    """The change without rollouts that were deleted since it was noted."""
    return replace(change, records=tuple(record for record in change.records if Path(record.path).exists()))


def put_back(run: Run) -> WayBack:
    """Undo a run, or go on undoing it; raises SessionsError, and then it can be tried again."""
    home, stamp = run.home, run.header.stamp
    names = run.header.was, run.header.becomes
    if run.header.stage is Stage.UNDOING:
        found = WayBack(still_there(run.way_back()))
        remove_leftovers(found.change, stamp)
    else:
        change = run.change()
        remove_leftovers(change, stamp)
        with progress("Comparing", bytes_of(change)) as advance:
            found = way_back(home, change, names, advance)
        run = run.note_way_back(found.change)
    with progress("Putting back", bytes_of(found.change)) as advance:
        carry_out(home, found.change, names[::-1], stamp, advance)
    run.at(Stage.UNDONE)
    return found


def refuse_unfinished(home: CodexHome, runs: list[Run]) -> None:
    """Raise SessionsError if a run was killed in the middle in this folder."""
    for run in runs:
        if run.is_unfinished and run.home.folder == home.folder:
            raise SessionsError(
                f"The run {run.header.stamp} was ended in the middle, so some sessions are changed and some are not:"
                f" put them back first with `codexlb sessions undo {run.header.stamp}`."
            )


def refuse_undone(run: Run, codexlb_home: Path) -> None:
    """Raise SessionsError if the run is undone already, or a later one changed the same sessions."""
    if run.header.stage is Stage.UNDONE:
        raise SessionsError(f"The run {run.header.stamp} is undone already.")
    rollouts = {record.rollout for record in run.change().records}
    runs = load_runs(codexlb_home)
    later = runs[[each.header.stamp for each in runs].index(run.header.stamp) + 1 :]
    for other in reversed(later):
        if other.header.stage is Stage.UNDONE or other.home.folder != run.home.folder:
            continue
        if rollouts.intersection(record.rollout for record in other.change().records):
            raise SessionsError(
                f"The run {other.header.stamp} has retagged some of the same sessions since:"
                f" undo it first with `codexlb sessions undo {other.header.stamp}`."
            )
