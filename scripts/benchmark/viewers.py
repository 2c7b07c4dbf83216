"""All who look on at a proxy, a process of its own: its port goes in, its data folder is $CODEXLB_HOME.

A browser shows the dashboard, Prometheus asks for /metrics each second, and `codexlb report --watch` draws on a
terminal. Says `ready` on standard output once each has seen something, and goes on until the process is ended; it ends
by itself when one of them sees nothing any more. Started with `python -m scripts.benchmark.viewers <port>`.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import os
import re
import signal
import sys
import termios

import aiohttp

from scripts.benchmark.roads import beside_python
from scripts.benchmark.slow_clients import READY

PAGE = "/dashboard"
RETRY_SECONDS = 0.3
"""A browser asks again so long after each event, as these tell it to."""

METRICS_SECONDS = 1.0
ROWS_AND_COLUMNS = (50, 140)
READ_BYTES = 65_536

LIVE = re.compile(r'data-live="([^"]*)"')
EVENT_ID = re.compile(r"^id: (.*)$", re.M)


def live_address(page: str) -> str:
    """Where a page asks for what has changed; LookupError for one that does not."""
    found = LIVE.search(page)
    if found is None:
        raise LookupError("The dashboard does not keep itself up to date.")
    return html.unescape(found[1])


async def text_of(session: aiohttp.ClientSession, path: str, **headers: str) -> str:
    """A page; aiohttp's error when there is none."""
    async with session.get(path, headers=headers) as answer:
        answer.raise_for_status()
        return await answer.text()


async def browse(session: aiohttp.ClientSession, sees: asyncio.Event) -> None:
    """Show the dashboard, and keep it as it is now; at first every part of it is new."""
    live, version = live_address(await text_of(session, PAGE, accept="text/html")), ""
    while True:
        event = await text_of(session, f"{live}&known={version}", accept="text/event-stream")
        if news := EVENT_ID.search(event):
            version = news[1]
            sees.set()
        await asyncio.sleep(RETRY_SECONDS)


async def scrape(session: aiohttp.ClientSession, sees: asyncio.Event) -> None:
    """Ask for all there is to count, as Prometheus does, but more often."""
    while True:
        await text_of(session, "/metrics")
        sees.set()
        await asyncio.sleep(METRICS_SECONDS)


async def watch(sees: asyncio.Event) -> None:
    """Read what `report --watch` draws."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, ROWS_AND_COLUMNS)
    os.set_blocking(ours, False)
    environ = {**os.environ, "TERM": "xterm-256color"}
    process = await asyncio.create_subprocess_exec(
        beside_python("codexlb"), "report", "--watch", stdin=theirs, stdout=theirs, stderr=theirs, env=environ
    )
    os.close(theirs)

    def read() -> None:
        with contextlib.suppress(OSError):  # how a terminal tells that its last program has ended
            os.read(ours, READ_BYTES)
            sees.set()

    asyncio.get_running_loop().add_reader(ours, read)
    try:
        raise RuntimeError(f"The watch has ended with {await process.wait()}.")
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        os.close(ours)


async def look_on(port: int) -> None:
    """Let all look, say so when each has seen something, and stay."""
    seen = [asyncio.Event() for _ in range(3)]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session, asyncio.TaskGroup() as viewers:
        looking = [browse(session, seen[0]), scrape(session, seen[1]), watch(seen[2])]
        for viewer in looking:
            viewers.create_task(viewer)
        for one in seen:
            await one.wait()
        print(READY, flush=True)


async def until_ended(port: int) -> None:
    """Look on until SIGTERM."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await look_on(port)


if __name__ == "__main__":
    asyncio.run(until_ended(int(sys.argv[1])))
