"""Tokens are refreshed once, kept before they are used, and everybody who waits gets the same."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from addons.upkeep.refresher import renewed
from addons.wire.tokens import NewTokens, RefreshProblem, RefreshReason
from codexlb_store.accounts import AccountStatus, remove_account
from codexlb_store.credentials import Credential
from codexlb_store.schema import open_store
from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.server import Simulator
from tests.addons.upkeep.refresh_lab import GOOD, TOKEN, Lab, Worker, a_lab
from tests.addons.waiting import until

EXPIRY, UNAUTHORIZED = RefreshReason.EXPIRY, RefreshReason.UNAUTHORIZED


def test_new_tokens_make_the_next_version() -> None:
    old = Credential("a", "w", "access", "refresh", 1.0, 0.0, 7, fedramp=True, routing_override="us")

    assert renewed(old, NewTokens("access2", None, None, 500.0), 10.0) == replace(
        old, access_token="access2", expires_at=500.0, last_refresh=10.0, version=8
    )
    assert renewed(old, NewTokens("access2", "refresh2", None, None), 10.0).refresh_token == "refresh2"


async def test_new_tokens_are_kept_and_used(lab: Lab, worker: Worker) -> None:
    old = worker.credential()
    fresh = await worker.refresher.refreshed(old, EXPIRY)

    assert isinstance(fresh, Credential)
    assert lab.stored() == worker.pool.credentials == {fresh.account_id: fresh}
    assert lab.sim.world.issuer.require_access(fresh.access_token).name == "plus-1"
    assert (fresh.refresh_token != old.refresh_token, fresh.version) == (True, 2)
    assert fresh.expires_at is not None and fresh.last_refresh is not None
    assert fresh.expires_at > time.time() >= fresh.last_refresh > (old.last_refresh or 0)
    body = json.loads(lab.entries()[0].body or b"")
    assert (body["refresh_token"], body["refresh_reason"]) == (old.refresh_token, "proactive_expiry")


async def test_what_new_tokens_say_of_the_account_follows(lab: Lab, worker: Worker) -> None:
    lab.sim.change("plus-1", AccountChange(plan="pro"))
    await worker.refresher.refreshed(worker.credential(), EXPIRY)

    assert lab.account().plan == "pro"
    assert worker.pool.accounts == {lab.account().id: lab.account()}


async def test_the_next_refresh_uses_the_new_refresh_token(worker: Worker) -> None:
    for version in (2, 3):
        fresh = await worker.refresher.refreshed(worker.credential(), UNAUTHORIZED)
        assert isinstance(fresh, Credential) and fresh.version == version


async def test_many_who_ask_at_once_or_later_make_one_call(lab: Lab, worker: Worker) -> None:
    old = worker.credential()
    found = await asyncio.gather(*(worker.refresher.fresh(old.account_id) for _ in range(200)))
    later = await worker.refresher.refreshed(old, UNAUTHORIZED)

    assert {id(credential) for credential in (*found, later)} == {id(worker.credential())}
    assert lab.calls() == 1


@pytest.mark.parametrize("lab", [GOOD], indirect=True)
async def test_a_good_token_is_nobodys_business(lab: Lab, worker: Worker) -> None:
    assert await worker.refresher.fresh(lab.account().id) is worker.credential()
    assert lab.calls() == 0


async def test_tokens_that_are_due_when_they_come_are_not_refreshed_with_every_request(tmp_path: Path) -> None:
    """The clock is wrong, or their life is short; a word of the upstream against them counts."""
    async with Simulator(accounts="plus", token_seconds=60.0) as sim:
        lab = a_lab(tmp_path, sim)
        async with lab.worker() as worker:
            found = [await worker.refresher.fresh(lab.account().id) for _ in range(5)]
            assert found == [worker.credential()] * 5
            assert (worker.credential().version, lab.calls()) == (2, 1)

            await worker.refresher.refreshed(worker.credential(), UNAUTHORIZED)
            assert (worker.credential().version, lab.calls()) == (3, 2)


async def test_who_stops_waiting_does_not_stop_the_refresh(lab: Lab, worker: Worker) -> None:
    """A client may leave when the old tokens are used up already."""
    lab.sim.script(Fault(path=TOKEN, act=Act.SILENCE, at=Moment.HEAD, seconds=0.2))
    waiting = asyncio.create_task(worker.refresher.refreshed(worker.credential(), EXPIRY))
    await until(lambda: lab.calls() == 1)
    waiting.cancel()
    await worker.refresher.close()

    (kept,) = lab.stored().values()
    assert lab.sim.world.issuer.require_access(kept.access_token)
    assert worker.pool.credentials == {kept.account_id: kept}


async def test_what_another_process_refreshed_is_not_refreshed_again(lab: Lab, worker: Worker) -> None:
    fresh = lab.rotate()

    assert await worker.refresher.refreshed(worker.credential(), EXPIRY) == fresh
    assert worker.credential() == fresh
    assert lab.calls() == 0


@pytest.mark.parametrize("standing", ["valid", "revoked"])
async def test_another_process_may_be_first_at_the_last_moment(
    lab: Lab, worker: Worker, on_end: list[Callable[[], object]], standing: str
) -> None:
    """Whether this refresh went through or its token was used up: the store's tokens are the account's."""
    if standing == "revoked":
        lab.sim.change("plus-1", AccountChange(refresh_tokens=standing))
    on_end.append(lab.rotate)
    found = await worker.refresher.refreshed(worker.credential(), EXPIRY)

    assert lab.calls() == 1
    assert lab.stored() == worker.pool.credentials == {worker.credential().account_id: found}
    assert lab.standing() == (AccountStatus.ACTIVE, None)


async def test_a_token_that_another_process_has_used_by_now_costs_nothing(
    lab: Lab, worker: Worker, on_end: list[Callable[[], object]]
) -> None:
    """The issuer says that it was used; the store has what was got for it."""
    lab.use_up()
    on_end.append(lab.rotate)
    found = await worker.refresher.refreshed(worker.credential(), UNAUTHORIZED)

    assert isinstance(found, Credential) and found.version == 2
    assert (lab.standing(), lab.entries()[0].status) == ((AccountStatus.ACTIVE, None), 401)


@pytest.mark.parametrize("reloaded", [True, False])
async def test_an_account_that_is_gone_is_refreshed_no_more(lab: Lab, worker: Worker, reloaded: bool) -> None:
    old = worker.credential()
    with closing(open_store(lab.home)) as db:
        remove_account(db, old.account_id)
    if reloaded:
        lab.reload(worker)

    assert await worker.refresher.refreshed(old, EXPIRY) == RefreshProblem(permanent=True, code="account_removed")
    assert lab.calls() == 0


async def test_a_login_that_came_after_a_removal_is_not_replaced_by_what_was_under_way(
    lab: Lab, worker: Worker, on_end: list[Callable[[], object]]
) -> None:
    """Its version is the very one that is being refreshed."""

    def come_anew() -> None:
        with closing(open_store(lab.home)) as db:
            remove_account(db, worker.credential().account_id)
        lab.log_in()
        logins.update(lab.stored())

    logins: dict[str, Credential] = {}
    on_end.append(come_anew)
    found = await worker.refresher.refreshed(worker.credential(), EXPIRY)

    assert lab.stored() == worker.pool.credentials == logins
    assert [found] == list(logins.values())


async def test_a_seat_that_was_removed_and_came_back_is_refreshed_with_its_new_login(lab: Lab, worker: Worker) -> None:
    """Its versions begin at 1 again."""
    await worker.refresher.refreshed(worker.credential(), EXPIRY)
    old = worker.credential()
    with closing(open_store(lab.home)) as db:
        remove_account(db, old.account_id)
    lab.log_in()

    found = await worker.refresher.refreshed(old, UNAUTHORIZED)
    assert found == worker.credential() == lab.stored()[old.account_id]
    assert found.version == 1
