"""What the load client is asked for and what it answers: a Load goes in, a Sample comes out, both travel as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.benchmark.connection import Tally
from scripts.benchmark.figures import percentile
from scripts.benchmark.moment import Span


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: `streams` turns at a time for `seconds`, each answered with `events` that come `gap_ms` apart.

    Without a gap the streams are a closed loop: each asks again as soon as it is answered, on the connection it
    has if that is `kept`, else on a new one, as Codex does. With a gap they are held: all are opened within
    `ramp_seconds`, and measured while all are open. `port` (of the loopback interface) and the process to `watch`
    are those of the road it is sent over.
    """

    streams: int
    body_bytes: int
    events: int
    seconds: float
    kept: bool = False
    gap_ms: int = 0
    ramp_seconds: float = 0.0
    port: int = 0
    watch: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What came of a load; None is what could not be known: no process was watched, no event came."""

    turns: int
    failed: int
    failure: str | None
    events: int
    seconds: float
    cpu_seconds: float | None
    resident_bytes: int | None
    first_ms_p50: float | None
    first_ms_p99: float | None
    first_ms_p95: float | None
    age_ms_p99: float | None


def sample(tally: Tally, span: Span) -> Sample:
    """Put together what a load has counted and what the part that counts has cost."""
    first, age = sorted(tally.first_ms), sorted(tally.age_ms)
    return Sample(
        turns=tally.turns,
        failed=tally.failed,
        failure=tally.failure,
        events=span.events,
        seconds=span.seconds,
        cpu_seconds=span.cpu_seconds,
        resident_bytes=span.resident_bytes,
        first_ms_p50=percentile(first, 50),
        first_ms_p99=percentile(first, 99),
        first_ms_p95=percentile(first, 95),
        age_ms_p99=percentile(age, 99),
    )
