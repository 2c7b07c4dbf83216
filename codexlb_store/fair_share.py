"""Whose request an account serves next when clients wait for its slots: costs by key go in, max-min fair shares out.

Start-time fair queuing. Time is virtual and counts in cost: a request starts when the one before it of its key has
ended, but not before the latest that was served, and the earliest start is served first. So a key that asks for little
is served next, however much another one has in the line; what nobody else wants, the busy one gets.

Each account has a time of its own. With one for all, a key that has an account to itself would run ahead with it, and
who then comes to another account would stand behind all that wait there, without end.
"""

from __future__ import annotations


class FairShare:
    """How far each key is ahead of an account's virtual time; clients without a key share one."""

    def __init__(self) -> None:
        self._now = 0.0
        self._ends: dict[str | None, float] = {}

    def lead(self, key_id: str | None) -> float:
        """How much more than others that wait the key has had: the least is served next, equals as they came."""
        return self._ends.get(key_id, self._now) - self._now

    def serve(self, key_id: str | None, cost: float) -> None:
        """A request of the key is served, the one with the least lead of those that wait: the key pays."""
        self._now += self.lead(key_id)
        self._ends[key_id] = self._now + cost
        # Who is not ahead has saved up nothing: it begins with everybody else.
        self._ends = {key: end for key, end in self._ends.items() if end > self._now}
