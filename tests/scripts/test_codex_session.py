from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
import zstandard
from aiohttp import web

from codexlb_store.ledger import Tokens
from scripts.codex_session import PATH, CodexSession, TurnFailedError, parse_answer

USAGE = {
    "input_tokens": 120,
    "input_tokens_details": {"cached_tokens": 100},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 3},
}

ITEM = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}


def stream(*events: dict[str, Any]) -> bytes:
    return b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


COMPLETED = stream(
    {"type": "response.created"},
    {"type": "response.output_item.done", "item": ITEM},
    {"type": "response.completed", "response": {"usage": USAGE}},
)


def test_an_answer_is_its_items_and_its_tokens() -> None:
    answer = parse_answer(200, COMPLETED)

    assert (answer.items, answer.tokens) == ((ITEM,), Tokens(120, 100, 7, 3))


@pytest.mark.parametrize(
    ("status", "content", "sentence"),
    [
        pytest.param(503, b'{"error":{}}', 'HTTP 503: {"error":{}}', id="refused"),
        pytest.param(200, b"", "The answer ended with nothing.", id="empty"),
        pytest.param(
            200, COMPLETED[: COMPLETED.index(b"event: response.completed")],
            "The answer ended with response.output_item.done.", id="cut",
        ),
        pytest.param(
            200, stream({"type": "response.failed"}), "The answer ended with response.failed.", id="failed"
        ),
    ],
)  # fmt: skip
def test_what_is_not_a_completed_answer_is_one_sentence(status: int, content: bytes, sentence: str) -> None:
    with pytest.raises(TurnFailedError) as raised:
        parse_answer(status, content)

    assert str(raised.value) == sentence


class Upstream:
    """Answers each turn alike and keeps what it got."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        content = await request.read()
        if request.headers.get("content-encoding") == "zstd":
            assert zstandard.get_frame_parameters(content).content_size == zstandard.CONTENTSIZE_UNKNOWN
            content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        self.requests.append((dict(request.headers), json.loads(content)))
        return web.Response(body=COMPLETED, content_type="text/event-stream")


@pytest.mark.parametrize("is_compressed", [False, True])
async def test_each_turn_carries_the_whole_history_under_one_session_key(is_compressed: bool) -> None:
    upstream = Upstream()
    app = web.Application()
    app.router.add_post(PATH, upstream.answer)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    session = CodexSession("gpt-5.5", is_compressed)

    try:
        async with aiohttp.ClientSession() as client:
            for said in ("First.", "Second."):
                await session.take_turn(client, f"http://127.0.0.1:{runner.addresses[0][1]}", said)
    finally:
        await runner.cleanup()

    (_, first), (headers, second) = upstream.requests
    assert second["input"][: len(first["input"])] == first["input"]
    assert second["input"][len(first["input"])] == ITEM
    assert second["input"][-1]["content"][0]["text"] == "Second."
    assert second["prompt_cache_key"] == headers["session-id"] == headers["thread-id"] == session.id
    assert "Accept-Encoding" not in headers
    assert json.loads(headers["x-codex-turn-metadata"])["session_id"] == session.id


async def test_a_proxy_that_is_not_there_is_a_failed_turn() -> None:
    async with aiohttp.ClientSession() as client:
        with pytest.raises(TurnFailedError, match="The turn got no whole answer"):
            await CodexSession("gpt-5.5", False).take_turn(client, "http://127.0.0.1:9", "Hello?")
