"""The processes that work on a data folder, as their marks tell: seen without touching anything."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codexlb_store.processes import FOLDER, SUFFIX, Conduct, parse_conduct


@dataclass(frozen=True, slots=True)
class Running:
    """A process that lives, by the id of its mark; `conduct` is how it runs if it is a proxy and says so."""

    id: str
    conduct: Conduct | None

    @property
    def pid(self) -> str:
        """Its process id."""
        return self.id.partition("-")[0]

    @property
    def listen(self) -> tuple[tuple[str, int], ...]:
        """The addresses and ports it listens on, as far as that is known."""
        return self.conduct.listen if self.conduct else ()

    @property
    def places(self) -> str:
        """The same in words."""
        return " and ".join(f"{host or 'every address'}:{port}" for host, port in self.listen)

    def setting(self, name: str) -> str | int | None:
        """What it goes by; None where that is not known."""
        found = self.conduct.settings.get(name) if self.conduct else None
        return found.value if found else None


def see_running(home: Path) -> list[Running]:
    """The processes that live now, in the order of their ids."""
    return sorted(_held(home / FOLDER), key=lambda found: found.id)


def _held(folder: Path) -> Iterator[Running]:
    # Not `living`: that clears away the marks of the dead.
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe has no end
        except OSError:
            continue  # it has just ended
        with os.fdopen(descriptor, "rb") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                yield Running(path.stem, parse_conduct(mark.read()))
