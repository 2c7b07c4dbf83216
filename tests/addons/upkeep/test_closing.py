"""A proxy that ends lets the refresh that has begun end, and begins none."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

from addons.upkeep.lane import CLAIM_SECONDS
from addons.wire.tokens import RefreshProblem, RefreshReason
from codexlb_store.accounts import AccountStatus
from codexlb_store.claims import take_claim
from codexlb_store.credentials import Credential
from codexlb_store.processes import ProcessMark, living
from codexlb_store.schema import open_store
from scripts.simulator.faults import Act, Fault
from tests.addons.upkeep.refresh_lab import TOKEN, Lab, Worker
from tests.addons.waiting import until

CLOSING = RefreshProblem(permanent=False, code="shutting_down")


async def test_a_refresh_under_way_reaches_the_store(lab: Lab, worker: Worker) -> None:
    lab.sim.script(Fault(path=TOKEN, act=Act.SILENCE, seconds=0.3))
    waiting = asyncio.create_task(worker.refresher.fresh(lab.account().id))
    await until(lambda: lab.calls() == 1)
    await worker.refresher.close()

    assert isinstance(await waiting, Credential)
    assert lab.stored() == worker.pool.credentials
    assert lab.claims() == []


async def test_none_begins_after_the_end(lab: Lab, worker: Worker) -> None:
    await worker.refresher.close()

    assert await worker.refresher.fresh(lab.account().id) == CLOSING
    assert await worker.refresher.refreshed(worker.credential(), RefreshReason.UNAUTHORIZED) == CLOSING
    assert lab.calls() == 0
    assert (lab.account().state, lab.account().last_error) == (AccountStatus.ACTIVE, None)


async def test_who_waits_for_its_turn_is_sent_away(lab: Lab, worker: Worker) -> None:
    """Whether it waits for another process or for the account before."""
    other = ProcessMark.take(lab.home)
    with closing(open_store(lab.home)) as db:
        assert take_claim(db, "elsewhere", other.id, living(lab.home), time.time(), CLAIM_SECONDS)
    waiting = asyncio.create_task(worker.refresher.fresh(lab.account().id))
    await until(lambda: worker.refresher.under_way)
    await worker.refresher.close()

    assert await waiting == CLOSING
    assert lab.calls() == 0
    other.release()


async def test_who_gets_its_turn_when_the_end_has_begun_sends_nothing(lab: Lab, worker: Worker) -> None:
    with closing(open_store(lab.home)) as db:
        db.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(worker.refresher.fresh(lab.account().id))
        await until(lambda: not worker.writer.healthy)  # it wants to claim the lane
        ending = asyncio.create_task(worker.refresher.close())
        await until(lambda: worker.refresher.closing)
        db.execute("ROLLBACK")
    await ending

    assert await waiting == CLOSING
    assert lab.calls() == 0
