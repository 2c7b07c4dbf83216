"""Every request of the wrong shape gets a clear 4xx, reaches no upstream and costs no account."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from codexlb_store.exchanges import requests
from codexlb_store.schema import open_store
from tests.addons.proxy import running, store_with
from tests.addons.raw_client import connected

TREE = b"/backend-api/codex/"
HOST = b"host: localhost\r\n"
POST = b"POST " + TREE + b"responses HTTP/1.1\r\n"
TURN = b'{"model":"gpt-5.5","stream":true,"input":[]}'
CHUNKS = POST + HOST + b"transfer-encoding: chunked\r\n\r\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "a", "b").close()
    return tmp_path


def get(path: bytes, more: bytes = b"", host: bytes = HOST) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + host + more + b"\r\n"


def method(name: bytes, path: bytes = TREE + b"responses") -> bytes:
    return name + b" " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def posted(body: bytes, more: bytes = b"") -> bytes:
    return POST + HOST + more + b"content-length: %d\r\n\r\n" % len(body) + body


def encoded(name: bytes, body: bytes) -> bytes:
    return posted(body, b"content-encoding: " + name + b"\r\n")


BEFORE_IT_IS_A_REQUEST = {
    # whose connection ends with the answer: where the next request would begin cannot be told
    "garbage": (b"\x00\x01\x02\x03", 400, "bad_request"),
    "no request line": (b"hello world\r\n\r\n", 400, "bad_request"),
    "no version": (b"GET /health\r\n\r\n", 400, "bad_request"),
    "HTTP/2 by prior knowledge": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad_request"),
    "absolute form": (get(b"http://localhost/health"), 400, "absolute_form"),
    "absolute form, elsewhere": (get(b"https://evil.example/steal"), 400, "absolute_form"),
    "CONNECT": (b"CONNECT chatgpt.com:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400, "absolute_form"),
    "two hosts": (get(b"/health", HOST), 400, "bad_request"),
    "space before a colon": (get(b"/health", b"x : y\r\n"), 400, "bad_request"),
    "folded line": (get(b"/health", b"x: y\r\n z\r\n"), 400, "bad_request"),
    "no colon": (get(b"/health", b"x\r\n"), 400, "bad_request"),
    "bare LF": (b"GET /health HTTP/1.1\nhost: localhost\n\n", 400, "bad_request"),
    "bare CR": (get(b"/health", b"x: y\rz\r\n"), 400, "bad_request"),
    "NUL in a header": (get(b"/health", b"x: \x00\r\n"), 400, "bad_request"),
    "control character in the path": (get(b"/health\x01"), 400, "bad_request"),
    "two lengths": (posted(TURN, b"content-length: %d\r\n" % len(TURN)), 400, "bad_request"),
    "a length and chunks": (posted(TURN, b"transfer-encoding: chunked\r\n"), 400, "bad_request"),
    "a length that is none": (POST + HOST + b"content-length: +2\r\n\r\n{}", 400, "bad_request"),
    "a coding before chunked": (POST + HOST + b"transfer-encoding: gzip, chunked\r\n\r\n", 400, "bad_request"),
    "chunks in HTTP/1.0": (CHUNKS.replace(b"/1.1", b"/1.0"), 400, "bad_request"),
    "another expectation": (posted(TURN, b"expect: the best\r\n"), 417, "expectation_failed"),
    "URL too long": (get(b"/health?" + b"x" * 9000), 414, "uri_too_long"),
    "URL without an end": (b"GET /" + b"x" * 9000, 414, "uri_too_long"),
    "headers too large": (get(b"/health", b"x: " + b"y" * 70_000 + b"\r\n"), 431, "headers_too_large"),
    "headers without an end": (get(b"/health", b"x: " + b"y" * 70_000)[:-4], 431, "headers_too_large"),
    "too many headers": (get(b"/health", b"x: y\r\n" * 100), 431, "headers_too_large"),
    "body too large, announced": (POST + HOST + b"content-length: 99999999999\r\n\r\n{", 413, "request_too_large"),
    "no chunk": (CHUNKS + b"{}\r\n", 400, "bad_request"),
    "a chunk longer than it says": (CHUNKS + b"1\r\n{}\r\n0\r\n\r\n", 400, "bad_request"),
    "trailers": (CHUNKS + b"2\r\n{}\r\n0\r\nx: y\r\n\r\n", 400, "bad_request"),
}
"""What is said, and the status and code of the answer."""

A_REQUEST = {
    "foreign host": (get(b"/health", host=b"host: evil.example\r\n"), 400, "unknown_host"),
    "no host": (get(b"/health", host=b""), 400, "unknown_host"),
    "a host that is none": (get(b"/health", host=b"host: localhost:http\r\n"), 400, "unknown_host"),
    "a page of another site": (get(b"/health", b"origin: https://evil.example\r\n"), 403, "cross_site"),
    "asterisk": (method(b"OPTIONS", b"*"), 400, "invalid_path"),
    "dot segments": (get(TREE + b"../wham/usage"), 400, "invalid_path"),
    "escaped dot segments": (get(TREE + b"%2e%2E/wham/usage"), 400, "invalid_path"),
    "dot segment with a parameter": (get(TREE + b"..;x/wham/usage"), 400, "invalid_path"),
    "two slashes": (get(b"/" + TREE + b"models"), 400, "invalid_path"),
    "backslash": (get(TREE + b"..\\wham"), 400, "invalid_path"),
    "escaped NUL": (get(TREE + b"a%00"), 400, "invalid_path"),
    "escaped line end": (get(TREE + b"a%0d%0ax:y"), 400, "invalid_path"),
    "escaped twice": (get(TREE + b"%252e%252e/wham"), 400, "invalid_path"),
    "a byte over 127": (get(TREE + b"\xff"), 400, "invalid_path"),
    "fragment": (get(TREE + b"models#x"), 400, "invalid_path"),
    "unknown path": (get(b"/backend-api/wham/tasks"), 404, "not_found"),
    "nothing": (get(b"/"), 404, "not_found"),
    "GET of a turn": (get(TREE + b"responses"), 405, "method_not_allowed"),
    "method in lower case": (method(b"post"), 405, "method_not_allowed"),
    "unknown method": (method(b"BREW", TREE + b"other"), 405, "method_not_allowed"),
    "TRACE": (method(b"TRACE", TREE + b"other"), 405, "method_not_allowed"),
    "OPTIONS": (method(b"OPTIONS"), 405, "method_not_allowed"),
    "POST of health": (method(b"POST", b"/health"), 405, "method_not_allowed"),
    "WebSocket": (get(TREE + b"responses", b"connection: Upgrade\r\nupgrade: websocket\r\n"), 426, None),
    "no body": (posted(b""), 400, "invalid_body"),
    "half a body": (posted(TURN[:20]), 400, "invalid_body"),
    "UTF-16": (posted(TURN.decode().encode("utf-16")), 400, "invalid_body"),
    "a byte order mark": (posted(b"\xef\xbb\xbf" + TURN), 400, "invalid_body"),
    "Latin-1": (posted('{"model":"ö"}'.encode("latin-1")), 400, "invalid_body"),
    "a surrogate": (posted(b'{"model":"\xed\xa0\x80"}'), 400, "invalid_body"),
    "nested deeply": (posted(b'{"input":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), 400, "invalid_body"),
    "objects nested deeply": (posted(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), 400, "invalid_body"),
    "a list": (posted(b"[]"), 400, "invalid_body"),
    "model is a number": (posted(b'{"model":5}'), 400, "invalid_body"),
    "stream is a text": (posted(b'{"stream":"yes"}'), 400, "invalid_body"),
    "input is an object": (posted(b'{"input":{}}'), 400, "invalid_body"),
    "a lying encoding": (encoded(b"zstd", TURN), 400, "invalid_body"),
    "an encoding that is not said": (posted(gzip.compress(TURN)), 400, "invalid_body"),
    "a truncated encoding": (encoded(b"gzip", gzip.compress(TURN)[:-3]), 400, "invalid_body"),
    "an unknown encoding": (encoded(b"compress", TURN), 415, "invalid_body"),
    "three encodings": (encoded(b"gzip, gzip, gzip", TURN), 415, "invalid_body"),
    "a zstd bomb": (encoded(b"zstd", zstandard.compress(bytes(65 << 20))), 413, "invalid_body"),
}
"""The same for what can be read: the connection goes on."""


@pytest.mark.parametrize(
    ("raw", "status", "code", "reusable"),
    [(*case, False) for case in BEFORE_IT_IS_A_REQUEST.values()] + [(*case, True) for case in A_REQUEST.values()],
    ids=[*BEFORE_IT_IS_A_REQUEST, *A_REQUEST],
)
async def test_the_wrong_shape_is_told_and_costs_nothing(
    home: Path, raw: bytes, status: int, code: str | None, reusable: bool
) -> None:
    async with running(home) as proxy:
        async with connected(proxy.port) as client:
            client.send(raw)
            told = await client.told()
        async with connected(proxy.port) as client:
            assert await client.is_served()
        assert proxy.upstream.connections == 0

    assert (told.status, told.reusable) == (status, reusable)
    assert told.error["code"] == code or code is None
    db = open_store(home)
    assert [(row.outcome, row.account_id) for row in requests(db, 10)] in ([], [("refused", None)])
    db.close()


async def test_a_405_says_what_is_allowed(home: Path) -> None:
    async with running(home) as proxy, connected(proxy.port) as client:
        client.send(method(b"BREW"))
        assert (await client.told()).headers["allow"] == "POST"


async def test_head_of_health_is_its_head(home: Path) -> None:
    async with running(home) as proxy, connected(proxy.port) as client:
        client.send(method(b"HEAD", b"/health").replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        head, end, body = (await client.ended()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: %d" % len(json.dumps({"status": "ok"}, separators=(",", ":"))) in head
    assert (end, body) == (b"\r\n\r\n", b"")
