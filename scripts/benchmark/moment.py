"""Two looks at a running load: what a process had used and what had come by then; what lies between them comes out."""

from __future__ import annotations

import time
from dataclasses import dataclass

from scripts.benchmark.procfs import cpu_seconds, resident_bytes


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a load that counts: events that came in it, its length, CPU used in it and memory held at its end."""

    events: int
    seconds: float
    cpu_seconds: float | None
    resident_bytes: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """CPU seconds of the watched process so far and its memory (None without one), the events so far, and the time."""

    cpu_seconds: float | None
    resident_bytes: int | None
    events: int
    at: float

    @classmethod
    def now(cls, watch: int | None, events: int) -> Moment:
        """Look at the process whose id is `watch`."""
        if watch is None:
            return cls(None, None, events, time.perf_counter())
        return cls(cpu_seconds(watch), resident_bytes(watch), events, time.perf_counter())

    def until(self, end: Moment) -> Span:
        """What lies between this moment and a later one."""
        used = None
        if self.cpu_seconds is not None and end.cpu_seconds is not None:
            used = end.cpu_seconds - self.cpu_seconds
        return Span(end.events - self.events, end.at - self.at, used, end.resident_bytes)
