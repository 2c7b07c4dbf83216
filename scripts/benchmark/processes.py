"""Processes the benchmark starts: a command goes in, a process pinned to its cores comes out and is always ended."""

from __future__ import annotations

import http
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

READY_SECONDS = 30.0
END_SECONDS = 10.0
CORES_TO_PIN = 4
"""With fewer cores, client, upstream and proxy share what there is."""


class BenchmarkError(Exception):
    """The benchmark could not be run."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which processor cores each side runs on."""

    client: frozenset[int]
    upstream: frozenset[int]
    proxies: frozenset[int]


def shared_out(available: Sequence[int]) -> Cores:
    """Client and upstream a core of their own, proxies the rest; all share all when there are fewer than four."""
    ordered = sorted(available)
    if len(ordered) < CORES_TO_PIN:
        everything = frozenset(ordered)
        return Cores(everything, everything, everything)
    return Cores(frozenset(ordered[:1]), frozenset(ordered[1:2]), frozenset(ordered[2:]))


@contextmanager
def running(
    argv: Sequence[str | Path], log: Path, cores: frozenset[int], environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a command that writes to `log`; end it by its id, by force when it does not end in time."""
    with log.open("w") as words, started(argv, words, words, environ) as process:
        os.sched_setaffinity(process.pid, cores)
        yield process


@contextmanager
def started(
    argv: Sequence[str | Path], output: int | IO[str], errors: int | IO[str], environ: Mapping[str, str] | None
) -> Iterator[subprocess.Popen[str]]:
    """A process that is ended in any case: a SIGTERM that comes while it starts waits until it is known."""
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    try:
        process = subprocess.Popen(  # noqa: S603  only this package's own commands and mitmdump
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, text=True, env=environ
        )
    except OSError:
        signal.signal(signal.SIGTERM, before)
        raise
    try:
        signal.signal(signal.SIGTERM, before)
        if told:
            signal.raise_signal(signal.SIGTERM)
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Ask a process to end, then make it."""
    process.terminate()
    try:
        process.communicate(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def output_of(
    argv: Sequence[str | Path], cores: frozenset[int], seconds: float, environ: Mapping[str, str] | None = None
) -> str:
    """What a command prints; BenchmarkError when it fails or takes longer than `seconds`."""
    with started(argv, subprocess.PIPE, subprocess.PIPE, environ) as process:
        os.sched_setaffinity(process.pid, cores)
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"`{spoken(argv)}` did not end within {seconds:.0f} seconds.") from None
    if process.returncode:
        raise BenchmarkError(f"`{spoken(argv)}` failed: {last_line(errors)}")
    return output


def spoken(argv: Sequence[str | Path]) -> str:
    """A command as a person would say it, without folders and long arguments."""
    return " ".join([Path(argv[0]).name, *(str(word) for word in argv[1:4])])


def last_line(words: str) -> str:
    """The line that says what went wrong, as programs put it last."""
    lines = words.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def answers(port: int) -> bool:
    """Whether a GET of /health is answered; the upstream says 404 to it, itself and through mitmdump."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return status < http.HTTPStatus.INTERNAL_SERVER_ERROR


def wait_until_ready(process: subprocess.Popen[str], name: str, port: int, log: Path) -> None:
    """Return as soon as the process answers; BenchmarkError when it ends or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while not answers(port):
        if process.poll() is not None:
            raise BenchmarkError(f"{name} ended before it was ready: {last_line(log.read_text())}")
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{name} was not ready after {READY_SECONDS:.0f} seconds.")
        time.sleep(0.05)
