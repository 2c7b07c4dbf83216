"""What a request meets on its way through the whole chain, told by raw bytes on both sides."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
import zstandard

from codexlb_store.accounts import account_id
from codexlb_store.exchanges import requests
from codexlb_store.schema import open_store
from codexlb_store.windows import Window, save_windows
from tests.addons.proxy import COMPLETED, OK_HEAD, Upstream, auth_json, chunk, running, store_with

TURN = b'{"model":"gpt-5.5","stream":true,"input":[{"type":"message","role":"user"}],"prompt_cache_key":"s1"}'
A, B = account_id("user-a", "acct-a"), account_id("user-b", "acct-b")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with the accounts a and b."""
    store_with(tmp_path, "a", "b").close()
    return tmp_path


def rows(home: Path) -> list[Any]:
    """The ledger, newest first."""
    db = open_store(home)
    try:
        return list(requests(db, 100))
    finally:
        db.close()


REFUSED = {
    "absolute form": ("GET http://evil.example/steal HTTP/1.1\r\nhost: evil.example", 400, "absolute_form"),
    "foreign host": ("GET /health HTTP/1.1\r\nhost: evil.example", 400, "unknown_host"),
    "no host": ("GET /health HTTP/1.1", 400, "unknown_host"),
    "dot segments": ("GET /backend-api/codex/../wham/usage HTTP/1.1\r\nhost: 127.0.0.1", 400, "invalid_path"),
    "outside the tree": ("GET /backend-api/wham/tasks HTTP/1.1\r\nhost: localhost", 404, "not_found"),
    "method": ("DELETE /backend-api/codex/responses HTTP/1.1\r\nhost: localhost", 405, "method_not_allowed"),
    "websocket": (
        "GET /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket",
        426,
        "websocket_not_supported",
    ),
    "not JSON": (
        "POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0",
        400,
        "invalid_body",
    ),
    "lying encoding": (
        "POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\ncontent-encoding: zstd\r\ncontent-length: 2",
        400,
        "invalid_body",
    ),
}


@pytest.mark.parametrize(("head", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_may_not_come_in_gets_a_clear_4xx_as_json(home: Path, head: str, status: int, code: str) -> None:
    async with running(home) as proxy:
        answer = await proxy.send(
            f"{head}\r\nconnection: close\r\n\r\n".replace("Upgrade\r\nconn", "Upgrade, close\r\nx").encode() + b"xx"
        )
        top, _, body = answer.partition(b"\r\n\r\n")
        assert int(top.split()[1]) == status
        assert json.loads(body)["error"]["code"] == code
        assert proxy.upstream.connections == 0


async def test_health_needs_no_account(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        assert await proxy.ask("GET", "/health", b"") == (200, b'{"status":"ok"}')
    assert rows(tmp_path) == []


async def test_the_upstream_gets_the_pools_credential_and_the_clients_bytes(home: Path) -> None:
    """The client's own credential and cookie stay here; the compressed body goes on byte for byte."""
    body = zstandard.ZstdCompressor(write_content_size=False).compress(TURN)
    async with running(home) as proxy:
        status, _ = await proxy.ask(
            body=body, content_encoding="zstd", authorization="Bearer sk-client", cookie="c=1",
            chatgpt_account_id="acct-client", session_id="s1", originator="codex_exec", accept_encoding="gzip",
        )  # fmt: skip
        assert status == 200
        (sent,) = proxy.upstream.requests
    head, _, sent_body = sent.partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    served_by = {b"acct-a": "a", b"acct-b": "b"}[headers[b"chatgpt-account-id"]]
    token = json.loads(auth_json(served_by))["tokens"]["access_token"]
    assert sent_body == body
    assert headers[b"authorization"].decode().split(".")[0] == f"bearer {token}".lower().split(".")[0]
    assert b"sk-client" not in sent
    assert not {b"cookie", b"accept-encoding"} & headers.keys()
    assert headers[b"host"] == f"127.0.0.1:{proxy.upstream.port}".encode()
    assert headers[b"originator"] == b"codex_exec"


async def test_an_unknown_path_below_the_tree_is_forwarded_byte_for_byte(home: Path) -> None:
    async with running(home) as proxy:
        await proxy.ask(
            "PUT", "/backend-api/codex/weather/new?x=%20y&z", b"\x00\xff not json", content_type="text/plain"
        )
        (sent,) = proxy.upstream.requests
    assert sent.startswith(b"PUT /backend-api/codex/weather/new?x=%20y&z HTTP/1.1\r\n")
    assert sent.endswith(b"\r\n\r\n\x00\xff not json")
    (row,) = rows(home)
    assert (row.kind, row.outcome) == ("other", "completed")


async def test_a_session_stays_on_the_account_that_holds_its_cache(home: Path) -> None:
    """Twelve turns by chance on one account of two: once in two thousand."""
    async with running(home, codexlb_strategy="round_robin") as proxy:
        for _ in range(12):
            await proxy.ask(body=TURN, session_id="s1")
    assert len({row.account_id for row in rows(home)}) == 1


async def test_a_session_that_went_cold_is_placed_anew(home: Path) -> None:
    async with running(home, codexlb_strategy="round_robin", codexlb_cache_ttl_seconds=0) as proxy:
        for _ in range(4):
            await proxy.ask(body=TURN, session_id="s1")
    assert {row.account_id for row in rows(home)} == {A, B}


async def test_a_restarted_proxy_knows_where_a_session_lives(home: Path) -> None:
    for _ in range(6):
        async with running(home, codexlb_strategy="round_robin") as proxy:
            await proxy.ask(body=TURN, session_id="s1")
    assert len({row.account_id for row in rows(home)}) == 1


async def test_a_finished_turn_leaves_one_row_with_its_tokens(home: Path) -> None:
    async with running(home) as proxy:
        await proxy.ask(body=TURN, session_id="s1", thread_id="t1")
    (row,) = rows(home)
    assert (row.outcome, row.status, row.kind, row.model) == ("completed", 200, "turn", "gpt-5.5")
    assert (row.tokens.input, row.tokens.cached, row.tokens.output, row.tokens.reasoning) == (100, 40, 20, 5)
    assert (row.session, row.thread, row.response_id) == ("s1", "t1", "resp_1")
    (attempt,) = row.attempts
    assert (attempt.failure, attempt.status, attempt.upstream_request_id) == (None, 200, "req_1")


async def test_an_upstream_that_cuts_the_stream_is_a_failure_with_unknown_tokens(home: Path) -> None:
    upstream = Upstream(answer=OK_HEAD + chunk(b'data: {"type":"response.created"}\n\n') + b"0\r\n\r\n")
    async with running(home, upstream) as proxy:
        await proxy.ask(body=TURN)
    (row,) = rows(home)
    assert (row.outcome, row.tokens.input, row.tokens.output) == ("failed", None, None)


async def test_a_client_that_leaves_cancels_the_upstream_and_is_told_apart_from_a_failure(home: Path) -> None:
    gone = asyncio.Event()

    class Waiting(Upstream):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK_HEAD + chunk(b'data: {"type":"response.output_text.delta"}\n\n'))
            while await reader.read(65536):
                pass
            gone.set()
            writer.close()

    async with running(home, Waiting()) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        head = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(TURN)}\r\n\r\n"
        writer.write(head.encode() + TURN)
        await reader.readuntil(b"output_text.delta")
        writer.close()
        async with asyncio.timeout(5):
            await gone.wait()
    (row,) = rows(home)
    assert (row.outcome, row.tokens.output) == ("cancelled", None)


async def test_without_an_account_the_answer_names_the_command_to_run(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        status, body = await proxy.ask(body=TURN)
    assert status == 400
    assert json.loads(body)["error"]["code"] == "no_accounts"
    assert "codexlb accounts login" in json.loads(body)["error"]["message"]
    assert [row.outcome for row in rows(tmp_path)] == ["refused"]


async def test_a_pool_out_of_quota_says_when_the_first_account_is_back(home: Path) -> None:
    now = time.time()
    db = open_store(home)
    save_windows(db, [Window(A, 300, 100.0, now + 500, now), Window(B, 300, 100.0, now + 900, now)])
    db.close()
    async with running(home) as proxy:
        status, body = await proxy.ask(body=TURN)
    error = json.loads(body)["error"]
    assert (status, error["type"]) == (429, "usage_limit_reached")
    assert abs(error["resets_at"] - (now + 500)) < 2


async def test_an_account_imported_by_another_process_serves_within_half_a_second(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        assert (await proxy.ask(body=TURN))[0] == 400
        store_with(tmp_path, "a").close()
        deadline = time.monotonic() + 5
        while (await proxy.ask(body=TURN))[0] != 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)


async def test_rate_limit_headers_count_at_once_and_are_kept(home: Path) -> None:
    limits = b"x-codex-primary-used-percent: 42\r\nx-codex-primary-window-minutes: 300\r\n"
    head = OK_HEAD.replace(b"\r\n\r\n", b"\r\n" + limits + b"set-cookie: pool=1\r\n\r\n")
    async with running(home, Upstream(answer=head + chunk(COMPLETED) + b"0\r\n\r\n")) as proxy:
        answer = await proxy.send(
            f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
            f"content-length: {len(TURN)}\r\n\r\n".encode()
            + TURN
        )
    assert b"x-codex-primary-used-percent: 42" in answer
    assert b"set-cookie" not in answer.lower()
    db = open_store(home)
    (percent,) = db.execute("SELECT used_percent FROM windows").fetchone()
    db.close()
    assert percent == 42


async def test_a_dead_upstream_is_told_as_json(home: Path) -> None:
    async with running(home, codexlb_upstream="http://127.0.0.1:1") as proxy:
        status, body = await proxy.ask(body=TURN)
    assert status == 502
    assert json.loads(body)["error"]["code"] == "upstream_unreachable"
    (row,) = rows(home)
    assert row.outcome == "failed"


async def test_busy_accounts_make_requests_wait_in_order_of_arrival(home: Path) -> None:
    """With one slot an account, two run, the others wait; each is served once a slot frees."""
    release = asyncio.Event()
    arrived: list[bytes] = []

    class Slow(Upstream):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            arrived.append(head)
            await release.wait()
            writer.write(OK_HEAD + chunk(COMPLETED) + b"0\r\n\r\n")
            await writer.drain()
            writer.close()

    async with running(home, Slow(), codexlb_account_concurrency=1) as proxy:
        turns = [asyncio.create_task(proxy.ask(body=b'{"model":"m","input":[]}')) for _ in range(6)]
        async with asyncio.timeout(5):
            while len(arrived) < 2:
                await asyncio.sleep(0.01)
        assert len(arrived) == 2
        release.set()
        assert [status for status, _ in await asyncio.gather(*turns)] == [200] * 6


async def test_a_head_that_two_readers_could_take_for_different_answers_is_left_for_the_next_account(
    home: Path,
) -> None:
    """Both lengths at once: response smuggling; and nothing of it reaches the client."""
    bad = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\nset-cookie: pool=1\r\n\r\n"

    class OnceBad(Upstream):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self.connections:
                await super().serve(reader, writer)
                return
            self.connections += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(bad)
            await writer.drain()
            writer.close()

    async with running(home, OnceBad()) as proxy:
        status, body = await proxy.ask(body=TURN)
    assert (status, b"response.completed" in body, b"pool=1" in body) == (200, True, False)
    (row,) = rows(home)
    assert [attempt.failure for attempt in row.attempts] == ["transport", None]
