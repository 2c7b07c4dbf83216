"""`codexlb benchmark` as a person runs it, with little load over all three roads."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.benchmark.command import command, measured, print_tables
from scripts.benchmark.figures import ADDED, SCENES, Figure, Target, spreads
from scripts.benchmark.machine import this_machine
from scripts.benchmark.plan import Measurement, Plan
from scripts.benchmark.processes import running
from scripts.benchmark.procfs import family
from scripts.benchmark.roads import beside_python
from scripts.benchmark.tables import LABELS

TINY = Plan(
    rounds=1, turns_seconds=0.05, burst_seconds=0.05, first_seconds=0.05,
    paced_seconds=0.1, slow_streams=4, slow_seconds=0.1, share_seconds=3, slow_clients_seconds=0.1,
    viewers_seconds=0.1,
)  # fmt: skip


ALL = frozenset(os.sched_getaffinity(0))


def test_a_tiny_benchmark_measures_all_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """No turn fails, the ledger has them all, and both proxies have every figure."""
    findings = measured(TINY, frozenset({Measurement.TTFT}))

    assert findings.troubles() == []
    found = spreads(findings.values)
    for proxy in (Target.MITMDUMP, Target.CODEXLB):
        assert {figure for figure, target in found if target is proxy} == {*ADDED, *ADDED.values()}

    print_tables(this_machine(), TINY, found, ["Something was wrong."])
    text = capsys.readouterr().out
    assert LABELS[Figure.ADDED_30KB_P50] in text
    assert text.endswith("Something was wrong.\n")


@pytest.mark.parametrize(
    ("scene", "figure"),
    [
        (Measurement.FAIR_SHARE, Figure.SMALL_KEYS_P95),
        (Measurement.SLOW_CLIENTS, Figure.GOOD_CLIENT_P95),
        (Measurement.VIEWERS, Figure.LOOKED_AT_P95),
    ],
)
def test_a_scene_measures_both_halves(scene: Measurement, figure: Figure) -> None:
    """No turn fails in either."""
    findings = measured(TINY, frozenset({scene}))

    assert findings.troubles() == []
    assert set(spreads(findings.values)) == {(figure, Target.ALONE), (figure, Target.BESIDE)}
    assert all(findings.turns[half] > 0 for half in SCENES)


def test_json_is_all_that_stands_on_standard_output() -> None:
    """Memory, quickly: figures of both proxies, the goals they say something about, and no trouble."""
    result = CliRunner().invoke(command, ["--quick", "--only", "memory", "--json"])

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    figures = {record["figure"]: record for record in document["figures"]}
    assert set(figures) == {Figure.MEMORY_IDLE, Figure.MEMORY_SLOW, Figure.AGE_SLOW}
    assert figures[Figure.MEMORY_IDLE]["codexlb"]["median"] > 10
    assert [goal["figure"] for goal in document["goals"]] == [Figure.MEMORY_IDLE]
    assert document["troubles"] == []


def test_a_benchmark_that_is_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    """SIGTERM in the middle of a run: the processes it started end, its folder goes."""
    argv: list[str | Path] = [beside_python("codexlb"), "benchmark", "--quick", "--only", "memory"]
    with running(argv, tmp_path / "log", ALL, {**os.environ, "TMPDIR": str(tmp_path)}) as process:
        deadline = time.monotonic() + 60
        while len(started := family(process.pid)) < 4:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)

    assert process.returncode == 128 + signal.SIGTERM
    assert [pid for pid in started if (Path("/proc") / str(pid)).exists()] == []
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_an_unknown_measurement_is_refused() -> None:
    """The answer names what there is."""
    result = CliRunner().invoke(command, ["--only", "ttft,speed"])

    assert result.exit_code == 2
    assert "'speed' is not a valid Measurement: give one or more of throughput, ttft, paced, memory, " in result.output
