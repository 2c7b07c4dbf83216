"""A folder of Codex as codex-cli 0.169 leaves it, small: rollouts, databases, and a look at every byte and time."""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from scripts.cli import main
from scripts.sessions.rollout_content import opened

OLD_NS = 1_700_000_000_123_456_789
"""When the rollouts were last written to, in Unix nanoseconds; read a nanosecond before."""

Value = dict[str, Any]


def identifier(number: int) -> str:
    """The id of the session of this number."""
    return str(uuid.UUID(int=number))


def line(kind: str, payload: Value) -> bytes:
    """A line as Codex writes it."""
    text = json.dumps(
        {"timestamp": "2026-11-23T00:26:32.240Z", "type": kind, "payload": payload}, separators=(",", ":")
    )
    return text.encode() + b"\n"


def meta(thread: str, provider: str | None = "openai", **more: Any) -> bytes:
    """A `session_meta`."""
    named = {} if provider is None else {"model_provider": provider}
    return line("session_meta", {"id": thread, "source": "exec", **named, "base_instructions": {"text": "é"}, **more})


def settings(provider: str = "openai") -> bytes:
    """A `thread_settings_applied`."""
    applied = {"type": "thread_settings_applied", "thread_settings": {"model": "m", "model_provider_id": provider}}
    return line("event_msg", applied)


def said(text: str) -> bytes:
    """A message of the person."""
    return line("response_item", {"type": "message", "role": "user", "content": [{"text": text}]})


TRICKY = said('"model_provider":"openai" thread_settings_applied session_meta "model_provider_id":"openai"')
"""A message that speaks of all that a retag looks for."""


class SmallHome:
    """Codex's folder with what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def write(self, number: int, *lines: bytes, place: str = "sessions/2026/11/23", name: str = "") -> Path:
        """A rollout with these lines, last written to and read long ago, and private."""
        path = self.folder / place / (name or f"rollout-2026-11-23T00-26-32-{identifier(number)}.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(lines))
        path.chmod(0o640)
        os.utime(path, ns=(OLD_NS - 1, OLD_NS))
        return path

    def session(self, number: int, provider: str = "openai", turns: int = 2) -> Path:
        """A session of so many turns, its row and its offsets."""
        lines = [meta(identifier(number), provider)]
        for turn in range(turns):
            lines += [settings(provider), TRICKY, said(f"turn {turn}")]
        path = self.write(number, *lines)
        self.row(identifier(number), provider)
        starts = [sum(map(len, lines[: 1 + 3 * turn])) for turn in range(turns + 1)]
        self.offsets(identifier(number), starts)
        return path

    def row(self, thread: str, provider: str, updated_at: int = OLD_NS // 10**9) -> None:
        """A row in the state database."""
        with closing(sqlite3.connect(self.folder / "state_5.sqlite")) as db, db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS threads (id TEXT PRIMARY KEY, model_provider TEXT, updated_at INTEGER)"
            )
            db.execute("INSERT INTO threads VALUES (?, ?, ?)", (thread, provider, updated_at))

    def offsets(self, rollout: str, starts: list[int]) -> None:
        """Turns that begin at these bytes, the last of which is the end."""
        with closing(sqlite3.connect(self.folder / "thread_history_1.sqlite")) as db, db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS thread_turns (thread_id TEXT, turn_id TEXT, rollout_byte_offset INTEGER,"
                " rollout_end_byte_offset INTEGER, PRIMARY KEY (thread_id, turn_id))"
            )
            db.execute(
                "CREATE TABLE IF NOT EXISTS thread_history_projection_state"
                " (thread_id TEXT PRIMARY KEY, next_rollout_byte_offset INTEGER)"
            )
            for turn, (start, end) in enumerate(zip(starts, [*starts[1:-1], None], strict=False)):
                db.execute("INSERT INTO thread_turns VALUES (?, ?, ?, ?)", (rollout, f"turn {turn}", start, end))
            db.execute("INSERT INTO thread_history_projection_state VALUES (?, ?)", (rollout, starts[-1]))

    def rows(self) -> dict[str, str]:
        """The provider of every thread in the database."""
        with closing(sqlite3.connect(self.folder / "state_5.sqlite")) as db:
            return dict(db.execute("SELECT id, model_provider FROM threads"))

    def all_offsets(self) -> list[tuple[Any, ...]]:
        """All rows of the history database."""
        with closing(sqlite3.connect(self.folder / "thread_history_1.sqlite")) as db:
            return [
                *db.execute("SELECT * FROM thread_turns ORDER BY 1, 2"),
                *db.execute("SELECT * FROM thread_history_projection_state ORDER BY 1"),
            ]

    def misplaced(self) -> list[tuple[str, int]]:
        """Offsets in the database that do not stand at the beginning of a line of their rollout, or at its end."""
        contents = {path.name[-42:-6]: content(path) for path in self.rollouts() if path.suffix == ".jsonl"}
        return [
            (row[0], offset)
            for row in self.all_offsets()
            for offset in row[1:]
            if isinstance(offset, int) and contents[row[0]][offset - 1 : offset] != b"\n"
        ]

    def rollouts(self) -> list[Path]:
        return sorted(self.folder.rglob("rollout-*"))

    def picture(self) -> dict[str, tuple[bytes, int, int, int]]:
        """By name the bytes, times (ns) and mode of every file but the databases."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            about = path.lstat()
            if path.is_file() and ".sqlite" not in path.name:
                times = about.st_atime_ns, about.st_mtime_ns
                found[str(path.relative_to(self.folder))] = (content(path), *times, about.st_mode)
        return found


def providers(path: Path) -> list[str]:
    """What a rollout names, in order."""
    found = []
    for text in content(path).splitlines():
        try:
            value = json.loads(text)
        except ValueError:
            continue
        payload = value["payload"] if isinstance(value, dict) else {}
        found += [payload["model_provider"]] if "model_provider" in payload else []
        found += [payload["thread_settings"]["model_provider_id"]] if "thread_settings" in payload else []
    return found


def codexlb_sessions(*arguments: str | Path) -> Result:
    """`codexlb sessions ARGUMENTS`."""
    return CliRunner().invoke(main, ["sessions", *map(str, arguments)], catch_exceptions=False)


def retag(home: SmallHome, was: str = "openai", becomes: str = "codex-lb", *more: str) -> str:
    """Retag all sessions; the stamp of the run."""
    done = codexlb_sessions("retag", "--from", was, "--to", becomes, "--codex-home", home.folder, "--yes", *more)
    assert done.exit_code == 0, done.output
    return done.stdout.split()[-1]


def undo(stamp: str) -> Result:
    """Undo this run."""
    done = codexlb_sessions("undo", stamp)
    assert done.exit_code == 0, done.output
    return done


def refused(*arguments: str | Path, exit_code: int = 1) -> str:
    """What the command says when it does not do it: one sentence, no traceback."""
    done = codexlb_sessions(*arguments)
    assert done.exit_code == exit_code, done.output
    return done.stderr.strip().splitlines()[-1].removeprefix("Error: ")


def joined(blocks: Iterable[bytes]) -> bytes:
    return b"".join(blocks)


def content(path: Path) -> bytes:
    """The bytes of a file, read without a trace: the time of its last access stays."""
    with opened(path) as file:
        return file.read()
