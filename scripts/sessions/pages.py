"""What people see of sessions: counts go in, rich tables and sentences come out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.filesize import decimal
from rich.table import Column, Table

from codexlb_store.quantity import moment
from scripts.sessions.codex_home import FOLDERS, HISTORY, STATE, CodexHome
from scripts.sessions.notes import Change
from scripts.sessions.provider_count import ProviderCount
from scripts.sessions.run import Run, Stage
from scripts.sessions.survey import Survey
from scripts.terminal import figures, table

MOST_SHOWN = 10
"""So many files with broken lines are named one by one."""

NO_PROVIDER = "(none)"
"""Sessions of old releases say nothing; Codex lists them under every provider."""

WORDS = {
    Stage.CHANGING: "interrupted",
    Stage.DONE: "done",
    Stage.UNDOING: "undo interrupted",
    Stage.UNDONE: "undone",
}


def counted(number: int, what: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def sessions(number: int) -> str:
    """`1 session`, `2,000 sessions`."""
    return counted(number, "session")


def providers_table(counts: Iterable[ProviderCount], now: float, zone: datetime.tzinfo | None = None) -> Table:
    """One row per provider."""
    found = table(Column("Provider"), figures("Sessions"), figures("Archived"), figures("Newest"), figures("Size"))
    for each in counts:
        name = NO_PROVIDER if each.provider is None else each.provider
        newest = moment(each.newest, now, zone)
        found.add_row(name, f"{each.sessions:,}", f"{each.archived:,}", newest, decimal(each.bytes))
    return found


def change_table(home: CodexHome, change: Change) -> Table:
    """One row per place that a retag changes."""
    found = table(Column("Place"), Column("Changes"), figures("Size"))
    for folder in FOLDERS:
        inside = [record for record in change.records if Path(record.path).is_relative_to(home.folder / folder)]
        if inside:
            size = decimal(sum(Path(record.path).stat().st_size for record in inside))
            named = sum(record.names for record in inside)
            found.add_row(folder, f"{counted(named, 'name')} in {counted(len(inside), 'file')}", size)
    _add_database(found, home.database(STATE), len(change.threads), "name")
    _add_database(found, home.database(HISTORY), sum(len(record.offsets) for record in change.records), "offset")
    return found


def _add_database(found: Table, path: Path | None, number: int, what: str) -> None:
    if path and number:
        found.add_row(path.name, counted(number, what), decimal(path.stat().st_size))


def trouble(found: Survey) -> list[str]:
    """What is said of lines and files that cannot be read."""
    lines = [f"{path}: line {', '.join(map(str, numbers))}" for path, numbers in found.broken.items()]
    said = []
    if lines:
        said.append(f"Broken lines, which stay as they are, in {counted(len(lines), 'file')}:\n{_listed(lines)}")
    if found.unreadable:
        reasons = list(found.unreadable.values())
        said.append(f"Not read, and left alone: {counted(len(reasons), 'file')}:\n{_listed(reasons)}")
    return said


def _listed(lines: Sequence[str]) -> str:
    more = [f"  and {len(lines) - MOST_SHOWN:,} more"] if len(lines) > MOST_SHOWN else []
    return "\n".join([*(f"  {line}" for line in lines[:MOST_SHOWN]), *more])


def runs_table(runs: Iterable[Run], now: float, zone: datetime.tzinfo | None = None) -> Table:
    """One row per run, oldest first."""
    found = table(
        Column("Stamp", no_wrap=True), figures("When"), Column("From"), Column("To"), figures("Sessions"),
        Column("State"), Column("Codex's folder", style="dim"),
    )  # fmt: skip
    for run in runs:
        header = run.header
        when, number = moment(header.started_at, now, zone), f"{header.sessions:,}"
        words = WORDS[header.stage]
        found.add_row(header.stamp, when, header.was, header.becomes, number, words, header.codex_home)
    return found
