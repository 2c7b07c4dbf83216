"""A small client of the simulator for its tests: one request, and what came back, whole or not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from scripts.simulator.server import Simulator

RESPONSES = "/backend-api/codex/responses"
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client got; `whole` is False when the connection broke first (status 0: before the head)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True

    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> list[dict[str, Any]]:
        """The data of every event that arrived whole."""
        frames = self.body.decode().split("\n\n")[:-1]
        return [json.loads(frame.partition("\ndata: ")[2]) for frame in frames]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def last(self) -> dict[str, Any]:
        """The response object of the last event."""
        response: dict[str, Any] = self.events()[-1]["response"]
        return response


def message(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def turn(*texts: str, **more: Any) -> dict[str, Any]:
    """The body of a turn with these messages."""
    return {"model": "gpt-5.5", "stream": True, "input": [message(text) for text in texts or ("hi",)], **more}


def credentials(auth_json: str) -> dict[str, str]:
    """The headers with which Codex shows the login of an auth.json."""
    tokens = json.loads(auth_json)["tokens"]
    return {"authorization": f"Bearer {tokens['access_token']}", "chatgpt-account-id": tokens["account_id"]}


async def call(
    sim: Simulator, method: str, path: str, headers: Mapping[str, str] | None = None, data: Any = None
) -> Answer:
    """Sends one request on a connection of its own, follows no redirect; `data` is sent as JSON unless it is bytes."""
    body = data if isinstance(data, bytes) else None if data is None else json.dumps(data).encode()
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        try:
            async with session.request(
                method, sim.origin + path, data=body, headers=headers, allow_redirects=False
            ) as response:
                return await _read(response)
        except aiohttp.ClientError:
            return Answer(0, {}, b"", whole=False)


async def _read(response: aiohttp.ClientResponse) -> Answer:
    body, whole = bytearray(), True
    try:
        async for data in response.content.iter_any():
            body += data
    except aiohttp.ClientError:
        whole = False
    return Answer(response.status, response.headers, bytes(body), whole)


async def post_form(sim: Simulator, path: str, fields: Mapping[str, str]) -> Answer:
    """Sends a form, as a browser or an OAuth client does."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await call(sim, "POST", path, headers, urlencode(fields).encode())


async def ask(sim: Simulator, name: str = "plus-1", body: dict[str, Any] | None = None) -> Answer:
    """One turn with a fresh login of that account."""
    return await call(sim, "POST", RESPONSES, credentials(sim.auth_json(name)), body or turn())


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that happens on the other side of a socket."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)
