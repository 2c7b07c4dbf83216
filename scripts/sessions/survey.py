"""All rollouts of Codex's folder read: the folder and a provider go in, the places that name it come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.sessions.bases import with_bases
from scripts.sessions.codex_home import CodexHome, rollout_id
from scripts.sessions.edits import Edit
from scripts.sessions.rollout import Findings, Head, read_head, read_rollout
from scripts.sessions.rollout_content import ContentError, is_compressed
from scripts.sessions.rollout_line import Base

Advance = Callable[[int], object]
"""Told of so many bytes more of rollout files that are done."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The rollout files of a folder, and their bytes in all."""

    paths: tuple[Path, ...]
    total: int

    @classmethod
    def of(cls, home: CodexHome) -> Sizes:
        paths = tuple(home.rollouts())
        return cls(paths, sum(path.stat().st_size for path in paths))


@dataclass(slots=True)
class Survey:
    """What was found: by path the heads and the edits to make, and what could not be read."""

    heads: dict[str, Head] = field(default_factory=dict)
    named: dict[str, tuple[Edit, ...]] = field(default_factory=dict)
    broken: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    passed_over: set[str] = field(default_factory=set)

    def add(self, path: Path, found: Findings) -> None:
        """Keep what a rollout says."""
        self.heads[str(path)] = found.head
        if found.named:
            self.named[str(path)] = found.named
        if found.broken:
            self.broken[str(path)] = found.broken

    def all_edits(self) -> dict[str, tuple[Edit, ...]]:
        """By path, with those that forks need of what they are based on."""
        return with_bases(self.named, bases_by_path(self.heads))


def paths_by_rollout(heads: dict[str, Head]) -> dict[str, str]:
    """Where the rollout of an id is; the plain file where a compressed one lies beside it, as Codex has it."""
    found: dict[str, str] = {}
    for path, head in sorted(heads.items(), key=lambda item: is_compressed(Path(item[0]))):
        found.setdefault(head.rollout, path)
    return found


def bases_by_path(heads: dict[str, Head]) -> dict[str, Base]:
    """The bases of all forks, where both fork and base are named by their paths."""
    paths = paths_by_rollout(heads)
    return {
        path: replace(head.base, rollout=paths[head.base.rollout])
        for path, head in heads.items()
        if head.base and head.base.rollout in paths
    }


def survey(paths: tuple[Path, ...], provider: str, renamed: bytes, since: float | None, advance: Advance) -> Survey:
    """Read the rollouts; of those last written to before `since` (unix seconds) only line 1."""
    found = Survey()
    for path in paths:
        about = path.stat()
        try:
            if since is None or about.st_mtime >= since:
                found.add(path, read_rollout(path, provider, renamed))
            else:
                found.passed_over.add(str(path))
                found.heads[str(path)] = read_head(path)
        except (OSError, ContentError) as error:
            # Its row in the database must stay with it: it is known by its name.
            found.heads[str(path)] = Head(rollout_id(path), rollout_id(path), None, None)
            found.passed_over.add(str(path))
            found.unreadable[str(path)] = str(error)
        advance(about.st_size)
    return found
