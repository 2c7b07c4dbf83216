"""While nobody uses the accounts their tokens are refreshed in time, their history is thinned, and all of it ends."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from codexlb_store.accounts import AccountStatus, load_accounts, set_state
from codexlb_store.credentials import load_credentials
from codexlb_store.readings import load_readings
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, save_windows
from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Act, Fault
from scripts.simulator.server import Simulator
from tests.addons.polling import (
    ANN,
    USAGE,
    account_id,
    asked,
    before,
    poller_of,
    pool_of,
    used,
)
from tests.addons.samples import import_logins
from tests.addons.upkeep.refresh_lab import TOKEN, a_lab
from tests.addons.waiting import until

ENDS_SOON, ENDED = 600.0, -60.0


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="ann:plus,bob:pro") as running:
        yield running


@pytest.fixture
def home(sim: Simulator, tmp_path: Path) -> Path:
    """A data folder with both accounts."""
    return import_logins(tmp_path, *map(sim.auth_json, sim.world.accounts))


async def test_a_token_the_upstream_refuses_is_refreshed_before_any_request_needs_it(
    sim: Simulator, home: Path
) -> None:
    sim.change("ann", AccountChange(access_tokens="expired"))

    async with before(sim, home) as proxy:
        await until(lambda: all(used(pool_of(proxy)).values()))

    assert asked(sim, TOKEN) == ["ann"]


@pytest.mark.parametrize("ends_in", [ENDS_SOON, ENDED], ids=["ends soon", "ended"])
async def test_tokens_are_refreshed_before_anybody_needs_them(sim: Simulator, tmp_path: Path, ends_in: float) -> None:
    """One after the other, also when usage is not asked for, and also of an account that is paused."""
    lab = a_lab(tmp_path, sim, ends_in)
    with closing(open_store(tmp_path)) as db:
        # Logins say when they were refreshed; these have lived for long.
        db.execute("UPDATE tokens SET last_refresh = last_refresh - 864000")
        db.conn.commit()
        set_state(db, load_accounts(db)[0].id, AccountStatus.PAUSED, None)
    sim.script(Fault(path=TOKEN, act=Act.SILENCE, seconds=0.1, times=None))

    async with before(sim, tmp_path, every_seconds=0) as proxy:
        await until(lambda: [held.version for held in pool_of(proxy).credentials.values()] == [2, 2])
        assert [account.state for account in pool_of(proxy).accounts.values()] == [
            AccountStatus.PAUSED,
            AccountStatus.ACTIVE,
        ]

    assert sorted(map(str, asked(sim, TOKEN))) == ["ann", "bob"]
    assert {entry.path for entry in sim.log} == {TOKEN}
    first, second = lab.entries()
    assert first.ended_at and first.ended_at <= second.at
    assert {held.version for held in lab.stored().values()} == {2}


async def test_old_readings_are_thinned(sim: Simulator, home: Path) -> None:
    now = time.time()
    with closing(open_store(home)) as db:
        ann = load_accounts(db)[0].id
        for second in range(5):
            save_windows(db, [Window(ann, 300, float(second), None, now - 3 * 86_400 + second)])
        save_windows(db, [Window(ann, 300, 50.0, None, now)])
        assert len(load_readings(db, ann, 0.0)) == 6

    async with before(sim, home, every_seconds=0) as proxy:
        await until(lambda: poller_of(proxy).thinned_at)

    with closing(open_store(home)) as db:
        assert 2 <= len(load_readings(db, ann, 0.0)) <= 3


async def test_what_is_under_way_at_the_end_ends_with_the_proxy(
    sim: Simulator, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A question is given up; a refresh that has been sent reaches the store."""
    sim.change("ann", AccountChange(access_tokens="expired"))
    sim.script(Fault(path=USAGE, account="bob", act=Act.SILENCE), Fault(path=TOKEN, act=Act.SILENCE, seconds=0.5))
    async with before(sim, home) as proxy:
        ann = account_id(proxy, ANN)
        await until(lambda: asked(sim, TOKEN) == ["ann"] and "bob" in asked(sim))

    with closing(open_store(home)) as db:
        held = load_credentials(db, Vault.open(home, os.environ))[ann]
    assert held.version == 2
    assert sim.world.issuer.require_access(held.access_token)
    assert asked(sim, TOKEN) == ["ann"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
