"""Runs the measurements: a plan goes in, every road is measured in turn round after round, readings come out.

The roads alternate within each step, in another order each round, so that other work on the machine hits all alike.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from scripts.benchmark.figures import Figure, Target, added
from scripts.benchmark.findings import Findings
from scripts.benchmark.load import Load, Sample
from scripts.benchmark.plan import EVENTS, SCENES, SMALL_BYTES, SMALL_STREAMS, Measurement, Plan, Step, steps
from scripts.benchmark.processes import Cores, output_of
from scripts.benchmark.procfs import resident_bytes
from scripts.benchmark.roads import Road, completed_rows, open_roads

CLIENT_SECONDS = 40.0
"""What a load may take beyond its own time: starting and ending its streams has limits of its own, below this."""

WARM_UP = Load(SMALL_STREAMS, SMALL_BYTES, EVENTS, seconds=0.3)
"""Sent over each road once, uncounted: the first turns of a process import and build what the later ones use."""

IDLE_SECONDS = 1.0
"""A proxy tidies up after its start; idle memory is read after this."""

Report = Callable[[str], None]


def send(load: Load, road: Road, cores: Cores) -> Sample:
    """Let a client process of its own send a load over a road."""
    sent = json.dumps(asdict(replace(load, port=road.port, watch=road.pid)))
    argv = [sys.executable, "-P", "-m", "scripts.benchmark.client", sent]
    output = output_of(argv, cores.client, load.seconds + load.ramp_seconds + CLIENT_SECONDS)
    return Sample(**json.loads(output))


def rotated(roads: Sequence[Road], by: int) -> list[Road]:
    """The roads, beginning with another one each round."""
    start = by % len(roads)
    return [*roads[start:], *roads[:start]]


def take_step(step: Step, roads: Sequence[Road], cores: Cores, findings: Findings) -> None:
    """Send one load over every road and read the figures; what came through no road is left out."""
    found: dict[tuple[Figure, Target], float] = {}
    for road in roads:
        sample = send(step.load, road, cores)
        findings.count(road.target, sample)
        for figure, value in step.read(sample).items():
            if value is not None:
                found[figure, road.target] = value
    findings.add(found | added(found))


def measure_memory(plan: Plan, roads: Sequence[Road], cores: Cores, findings: Findings) -> None:
    """Memory of proxies that have done nothing yet, then with many slow streams: once, as it hardly varies."""
    time.sleep(IDLE_SECONDS)
    idle = {
        (Figure.MEMORY_IDLE, road.target): resident_bytes(road.pid) / 1_000_000
        for road in roads
        if road.pid is not None
    }
    findings.add(idle)
    for step in steps(plan, Measurement.MEMORY):
        take_step(step, roads, cores, findings)


def measure_rounds(
    plan: Plan, wanted: Collection[Measurement], roads: Sequence[Road], cores: Cores, findings: Findings, report: Report
) -> None:
    """Everything but memory, round after round."""
    for road in roads:
        findings.count(road.target, send(WARM_UP, road, cores))
    for number in range(plan.rounds):
        for measurement in (one for one in Measurement if one in wanted):
            report(f"round {number + 1} of {plan.rounds}: {measurement}")
            for step in steps(plan, measurement):
                take_step(step, rotated(roads, number), cores, findings)


def run(plan: Plan, wanted: Collection[Measurement], folder: Path, cores: Cores, report: Report) -> Findings:
    """Measure what is wanted; memory comes first and on processes of its own. Raises BenchmarkError."""
    findings = Findings()
    timed = set(wanted) - SCENES - {Measurement.MEMORY}
    if Measurement.MEMORY in wanted:
        report("memory")
        with open_roads(folder / "memory", cores) as roads:
            measure_memory(plan, roads, cores, findings)
        findings.completed_rows += completed_rows(folder / "memory")
    if timed:
        report("warming up")
        with open_roads(folder / "rounds", cores) as roads:
            measure_rounds(plan, timed, roads, cores, findings, report)
        findings.completed_rows += completed_rows(folder / "rounds")
    return findings
