"""Keys through the real proxy, as a client on a socket sees them: who is let in, and what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from addons.balancer import Balancer
from addons.client_keys import ClientKeys
from addons.failed_tries import MOST_IN_A_WINDOW
from addons.store_keeper import StoreKeeper
from addons.wire.denials import Denial
from codexlb_store.key_changes import revoke_key, rotate_key, set_disabled, set_limits
from codexlb_store.keyring import KeyProblem, Keyring
from codexlb_store.limit_texts import parse_limit
from codexlb_store.schema import open_store
from tests.addons.key_lab import TURN, a_key, bearer, key_named
from tests.addons.proxy import Proxy, Upstream, running, store_with
from tests.addons.raw_client import connected
from tests.addons.upstreams import Holding
from tests.addons.waiting import until

ELSEWHERE = "203.0.113.9"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with one account."""
    store_with(tmp_path, "a").close()
    return tmp_path


def change(home: Path, act: Callable[[Database, str], object]) -> None:
    """Do something to the key, as the command line does."""
    with closing(open_store(home)) as db:
        act(db, key_named(home, "team").id)


def expire(db: Database, key_id: str) -> None:
    db.execute("UPDATE keys SET expires_at = 2 WHERE id = ?", (key_id,))


CHANGES: dict[Denial, Callable[[Database, str], object]] = {
    Denial.EXPIRED: expire,
    Denial.DISABLED: lambda db, key_id: set_disabled(db, key_id, 2.0),
    Denial.REVOKED: lambda db, key_id: revoke_key(db, key_id, 2.0),
    Denial.REPLACED: lambda db, key_id: rotate_key(db, key_id, -1.0, time.time()),
}


async def denied(proxy: Proxy, **headers: str) -> str:
    """The message of a 401; nothing reaches the upstream."""
    before = len(proxy.upstream.requests)
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lines}"
    answer = await proxy.send(f"{head}content-length: {len(TURN)}\r\n\r\n".encode() + TURN)
    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 401 ")
    assert b"www-authenticate: bearer" in top.lower()
    assert len(proxy.upstream.requests) == before
    error = json.loads(body)["error"]
    assert error["code"] == "invalid_api_key"
    return str(error["message"])


@pytest.mark.parametrize("denial", CHANGES, ids=lambda denial: denial.name.lower())
async def test_a_key_that_is_not_good_any_more_is_told_why(home: Path, denial: Denial) -> None:
    plain = a_key(home)
    change(home, CHANGES[denial])
    async with running(home) as proxy:
        assert await denied(proxy, **bearer(plain)) == denial.value


async def test_who_shows_no_key_or_none_of_ours_is_told_how(home: Path) -> None:
    plain = a_key(home)
    async with running(home) as proxy:
        assert await denied(proxy) == Denial.NO_KEY.value
        assert await denied(proxy, authorization="Bearer sk-clb-other") == Denial.UNKNOWN.value
        assert await denied(proxy, authorization=f"Basic {plain}") == Denial.NOT_BEARER.value
        assert await denied(proxy, x_api_key=plain) == Denial.NO_KEY.value
        assert (await proxy.ask(body=TURN, **bearer(plain)))[0] == 200
        assert (await proxy.ask("GET", "/health", b""))[0] == 200


async def test_changes_count_while_it_runs(home: Path) -> None:
    """The first key closes the door to those without; a key that is disabled is out, and in again when enabled."""

    async def comes_to(status: int, **headers: str) -> None:
        deadline = time.monotonic() + 5
        while (await proxy.ask(body=TURN, **headers))[0] != status:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

    async with running(home) as proxy:
        assert (await proxy.ask(body=TURN))[0] == 200
        plain = a_key(home)
        await comes_to(401)
        await comes_to(200, **bearer(plain))
        change(home, CHANGES[Denial.DISABLED])
        await comes_to(401, **bearer(plain))
        change(home, lambda db, key_id: set_disabled(db, key_id, None))
        await comes_to(200, **bearer(plain))


async def test_too_many_failures_are_told_to_wait_and_a_good_key_is_served(home: Path) -> None:
    plain = a_key(home)
    async with running(home) as proxy:
        for _ in range(MOST_IN_A_WINDOW):
            await denied(proxy, authorization="Bearer sk-clb-other")
        status, body = await proxy.ask(body=TURN)
        assert (status, json.loads(body)["error"]["code"]) == (429, "too_many_failures")
        assert (await proxy.ask(body=TURN, **bearer(plain)))[0] == 200


async def test_a_trusted_proxy_says_who_asks(home: Path) -> None:
    async with running(home, codexlb_trusted_proxies="127.0.0.0/8") as proxy:
        assert await denied(proxy, x_forwarded_for=ELSEWHERE) == Denial.NO_KEYS_YET.value
        assert await denied(proxy, x_forwarded_for=f"127.0.0.1, {ELSEWHERE}") == Denial.NO_KEYS_YET.value
        assert (await proxy.ask(body=TURN))[0] == 200
        assert (await proxy.ask(body=TURN, x_forwarded_for="::1"))[0] == 200


async def test_nobody_else_does(home: Path) -> None:
    async with running(home) as proxy:
        for name in ("x_forwarded_for", "forwarded", "x_real_ip", "cf_connecting_ip"):
            assert (await proxy.ask(body=TURN, **{name: ELSEWHERE}))[0] == 200
    async with running(home, codexlb_trusted_proxies="10.0.0.0/8") as proxy:
        assert (await proxy.ask(body=TURN, x_forwarded_for=ELSEWHERE))[0] == 200


async def test_only_allowed_networks_are_served(home: Path) -> None:
    async with running(home, codexlb_allow="192.0.2.0/24", codexlb_trusted_proxies="127.0.0.1") as proxy:
        status, body = await proxy.ask(body=TURN)
        assert (status, json.loads(body)["error"]["code"]) == (403, "address_not_allowed")
        assert proxy.upstream.connections == 0
        assert (await proxy.ask("GET", "/health", b""))[0] == 200
    async with running(home, codexlb_allow="127.0.0.0/8, ::1") as proxy:
        assert (await proxy.ask(body=TURN))[0] == 200


@pytest.mark.parametrize(("auth", "status"), [("required", 401), ("auto", 200), ("local", 200)])
async def test_without_keys_this_machine_is_served_unless_one_is_required(home: Path, auth: str, status: int) -> None:
    async with running(home, codexlb_auth=auth) as proxy:
        assert (await proxy.ask(body=TURN))[0] == status


async def test_when_a_key_was_last_used_is_kept(home: Path) -> None:
    plain = a_key(home)
    async with running(home) as proxy:
        for _ in range(3):
            await proxy.ask(body=TURN, **bearer(plain))
        await until(lambda: key_named(home, "team").last_used_at)
    assert abs((key_named(home, "team").last_used_at or 0) - time.time()) < 30


@pytest.mark.parametrize("denial", CHANGES, ids=lambda denial: denial.name.lower())
async def test_who_waits_for_an_account_is_not_served_once_the_key_is_taken_away(home: Path, denial: Denial) -> None:
    plain, upstream = a_key(home), Holding()
    key = bearer(plain)
    async with running(home, upstream, codexlb_account_concurrency=1) as proxy:
        first = asyncio.create_task(proxy.ask(body=TURN, **key))
        await until(lambda: len(upstream.requests) == 1)
        second = asyncio.create_task(proxy.ask(body=TURN, **key))
        balancer = next(addon for addon in proxy.chain.addons if isinstance(addon, Balancer))
        await until(lambda: len(balancer.line) == 1)

        change(home, CHANGES[denial])
        await until(lambda: proxy_denies(proxy, plain))
        upstream.let_go.set()

        assert (await first)[0] == 200
        status, body = await second
    assert status == 401
    assert json.loads(body)["error"]["message"] == denial.value
    assert len(upstream.requests) == 1


async def test_a_key_is_taken_away_however_busy_the_pool_is(home: Path) -> None:
    """Accounts that change all the time have the store read again and again: keys do not wait for that."""
    plain = a_key(home)
    async with running(home) as proxy:
        keeper = next(addon for addon in proxy.chain.addons if isinstance(addon, StoreKeeper))
        keep, read = True, keeper.read

        def decided_meanwhile(db: Database, revision: int) -> None:
            read(db, revision - 1 if keep else revision)

        keeper.read = decided_meanwhile  # type: ignore[method-assign]
        change(home, CHANGES[Denial.REVOKED])
        try:
            await until(lambda: isinstance(keeper.keyring.authenticate(plain, time.time()), KeyProblem))
        finally:
            keep = False


async def test_a_key_is_taken_away_though_the_accounts_cannot_be_read(home: Path) -> None:
    plain = a_key(home)
    async with running(home) as proxy:
        with closing(open_store(home)) as db:
            db.execute("UPDATE tokens SET access_token = X'00'")
        change(home, CHANGES[Denial.REVOKED])
        await until(lambda: proxy_denies(proxy, plain))


def keyring_of(proxy: Proxy) -> Keyring:
    """What the running proxy knows of keys."""
    return next(addon for addon in proxy.chain.addons if isinstance(addon, StoreKeeper)).keyring


def proxy_denies(proxy: Proxy, plain: str) -> bool:
    return isinstance(keyring_of(proxy).authenticate(plain, time.time()), KeyProblem)


Rest = Callable[[], Awaitable[tuple[int, dict[str, Any]]]]


@contextlib.asynccontextmanager
async def uploading(proxy: Proxy, **headers: str) -> AsyncIterator[Rest]:
    """A turn of which half the body is there, and the client is let in; what is handed over sends the rest and tells
    the answer."""
    async with connected(proxy.port) as client:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\n{lines}connection: close\r\n"
        client.send(f"{head}content-length: {len(TURN)}\r\n\r\n".encode() + TURN[:9])
        keys = next(addon for addon in proxy.chain.addons if isinstance(addon, ClientKeys))
        await until(lambda: [exchange for exchange in keys.exchanges.values() if exchange.client])

        async def rest() -> tuple[int, dict[str, Any]]:
            client.send(TURN[9:])
            status, _, body = await client.answer()
            return status, json.loads(body)["error"] if body.startswith(b"{") else {}

        yield rest


@pytest.mark.parametrize("denial", CHANGES, ids=lambda denial: denial.name.lower())
async def test_who_uploads_is_not_served_once_the_key_is_taken_away(home: Path, denial: Denial) -> None:
    plain = a_key(home)
    async with running(home) as proxy, uploading(proxy, **bearer(plain)) as rest:
        change(home, CHANGES[denial])
        await until(lambda: proxy_denies(proxy, plain))
        status, error = await rest()
        assert (status, error["message"], proxy.upstream.connections) == (401, denial.value, 0)


async def test_who_uploads_without_a_key_is_not_served_once_the_first_one_is_made(home: Path) -> None:
    async with running(home) as proxy, uploading(proxy) as rest:
        a_key(home)
        await until(lambda: keyring_of(proxy).has_keys)
        status, error = await rest()
        assert (status, error["message"], proxy.upstream.connections) == (401, Denial.NO_KEY.value, 0)


def bind(db: Database, key_id: str) -> None:
    db.execute("UPDATE keys SET models = '[\"gpt-4\"]' WHERE id = ?", (key_id,))


def limit(db: Database, key_id: str) -> None:
    set_limits(db, key_id, [parse_limit("1req/day")], time.time())


@pytest.mark.parametrize(
    ("act", "code"), [(bind, "model_not_allowed"), (limit, "rate_limit_exceeded")], ids=["models", "limits"]
)
async def test_of_a_key_that_is_changed_during_an_upload_the_new_rules_count(
    home: Path, act: Callable[[Database, str], object], code: str
) -> None:
    plain = a_key(home)
    async with running(home) as proxy, uploading(proxy, **bearer(plain)) as rest:
        change(home, act)
        await until(lambda: keyring_of(proxy).authenticate(plain, time.time()) == key_named(home, "team"))
        if act is limit:
            assert (await proxy.ask(body=TURN, **bearer(plain)))[0] == 200
        before = len(proxy.upstream.requests)
        status, error = await rest()
        assert (status, error["code"], len(proxy.upstream.requests)) == (403 if act is bind else 429, code, before)


@dataclass
class Failing(Upstream):
    """Is asked, and fails only when it is let go."""

    answer: bytes = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}"
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        await self.let_go.wait()
        writer.write(self.answer)
        writer.close()


@pytest.mark.parametrize("denial", CHANGES, ids=lambda denial: denial.name.lower())
async def test_no_second_attempt_leaves_once_the_key_is_taken_away(home: Path, denial: Denial) -> None:
    plain, upstream = a_key(home), Failing()
    async with running(home, upstream) as proxy:
        asking = asyncio.create_task(proxy.ask(body=TURN, **bearer(plain)))
        await until(lambda: len(upstream.requests) == 1)
        change(home, CHANGES[denial])
        await until(lambda: proxy_denies(proxy, plain))
        upstream.let_go.set()
        status, body = await asking
    assert (status, json.loads(body)["error"]["message"]) == (401, denial.value)
    assert len(upstream.requests) == 1


async def test_the_same_failure_is_tried_again_while_the_key_is_good(home: Path) -> None:
    """The control."""
    plain, upstream = a_key(home), Failing()
    upstream.let_go.set()
    async with running(home, upstream) as proxy:
        assert (await proxy.ask(body=TURN, **bearer(plain)))[0] >= 500
    assert len(upstream.requests) == 2
