"""The runs of `codexlb sessions retag`: each has a folder with its notes and how far it came.

They lie in $CODEXLB_HOME/retags/<stamp>, not in Codex's folder, which Codex owns. A run without its `run.json` never
began to change anything.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from scripts.sessions.codex_home import CodexHome
from scripts.sessions.notes import Change, load_change, save_change
from scripts.sessions.rewriting import sync_folder
from scripts.sessions.session_error import SessionsError

RETAGS, HEADER, FORWARD, BACK = "retags", "run.json", "change", "undo"


class Stage(enum.StrEnum):
    """How far a run came."""

    CHANGING = "changing"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Header:
    """What a run is about: which folders of Codex, from which provider to which, when (unix seconds), how far."""

    stamp: str
    codex_home: str
    databases: str
    was: str
    becomes: str
    started_at: float
    sessions: int
    stage: Stage
    version: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """A run and its folder."""

    folder: Path
    header: Header

    @property
    def home(self) -> CodexHome:
        return CodexHome(Path(self.header.codex_home), Path(self.header.databases))

    @property
    def is_unfinished(self) -> bool:
        """Whether it was ended in the middle, by a power cut or `kill -9`."""
        return self.header.stage in (Stage.CHANGING, Stage.UNDOING)

    def change(self) -> Change:
        """What it changed; raises SessionsError."""
        return load_change(self.folder / FORWARD)

    def way_back(self) -> Change:
        """What is to be done to undo it, once that was noted; raises SessionsError."""
        return load_change(self.folder / BACK)

    def note_way_back(self, change: Change) -> Run:
        """Note what is to be done to undo it, before it is done."""
        shutil.rmtree(self.folder / BACK, ignore_errors=True)
        save_change(self.folder / BACK, change)
        return self.at(Stage.UNDOING)

    def at(self, stage: Stage) -> Run:
        """The same run, with a note on the disk that it came so far."""
        found = replace(self, header=replace(self.header, stage=stage))
        new = self.folder / f"{HEADER}.new"
        with new.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(found.header), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / HEADER)
        sync_folder(self.folder)
        return found


def begin(home: Path, header: Header, change: Change) -> Run:
    """Note a run that is about to begin; its stamp gets a number if there is one of the same second."""
    top = home / RETAGS
    top.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(1, 1000):
        stamp = header.stamp if number == 1 else f"{header.stamp}-{number}"
        with contextlib.suppress(FileExistsError):
            folder = top / stamp
            folder.mkdir(mode=0o700)
            save_change(folder / FORWARD, change)
            run = Run(folder, replace(header, stamp=stamp)).at(header.stage)
            sync_folder(top)
            return run
    raise SessionsError(f"There are too many runs in {top}: try again in a second.")


def stamp_at(now: float) -> str:
    """The stamp of a run that begins now, in UTC: 20260131-174500."""
    return f"{datetime.datetime.fromtimestamp(now, datetime.UTC):%Y%m%d-%H%M%S}"


def load_runs(home: Path) -> list[Run]:
    """All runs, oldest first; raises SessionsError."""
    return sorted(_runs(home / RETAGS), key=lambda run: (run.header.started_at, run.header.stamp))


def _runs(top: Path) -> Iterator[Run]:
    for path in top.glob(f"*/{HEADER}"):
        try:
            yield Run(path.parent, msgspec.json.decode(path.read_bytes(), type=Header))
        except (OSError, msgspec.DecodeError) as error:
            raise SessionsError(
                f"The notes {path} cannot be read ({error}): restore or remove {path.parent}."
            ) from error
