"""How many sessions each provider has: heads of rollouts go in, counts come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.sessions.rollout import Head


@dataclass(frozen=True, slots=True)
class Seen:
    """A rollout: what line 1 says, when it was last written to (unix seconds), its bytes, and if it is archived."""

    head: Head
    modified_at: float
    bytes: int
    is_archived: bool


@dataclass(slots=True)
class ProviderCount:
    """The sessions of one provider; None are those that name none. `newest` in unix seconds."""

    provider: str | None
    threads: set[str] = field(default_factory=set)
    archived_threads: set[str] = field(default_factory=set)
    newest: float = 0.0
    bytes: int = 0

    @property
    def sessions(self) -> int:
        return len(self.threads)

    @property
    def archived(self) -> int:
        return len(self.archived_threads)


def provider_counts(found: Iterable[Seen]) -> list[ProviderCount]:
    """One per provider, the one with most sessions first; what belongs to one thread is one session."""
    counts: dict[str | None, ProviderCount] = {}
    for seen in found:
        count = counts.setdefault(seen.head.provider, ProviderCount(seen.head.provider))
        thread = seen.head.thread or seen.head.rollout
        count.threads.add(thread)
        if seen.is_archived:
            count.archived_threads.add(thread)
        count.newest = max(count.newest, seen.modified_at)
        count.bytes += seen.bytes
    return sorted(counts.values(), key=lambda count: (-count.sessions, count.provider or ""))


def differing(found: Iterable[Seen], rows: Mapping[str, str]) -> int:
    """How many sessions have another provider in the database (`rows`, by thread) than in their file."""
    named = {seen.head.thread: seen.head.provider for seen in found if seen.head.thread and seen.head.provider}
    return sum(1 for thread, provider in named.items() if thread in rows and rows[thread] != provider)


def is_archived(path: Path, folder: Path) -> bool:
    """Whether the rollout at this path is archived in this folder of Codex."""
    return path.is_relative_to(folder / "archived_sessions")
