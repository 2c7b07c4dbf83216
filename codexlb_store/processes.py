"""Which proxy processes live: each holds a file lock, which the kernel lets go however the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

FOLDER = "processes"
SUFFIX = ".lock"


def living(home: Path) -> set[str]:
    """The ids of the proxy processes that live now; the lock files of the dead are removed on the way."""
    return {path.stem for path in (home / FOLDER).glob(f"*{SUFFIX}") if _is_held(path)}


def _is_held(path: Path) -> bool:
    """Whether a process holds this mark; a dead one's file is removed.

    Asks for a shared lock, so that two who ask at once do not take each other for the holder.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


class ProcessMark:
    """This process's proof of life, from take to release (or to its end)."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.id = path.stem
        self._path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, home: Path) -> Self:
        """Make a mark under a fresh id in `home`."""
        folder = home / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = folder / f"{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Between the two lines above `living` may have taken the file for a dead one's and removed it.
            if path.exists():
                return cls(path, descriptor)
            os.close(descriptor)

    def release(self) -> None:
        """Give the mark up; a second call does nothing."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None
