"""The accounts' usage is read while nobody uses them, each in its turn, and sooner when there may be news."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from mitmproxy import ctx
from mitmproxy.exceptions import OptionsError
from mitmproxy.test import taddons

from addons.poller import MOST_AT_ONCE, Poller
from addons.upkeep.checkup import Checkup
from addons.upkeep.schedule import Care
from codexlb_store.accounts import AccountStatus, load_accounts, set_state
from codexlb_store.readings import load_readings
from codexlb_store.schema import open_store
from codexlb_store.windows import Window, load_windows
from scripts.simulator.account import AccountChange, Condition, WindowChange
from scripts.simulator.faults import Act, Fault
from scripts.simulator.server import Simulator
from tests.addons.polling import (
    ANN,
    BOB,
    USAGE,
    WORKSPACES,
    account_id,
    asked,
    before,
    poller_of,
    pool_of,
    used,
    warnings,
)
from tests.addons.proxy import running
from tests.addons.samples import import_logins
from tests.addons.upkeep.refresh_lab import a_lab
from tests.addons.waiting import until

NOW = 1_000_000.0


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="ann:plus,bob:pro") as running:
        yield running


@pytest.fixture
def home(sim: Simulator, tmp_path: Path) -> Path:
    """A data folder with both accounts."""
    return import_logins(tmp_path, *map(sim.auth_json, sim.world.accounts))


@pytest.fixture
async def poller(sim: Simulator, tmp_path: Path) -> AsyncIterator[Poller]:
    """Over both accounts, of which nothing has been asked."""
    async with a_lab(tmp_path, sim, 86_400.0).worker() as worker:
        checkup = Checkup(worker.pool, worker.writer, worker.refresher)
        yield Poller(worker.pool, worker.writer, worker.refresher, checkup, random.Random(1))


async def test_the_longest_due_is_the_first(poller: Poller) -> None:
    ann, bob = poller.pool.accounts
    poller.meet(NOW)
    assert poller.due(NOW, 300) == [ann], "the first round is spread"
    assert poller.due(NOW + 1, 300) == [ann, bob]

    poller.cares[ann] = Care(NOW, asked_at=NOW + 50, draw=0.5)
    poller.cares[bob] = Care(NOW, asked_at=NOW + 10, draw=0.5)
    assert poller.due(NOW + 310, 300) == [bob]
    assert poller.due(NOW + 350, 300) == [bob, ann]
    assert poller.due(NOW + 350, 0) == []

    poller.pool.to_be_read.add(ann)
    assert poller.due(NOW + 65, 300) == [ann]


async def test_new_accounts_are_met_and_removed_ones_forgotten(poller: Poller) -> None:
    ann, bob = poller.pool.accounts
    poller.meet(NOW)
    poller.cares[bob] = replace(poller.cares[bob], asked_at=NOW)
    removed = poller.pool.accounts.pop(bob)
    poller.meet(NOW + 1)
    assert list(poller.cares) == [ann]

    poller.pool.accounts[bob] = removed
    poller.meet(NOW + 2)
    assert poller.cares[bob] == Care(NOW + 2)


async def test_the_token_that_ends_first_is_refreshed_first_and_not_twice_a_minute(poller: Poller) -> None:
    ann, bob = poller.pool.accounts
    for name, ends_in in ((ann, 600.0), (bob, 500.0)):
        held = poller.pool.credentials[name]
        poller.pool.credentials[name] = replace(held, expires_at=NOW + ends_in, last_refresh=NOW - 86_400)
    poller.meet(NOW)

    def next_one() -> str | None:
        found = poller.ending(NOW)
        return found.account_id if found else None

    assert next_one() == bob
    poller.cares[bob] = replace(poller.cares[bob], refresh_tried_at=NOW)
    assert next_one() == ann
    poller.cares[ann] = replace(poller.cares[ann], refresh_tried_at=NOW)
    assert next_one() is None


async def test_a_clock_that_is_put_back_stops_nothing(poller: Poller) -> None:
    poller.meet(NOW)
    begun = poller.cares
    poller.cares = {name: replace(care, asked_at=NOW, residency_at=NOW + 86_400) for name, care in begun.items()}
    kept, poller.looked_at = poller.cares, NOW

    poller.look(NOW - 59, 300)
    assert poller.cares == kept
    poller.look(NOW - 7200, 0)
    assert [care.residency_at for care in poller.cares.values()] == [0.0, 0.0]
    assert poller.due(NOW - 7199, 300) == list(poller.pool.accounts)


async def test_a_defect_does_not_end_it(sim: Simulator, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, however long it lasts."""
    async with before(sim, home, every_seconds=0) as proxy:
        poller, ann = poller_of(proxy), account_id(proxy, ANN)
        broken = poller.cares.setdefault(ann, Care(0.0))
        poller.cares[ann] = replace(broken, refresh_tried_at="broken")  # type: ignore[arg-type]
        await until(lambda: "could not be looked after" in caplog.text)
        looked_at = poller.looked_at
        await until(lambda: poller.looked_at > looked_at)
        poller.cares[ann] = broken
        ctx.options.update(codexlb_poll_seconds=300)

        await until(lambda: len(asked(sim)) == 2)
    assert caplog.text.count("could not be looked after") == 1


async def test_the_same_problem_is_told_once(sim: Simulator, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    sim.script(Fault(path=USAGE, account="ann", status=500, times=2), Fault(path=USAGE, account="ann", status=502))
    async with before(sim, home, every_seconds=3600) as proxy:
        poller, ann = poller_of(proxy), account_id(proxy, ANN)
        for count in (1, 2, 3, 4):
            await until(lambda count=count: asked(sim).count("ann") == count and not poller.asking)  # type: ignore[misc]
            poller.cares[ann] = replace(poller.cares[ann], asked_at=None)

        assert warnings(caplog) == [
            f"Account {ann} could not be asked about: {code}." for code in ("http_500", "http_502")
        ]
        assert poller.cares[ann].problem is None


async def test_windows_arrive_in_the_pool_and_in_the_store(sim: Simulator, home: Path) -> None:
    sim.change("ann", AccountChange(windows=(WindowChange(minutes=300, used_percent=30),)))
    sim.change("bob", AccountChange(windows=(WindowChange(minutes=10_080, used_percent=70),)))

    async with before(sim, home) as proxy:
        await until(lambda: all(used(pool_of(proxy)).values()))
        assert used(pool_of(proxy)) == {ANN: [(300, 30), (10_080, 0)], BOB: [(300, 0), (10_080, 70)]}
        ids = list(pool_of(proxy).accounts)

    with closing(open_store(home)) as db:
        assert sorted(w.used_percent for windows in load_windows(db).values() for w in windows) == [0, 0, 30, 70]
        assert [len(load_readings(db, one, 0.0)) for one in ids] == [2, 2]
    assert sorted(map(str, asked(sim))) == sorted(map(str, asked(sim, WORKSPACES))) == ["ann", "bob"]


async def test_another_plan_arrives_in_the_pool_and_in_the_store(sim: Simulator, home: Path) -> None:
    sim.change("ann", AccountChange(plan="pro"))

    async with before(sim, home) as proxy:
        await until(lambda: pool_of(proxy).accounts[account_id(proxy, ANN)].plan == "pro")

    with closing(open_store(home)) as db:
        assert [account.plan for account in load_accounts(db)] == ["pro", "pro"]


async def test_an_account_that_meets_a_limit_is_asked_about_at_once(sim: Simulator, home: Path) -> None:
    async with before(sim, home, every_seconds=3600) as proxy:
        await until(lambda: len(asked(sim)) == 2)
        poller = poller_of(proxy)
        ann = account_id(proxy, ANN)
        await until(lambda: not poller.asking)
        poller.cares[ann] = replace(poller.cares[ann], asked_at=time.time() - 20)
        sim.change("ann", AccountChange(windows=(WindowChange(minutes=300, used_percent=100),)))
        turn = json.dumps({"model": "gpt-5.5", "stream": True, "input": []}).encode()
        for _ in range(2):  # one of them meets it
            assert (await proxy.ask(body=turn))[0] == 200

        await until(lambda: asked(sim)[2:] == ["ann"])
        await until(lambda: dict(used(pool_of(proxy))[ANN])[300] == 100)
        assert len(asked(sim, WORKSPACES)) == 2, "where it is served is no news"


async def test_an_account_is_asked_about_soon_after_a_reset(sim: Simulator, home: Path) -> None:
    reset_in = WindowChange(minutes=300, used_percent=100, resets_in_seconds=1)
    async with before(sim, home, every_seconds=3600) as proxy:
        await until(lambda: len(asked(sim)) == 2)
        sim.change("ann", AccountChange(windows=(reset_in,)))
        poller, ann, now = poller_of(proxy), account_id(proxy, ANN), time.time()
        await until(lambda: not poller.asking)
        poller.cares[ann] = replace(poller.cares[ann], draw=0.0)
        poller.pool.note_windows([Window(ann, 300, 100.0, now + 1, now)])

        await until(lambda: asked(sim)[2:] == ["ann"])
        await until(lambda: dict(used(pool_of(proxy))[ANN])[300] == 0)


async def test_a_deactivated_account_is_marked_and_keeps_nobody_else_from_being_read(
    sim: Simulator, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sim.change("ann", AccountChange(condition=Condition.DEACTIVATED))

    async with before(sim, home) as proxy:
        ann = account_id(proxy, ANN)
        await until(lambda: used(pool_of(proxy))[BOB])
        await until(lambda: pool_of(proxy).accounts[ann].state is AccountStatus.DEACTIVATED)
        await until(lambda: not poller_of(proxy).asking)

    assert used(pool_of(proxy))[ANN] == []
    assert warnings(caplog) == [f"Account {ann} could not be asked about: account_deactivated."]
    with closing(open_store(home)) as db:
        assert [a.state for a in load_accounts(db)] == [AccountStatus.DEACTIVATED, AccountStatus.ACTIVE]


async def test_an_account_that_needs_a_login_is_left_alone(sim: Simulator, home: Path) -> None:
    with closing(open_store(home)) as db:
        set_state(db, load_accounts(db)[0].id, AccountStatus.NEEDS_LOGIN, "refresh_token_reused")

    async with before(sim, home) as proxy:
        await until(lambda: used(pool_of(proxy))[BOB])

    assert {entry.account for entry in sim.log} == {"bob"}


async def test_a_page_that_hangs_delays_no_other_account(tmp_path: Path) -> None:
    """Three of the four that may be asked about at a time hang."""
    names = [f"plus-{number}" for number in range(1, 7)]
    async with Simulator(accounts=",".join(["plus"] * len(names))) as sim:
        home = import_logins(tmp_path, *map(sim.auth_json, names))
        hung = names[: MOST_AT_ONCE - 1]
        sim.script(*(Fault(account=name, path=USAGE, act=Act.SILENCE, times=None) for name in hung))
        async with before(sim, home) as proxy:
            await until(lambda: sum(map(bool, used(pool_of(proxy)).values())) == len(names) - len(hung))
            await until(lambda: len(poller_of(proxy).asking) == len(hung))  # the last that was read ends a moment later


async def test_a_dead_upstream_is_only_logged_and_without_a_token(
    sim: Simulator, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(home, codexlb_upstream="http://127.0.0.1:1", codexlb_poll_seconds=300) as proxy:
        await until(lambda: len(warnings(caplog)) == 2)
        assert (await proxy.ask("GET", "/health", b""))[0] == 200
        tokens = [credential.access_token for credential in pool_of(proxy).credentials.values()]

    assert all("could not be asked about: upstream_unreachable." in line for line in warnings(caplog))
    assert not [token for token in tokens if token in caplog.text]


async def test_a_page_that_is_none_is_only_logged(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The test's own upstream answers every path with a stream of events."""
    async with running(home, codexlb_poll_seconds=300) as proxy:
        await until(lambda: len(warnings(caplog)) == 2)
        assert len(proxy.upstream.requests) == 4
        assert (await proxy.ask("GET", "/health", b""))[0] == 200


async def test_zero_asks_nobody_until_it_is_changed(sim: Simulator, home: Path) -> None:
    async with before(sim, home, every_seconds=0) as proxy:
        turn = json.dumps({"model": "gpt-5.5", "stream": True, "input": []}).encode()
        assert (await proxy.ask(body=turn))[0] == 200
        assert asked(sim) == []

        ctx.options.update(codexlb_poll_seconds=300)

        await until(lambda: len(asked(sim)) == 2)


async def test_fewer_than_no_seconds_are_refused(poller: Poller) -> None:
    with taddons.context(poller) as context, pytest.raises(OptionsError, match="codexlb_poll_seconds is -1"):
        context.configure(poller, codexlb_poll_seconds=-1)
