"""A process that is killed in the middle of a refresh costs no account that the issuer would still serve."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing

import pytest

from addons.upkeep.lane import CLAIM_SECONDS
from addons.wire.tokens import RefreshReason
from codexlb_store.accounts import AccountStatus
from codexlb_store.claims import take_claim
from codexlb_store.processes import ProcessMark, living
from codexlb_store.schema import open_store
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.journal import Ending
from tests.addons.upkeep.refresh_lab import EXPIRED, GOOD, TOKEN, Lab
from tests.addons.waiting import until
from tests.sources import ROOT

ACTIVE, NEEDS_LOGIN = AccountStatus.ACTIVE, AccountStatus.NEEDS_LOGIN
REUSED = "refresh_token_reused"


@contextlib.asynccontextmanager
async def refreshing(lab: Lab, issuer: str = "") -> AsyncIterator[Process]:
    """A process that refreshes the account; it is killed at the end, if not before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.addons.upkeep.refresh_child", issuer or lab.sim.origin, lab.account().id,
        stdin=PIPE, stdout=PIPE, cwd=ROOT, env={**os.environ, "CODEXLB_HOME": str(lab.home)},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def kill(process: Process) -> None:
    process.kill()
    await process.wait()


async def refreshed_by_another(lab: Lab) -> str | None:
    """What came of a refresh in a new process: None or the problem."""
    async with refreshing(lab) as process:
        assert process.stdout
        async with asyncio.timeout(20):
            line = await process.stdout.readline()
    problem: str | None = json.loads(line)["problem"]
    return problem


def version(lab: Lab) -> int:
    (held,) = lab.stored().values()
    return held.version


async def test_while_it_waits_for_its_turn(lab: Lab) -> None:
    other = ProcessMark.take(lab.home)
    with closing(open_store(lab.home)) as db:
        assert take_claim(db, "elsewhere", other.id, living(lab.home), time.time(), CLAIM_SECONDS)
    async with refreshing(lab) as process:
        await until(lambda: len(living(lab.home)) == 2)
        await kill(process)
    assert lab.claims() == [(other.id, "elsewhere")]
    other.release()

    assert await refreshed_by_another(lab) is None
    assert (version(lab), lab.calls(), lab.standing()) == (2, 1, (ACTIVE, None))


async def test_before_the_issuer_hears_of_it(lab: Lab) -> None:
    """The lane that it held is taken at once, not when its claim has run out."""
    called = asyncio.Event()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with refreshing(lab, f"http://127.0.0.1:{port}") as process:
        await called.wait()
        await kill(process)
    server.close()
    assert [account_id for _, account_id in lab.claims()] == [lab.account().id]

    assert await refreshed_by_another(lab) is None
    assert (version(lab), lab.calls(), lab.standing()) == (2, 1, (ACTIVE, None))


async def test_before_the_issuer_deals_with_it(lab: Lab) -> None:
    lab.sim.script(Fault(path=TOKEN, act=Act.SILENCE))
    async with refreshing(lab) as process:
        await until(lambda: lab.calls() == 1)
        await kill(process)
    await until(lambda: lab.entries()[0].ending is Ending.LEFT)

    assert await refreshed_by_another(lab) is None
    assert (version(lab), lab.calls(), lab.standing()) == (2, 2, (ACTIVE, None))


async def lose_the_answer(lab: Lab) -> None:
    """Killed when the issuer has used up the token and sent half an answer."""
    lab.sim.script(Fault(path=TOKEN, act=Act.SILENCE, at=Moment.HEAD))
    async with refreshing(lab) as process:
        await until(lambda: lab.calls() == 1 and lab.entries()[0].status == 200)
        await kill(process)


async def lose_it_before_the_commit(lab: Lab) -> None:
    """Killed when it has the whole answer, and waits to write it down."""
    lab.sim.script(Fault(path=TOKEN, act=Act.SILENCE, seconds=1.0))
    async with refreshing(lab) as process:
        await until(lambda: lab.calls() == 1)
        (entry,) = lab.entries()
        with closing(open_store(lab.home)) as db:
            db.execute("BEGIN IMMEDIATE")
            assert entry.ending is None, "the store was to be locked before the answer"
            await until(lambda: entry.ending is Ending.WHOLE)
            await kill(process)
            db.execute("ROLLBACK")


@pytest.mark.parametrize("lose", [lose_the_answer, lose_it_before_the_commit])
@pytest.mark.parametrize(
    ("lab", "state"), [(EXPIRED, NEEDS_LOGIN), (GOOD, ACTIVE)], indirect=["lab"], ids=["expired", "good"]
)
async def test_after_the_issuer_answered(
    lab: Lab, lose: Callable[[Lab], Awaitable[None]], state: AccountStatus
) -> None:
    """The new tokens are lost: nothing is marked before the issuer says so, and a good access token serves on."""
    await lose(lab)
    assert (version(lab), lab.standing()) == (1, (ACTIVE, None))

    (held,) = lab.stored().values()
    if state is ACTIVE:
        async with lab.worker() as worker:
            assert await worker.refresher.fresh(held.account_id) == held
        assert lab.sim.world.issuer.require_access(held.access_token)
        assert lab.calls() == 1

    assert await refreshed_by_another(lab) == REUSED
    assert (lab.calls(), lab.standing()) == (2, (state, REUSED))
    if state is ACTIVE:
        async with lab.worker() as worker:
            assert await worker.refresher.fresh(held.account_id) == held


async def test_after_the_commit(lab: Lab) -> None:
    """The next process has the new tokens, refresh token included."""
    async with refreshing(lab) as process:
        await until(lambda: version(lab) == 2)
        await kill(process)
    assert lab.claims() == []

    async with lab.worker() as worker:
        held = worker.credential()
        assert await worker.refresher.fresh(held.account_id) == held
        assert lab.sim.world.issuer.require_access(held.access_token)
        assert lab.calls() == 1
        found = await worker.refresher.refreshed(held, RefreshReason.UNAUTHORIZED)
        assert found == worker.credential() != held
    assert (version(lab), lab.standing()) == (3, (ACTIVE, None))
