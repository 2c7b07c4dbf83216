"""Processes the benchmark starts, with real ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.benchmark.processes import (
    BenchmarkError,
    Cores,
    answers,
    last_line,
    output_of,
    running,
    shared_out,
    wait_until_ready,
)
from scripts.benchmark.procfs import cpu_seconds, family, resident_bytes
from tests.ports import free_port

ALL = frozenset(os.sched_getaffinity(0))


def upstream_on(port: int) -> list[str | Path]:
    return [sys.executable, "-P", "-m", "scripts.benchmark.upstream", str(port)]


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        pytest.param([0], Cores(frozenset({0}), frozenset({0}), frozenset({0})), id="one-core"),
        pytest.param([0, 1, 2], Cores(*[frozenset({0, 1, 2})] * 3), id="too-few-to-share-out"),
        pytest.param([3, 2, 1, 0], Cores(frozenset({0}), frozenset({1}), frozenset({2, 3})), id="four-cores"),
        pytest.param([4, 5, 6, 7, 9], Cores(frozenset({4}), frozenset({5}), frozenset({6, 7, 9})), id="some-of-many"),
    ],
)
def test_cores_are_shared_out(available: Sequence[int], expected: Cores) -> None:
    assert shared_out(available) == expected


def test_a_process_runs_until_the_end_of_its_block(tmp_path: Path) -> None:
    """It answers while it runs, its use is known, and it is gone afterwards."""
    port, log = free_port(), tmp_path / "log"
    with running(upstream_on(port), log, ALL) as process:
        wait_until_ready(process, "upstream", port, log)
        assert family(process.pid) == [process.pid]
        assert cpu_seconds(process.pid) >= 0
        assert resident_bytes(process.pid) > 1_000_000

    assert process.returncode is not None
    assert not answers(port)
    assert family(process.pid) == [process.pid]


def test_a_family_is_a_process_and_its_children(tmp_path: Path) -> None:
    """What a proxy's children hold counts as its own."""
    port, log = free_port(), tmp_path / "log"
    with running(upstream_on(port), log, ALL) as process:
        assert process.pid in family(os.getpid())
        assert resident_bytes(os.getpid()) > resident_bytes(process.pid)


def test_a_process_that_ends_early_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    argv = [sys.executable, "-c", "import sys; sys.exit('no such option')"]
    with running(argv, log, ALL) as process, pytest.raises(BenchmarkError) as caught:
        wait_until_ready(process, "proxy", free_port(), log)

    assert str(caught.value) == "proxy ended before it was ready: no such option"


def test_a_command_that_fails_is_an_error_without_folders() -> None:
    with pytest.raises(BenchmarkError) as caught:
        output_of([sys.executable, "-c", "raise SystemExit('broken')"], ALL, seconds=20)

    assert str(caught.value).endswith("failed: broken")
    assert str(Path(sys.executable).parent) not in str(caught.value)


def test_a_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(BenchmarkError, match="did not end within 0 seconds"):
        output_of([sys.executable, "-c", "import time; time.sleep(60)"], ALL, seconds=0.1)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("", "it said nothing", id="silent"),
        pytest.param("Traceback:\n  line\nOSError: in use\n\n", "OSError: in use", id="traceback"),
    ],
)
def test_last_line(words: str, expected: str) -> None:
    assert last_line(words) == expected
