"""How much of a body is taken depends on what it is for; who sends more is told so, and nothing of it goes upstream."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zstandard

from addons.wire.decoding import MEBIBYTE
from tests.addons.proxy import Proxy, running, store_with

TREE = "/backend-api/codex/"

BEGINNING = bytes(128 * 1024)
"""Of a body: what a client has sent before it can read an answer."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "a").close()
    return tmp_path


def head(path: str, *lines: str) -> bytes:
    fields = ("host: localhost", "connection: close", *lines)
    return (f"POST {path} HTTP/1.1\r\n" + "".join(f"{line}\r\n" for line in fields) + "\r\n").encode()


async def told(proxy: Proxy, request: bytes) -> tuple[int, str, str]:
    """The status, code and message of an error."""
    top, _, body = (await proxy.send(request)).partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    return int(top.split()[1]), error["code"], error["message"]


@pytest.mark.parametrize(
    ("path", "mebibytes"),
    [
        ("responses", 64),
        ("responses/compact", 64),
        ("images/edits", 64),
        ("files", 64),
        ("transcribe", 64),
        ("alpha/search", 32),
        ("memories/trace_summarize", 32),
        ("safety/arc", 32),
        ("new/thing", 32),
        ("v1/new/thing", 32),
        ("analytics-events/events", 4),
        ("realtime/calls", 4),
        ("thread/goal/set", 4),
    ],
)
async def test_a_body_that_says_it_is_too_large_is_not_read_to_its_end(home: Path, path: str, mebibytes: int) -> None:
    async with running(home) as proxy:
        found = await told(proxy, head(TREE + path, f"content-length: {mebibytes * MEBIBYTE + 1}") + BEGINNING)
        assert proxy.upstream.connections == 0

    message = f"The request body is larger than {mebibytes} MiB, the most that is taken here."
    assert found == (413, "request_too_large", message)


async def test_a_body_that_does_not_say_its_length_is_measured_as_it_comes(home: Path) -> None:
    """Nothing behind what is too much is read."""
    piece = b"%x\r\n%s\r\n" % (MEBIBYTE, bytes(MEBIBYTE))
    async with running(home) as proxy:
        request = head(TREE + "analytics-events/events", "transfer-encoding: chunked") + piece * 4 + b"1\r\nx\r\n"
        status, code, _ = await told(proxy, request)
        assert proxy.upstream.connections == 0

    assert (status, code) == (413, "request_too_large")


async def test_the_largest_body_passes(home: Path) -> None:
    body = bytes(4 * MEBIBYTE)
    async with running(home) as proxy:
        assert (await proxy.ask("POST", TREE + "analytics-events/events", body))[0] == 200
        assert proxy.upstream.requests[0].endswith(b"\r\n\r\n" + body)


async def test_what_is_too_large_once_it_is_decompressed_is_told_so(home: Path) -> None:
    body = zstandard.compress(bytes(33 * MEBIBYTE))
    async with running(home) as proxy:
        found = await told(
            proxy, head(TREE + "new/thing", "content-encoding: zstd", f"content-length: {len(body)}") + body
        )
        assert proxy.upstream.connections == 0

    assert found == (413, "invalid_body", "The request body is over the limit of 32 MiB once decompressed.")


async def test_a_smaller_limit_of_ones_own_is_told_too(home: Path) -> None:
    async with running(home, body_size_limit="1m") as proxy:
        found = await told(proxy, head(TREE + "responses", f"content-length: {2 * MEBIBYTE}"))

    assert found == (413, "request_too_large", "The request body is larger than 1 MiB, the most that is taken here.")
