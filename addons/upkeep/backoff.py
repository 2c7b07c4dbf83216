"""How long to leave a thing alone that failed several times in a row."""

from __future__ import annotations

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 60.0
"""A dead issuer must not hold up every request, and one that is back must not be missed for long."""

JITTER = 0.2
"""The part of a pause that is left to chance, so that processes and accounts do not come back together."""


def pause_seconds(failures: int, draw: float, first_seconds: float = FIRST_PAUSE_SECONDS) -> float:
    """The pause after so many failures in a row (1 or more): doubled each time up to a minute; `draw` is 0 to 1."""
    pause = min(LONGEST_PAUSE_SECONDS, first_seconds * 2.0 ** min(failures - 1, 10))
    return pause * (1 - JITTER * draw)
