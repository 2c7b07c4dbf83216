"""`codexlb serve` as a process of its own, before an upstream in the test's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from addons.chain import Chain
from scripts.proxy_process import is_healthy
from tests.addons.proxy import Proxy, Upstream
from tests.ports import free_port
from tests.processes import START_SECONDS, STOP_SECONDS, command

TURN = b'{"model":"gpt-5.5","stream":true,"input":[]}'


@dataclass
class Served(Proxy):
    """A running process: talk to `port`, look at `upstream`; what it says goes to `log_file`."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, STOP_SECONDS)

    async def begin_turn(self, **headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a turn and read nothing of its answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = {"host": "localhost", "content-length": str(len(TURN)), **headers}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
        writer.write(f"POST /backend-api/codex/responses HTTP/1.1\r\n{head}\r\n".encode() + TURN)
        return reader, writer


async def _until_ready(served: Served) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not await asyncio.to_thread(is_healthy, served.port):
        assert served.process.poll() is None, served.log
        assert time.monotonic() < deadline, served.log
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def serving(home: Path, upstream: Upstream, *arguments: str) -> AsyncIterator[Served]:
    """The proxy over the store in `home`, ready; it is ended with the block if it still runs."""
    async with await asyncio.start_server(upstream.serve, "127.0.0.1", 0) as server:
        upstream.port = server.sockets[0].getsockname()[1]
        port = free_port()
        log_file = home / f"serve-{port}.log"
        line = [command("codexlb"), "serve", f"--port={port}", f"--upstream=http://127.0.0.1:{upstream.port}"]
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [*line, "--set=codexlb_poll_seconds=0", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "CODEXLB_HOME": str(home)},
            )
        served = Served(port, Chain([]), upstream, home, process, log_file)
        try:
            await _until_ready(served)
            yield served
        finally:
            if process.poll() is None:
                await served.end()
