"""Whose limits an answer tells, by what a client of the real proxy reads."""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
import time
from contextlib import closing
from pathlib import Path

import pytest

from addons.chain import Chain
from codexlb_store.accounts import account_id
from codexlb_store.schema import open_store
from codexlb_store.windows import Window, load_windows, save_windows
from tests.addons.key_lab import TURN, a_key, bearer
from tests.addons.proxy import COMPLETED, OK_HEAD, Proxy, Upstream, chunk, running, store_with, unchunk
from tests.addons.waiting import until

A, B, C = (account_id(f"user-{name}", f"acct-{name}") for name in "abc")
RESET = int(time.time()) + 9000

# mitmproxy brings it along; only some of its releases are typed.
h2_config, h2_connection, h2_events = (
    importlib.import_module(f"h2.{name}") for name in ("config", "connection", "events")
)

BEFORE = (b"Date: Mon, 23 Nov 2026 02:00:00 GMT", b"X-Codex-Turn-State: t1")
OWN = (
    b"x-codex-primary-used-percent: 50",
    b"x-codex-primary-window-minutes: 300",
    b"x-codex-primary-reset-at: %d" % (RESET + 100),
    b"X-Codex-Credits-Has-Credits: True",
    b"X-Codex-Credits-Balance: 12.50",
    b"x-codex-bengalfox-primary-used-percent: 99",
)
AFTER = (b"CF-RAY: abc-FRA", b"x-models-etag: e1")
STREAM = chunk(b'data: {"type":"codex.rate_limits","rate_limits":{"primary":{"used_percent":50}}}\n\n') + chunk(
    COMPLETED
)


def answering(*lines: bytes, status: bytes = b"200 OK", stream: bytes = STREAM) -> Upstream:
    """An upstream that answers every request with these lines in the head."""
    head = OK_HEAD.replace(b"200 OK", status).replace(b"\r\n\r\n", b"".join(b"\r\n" + line for line in lines))
    return Upstream(answer=head + b"\r\n\r\n" + stream + b"0\r\n\r\n")


def telling(percent: int, reset: int = RESET) -> list[bytes]:
    """The pool's limits as lines of a head."""
    return [
        b"x-codex-primary-used-percent: %d" % percent,
        b"x-codex-primary-window-minutes: 300",
        b"x-codex-primary-reset-at: %d" % reset,
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Accounts a and b, each with 10 % of its five hours used."""
    with closing(store_with(tmp_path, "a", "b")) as db:
        save_windows(db, [Window(account, 300, 10.0, RESET, time.time() - 1000) for account in (A, B)])
    return tmp_path


async def turn(proxy: Proxy, **headers: str) -> tuple[list[bytes], bytes]:
    """The lines of an answer's head, and its body."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    top = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lines}"
    answer = await proxy.send(f"{top}content-length: {len(TURN)}\r\n\r\n".encode() + TURN)
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def told(lines: list[bytes]) -> list[bytes]:
    """What a head says of limits."""
    names = (b"x-codex-primary-", b"x-codex-secondary-", b"x-codex-credits-", b"x-codex-bengalfox-")
    return [line for line in lines if line.lower().startswith(names)]


async def test_the_pools_limits_stand_where_the_accounts_stood(home: Path) -> None:
    """With the reading that just came: 10 and 50 %. Every other line stays where and as it was, and so does the body,
    in which the upstream tells of the account, too."""
    async with running(home, answering(*BEFORE, *OWN, *AFTER)) as proxy:
        lines, body = await turn(proxy)

    first = lines.index(BEFORE[0])
    assert lines[first : first + 7] == [*BEFORE, *telling(30), *AFTER]
    assert told(lines) == telling(30)
    assert unchunk(body) == unchunk(STREAM)


async def test_what_is_kept_is_the_accounts_own(home: Path) -> None:
    async with running(home, answering(*OWN)) as proxy:
        await turn(proxy)

        with closing(open_store(home)) as db:
            await until(lambda: sorted(w.used_percent for (w,) in load_windows(db).values()) == [10, 50])


async def test_the_accounts_own_pass_if_so_wished(home: Path) -> None:
    async with running(home, answering(*BEFORE, *OWN, *AFTER), codexlb_rate_limit_headers="account") as proxy:
        lines, _ = await turn(proxy)

    first = lines.index(BEFORE[0])
    assert lines[first : first + 10] == [*BEFORE, *OWN, *AFTER]


async def test_an_answer_that_tells_of_no_limits_gets_none(home: Path) -> None:
    async with running(home, answering(*BEFORE)) as proxy:
        lines, _ = await turn(proxy)

    assert told(lines) == []


async def test_of_one_account_everything_passes_as_it_came(tmp_path: Path) -> None:
    """It is the pool: its credits and fractions are nobody else's."""
    store_with(tmp_path, "a").close()
    async with running(tmp_path, answering(*BEFORE, *OWN)) as proxy:
        lines, _ = await turn(proxy)

    assert told(lines) == list(OWN)


async def test_a_key_is_told_of_the_accounts_it_is_bound_to(home: Path) -> None:
    with closing(store_with(home, "c")) as db:
        save_windows(db, [Window(C, 300, 100.0, RESET, time.time())])
    two, one = a_key(home, "two", accounts=(A, B)), a_key(home, "one", accounts=(A,))
    async with running(home, answering(*OWN)) as proxy:
        assert told((await turn(proxy, **bearer(two)))[0]) == telling(30)
        assert told((await turn(proxy, **bearer(one)))[0]) == list(OWN)


async def test_an_error_that_passes_tells_of_the_pool(home: Path) -> None:
    """A request that is wrong in itself: no other account would take it."""
    error = chunk(b'{"error":{"code":"context_length_exceeded","message":"Too long."}}')
    async with running(home, answering(*OWN, status=b"400 Bad Request", stream=error)) as proxy:
        lines, body = await turn(proxy)

    assert lines[0] == b"HTTP/1.1 400 Bad Request"
    assert told(lines) == telling(30)
    assert b"context_length_exceeded" in body


async def test_a_pool_that_is_used_up_tells_of_all_and_when_the_first_is_back(home: Path) -> None:
    with closing(open_store(home)) as db:
        windows = [(A, 300, 100.0, 600), (A, 10_080, 40.0, 90_000), (B, 300, 30.0, 300), (B, 10_080, 100.0, 9000)]
        now = int(time.time())
        save_windows(db, [Window(one, minutes, used, now + wait, now) for one, minutes, used, wait in windows])
    async with running(home) as proxy:
        lines, body = await turn(proxy)

    error = json.loads(body)["error"]
    assert (error["type"], error["resets_at"], error["plan_type"]) == ("usage_limit_reached", now + 600, "plus")
    assert told(lines) == [
        *telling(100, now + 600),
        b"x-codex-secondary-used-percent: 70",
        b"x-codex-secondary-window-minutes: 10080",
        b"x-codex-secondary-reset-at: %d" % (now + 9000),
    ]


def raising(*_: object) -> None:
    raise RuntimeError


def breaking(chain: Chain) -> None:
    (step,) = (addon for addon in chain.addons if type(addon).__name__ == "PoolHeaders")
    setattr(step, "responseheaders", raising)  # noqa: B010


async def test_a_defect_costs_nobody_an_answer(home: Path) -> None:
    async with running(home, answering(*OWN), tamper=breaking) as proxy:
        lines, body = await turn(proxy)

    assert (lines[0], told(lines)) == (b"HTTP/1.1 200 OK", list(OWN))
    assert b"response.completed" in unchunk(body)


async def test_over_http2_it_is_the_same(home: Path) -> None:
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    path = ":path", "/backend-api/codex/responses"
    head = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), path]
    async with running(home, answering(*OWN), tls=True) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, ssl=context)
        client = h2_connection.H2Connection(h2_config.H2Configuration(header_encoding="ascii"))
        client.initiate_connection()
        client.send_headers(1, head)
        client.send_data(1, TURN, end_stream=True)
        found: dict[str, str] = {}
        async with asyncio.timeout(10):
            while not found:
                writer.write(client.data_to_send())
                for event in client.receive_data(await reader.read(65_536)):
                    if isinstance(event, h2_events.ResponseReceived):
                        found = dict(event.headers)
        writer.close()

    assert [f"{name}: {value}".encode() for name, value in found.items() if "primary" in name] == telling(30)
    assert "x-codex-credits-balance" not in found
