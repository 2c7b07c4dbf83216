"""The project's programs as real processes: started on free loopback ports, waited for, ended by their id."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from scripts.proxy_process import is_healthy

START_SECONDS = 30
"""mitmproxy loads in one or two seconds; four of them beside other work may take ten."""
STOP_SECONDS = 15
"""`serve` lets streams end and flushes its ledger first."""
SIGNS_OF_A_CRASH = ("Traceback", "has crashed")
"""mitmproxy goes on after an addon raised; only its log tells."""


def command(name: str) -> str:
    """The installed program `name` of the Python that runs the tests."""
    return str(Path(sys.executable).with_name(name))


def run(*arguments: str | Path, seconds: float = 60) -> str:
    """Runs `codexlb ARGUMENTS` to its end and returns its stdout; anything but exit code 0 fails the test."""
    done = subprocess.run(
        [command("codexlb"), *arguments], capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, f"codexlb {arguments[0]}: exit code {done.returncode}\n{done.stderr}"
    return done.stdout


class ProxyProcess:
    """A proxy (`codexlb serve`, or mitmdump with our script) that answers GET /health in its `with` block.

    Its output goes to `log_file`; leaving the block fails when that tells of a crash.
    """

    def __init__(self, arguments: Sequence[str], port: int, log_file: Path) -> None:
        self.arguments = arguments
        self.port = port
        self.log_file = log_file

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def __enter__(self) -> Self:
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        crashes = [line for line in self.log().splitlines() if any(sign in line for sign in SIGNS_OF_A_CRASH)]
        assert not crashes, self.log()

    def stop(self) -> None:
        """Asks the process to end and waits for it; fails when it had to be killed."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"{self.arguments[0]} did not end by itself:\n{self.log()}") from None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.returncode

    def kill(self) -> None:
        """Ends the process as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_healthy(self.port):
            assert self._process.poll() is None, f"{self.arguments} ended at once:\n{self.log()}"
            assert time.monotonic() < deadline, f"{self.arguments} was not ready in time:\n{self.log()}"
            time.sleep(0.05)
