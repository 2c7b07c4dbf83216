"""What mitmweb shows: its pages, and the messages that it pushes to an open one, come out as bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

import aiohttp

PASSWORD = ["--set", "web_password=open"] if version("mitmproxy") >= "11.1" else []
"""Older mitmwebs have none."""

LOGIN = {"authorization": "Bearer open"}

PAGES = ("/flows", "/flows.json", "/flows/dump", "/events", "/options", "/state")

PARTS = ("content.data", "content/Auto", "content/Raw", "content/auto", "content/raw")
"""Of a body; the names of views are other ones since mitmproxy 12, and what is wrong is answered with an error."""


@contextlib.asynccontextmanager
async def watching(port: int) -> AsyncIterator[list[bytes]]:
    """What is pushed to an open page while the block lasts."""
    pushed: list[bytes] = []

    async def watch(page: aiohttp.ClientWebSocketResponse) -> None:
        while not page.closed:
            pushed.append(str((await page.receive()).data).encode())

    url = f"ws://127.0.0.1:{port}/updates"
    async with aiohttp.ClientSession(headers=LOGIN) as session, session.ws_connect(url, max_msg_size=0) as page:
        watcher = asyncio.create_task(watch(page))
        try:
            yield pushed
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)


def web_pages(port: int) -> list[bytes]:
    """Everything there is to see of the flows, and of mitmweb itself."""
    pages = [_page(port, path) for path in PAGES]
    flows: list[dict[str, Any]] = json.loads(pages[0])
    for flow in flows:
        for side in ("request", "response"):
            if flow.get(side, {}).get("contentLength"):  # mitmweb stumbles over what was streamed
                pages += [_page(port, f"/flows/{flow['id']}/{side}/{part}") for part in PARTS]
    return pages


def _page(port: int, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=LOGIN)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            page: bytes = answer.read()
    except urllib.error.HTTPError as refused:
        page = refused.read()
    return page
