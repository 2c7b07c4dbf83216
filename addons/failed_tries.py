"""How often each address failed to show what lets it in: bounded in memory, however many addresses there are."""

from __future__ import annotations

from collections import OrderedDict

MOST_IN_A_WINDOW = 30
"""Codex asks six times in one turn before it shows what is wrong: a typo must not hide behind a 429 at once."""

WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 10_000
"""Past it those that failed longest ago are forgotten; a flood from everywhere is not slowed by counting it."""


class FailedTries:
    """Counts failures by address, each in a minute that begins with its first one; `most` are borne in it."""

    def __init__(self, most: int = MOST_IN_A_WINDOW) -> None:
        self.most = most
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def add(self, address: str, now: float) -> float | None:
        """Count one more failure at `now` (unix seconds); how many seconds to stay away if there were too many."""
        began, count = self._windows.pop(address, (now, 0))
        if not 0 <= now - began < WINDOW_SECONDS:
            began, count = now, 0
        self._windows[address] = (began, count + 1)
        if len(self._windows) > MOST_ADDRESSES:
            self._windows.popitem(last=False)
        return began + WINDOW_SECONDS - now if count >= self.most else None

    def forget(self, address: str) -> None:
        """It was let in: what failed before was a typo."""
        self._windows.pop(address, None)

    def __len__(self) -> int:
        return len(self._windows)
