"""The accounts' usage is asked of the upstream, also while nobody uses it."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from mitmproxy import ctx

from addons.poller import Poller
from codexlb_store.pool import Pool
from codexlb_store.schema import open_store
from codexlb_store.windows import load_windows
from codexlb_store.writer import Writer
from scripts.simulator.account import AccountChange, Condition, WindowChange
from scripts.simulator.server import Simulator
from tests.addons.proxy import Proxy, running
from tests.addons.samples import ACCOUNT, a_pool, import_logins
from tests.addons.waiting import until


@pytest.mark.parametrize(
    ("asked_at", "met_a_limit", "every_seconds", "expected"),
    [
        pytest.param({}, "", 300, "abc", id="nobody was asked yet"),
        pytest.param({"a": 700.0, "b": 1000.0, "c": 701.0}, "", 300, "a", id="at the very moment"),
        pytest.param({"a": 500.0, "b": 300.0, "c": 400.0}, "", 300, "bca", id="longest ago first"),
        pytest.param({"a": 500.0, "b": 300.0}, "", 300, "cba", id="a new account at once"),
        pytest.param({"gone": 1.0, "a": 999.0, "b": 999.0, "c": 999.0}, "", 300, "", id="removed account"),
        pytest.param({}, "a", 0, "", id="never"),
        # an account that met a limit is asked sooner, yet not again and again
        pytest.param({"a": 985.0, "b": 986.0, "c": 980.0}, "ab", 300, "a", id="met a limit"),
        pytest.param({"a": 998.0, "b": 998.0, "c": 999.0}, "a", 2, "ab", id="never later than the others"),
    ],
)
def test_who_is_asked_next(
    tmp_path: Path, asked_at: dict[str, float], met_a_limit: str, every_seconds: int, expected: str
) -> None:
    poller = Poller(a_pool(*(replace(ACCOUNT, id=name) for name in "abc")), Writer(tmp_path))
    poller.asked_at = asked_at
    poller.pool.to_be_read |= set(met_a_limit)

    assert poller.due(1000.0, every_seconds) == list(expected)


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="ann:plus,bob:pro") as running:
        yield running


@pytest.fixture
def home(sim: Simulator, tmp_path: Path) -> Path:
    """A data folder with both accounts."""
    return import_logins(tmp_path, *map(sim.auth_json, sim.world.accounts))


def pool_of(proxy: Proxy) -> Pool:
    (poller,) = (addon for addon in proxy.chain.addons if isinstance(addon, Poller))
    return poller.pool


def used(pool: Pool) -> dict[str, list[tuple[int, float]]]:
    """What the pool knows of each account, by e-mail."""
    return {
        account.email: [(window.minutes, window.used_percent) for window in pool.windows.get(account.id, ())]
        for account in pool.accounts.values()
    }


def asked(sim: Simulator) -> list[str | None]:
    """Whose usage was asked, in order."""
    return [entry.account for entry in sim.log if entry.path == "/backend-api/wham/usage"]


ANN, BOB = "ann@example.com", "bob@example.com"


async def test_windows_arrive_in_the_pool_and_in_the_store(sim: Simulator, home: Path) -> None:
    sim.change("ann", AccountChange(windows=(WindowChange(minutes=300, used_percent=30),)))
    sim.change("bob", AccountChange(windows=(WindowChange(minutes=10_080, used_percent=70),)))

    async with running(home, codexlb_upstream=sim.origin, codexlb_poll_seconds=300) as proxy:
        await until(lambda: all(used(pool_of(proxy)).values()))
        assert used(pool_of(proxy)) == {ANN: [(300, 30), (10_080, 0)], BOB: [(300, 0), (10_080, 70)]}

    with closing(open_store(home)) as db:
        assert sorted(w.used_percent for windows in load_windows(db).values() for w in windows) == [0, 0, 30, 70]
    assert sorted(map(str, asked(sim))) == ["ann", "bob"]


async def test_each_account_asks_with_its_own_token(sim: Simulator, home: Path) -> None:
    async with running(home, codexlb_upstream=sim.origin, codexlb_poll_seconds=300):
        await until(lambda: len(asked(sim)) == 2)

    headers = {entry.account: dict(entry.headers) for entry in sim.log}
    for name in ("ann", "bob"):
        sent = {key.lower(): value for key, value in headers[name].items()}
        assert sent["chatgpt-account-id"] == sim.world.account(name).seat.chatgpt_account_id


async def test_an_account_that_is_refused_keeps_nobody_else_from_being_read(
    sim: Simulator, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sim.change("ann", AccountChange(condition=Condition.DEACTIVATED))

    async with running(home, codexlb_upstream=sim.origin, codexlb_poll_seconds=300) as proxy:
        await until(lambda: used(pool_of(proxy))[BOB])
        await until(lambda: len(asked(sim)) == 2)

    assert used(pool_of(proxy))[ANN] == []
    assert len(warnings(caplog)) == 1


async def test_a_dead_upstream_is_only_logged_and_without_a_token(
    sim: Simulator, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(home, codexlb_upstream="http://127.0.0.1:1", codexlb_poll_seconds=300) as proxy:
        await until(lambda: len(warnings(caplog)) == 2)
        assert (await proxy.ask("GET", "/health", b""))[0] == 200
        tokens = [credential.access_token for credential in pool_of(proxy).credentials.values()]

    assert all("could not be read" in line for line in warnings(caplog))
    assert not [token for token in tokens if token in caplog.text]


async def test_a_page_that_is_none_is_only_logged(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The test's own upstream answers every path with a stream of events."""
    async with running(home, codexlb_poll_seconds=300) as proxy:
        await until(lambda: len(warnings(caplog)) == 2)
        assert len(proxy.upstream.requests) == 2
        assert (await proxy.ask("GET", "/health", b""))[0] == 200


async def test_zero_asks_nobody_until_it_is_changed(sim: Simulator, home: Path) -> None:
    async with running(home, codexlb_upstream=sim.origin, codexlb_poll_seconds=0) as proxy:
        turn = json.dumps({"model": "gpt-5.5", "stream": True, "input": []}).encode()
        assert (await proxy.ask(body=turn))[0] == 200
        assert asked(sim) == []

        ctx.options.update(codexlb_poll_seconds=300)

        await until(lambda: len(asked(sim)) == 2)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [record for record in caplog.records if record.name == "addons.poller"]
    return [record.getMessage() for record in records if record.levelno == logging.WARNING]
