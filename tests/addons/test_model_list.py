"""The list of models that a key shows, through the real proxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from addons.model_list import MOST_BYTES, only_usable
from addons.wire.model_lists import NO_MODELS
from codexlb_store.keys import Key
from tests.addons.key_lab import a_key, bearer
from tests.addons.proxy import Upstream, chunk, running, store_with

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


def test_of_a_list_without_end_nothing_is_shown() -> None:
    passing = only_usable(Key("team", 1.0, models=("o9",)), lambda data: [data])

    for _ in range(MOST_BYTES // 2**20 + 1):
        assert passing(b" " * 2**20) == []

    assert passing(b"") == [NO_MODELS]
