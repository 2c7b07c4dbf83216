"""New tokens that the store does not take are not dropped, and not used before it has taken them."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing

import pytest
from sqlite_utils import Database

from addons.wire.tokens import RefreshProblem, RefreshReason
from codexlb_store.accounts import AccountStatus, remove_account
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.logins import save_login
from codexlb_store.schema import open_store
from tests.addons.upkeep.refresh_lab import Lab, Worker
from tests.addons.waiting import until

NOT_STORED = RefreshProblem(permanent=False, code="store_unavailable")


@pytest.fixture
async def locked(lab: Lab, worker: Worker, on_end: list[Callable[[], object]]) -> AsyncIterator[sqlite3.Connection]:
    """The store can be written until the issuer has answered, then no more: a connection that holds its lock."""
    worker.store.patience_seconds = 0.3
    with closing(open_store(lab.home)) as db:
        on_end.append(lambda: db.execute("BEGIN IMMEDIATE"))
        yield db.conn


async def test_they_are_offered_to_the_store_until_it_takes_them(
    lab: Lab, worker: Worker, locked: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    old = worker.credential()
    assert await worker.refresher.fresh(old.account_id) == NOT_STORED
    assert worker.credential() == old, "what is not committed is not used"

    # Meanwhile the used token is not sent a second time, whoever asks.
    assert await worker.refresher.refreshed(old, RefreshReason.UNAUTHORIZED) == NOT_STORED
    assert "in memory only" in caplog.text

    locked.rollback()
    await until(lambda: worker.credential() != old)
    assert lab.stored() == worker.pool.credentials
    assert lab.sim.world.issuer.require_access(worker.credential().access_token)
    assert await worker.refresher.fresh(old.account_id) == worker.credential()
    assert (lab.calls(), lab.account().state) == (1, AccountStatus.ACTIVE)
    assert "are in the store" in caplog.text
    assert old.refresh_token not in caplog.text and worker.credential().refresh_token not in caplog.text


async def test_a_writer_that_takes_nothing_is_asked_again(
    lab: Lab,
    worker: Worker,
    locked: sqlite3.Connection,
    on_end: list[Callable[[], object]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lock = on_end.pop()

    def fill() -> None:
        lock()
        with contextlib.suppress(queue.Full):
            while True:
                worker.writer.put(lambda _: None)

    on_end.append(fill)
    old = worker.credential()
    assert await worker.refresher.fresh(old.account_id) == NOT_STORED
    await until(lambda: "still does not take" in caplog.text)

    locked.rollback()
    await until(lambda: worker.credential() != old)
    assert lab.stored() == worker.pool.credentials
    assert lab.calls() == 1


async def test_a_login_that_came_meanwhile_takes_their_place(
    lab: Lab, worker: Worker, locked: sqlite3.Connection
) -> None:
    assert await worker.refresher.fresh(lab.account().id) == NOT_STORED
    login = parse_auth_json(lab.sim.auth_json("plus-1"))
    save_login(Database(locked), lab.vault, login, time.time())
    locked.commit()

    await until(lambda: worker.credential().access_token == login.access_token)
    assert lab.stored() == worker.pool.credentials
    assert lab.calls() == 1


async def test_an_account_that_was_removed_meanwhile_needs_none(
    lab: Lab, worker: Worker, locked: sqlite3.Connection
) -> None:
    account_id = lab.account().id
    assert await worker.refresher.fresh(account_id) == NOT_STORED
    remove_account(Database(locked), account_id)
    locked.commit()

    await until(lambda: account_id not in worker.refresher.salvage)
    assert lab.stored() == {}


async def test_a_proxy_that_ends_leaves_them_to_its_writer(
    lab: Lab, worker: Worker, locked: sqlite3.Connection
) -> None:
    """It tries to the last, after everything else has ended."""
    old = worker.credential()
    assert await worker.refresher.fresh(old.account_id) == NOT_STORED
    await worker.refresher.close()
    locked.rollback()
    worker.writer.close()

    (kept,) = lab.stored().values()
    assert kept.version == 2
    assert lab.sim.world.issuer.require_access(kept.access_token)


async def test_tokens_that_nobody_takes_are_told_of(
    lab: Lab, worker: Worker, locked: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    account_id = lab.account().id
    assert await worker.refresher.fresh(account_id) == NOT_STORED
    await asyncio.to_thread(worker.writer.close, 0.1)
    await worker.refresher.close()
    locked.rollback()

    assert f"The new tokens of account {account_id} are lost" in caplog.text
