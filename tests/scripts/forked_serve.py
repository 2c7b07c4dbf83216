"""`codexlb serve` many times at the price of loading mitmproxy once: each command line runs in a fork of its own.

Started as a process: a list of Line as JSON on standard input, a list of Ended as JSON on standard output.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from scripts.proxy_process import is_healthy
from scripts.serve import command
from tests.ports import free_port
from tests.sources import ROOT

PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A command line, PORT in it is the one to listen on; `environ` is added, `before` is Python that runs first."""

    arguments: list[str]
    environ: dict[str, str] = field(default_factory=dict)
    before: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended; a proxy that became ready and was then told to end has no exit code."""

    code: int | None
    said: str


def run_forked(lines: Sequence[Line]) -> list[Ended]:
    """Runs all lines at the same time, and waits until each has ended or is ready."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.scripts.forked_serve"],
        cwd=ROOT,
        input=json.dumps([asdict(line) for line in lines]),
        stdout=subprocess.PIPE,
        text=True,
        timeout=3 * PATIENCE_SECONDS,
        check=True,
    )
    return [Ended(**ended) for ended in json.loads(done.stdout)]


class Child:
    """One fork; what it says goes to a file without a name."""

    def __init__(self, line: Line) -> None:
        self.port = free_port()
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `said` closes it
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(self.serve(line))

    def serve(self, line: Line) -> int:
        """Behaves as the installed command would; the exit code."""
        for descriptor in (1, 2):
            os.dup2(self.output.fileno(), descriptor)
        os.environ.update(line.environ)
        try:
            exec(line.before)
            arguments = [argument.replace("PORT", str(self.port)) for argument in line.arguments]
            command.main([f"--port={self.port}", *arguments], prog_name="codexlb serve")
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 1
        except BaseException:  # noqa: BLE001 - as Python itself ends with what nobody catches
            traceback.print_exc()
            return 1
        finally:
            sys.stderr.flush()
        return 0

    def end(self) -> Ended:
        """Wait for its end, or for its readiness and then tell it to end."""
        if (code := self.wait(until_ready=True)) is not None:
            return Ended(code, self.said())
        os.kill(self.pid, signal.SIGTERM)
        if self.wait() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        return Ended(None, self.said())

    def wait(self, until_ready: bool = False) -> int | None:
        """The exit code, or None when it is ready before, or will not end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (status := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() > deadline or (until_ready and is_healthy(self.port)):
                return None
            time.sleep(0.01)
        return os.waitstatus_to_exitcode(status[1])

    def said(self) -> str:
        with self.output:
            self.output.seek(0)
            return self.output.read()


if __name__ == "__main__":
    children = [Child(Line(**line)) for line in json.load(sys.stdin)]
    json.dump([asdict(child.end()) for child in children], sys.stdout)
