"""Whose limits an answer tells where more than one account had a part in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from addons.exchange import Exchanges
from addons.pool_headers import PoolHeaders
from addons.pool_view import PoolView
from codexlb_store.accounts import AccountStatus
from codexlb_store.windows import Window
from tests.addons.proxy import OK_HEAD, Upstream, chunk, running, store_with
from tests.addons.samples import ACCOUNT, a_pool, an_answered_exchange, an_answered_flow
from tests.addons.test_pool_headers import OWN, RESET, STREAM, telling, told, turn

USED_UP = chunk(b'{"error":{"type":"usage_limit_reached","plan_type":"plus","resets_at":%d}}' % RESET)


def answer(status: bytes, *lines: bytes, body: bytes = STREAM) -> bytes:
    """An upstream's answer with these lines in its head."""
    head = OK_HEAD.replace(b"200 OK", status).replace(b"\r\n\r\n", b"".join(b"\r\n" + line for line in lines))
    return head + b"\r\n\r\n" + body + b"0\r\n\r\n"


class FullFirst(Upstream):
    """Of two accounts the one that is asked for first is used up; the other has used half."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_first = self.connections == 0
        used_up = answer(b"429 Busy", b"connection: close", *telling(100), body=USED_UP)
        self.answer = used_up if is_first else answer(b"200 OK", *OWN)
        await super().serve(reader, writer)


async def test_who_was_passed_over_is_told_of_too(tmp_path: Path) -> None:
    store_with(tmp_path, "a", "b").close()
    async with running(tmp_path, FullFirst()) as proxy:
        lines, _ = await turn(proxy)

    assert lines[0] == b"HTTP/1.1 200 OK"
    assert told(lines) == telling(75)


async def test_a_list_that_has_not_changed_tells_of_the_pool(tmp_path: Path) -> None:
    store_with(tmp_path, "a", "b").close()
    unchanged = b"\r\n".join((b"HTTP/1.1 304 Not Modified", b"etag: e1", *OWN)) + b"\r\n\r\n"
    ask = b"GET /backend-api/codex/models?client_version=0.169.0 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    async with running(tmp_path, Upstream(answer=unchanged)) as proxy:
        lines = (await proxy.send(ask + b"if-none-match: e1\r\n\r\n")).split(b"\r\n")

    assert lines[0] == b"HTTP/1.1 304 Not Modified"
    assert [line.split(b":")[0] for line in told(lines)] == [line.split(b":")[0] for line in telling(0)]


@pytest.mark.parametrize(
    ("a", "expected"),
    [
        pytest.param(AccountStatus.ACTIVE, b"50", id="both count"),
        pytest.param(AccountStatus.PAUSED, b"10", id="paused while it answered"),
        pytest.param(AccountStatus.NEEDS_LOGIN, b"10", id="out of order meanwhile"),
    ],
)
def test_one_that_does_not_count_any_more_is_not_the_pool(a: AccountStatus, expected: bytes) -> None:
    """It served the answer, and the one account that is left is another."""
    accounts = replace(ACCOUNT, state=a), replace(ACCOUNT, id="b")
    windows = tuple(Window(name, 300, used, RESET, 1000.0) for name, used in (("a", 90.0), ("b", 10.0)))
    exchanges = Exchanges()
    flow = an_answered_flow(200, (b"x-codex-primary-used-percent", b"90"), (b"x-codex-credits-balance", b"7"))
    exchanges[flow] = an_answered_exchange()

    PoolHeaders(exchanges, PoolView(a_pool(*accounts, windows=windows))).responseheaders(flow)

    assert flow.response
    assert dict(flow.response.headers.fields)[b"x-codex-primary-used-percent"] == expected
    assert "x-codex-credits-balance" not in flow.response.headers
