"""What a run measures: a Plan goes in, steps come out: a load to send over every road, and what to read from it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from scripts.benchmark.figures import Figure, per
from scripts.benchmark.load import Load, Sample

SMALL_BYTES = 30_000
LARGE_BYTES = 1_000_000
"""A turn early in a session, and one late in it."""

SMALL_STREAMS = 16
LARGE_STREAMS = 8
EVENTS = 24
"""Of a short answer: some 6 kB."""

BURST_STREAMS = 8
BURST_EVENTS = 2_000
PACED_STREAMS = 60
PACED_GAP_MS = 20
SLOW_GAP_MS = 100
OPENED_PER_SECOND = 200
"""Held streams are opened slower than plain mitmdump can on one core, so that none waits for another's start."""

SPARE_SECONDS = 0.6
"""Held streams last this much longer than is measured: the first may not end before all have been seen together."""

Values = Mapping[Figure, float | None]


class Measurement(enum.StrEnum):
    """The groups of figures that can be asked for alone."""

    THROUGHPUT = "throughput"
    TTFT = "ttft"
    PACED = "paced"
    MEMORY = "memory"
    FAIR_SHARE = "fair-share"
    SLOW_CLIENTS = "slow-clients"
    VIEWERS = "viewers"


SCENES = frozenset({Measurement.FAIR_SHARE, Measurement.SLOW_CLIENTS, Measurement.VIEWERS})
"""Played before codexlb only, alone and beside others; the rest is measured over all roads."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each load lasts (seconds a round), how many slow streams there are, and how often all is repeated.

    Slow clients stay for their whole time once, however many rounds there are.
    """

    rounds: int
    turns_seconds: float
    burst_seconds: float
    first_seconds: float
    paced_seconds: float
    slow_streams: int
    slow_seconds: float
    share_seconds: float
    slow_clients_seconds: float
    viewers_seconds: float


FULL = Plan(
    rounds=5, turns_seconds=1.1, burst_seconds=0.8, first_seconds=0.7,
    paced_seconds=2, slow_streams=500, slow_seconds=3, share_seconds=3.5, slow_clients_seconds=60,
    viewers_seconds=40,
)  # fmt: skip
"""Under six minutes."""

QUICK = Plan(
    rounds=1, turns_seconds=0.5, burst_seconds=0.3, first_seconds=0.3,
    paced_seconds=0.8, slow_streams=150, slow_seconds=0.8, share_seconds=2, slow_clients_seconds=6,
    viewers_seconds=6,
)  # fmt: skip
"""Under a minute: to see that nothing is badly wrong, not to compare."""


@dataclass(frozen=True, slots=True)
class Step:
    """A load, and how to read figures from what came of it."""

    load: Load
    read: Callable[[Sample], Values]


def turns(load: Load, rate: Figure, cpu: Figure) -> Step:
    """As many turns as the load's streams can take: turns per second, and CPU seconds for each 1,000."""

    def read(sample: Sample) -> Values:
        good = sample.turns - sample.failed
        return {rate: per(good, sample.seconds), cpu: per(sample.cpu_seconds, good, 1000)}

    return Step(load, read)


def burst(seconds: float) -> Step:
    """Long answers that the upstream writes at once: events per second."""
    load = Load(BURST_STREAMS, SMALL_BYTES, BURST_EVENTS, seconds)
    return Step(load, lambda sample: {Figure.BURST: per(sample.events, sample.seconds)})


def first_token(load: Load, p50: Figure, p99: Figure) -> Step:
    """One turn after the other, alone: milliseconds to the first event, connecting included where that is needed."""
    return Step(load, lambda sample: {p50: sample.first_ms_p50, p99: sample.first_ms_p99})


def held(streams: int, gap_ms: int, seconds: float) -> Load:
    """Streams that are all open at once for `seconds`, an event each `gap_ms`, each event a write of its own."""
    ramp = streams / OPENED_PER_SECOND
    events = round((ramp + seconds + SPARE_SECONDS) * 1000 / gap_ms)
    return Load(streams, SMALL_BYTES, events, seconds, gap_ms=gap_ms, ramp_seconds=ramp)


def paced_values(sample: Sample) -> Values:
    """What 100,000 events that come one by one cost (CPU seconds), and how late they are."""
    return {
        Figure.CPU_EVENTS: per(sample.cpu_seconds, sample.events, 100_000),
        Figure.AGE_PACED: sample.age_ms_p99,
    }


def slow_values(sample: Sample) -> Values:
    """Memory while all slow streams are open (MB of 1,000,000 bytes), and how late their events are."""
    return {Figure.MEMORY_SLOW: per(sample.resident_bytes, 1_000_000), Figure.AGE_SLOW: sample.age_ms_p99}


def throughput(plan: Plan) -> tuple[Step, ...]:
    """Closed loops of many streams."""
    small = Load(SMALL_STREAMS, SMALL_BYTES, EVENTS, plan.turns_seconds)
    large = Load(LARGE_STREAMS, LARGE_BYTES, EVENTS, plan.turns_seconds)
    return (
        turns(small, Figure.TURNS_30KB, Figure.CPU_30KB),
        turns(replace(small, kept=True), Figure.TURNS_30KB_KEPT, Figure.CPU_30KB_KEPT),
        turns(large, Figure.TURNS_1MB, Figure.CPU_1MB),
        burst(plan.burst_seconds),
    )


def first_tokens(plan: Plan) -> tuple[Step, ...]:
    """Closed loops of one stream."""
    small = Load(1, SMALL_BYTES, EVENTS, plan.first_seconds)
    kept = replace(small, kept=True)
    large = replace(kept, body_bytes=LARGE_BYTES)
    return (
        first_token(small, Figure.FIRST_30KB_P50, Figure.FIRST_30KB_P99),
        first_token(kept, Figure.FIRST_30KB_KEPT_P50, Figure.FIRST_30KB_KEPT_P99),
        first_token(large, Figure.FIRST_1MB_KEPT_P50, Figure.FIRST_1MB_KEPT_P99),
    )


def steps(plan: Plan, measurement: Measurement) -> tuple[Step, ...]:
    """The loads of one measurement in one round, for every road; a scene has none."""
    match measurement:
        case Measurement.THROUGHPUT:
            return throughput(plan)
        case Measurement.TTFT:
            return first_tokens(plan)
        case Measurement.PACED:
            return (Step(held(PACED_STREAMS, PACED_GAP_MS, plan.paced_seconds), paced_values),)
        case Measurement.MEMORY:
            return (Step(held(plan.slow_streams, SLOW_GAP_MS, plan.slow_seconds), slow_values),)
        case Measurement.FAIR_SHARE | Measurement.SLOW_CLIENTS | Measurement.VIEWERS:
            return ()
