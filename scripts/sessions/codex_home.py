"""Where Codex keeps its sessions: a folder goes in, its rollouts and databases come out.

Seen with codex-cli 0.105.0, 0.136.0 and 0.169.0: `sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl`, flat
`archived_sessions`, `rollout-<time>-<thread>_<id>.jsonl` after a revert, `.jsonl.zst` for what was long untouched.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from scripts.sessions.session_error import SessionsError

FOLDERS = ("sessions", "archived_sessions")

COMPRESSED = ".zst"
ROLLOUT = re.compile(r"rollout-.+\.jsonl(\.zst)?")
ROLLOUT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.jsonl)")
"""The last id in the name: after a revert a thread has several rollouts, and the first id is the thread's."""

STATE, HISTORY = "state", "thread_history"

home_option = click.option(
    "--codex-home",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Codex's folder; else $CODEX_HOME, else ~/.codex.",
)


def rollout_id(path: Path) -> str:
    """The id under which Codex knows this file; its name where that has none."""
    found = ROLLOUT_ID.search(path.name)
    return found[0] if found else path.name.partition(".jsonl")[0]


@dataclass(frozen=True, slots=True)
class CodexHome:
    """The folder of Codex, and the one of its databases, both without symbolic links."""

    folder: Path
    databases: Path

    @classmethod
    def find(cls, chosen: Path | None, environ: Mapping[str, str]) -> CodexHome:
        """The folder that was chosen, else the one that Codex would use; raises SessionsError."""
        folder = chosen or Path(environ.get("CODEX_HOME") or "~/.codex")
        try:
            folder = folder.expanduser().resolve()
        except (RuntimeError, OSError) as error:
            raise SessionsError(f"{folder} cannot be found ({error}): choose it with --codex-home.") from error
        if not folder.is_dir():
            raise SessionsError(f"Codex has no folder {folder}: choose the right one with --codex-home.")
        return cls(folder, _databases(folder, environ))

    def rollouts(self) -> Iterator[Path]:
        """The files of all sessions, in their order by name; each once, whatever links lead to it."""
        for name in FOLDERS:
            yield from _rollouts(self.folder / name)

    def database(self, name: str) -> Path | None:
        """The newest database of this name: the number in the file name grows with its schema."""
        found = [
            (int(match[1]), path)
            for path in self.databases.glob(f"{name}_*.sqlite")
            if (match := re.fullmatch(rf"{name}_(\d+)\.sqlite", path.name))
        ]
        return max(found)[1] if found else None


def _databases(folder: Path, environ: Mapping[str, str]) -> Path:
    """As Codex does it: `sqlite_home` in config.toml, else $CODEX_SQLITE_HOME, else its folder."""
    try:
        config: dict[str, Any] = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    chosen = config.get("sqlite_home") or environ.get("CODEX_SQLITE_HOME")
    return (folder / Path(str(chosen)).expanduser()).resolve() if chosen else folder


def _rollouts(top: Path) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(top, followlinks=True):
        folders[:] = sorted(name for name in folders if _is_new(Path(folder, name), seen))
        for name in sorted(filter(ROLLOUT.fullmatch, names)):
            path = Path(folder, name)
            if path.is_file() and _is_new(path, seen):
                yield path


def _is_new(path: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether this file or folder was not met before; a link that leads nowhere is nothing."""
    try:
        found = path.stat()
    except OSError:
        return False
    key = found.st_dev, found.st_ino
    if key in seen:
        return False
    seen.add(key)
    return True
