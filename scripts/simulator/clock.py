"""The time the simulator lives by: wall-clock moments, and window time that may run faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time; at speed 600 ten minutes of a usage window pass in one second.

    Moments stay real unix seconds, so an announced reset is the moment at which it truly happens for
    everybody who looks at a real clock. Only the length of usage windows shrinks.
    """

    speed: float = 1.0
    source: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise ValueError(f"speed must be greater than 0, not {self.speed}; 1 is real time.")

    def now(self) -> float:
        """Unix seconds."""
        return self.source()

    def window_seconds(self, minutes: int) -> float:
        """How many real seconds a usage window of so many minutes lasts."""
        return minutes * 60 / self.speed
