"""What a change of sessions is going to do, as a file: records go in before anything changes, and come out to undo it.

Positions, old and new bytes of every edit are enough to put a rollout back exactly, also one that has grown since:
no copies of rollouts are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from scripts.sessions.databases import Offset
from scripts.sessions.edits import Edit
from scripts.sessions.session_error import SessionsError

Row = TypeVar("Row")

ROLLOUTS, THREADS = "rollouts.jsonl", "threads.jsonl"


@dataclass(frozen=True, slots=True)
class Record:
    """A rollout to be changed: the edits of its file (`names` of them change the provider), offsets in the database.

    `modified_ns` is when it was last written to, in Unix nanoseconds.
    """

    rollout: str
    thread: str | None
    path: str
    modified_ns: int
    names: int
    edits: tuple[Edit, ...]
    offsets: tuple[Offset, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """All that is to be done: records of rollouts, and the threads whose row in the database changes."""

    records: tuple[Record, ...]
    threads: tuple[str, ...]

    @property
    def sessions(self) -> int:
        """How many sessions change their provider."""
        named = {record.thread or record.rollout for record in self.records if record.names}
        return len(named.union(self.threads))


def save_change(folder: Path, change: Change) -> None:
    """Put the notes on the disk, for good, in a folder of their own."""
    folder.mkdir(mode=0o700)
    encode = msgspec.json.Encoder().encode
    _save(folder / ROLLOUTS, (encode(record) for record in change.records))
    _save(folder / THREADS, (encode(thread) for thread in change.threads))


def load_change(folder: Path) -> Change:
    """The notes in this folder; raises SessionsError."""
    try:
        return Change(tuple(_load(folder / ROLLOUTS, Record)), tuple(_load(folder / THREADS, str)))
    except (OSError, msgspec.DecodeError) as error:
        raise SessionsError(f"The notes in {folder} cannot be read ({error}): restore that folder.") from error


def _save(path: Path, rows: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        file.writelines(row + b"\n" for row in rows)
        file.flush()
        os.fsync(file.fileno())


def _load(path: Path, kind: type[Row]) -> Iterator[Row]:
    decode = msgspec.json.Decoder(kind).decode
    with path.open("rb") as file:
        yield from map(decode, file)
