"""Alone in Codex's folder: the folder goes in, and while the `with` block runs neither Codex nor we ourselves join."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from scripts.sessions.codex_home import CodexHome
from scripts.sessions.running_codex import WRITER_LOCKS, users
from scripts.sessions.session_error import SessionsError

CODEX_LOCKS = (Path(".tmp", "rollout-maintenance.lock"), Path(WRITER_LOCKS, ".coordination.lock"))
"""What Codex 0.169 locks before it compresses rollouts, and before it begins to write to a session."""


@contextlib.contextmanager
def alone(home: CodexHome) -> Iterator[None]:
    """Nobody else changes sessions in this folder; raises SessionsError if somebody may.

    A Codex that starts meanwhile waits for its own lock, or says that it cannot have it.
    """
    with contextlib.ExitStack() as held:
        if not _lock(home.folder, held):
            raise SessionsError(f"Another `codexlb sessions` is at work in {home.folder}: wait until it is done.")
        refuse_running(home)
        for lock in CODEX_LOCKS:
            if not _lock(home.folder / lock, held):
                raise SessionsError(f"Codex is at work in {home.folder}: wait until it is done, or end it.")
        yield


def refuse_running(home: CodexHome) -> None:
    """Raise SessionsError if Codex runs."""
    if found := users(home):
        raise SessionsError(
            f"{home.folder} is in use by {', '.join(found)}, and Codex must not run while its sessions change: end it"
            " and try again. (IDE extensions run `codex app-server`, and so does `codex app-server daemon`.)"
        )


def _lock(path: Path, held: contextlib.ExitStack) -> bool:
    """Take the lock until the stack ends; True as well where there is no such file to lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
