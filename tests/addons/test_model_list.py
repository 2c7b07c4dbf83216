"""The list of models that a key shows, through the real proxy."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from addons.model_list import MOST_BYTES
from codexlb_store.exchanges import requests
from codexlb_store.schema import open_store
from tests.addons.key_lab import a_key, bearer
from tests.addons.proxy import COMPLETED, Upstream, chunk, running, store_with
from tests.addons.upstreams import DELTA

MODELS = "/backend-api/codex/models"
LIST = b'{"models":[{"slug":"gpt-5.5"},{"slug": "gpt-5.4-mini"},{"slug":"o9"}]}'
SIZED = b'HTTP/1.1 200 OK\r\netag: "e1"\r\ncontent-length: %d\r\n\r\n' % len(LIST) + LIST
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(LIST[:9]) + chunk(LIST[9:]) + b"0\r\n\r\n"
FAILED = b'HTTP/1.1 404 Not Found\r\ncontent-length: 21\r\n\r\n{"models":"not here"}'

SHOWN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "every model": ({}, ["gpt-5.5", "gpt-5.4-mini", "o9"]),
    "some models": ({"models": ("gpt-5*",)}, ["gpt-5.5", "gpt-5.4-mini"]),
    "one that takes the place of all": ({"enforced_model": "o9"}, ["o9"]),
}


@pytest.mark.parametrize("answer", [SIZED, CHUNKED], ids=["sized", "chunked"])
@pytest.mark.parametrize(("rules", "expected"), SHOWN.values(), ids=SHOWN.keys())
async def test_a_key_shows_the_models_that_it_may_be_used_for(
    tmp_path: Path, rules: dict[str, Any], expected: list[str], answer: bytes
) -> None:
    store_with(tmp_path, "a").close()
    plain = a_key(tmp_path, **rules)
    async with running(tmp_path, Upstream(answer=answer)) as proxy:
        status, body = await proxy.ask("GET", "/backend-api/codex/models?client_version=0.169.0", b"", **bearer(plain))
    assert status == 200
    assert [model["slug"] for model in json.loads(body)["models"]] == expected
    if not rules:
        assert body == LIST


async def test_the_etag_stays_and_what_is_no_list_passes(tmp_path: Path) -> None:
    store_with(tmp_path, "a").close()
    plain = a_key(tmp_path, models=("o9",))
    upstream = Upstream(answer=SIZED)
    head = f"GET /backend-api/codex/models HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {plain}"
    async with running(tmp_path, upstream) as proxy:
        answer = await proxy.send(f"{head}\r\nconnection: close\r\n\r\n".encode())
        upstream.answer = FAILED
        failed = await proxy.ask("GET", "/backend-api/codex/models", b"", **bearer(plain))
    assert b'etag: "e1"' in answer
    assert failed == (404, b'{"models":"not here"}')


def sized(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\n%scontent-length: %d\r\n\r\n" % (status, more, len(body)) + body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_list_that_comes_compressed_is_filtered_all_the_same(tmp_path: Path, encoding: str) -> None:
    """It was not asked for so."""
    store_with(tmp_path, "a").close()
    plain = a_key(tmp_path, models=("o9",))
    packed = gzip.compress(LIST) if encoding == "gzip" else zstandard.ZstdCompressor().compress(LIST)
    upstream = Upstream(answer=sized(packed, more=f"content-encoding: {encoding}\r\n".encode()))
    head = f"GET {MODELS} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {plain}\r\n"
    async with running(tmp_path, upstream) as proxy:
        answer = await proxy.send(f"{head}connection: close\r\n\r\n".encode())
    assert answer.endswith(b'\r\n\r\n{"models":[{"slug":"o9"}]}')
    assert b"content-encoding" not in answer


UNREADABLE = {
    "no JSON": sized(b"<html>gpt-5.5</html>"),
    "no list": sized(b'{"gpt-5.5":1}'),
    "nothing": sized(b""),
    "an unknown encoding": sized(LIST, more=b"content-encoding: rot13\r\n"),
    "a lying encoding": sized(LIST, more=b"content-encoding: gzip\r\n"),
    "a part of a list": sized(LIST[:40], b"206 Partial Content"),
    "a list of events": sized(DELTA + COMPLETED, more=b"content-type: text/event-stream\r\n"),
    "too large a list": sized(b" " * (MOST_BYTES + 1) + LIST),
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_filtered_is_not_shown(tmp_path: Path, answer: bytes) -> None:
    store_with(tmp_path, "a").close()
    bound, free = a_key(tmp_path, "bound", models=("o9",)), a_key(tmp_path, "free")
    async with running(tmp_path, Upstream(answer=answer)) as proxy:
        status, body = await proxy.ask("GET", MODELS, b"", **bearer(bound))
        assert (status, json.loads(body)["error"]["code"]) == (502, "unreadable_models")
        assert b"gpt-5.5" not in body
        assert (await proxy.ask("GET", MODELS, b"", **bearer(free)))[1] == answer.partition(b"\r\n\r\n")[2]
    with closing(open_store(tmp_path)) as db:
        row = requests(db, 9)[-1]
    assert (row.outcome, row.error) == ("failed", "unreadable_models")
