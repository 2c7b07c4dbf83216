"""What is written to the store is known as committed before it counts, and the pool follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from sqlite_utils import Database

from addons.upkeep.round_trip import StoreUnavailableError
from addons.upkeep.token_store import Held, Renewal, is_same
from addons.wire.tokens import RefreshProblem
from codexlb_store.accounts import AccountStatus
from codexlb_store.credentials import Credential
from codexlb_store.schema import open_store
from tests.addons.upkeep.refresh_lab import Lab, Worker
from tests.addons.waiting import until

ONE = Credential("a", "w", "access", "refresh", 1.0, None, 1, fedramp=False)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (ONE, True),
        (replace(ONE, routing_override="us", fedramp=True), True),
        (replace(ONE, version=2), False),
        (replace(ONE, access_token="another"), False),
    ],
    ids=["itself", "of a workspace that moved", "a version later", "added anew"],
)
def test_what_are_the_same_tokens(other: Credential, expected: bool) -> None:
    assert is_same(ONE, other) is expected


async def test_what_is_told_of_an_operation_is_what_was_committed(lab: Lab, worker: Worker) -> None:
    """A batch that another operation breaks runs twice; the first time does not count."""
    runs: list[str] = []

    def count(_: Database) -> int:
        runs.append("run")
        return len(runs)

    def break_down(_: Database) -> None:
        raise ValueError("broken")

    with closing(open_store(lab.home)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert worker.store.hand_over(lambda _: None)
        await until(lambda: not worker.writer.healthy)  # the writer is held up: what comes now makes one batch
        waiting = asyncio.create_task(worker.store.committed(count))
        await asyncio.sleep(0)
        assert worker.store.hand_over(break_down)
        db.execute("ROLLBACK")

    assert await waiting == len(runs) == 2


async def test_tokens_that_were_not_kept_are_noticed(lab: Lab, worker: Worker) -> None:
    """As when the version before is not the one in the store, and so nothing was replaced."""
    old = worker.credential()
    with pytest.raises(StoreUnavailableError):
        await worker.store.keep(Renewal(old, replace(old, version=3), None), None)


def test_tokens_are_never_shown() -> None:
    credential = replace(ONE, access_token="secret-a", refresh_token="secret-r")

    assert "secret" not in repr(Renewal(credential, credential, "secret-i"))


REMOVED = RefreshProblem(permanent=True, code="account_removed")


def held(lab: Lab, version: int) -> Held:
    """As the store would have it."""
    (credential,) = lab.stored().values()
    account = replace(lab.account(), plan=f"plan {version}")
    return Held(account, replace(credential, version=version, access_token=f"access{version}"))


@pytest.mark.parametrize(
    ("known", "stored", "expected"),
    [
        pytest.param(2, 3, 3, id="newer than what is known"),
        pytest.param(4, 3, 4, id="the pool has heard of something newer"),
        pytest.param(3, 3, 3, id="known already"),
    ],
)
async def test_the_pool_takes_over_what_is_newer(
    lab: Lab, worker: Worker, known: int, stored: int, expected: int
) -> None:
    told: list[str] = []
    worker.pool.changed = lambda: told.append("changed")
    stale = worker.credential()
    worker.pool.credentials[stale.account_id] = held(lab, known).credential

    found = worker.store.take_over(stale, held(lab, stored))
    assert isinstance(found, Credential) and found.version == expected
    assert worker.credential() == found
    assert bool(told) is (expected != known)


async def test_who_has_no_account_any_more_takes_over_nothing(lab: Lab, worker: Worker) -> None:
    stale = worker.credential()

    assert worker.store.take_over(stale, None) == REMOVED
    worker.pool.credentials.clear()
    assert worker.store.take_over(stale, held(lab, 2)) == REMOVED
    assert worker.pool.credentials == {}


@pytest.mark.parametrize(
    ("is_final", "state"), [(True, AccountStatus.NEEDS_LOGIN), (False, AccountStatus.ACTIVE)], ids=["final", "not yet"]
)
async def test_a_refusal_is_written_down(lab: Lab, worker: Worker, is_final: bool, state: AccountStatus) -> None:
    found = await worker.store.refuse(worker.credential(), "http_401", is_final)

    assert lab.standing() == (state, "http_401")
    assert found == Held(lab.account(), worker.credential())


@pytest.mark.parametrize("gone", [True, False])
async def test_a_refusal_of_other_tokens_than_are_stored_is_not(lab: Lab, worker: Worker, gone: bool) -> None:
    stale = worker.credential()
    happen: Callable[[], object] = (lambda: clear(lab)) if gone else lab.rotate
    happen()
    found = await worker.store.refuse(stale, "http_401", is_final=True)

    if gone:
        assert found is None
    else:
        assert found and found.credential == lab.stored()[stale.account_id]
        assert lab.standing() == (AccountStatus.ACTIVE, None)


def clear(lab: Lab) -> None:
    with closing(open_store(lab.home)) as db, db.conn:
        db.execute("DELETE FROM accounts")
