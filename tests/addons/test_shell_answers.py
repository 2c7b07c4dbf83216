"""What an upstream says to its own client does not reach ours, nor does a hop's word either way; the rest does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.addons.proxy import COMPLETED, OK_HEAD, Proxy, Upstream, chunk, running, store_with, unchunk
from tests.addons.raw_client import connected

DELTA = b'data: {"type":"response.output_text.delta","delta":"h\xc3\xb6"}\r\n\r\n'
STREAM = DELTA * 3 + COMPLETED
TURN = b'{"model":"gpt-5.5","stream":true,"input":[]}'

STAYS = (
    b"Set-Cookie: __cf_bm=pool; Path=/", b"set-cookie: second=pool", b"SET-COOKIE2: third=pool",
    b"Connection: close, X-Hop", b"X-Hop: hop", b"Keep-Alive: timeout=5", b"Trailer: x-after", b"TE: trailers",
    b"Proxy-Authenticate: Basic", b"Proxy-Connection: close", b"Upgrade: h2c", b"Via: 1.1 varnish",
    b"X-Forwarded-For: 10.0.0.1", b"Forwarded: for=10.0.0.1",
    b'Alt-Svc: h3=":443"', b"Strict-Transport-Security: max-age=31536000", b"NEL: {}", b"Report-To: {}",
)  # fmt: skip
PASSES = (
    b"x-request-id: req_1",
    b"CF-RAY: abc-FRA",
    b"x-codex-primary-used-percent: 1",
    b"X-Codex-Turn-State: t\xc3\xb6",
)

SENT_ON = (b"Session-Id: s1", b"X-Codex-Turn-Metadata: {}", b"originator: codex_exec")
NOT_SENT = (
    b"Via: 1.1 nginx", b"X-Forwarded-For: 10.0.0.1", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: evil",
    b"X-Forwarded-Port: 1", b"Forwarded: for=10.0.0.1", b"X-Real-IP: 10.0.0.1", b"CF-Connecting-IP: 10.0.0.1",
    b"Connection: keep-alive, X-Mine", b"X-Mine: hop", b"Keep-Alive: timeout=5", b"TE: trailers", b"Trailer: x",
    b"Proxy-Authorization: Basic eDp5", b"Proxy-Connection: close", b"Cookie: a=b", b"Upgrade: h2c",
    b"HTTP2-Settings: x", b"Accept-Encoding: gzip",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "a").close()
    return tmp_path


def headed(*lines: bytes) -> bytes:
    return OK_HEAD.replace(b"\r\n\r\n", b"".join(b"\r\n" + line for line in lines) + b"\r\n\r\n")


def turn(*lines: bytes) -> bytes:
    head = (b"POST /backend-api/codex/responses HTTP/1.1", b"host: localhost", b"content-length: %d" % len(TURN))
    return b"\r\n".join((*head, *lines)) + b"\r\n\r\n" + TURN


async def whole(proxy: Proxy, *lines: bytes) -> tuple[list[bytes], bytes]:
    """The lines of an answer's head, and its body in chunks."""
    answer = await proxy.send(turn(*lines, b"connection: close"))
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


async def test_what_the_upstream_says_to_its_own_client_stays_here(home: Path) -> None:
    body = b"".join(map(chunk, (DELTA, DELTA, DELTA, COMPLETED))) + b"0\r\n\r\n"
    async with running(home, Upstream(answer=headed(*STAYS, *PASSES) + body)) as proxy:
        head, got = await whole(proxy)

    assert head == [b"HTTP/1.1 200 OK", *OK_HEAD.split(b"\r\n")[1:3], b"x-request-id: req_1", *PASSES]
    assert unchunk(got) == STREAM


async def test_an_upstream_that_closes_its_connection_does_not_close_the_clients(home: Path) -> None:
    answer = headed(b"Connection: close") + chunk(COMPLETED) + b"0\r\n\r\n"
    async with running(home, Upstream(answer=answer)) as proxy, connected(proxy.port) as client:
        for _ in range(2):
            client.send(turn())
            assert (await client.reader.readuntil(b"\r\n0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await client.is_served()
        assert proxy.upstream.connections == 2


async def test_hops_and_the_clients_own_are_not_sent_on(home: Path) -> None:
    async with running(home) as proxy:
        head, _ = await whole(proxy, *SENT_ON, *NOT_SENT)
        (sent,) = proxy.upstream.requests
    assert head[0] == b"HTTP/1.1 200 OK"
    lines = sent.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert lines[2:6] == [b"content-length: %d" % len(TURN), *SENT_ON]
    assert [line.partition(b":")[0] for line in lines[6:]] == [b"authorization", b"chatgpt-account-id"]


async def test_trailers_of_the_upstream_are_dropped(home: Path) -> None:
    trailing = OK_HEAD + chunk(COMPLETED) + b"0\r\nset-cookie: pool=1\r\nx-after: 1\r\n\r\n"
    async with running(home, Upstream(answer=trailing)) as proxy, connected(proxy.port) as client:
        for _ in range(2):
            client.send(turn())
            answer = await client.reader.readuntil(b"\r\n0\r\n\r\n")
            assert (answer.startswith(b"HTTP/1.1 200 "), b"pool" in answer) == (True, False)
        assert await client.is_served()
        assert proxy.upstream.connections == 1


async def test_an_error_that_is_passed_on_brings_no_cookie_either(home: Path) -> None:
    error = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nset-cookie: pool=1\r\nvia: 1.1 x\r\n\r\n{}"
    async with running(home, Upstream(answer=error)) as proxy:
        head, body = await whole(proxy)
    assert (head, body) == ([b"HTTP/1.1 404 Not Found", b"content-length: 2"], b"{}")
