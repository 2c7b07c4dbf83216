"""Refreshes are made one at a time: in a process, in all processes on a store, whatever becomes of them."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from addons.upkeep.household import household
from addons.upkeep.issuer import ISSUER_SECONDS
from addons.upkeep.lane import CLAIM_SECONDS, LaneBusyError
from addons.upkeep.token_store import STORE_SECONDS
from addons.wire.tokens import RefreshProblem, RefreshReason
from codexlb_store.claims import take_claim
from codexlb_store.credentials import Credential
from codexlb_store.processes import ProcessMark, living
from codexlb_store.schema import open_store
from scripts.simulator.faults import Act, Fault
from scripts.simulator.server import Simulator
from tests.addons.upkeep.refresh_lab import TOKEN, Lab, Worker, a_lab
from tests.addons.waiting import until

EXPIRY = RefreshReason.EXPIRY
SLOW = Fault(path=TOKEN, act=Act.SILENCE, seconds=0.2, times=None)
"""Every call takes a while, so that two at the same time would be seen."""


def overlaps(lab: Lab) -> list[tuple[int, int]]:
    """The calls to the issuer that began before the one before had ended."""
    entries = sorted(lab.entries(), key=lambda entry: entry.at)
    assert all(entry.ended_at for entry in entries)
    return [
        (first.number, second.number)
        for first, second in itertools.pairwise(entries)
        if second.at < (first.ended_at or 0)
    ]


def claim(lab: Lab, holder: str, at: float) -> None:
    """Somebody takes the lane."""
    with closing(open_store(lab.home)) as db:
        assert take_claim(db, lab.account().id, holder, living(lab.home), at, CLAIM_SECONDS)


async def test_three_processes_refresh_an_account_once_and_all_have_its_new_tokens(lab: Lab, worker: Worker) -> None:
    lab.sim.script(SLOW)
    async with (
        lab.worker() as other,
        household(lab.home, os.environ, lab.issuer, lab.issuer) as home,
    ):
        account_id = lab.account().id
        found = await asyncio.gather(
            *(one.refresher.fresh(account_id) for one in (worker, other) for _ in range(10)),
            home.refresh(account_id),
        )

    (stored,) = lab.stored().values()
    assert {str(one): one for one in found} == {str(stored): stored}
    assert all(one == stored for one in found)
    assert lab.calls() == 1
    await until(lambda: lab.claims() == [])  # nobody waits for that


@pytest.fixture
async def crowd(tmp_path: Path) -> AsyncIterator[Lab]:
    """Four accounts, all expired."""
    async with Simulator(accounts="plus,plus,plus,plus") as sim:
        yield a_lab(tmp_path, sim)


@pytest.mark.parametrize("processes", [1, 3])
async def test_no_two_accounts_are_refreshed_at_the_same_instant(crowd: Lab, processes: int) -> None:
    crowd.sim.script(SLOW)
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(crowd.worker()) for _ in range(processes)]
        found = await asyncio.gather(
            *(worker.refresher.fresh(account_id) for account_id in crowd.stored() for worker in workers)
        )

    assert all(isinstance(one, Credential) and one.version == 2 for one in found)
    assert crowd.calls() == 4
    assert overlaps(crowd) == []


async def test_the_claim_is_in_the_store_when_the_issuer_is_called(
    lab: Lab, worker: Worker, on_end: list[Callable[[], object]]
) -> None:
    seen: list[tuple[str, str]] = []
    on_end.append(lambda: seen.extend(lab.claims()))
    await worker.refresher.fresh(lab.account().id)

    assert seen == [(worker.mark.id, lab.account().id)]
    await until(lambda: lab.claims() == [])


async def test_the_lane_of_a_dead_process_is_taken_at_once(lab: Lab, worker: Worker) -> None:
    dead = ProcessMark.take(lab.home)
    claim(lab, dead.id, time.time())
    dead.release()

    assert isinstance(await worker.refresher.fresh(lab.account().id), Credential)


async def test_so_is_a_claim_that_has_run_out_although_its_process_lives(lab: Lab, worker: Worker) -> None:
    hung = ProcessMark.take(lab.home)
    claim(lab, hung.id, time.time() - CLAIM_SECONDS - 1)

    assert isinstance(await worker.refresher.fresh(lab.account().id), Credential)
    hung.release()


def test_a_claim_outlasts_what_is_done_under_it() -> None:
    assert CLAIM_SECONDS >= STORE_SECONDS + ISSUER_SECONDS


async def test_who_holds_the_lane_for_too_long_is_not_waited_for(lab: Lab, worker: Worker) -> None:
    """The account is not lost for it."""
    other = ProcessMark.take(lab.home)
    claim(lab, other.id, time.time())
    worker.lane.patience_seconds = 0.5

    found = await worker.refresher.fresh(lab.account().id)
    assert found == RefreshProblem(permanent=False, code="refresh_busy")
    assert lab.calls() == 0
    assert lab.claims() == [(other.id, lab.account().id)]
    other.release()


async def test_who_waits_for_another_process_takes_what_it_got(lab: Lab, worker: Worker) -> None:
    """Although the other still holds the lane."""
    other = ProcessMark.take(lab.home)
    claim(lab, other.id, time.time())
    waiting = asyncio.create_task(worker.refresher.fresh(lab.account().id))
    await asyncio.sleep(0)
    fresh = lab.rotate()

    assert await waiting == fresh
    assert lab.calls() == 0
    other.release()


async def test_in_one_process_a_refresh_waits_for_the_one_before_but_not_for_ever(lab: Lab, worker: Worker) -> None:
    worker.lane.patience_seconds = 0.3
    stale = worker.credential()
    async with worker.lane.turn(stale) as held:
        assert held and held.credential == stale
        with pytest.raises(LaneBusyError):
            async with worker.lane.turn(stale):
                raise AssertionError("two have a turn")
    async with worker.lane.turn(stale):
        pass


async def test_a_turn_that_fails_leaves_the_lane_free(lab: Lab, worker: Worker) -> None:
    with pytest.raises(ZeroDivisionError):
        async with worker.lane.turn(worker.credential()):
            raise ZeroDivisionError
    await until(lambda: lab.claims() == [])

    assert isinstance(await worker.refresher.fresh(lab.account().id), Credential)
