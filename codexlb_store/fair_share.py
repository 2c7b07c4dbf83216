"""Who is served next when clients wait for the same slots: costs by key go in, a max-min fair order comes out.

Start-time fair queuing. Time is virtual and counts in cost: a request starts when the one before it of its key has
ended, but not before it came, and the earliest start is served first. So a key that asks for little is served next,
however much another one has in the line; what nobody else wants, the busy one gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Turn:
    """A request's place in virtual time: whose it is, when it came, and what it will likely cost."""

    key_id: str | None
    came_at: float
    cost: float


T = TypeVar("T")


class FairShare:
    """Virtual time, and until when each key has had its share; clients without a key share one."""

    def __init__(self) -> None:
        self._now = 0.0
        self._ends: dict[str | None, float] = {}

    def come(self, key_id: str | None, cost: float) -> Turn:
        """A request comes now."""
        return Turn(key_id, self._now, cost)

    def serve(self, turn: Turn) -> None:
        """A request is served: its key pays."""
        start = max(turn.came_at, self._ends.get(turn.key_id, 0.0))
        self._ends[turn.key_id] = start + turn.cost
        self._now = max(self._now, start)

    def in_order(self, waiting: Sequence[tuple[Turn, T]]) -> list[T]:
        """Those who wait, given in order of arrival, in the order in which they are to be served."""
        if len(waiting) < 2:
            return [item for _, item in waiting]
        ends = dict(self._ends)
        starts = []
        for turn, _ in waiting:
            start = max(turn.came_at, ends.get(turn.key_id, 0.0))
            ends[turn.key_id] = start + turn.cost
            starts.append(start)
        return [waiting[index][1] for index in sorted(range(len(waiting)), key=starts.__getitem__)]
