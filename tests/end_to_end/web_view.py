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

VIEWS = ("Auto", "Raw", "auto", "raw", "Codex-Transcript", "Codex-Explain")
PARTS = ("content.data", *(f"content/{view}" for view in VIEWS))
"""Of a body; the names of views are other ones since mitmproxy 12, and what is wrong is answered with an error."""

FORMATS = ("curl", "httpie", "raw", "raw_request", "raw_response")
"""What mitmweb makes of a flow for somebody to take with them."""

FORGERY_GUARD = {"cookie": "_xsrf=0a; _mitmproxy_xsrf=0a", "x-xsrftoken": "0a", "content-type": "application/json"}
"""What a page shows with each command, by the names in both versions."""


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
            if flow.get(side, {}).get("contentLength"):  # mitmweb stumbles over what there is not
                pages += [_page(port, f"/flows/{flow['id']}/{side}/{part}") for part in PARTS]
        pages += [run_command(port, "export", form, f"@{flow['id']}") for form in FORMATS]
        pages.append(run_command(port, "codexlb.explain", f"@{flow['id']}"))
    return pages


def shown_flows(port: int) -> list[dict[str, Any]]:
    """The list of flows as mitmweb shows it."""
    found: list[dict[str, Any]] = json.loads(_page(port, "/flows"))
    return found


def run_command(port: int, name: str, *arguments: str) -> bytes:
    """What mitmweb answers to a command."""
    return _page(port, f"/commands/{name}", json.dumps({"arguments": arguments}).encode())


def _page(port: int, path: str, body: bytes | None = None) -> bytes:
    headers = LOGIN | (FORGERY_GUARD if body else {})
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            page: bytes = answer.read()
    except urllib.error.HTTPError as refused:
        page = refused.read()
    return page
