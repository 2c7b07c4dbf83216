"""`codexlb serve` as a process of its own: started on a free port, waited for, ended by its id."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from addons.settings.catalog import BY_VARIABLE

CODEXLB = (sys.executable, "-P", "-c", "from scripts.cli import main; main()")
"""Our own command line by this very Python; -P keeps a folder `scripts` where people stand from taking its place."""

PORT_TAKEN = "Cannot listen"
"""What `codexlb serve` says then."""

READY_SECONDS, STOP_SECONDS = 20.0, 10.0


class ProxyError(Exception):
    """The proxy did not start; the message is one sentence with the last it said."""


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on, below those that the system gives to outgoing connections."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            port: int = probe.getsockname()[1]
            return port


def is_healthy(port: int) -> bool:
    """Whether a proxy on this port answers GET /health with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class ProxyProcess:
    """A proxy in front of `upstream`, with the data folder that `environ` names; starts and ends with a `with` block.

    What it says goes to `log`. Variables that set a person's own proxy mean nothing to it.
    """

    def __init__(self, upstream: str, environ: Mapping[str, str], log: Path) -> None:
        self.origin = ""
        self._upstream = upstream
        self._environ = {name: value for name, value in environ.items() if name not in BY_VARIABLE}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ProxyProcess:
        for last_try in (False, False, True):
            try:
                self._start(free_port())
                break
            except ProxyError as error:
                # The port was free when we looked; another program may have been quicker.
                if last_try or PORT_TAKEN not in str(error):
                    raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        arguments = ["serve", f"--port={port}", f"--upstream={self._upstream}", f"--issuer={self._upstream}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*CODEXLB, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environ
            )
        try:
            self._wait_until_ready(self._process, port)
        except BaseException:
            self._stop()
            raise

    def _wait_until_ready(self, process: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_healthy(port):
            if process.poll() is not None or time.monotonic() > deadline:
                said = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise ProxyError(f"The proxy did not start: {said or 'it said nothing.'}")
            time.sleep(0.05)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
