"""A headless Chromium and its pages, driven over its DevTools protocol: what a page shows, says and is refused."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

START_SECONDS, ANSWER_SECONDS = 30.0, 20.0

QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-proxy-server", "--remote-debugging-port=0"),
)


@dataclass
class Tab:
    """One page: asks it things, and notes what its console said and what its policy forbade."""

    socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def call(self, method: str, **parameters: Any) -> Any:
        """A command of the protocol; its result."""
        number = next(self.numbers)
        answer = self.answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer

    async def listen(self) -> None:
        """Take what the browser says until it ends."""
        async for message in self.socket:
            said = json.loads(message.data)
            if waiting := self.answers.pop(said.get("id", -1), None):
                waiting.set_result(said.get("result", said.get("error")))
            elif said.get("method") == "Log.entryAdded":
                self.complaints.append(said["params"]["entry"]["text"])
            elif said.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(said["params"]["exceptionDetails"]["text"])

    async def open(self, url: str) -> None:
        """Go to a page and wait until it is there."""
        await self.call("Page.navigate", url=url)
        is_there = json.dumps(url != "about:blank")
        await self.until(f"document.readyState == 'complete' && (location.href != 'about:blank') == {is_there}")

    async def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return found.get("result", {}).get("value")

    async def until(self, expression: str) -> Any:
        """Wait for an expression to be true; its value."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while not (found := await self.ask(expression)):
                await asyncio.sleep(0.05)
        return found

    async def look(self, width: int, height: int, scheme: str = "light", is_phone: bool = False) -> None:
        """Show the page on a screen of this size, in this colour scheme."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone
        )
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def picture(self, path: Path) -> None:
        """Keep what is seen as a PNG."""
        found = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))


@contextlib.asynccontextmanager
async def browsing(profile: Path) -> AsyncIterator[Tab]:
    """A browser of its own with one page; it ends with the block."""
    program = shutil.which("chromium")
    assert program, "a test that browses must be marked `chromium`"
    process = await asyncio.create_subprocess_exec(
        program, *QUIET, f"--user-data-dir={profile}",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as client:
            origin = f"http://127.0.0.1:{await _port(profile / 'DevToolsActivePort')}"
            async with client.put(f"{origin}/json/new?about:blank") as answer:
                address = (await answer.json())["webSocketDebuggerUrl"]
            async with client.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                listening = asyncio.create_task(tab.listen())
                for domain in ("Page", "Runtime", "Log"):
                    await tab.call(f"{domain}.enable")
                yield tab
                listening.cancel()
    finally:
        process.kill()
        await process.wait()


async def _port(file: Path) -> str:
    """Where the browser listens, which it writes into its profile."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            with contextlib.suppress(FileNotFoundError):
                if lines := file.read_text().splitlines():
                    return lines[0]
            await asyncio.sleep(0.05)
