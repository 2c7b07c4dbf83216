"""What a run sends and how it reads what comes back."""

from __future__ import annotations

import pytest

from scripts.benchmark.figures import ADDED, IN_SCENES, Figure
from scripts.benchmark.load import Sample
from scripts.benchmark.plan import FULL, QUICK, Measurement, Plan, held, steps

SAMPLE = Sample(
    turns=210, failed=10, failure="answered 'HTTP/1.1 503'", events=5_000, seconds=2, cpu_seconds=0.5,
    resident_bytes=90_000_000, first_ms_p50=1.5, first_ms_p99=3.5, first_ms_p95=3.0, age_ms_p99=4.5,
)  # fmt: skip


@pytest.mark.parametrize(
    ("measurement", "expected"),
    [
        pytest.param(
            Measurement.THROUGHPUT,
            {
                Figure.TURNS_30KB: 100, Figure.CPU_30KB: 2.5, Figure.TURNS_30KB_KEPT: 100, Figure.CPU_30KB_KEPT: 2.5,
                Figure.TURNS_1MB: 100, Figure.CPU_1MB: 2.5, Figure.BURST: 2_500,
            },
            id="throughput-counts-good-turns-only",
        ),
        pytest.param(
            Measurement.TTFT,
            {
                Figure.FIRST_30KB_P50: 1.5, Figure.FIRST_30KB_P99: 3.5, Figure.FIRST_30KB_KEPT_P50: 1.5,
                Figure.FIRST_30KB_KEPT_P99: 3.5, Figure.FIRST_1MB_KEPT_P50: 1.5, Figure.FIRST_1MB_KEPT_P99: 3.5,
            },
            id="ttft",
        ),
        pytest.param(Measurement.PACED, {Figure.CPU_EVENTS: 10, Figure.AGE_PACED: 4.5}, id="paced"),
        pytest.param(Measurement.MEMORY, {Figure.MEMORY_SLOW: 90, Figure.AGE_SLOW: 4.5}, id="memory"),
    ],
)  # fmt: skip
def test_what_a_measurement_reads(measurement: Measurement, expected: dict[Figure, float]) -> None:
    found: dict[Figure, float | None] = {}
    for step in steps(FULL, measurement):
        found.update(step.read(SAMPLE))

    assert found == expected


def test_every_figure_is_measured() -> None:
    """Idle memory is read without a load, added times come from the times themselves, and scenes have steps of their
    own; all else is some step's."""
    read = {figure for one in Measurement for step in steps(FULL, one) for figure in step.read(SAMPLE)}

    assert read | set(ADDED.values()) | {Figure.MEMORY_IDLE} | IN_SCENES == set(Figure)


@pytest.mark.parametrize("plan", [FULL, QUICK], ids=["full", "quick"])
def test_held_streams_outlast_what_is_measured(plan: Plan) -> None:
    """The first stream opened is still open when the measuring ends."""
    load = held(plan.slow_streams, 100, plan.slow_seconds)

    assert load.events * load.gap_ms / 1000 > load.ramp_seconds + load.seconds
