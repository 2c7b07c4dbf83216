"""Which proxy processes live, and what each goes by: each holds a file lock, which the kernel lets go however the
process ends, on a file that says how it runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

FOLDER = "processes"
SUFFIX = ".lock"


@dataclass(frozen=True, slots=True)
class InForce:
    """What a setting is in a running proxy, and who said so: command line, environment, file or default."""

    value: str | int
    source: str


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a proxy runs: its version, the addresses and ports it listens on, whether it has a certificate of its own,
    and its settings by name."""

    version: str
    listen: tuple[tuple[str, int], ...]
    tls: bool
    settings: Mapping[str, InForce] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A proxy that lives, under the id of its mark."""

    id: str
    conduct: Conduct


def running(home: Path) -> list[Running]:
    """The proxies that live now and say how they run; a command that holds a mark of its own is none."""
    found = []
    for name in sorted(living(home)):
        with contextlib.suppress(OSError):  # it ended meanwhile
            conduct = parse_conduct((home / FOLDER / f"{name}{SUFFIX}").read_bytes())
            if conduct:
                found.append(Running(name, conduct))
    return found


def parse_conduct(content: bytes) -> Conduct | None:
    """What a mark says; None for one that says nothing, or nothing that this version understands."""
    try:
        data: Any = json.loads(content)
        settings = {str(name): InForce(each["value"], str(each["source"])) for name, each in data["settings"].items()}
        listen = tuple((str(host), int(port)) for host, port in data["listen"])
        return Conduct(str(data["version"]), listen, bool(data["tls"]), settings)
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


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

    def tell(self, conduct: Conduct) -> None:
        """Say how this process runs, for `running`; what was said before is overwritten in place, for the lock is on
        this very file. Raises OSError."""
        if self._descriptor is None:
            return
        content = json.dumps(asdict(conduct)).encode()
        before = os.fstat(self._descriptor).st_size
        os.pwrite(self._descriptor, content.ljust(before), 0)  # blanks over the rest: who reads now reads JSON
        os.ftruncate(self._descriptor, len(content))

    def release(self) -> None:
        """Give the mark up; a second call does nothing."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None
