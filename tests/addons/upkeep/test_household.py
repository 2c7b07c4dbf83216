"""The command line refreshes and checks accounts itself, beside any proxy that runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from addons.upkeep.household import Household, household
from addons.wire.tokens import RefreshProblem
from codexlb_store.accounts import remove_account
from codexlb_store.credentials import Credential
from codexlb_store.processes import living
from codexlb_store.schema import open_store
from codexlb_store.vault import VaultError
from codexlb_store.windows import load_windows
from scripts.simulator.faults import Act, Fault
from tests.addons.upkeep.refresh_lab import GOOD, TOKEN, Lab
from tests.addons.waiting import until

REMOVED = RefreshProblem(permanent=True, code="account_removed")
NOT_STORED = RefreshProblem(permanent=False, code="store_unavailable")

pytestmark = pytest.mark.parametrize("lab", [GOOD], indirect=True)


@pytest.fixture
async def home(lab: Lab) -> AsyncIterator[Household]:
    async with household(lab.home, os.environ, lab.issuer, lab.issuer) as opened:
        yield opened


async def test_a_token_is_refreshed_although_it_is_good(lab: Lab, home: Household) -> None:
    found = await home.refresh(lab.account().id)

    assert isinstance(found, Credential) and found.version == 2
    assert lab.stored() == {found.account_id: found}


async def test_each_time_it_is_asked_for(lab: Lab, home: Household) -> None:
    for version in (2, 3):
        found = await home.refresh(lab.account().id)
        assert isinstance(found, Credential) and found.version == version
    assert lab.calls() == 2


async def test_a_login_that_was_imported_a_moment_ago_is_the_one_that_is_refreshed(lab: Lab, home: Household) -> None:
    """So its refresh token is ours alone from then on."""
    lab.log_in()
    (imported,) = lab.stored().values()
    found = await home.refresh(imported.account_id)

    assert isinstance(found, Credential) and found.version == 3
    body = lab.entries()[0].body or b""
    assert imported.refresh_token.encode() in body


async def test_an_account_is_checked(lab: Lab, home: Household) -> None:
    found = await home.check(lab.account().id)

    assert (found.problem, found.plan, len(found.windows)) == (None, "plus", 2)


async def test_leaving_everything_is_written_and_nobody_seems_to_live(lab: Lab) -> None:
    async with household(lab.home, os.environ, lab.issuer, lab.issuer) as home:
        assert len(living(lab.home)) == 1
        found = await home.check(lab.account().id)

    with closing(open_store(lab.home)) as db:
        assert load_windows(db) == {found.account_id: found.windows}
    assert living(lab.home) == set()
    assert lab.claims() == []


async def test_leaving_while_a_refresh_runs_lets_it_end(lab: Lab) -> None:
    """As when a person loses patience in the middle of it."""
    lab.sim.script(Fault(path=TOKEN, act=Act.SILENCE, seconds=0.3))
    async with household(lab.home, os.environ, lab.issuer, lab.issuer) as home:
        waiting = asyncio.create_task(home.refresh(lab.account().id))
        await until(lambda: lab.calls() == 1)
        waiting.cancel()

    (kept,) = lab.stored().values()
    assert kept.version == 2


async def test_an_account_that_is_not_there(lab: Lab, home: Household) -> None:
    account_id = lab.account().id
    with closing(open_store(lab.home)) as db:
        remove_account(db, account_id)

    assert await home.refresh(account_id) == REMOVED
    assert (await home.check(account_id)).problem == "account_removed"
    assert lab.sim.log == []


async def test_a_store_that_cannot_be_written(lab: Lab, home: Household) -> None:
    account_id = lab.account().id
    home.store.patience_seconds = 0.3
    with closing(open_store(lab.home)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert await home.refresh(account_id) == NOT_STORED
        assert (await home.check(account_id)).problem == "store_unavailable"
        db.execute("ROLLBACK")
    assert lab.sim.log == []


async def test_a_key_that_is_not_there_is_told_at_once(lab: Lab) -> None:
    (lab.home / "codexlb.key").unlink()

    with pytest.raises(VaultError):
        async with household(lab.home, os.environ, lab.issuer, lab.issuer):
            raise AssertionError("it opened")
    assert living(lab.home) == set()
