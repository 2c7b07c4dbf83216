"""Only the issuer's own word costs an account, and not before its access token is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from addons.upkeep.refresher import ends_service
from addons.wire.tokens import RefreshProblem, RefreshReason
from codexlb_store.accounts import AccountStatus, load_accounts, set_state
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.credentials import Credential, save_tokens
from codexlb_store.logins import Saved, save_login
from codexlb_store.schema import open_store
from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Fault
from tests.addons.upkeep.refresh_lab import GOOD, TOKEN, Lab, Worker
from tests.addons.waiting import until

EXPIRY, UNAUTHORIZED = RefreshReason.EXPIRY, RefreshReason.UNAUTHORIZED
ACTIVE, NEEDS_LOGIN, PAUSED = AccountStatus.ACTIVE, AccountStatus.NEEDS_LOGIN, AccountStatus.PAUSED


NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("expires_at", "reason", "expected"),
    [
        pytest.param(NOW + 301, EXPIRY, False, id="good for a while"),
        pytest.param(NOW + 300, EXPIRY, True, id="due"),
        pytest.param(None, EXPIRY, False, id="does not say"),
        pytest.param(NOW + 301, UNAUTHORIZED, True, id="refused by the upstream"),
    ],
)
def test_when_a_refusal_ends_an_accounts_service(
    expires_at: float | None, reason: RefreshReason, expected: bool
) -> None:
    stale = Credential("a", "w", "access", "refresh", expires_at, None, 1, fedramp=False)

    assert ends_service(stale, reason, NOW) is expected


REFUSALS: dict[str, Callable[[Lab], None]] = {
    "refresh_token_reused": lambda lab: lab.use_up(),
    "refresh_token_expired": lambda lab: lab.sim.change("plus-1", AccountChange(refresh_tokens="expired")),
    "refresh_token_invalidated": lambda lab: lab.sim.change("plus-1", AccountChange(refresh_tokens="revoked")),
    "invalid_grant": lambda lab: lab.sim.script(Fault(path=TOKEN, status=400, body={"error": "invalid_grant"})),
    "http_401": lambda lab: lab.sim.script(Fault(path=TOKEN, status=401)),
}


@pytest.mark.parametrize(("code", "happen"), REFUSALS.items(), ids=REFUSALS)
async def test_a_refused_refresh_token_needs_a_login(
    lab: Lab, worker: Worker, code: str, happen: Callable[[Lab], None]
) -> None:
    happen(lab)
    problem = RefreshProblem(permanent=True, code=code)

    assert await worker.refresher.refreshed(worker.credential(), EXPIRY) == problem
    assert lab.standing() == (NEEDS_LOGIN, code)
    assert worker.pool.accounts[lab.account().id].state is NEEDS_LOGIN
    await until(lambda: lab.account().last_error == code)
    assert await worker.refresher.refreshed(worker.credential(), UNAUTHORIZED) == problem
    assert lab.calls() == 1, "it is not asked for again"


@pytest.mark.parametrize("lab", [GOOD], indirect=True)
async def test_an_account_whose_access_token_is_good_serves_on_when_its_refresh_is_refused(
    lab: Lab, worker: Worker
) -> None:
    """It says what a person should know; when the upstream refuses the token, too, it is over."""
    lab.use_up()
    problem = RefreshProblem(permanent=True, code="refresh_token_reused")

    assert await worker.refresher.refreshed(worker.credential(), EXPIRY) == problem
    assert lab.standing() == (ACTIVE, "refresh_token_reused")
    assert worker.pool.accounts == {lab.account().id: replace(lab.account(), last_error=None, last_error_at=None)}
    assert await worker.refresher.refreshed(worker.credential(), EXPIRY) == problem
    assert lab.standing() == (ACTIVE, "refresh_token_reused")

    assert await worker.refresher.refreshed(worker.credential(), UNAUTHORIZED) == problem
    assert lab.standing() == (NEEDS_LOGIN, "refresh_token_reused")
    assert lab.calls() == 1


@pytest.mark.parametrize("lab", [302.0], indirect=True)
async def test_it_needs_a_login_once_its_access_token_is_due(lab: Lab, worker: Worker) -> None:
    lab.use_up()
    await worker.refresher.refreshed(worker.credential(), EXPIRY)
    assert lab.standing() == (ACTIVE, "refresh_token_reused")

    async def is_given_up() -> bool:
        await worker.refresher.fresh(lab.account().id)
        return lab.standing() == (NEEDS_LOGIN, "refresh_token_reused")

    async with asyncio.timeout(10):
        while not await is_given_up():
            await asyncio.sleep(0.05)
    assert lab.calls() == 1


async def test_a_paused_account_stays_paused_and_says_why(lab: Lab, worker: Worker) -> None:
    with closing(open_store(lab.home)) as db:
        set_state(db, lab.account().id, PAUSED, None)
    lab.reload(worker)
    lab.use_up()
    await worker.refresher.refreshed(worker.credential(), EXPIRY)

    assert lab.standing() == (PAUSED, "refresh_token_reused")
    assert worker.pool.accounts[lab.account().id].state is PAUSED


async def test_an_account_that_is_resumed_although_its_token_is_dead_needs_a_login_again(
    lab: Lab, worker: Worker
) -> None:
    lab.use_up()
    await worker.refresher.fresh(lab.account().id)
    with closing(open_store(lab.home)) as db:
        set_state(db, lab.account().id, ACTIVE, None)
    lab.reload(worker)
    await worker.refresher.fresh(lab.account().id)

    assert lab.standing() == (NEEDS_LOGIN, "refresh_token_reused")
    assert lab.calls() == 1


async def test_an_account_without_a_refresh_token_is_not_asked_for(lab: Lab, worker: Worker) -> None:
    held = worker.credential()
    with closing(open_store(lab.home)) as db:
        save_tokens(db, lab.vault, replace(held, refresh_token="", version=2), None)
    lab.reload(worker)

    found = await worker.refresher.refreshed(worker.credential(), EXPIRY)
    assert found == RefreshProblem(permanent=True, code="no_refresh_token")
    assert (lab.standing(), lab.calls()) == ((NEEDS_LOGIN, "no_refresh_token"), 0)


async def test_a_login_mends_it(lab: Lab, worker: Worker) -> None:
    lab.use_up()
    await worker.refresher.refreshed(worker.credential(), EXPIRY)
    lab.log_in()
    lab.reload(worker)

    assert isinstance(await worker.refresher.refreshed(worker.credential(), UNAUTHORIZED), Credential)
    assert lab.standing() == (ACTIVE, None)


async def test_a_refresh_mends_what_another_process_gave_up_too_soon(
    lab: Lab, worker: Worker, on_end: list[Callable[[], object]]
) -> None:
    """It came second with the same tokens, before the first had written the new ones."""

    def give_up() -> None:
        with closing(open_store(lab.home)) as db:
            set_state(db, lab.account().id, NEEDS_LOGIN, "refresh_token_reused")
        lab.reload(worker)

    on_end.append(give_up)
    await worker.refresher.refreshed(worker.credential(), EXPIRY)

    assert lab.standing() == (ACTIVE, None)
    assert worker.pool.accounts[lab.account().id].state is ACTIVE


async def test_what_the_issuer_refused_once_is_refused_as_a_login_too(lab: Lab, worker: Worker) -> None:
    text = lab.sim.auth_json("plus-1", -60.0)
    with closing(open_store(lab.home)) as db:
        assert save_login(db, lab.vault, parse_auth_json(text), time.time())[1] is Saved.UPDATED
    lab.reload(worker)
    lab.use_up()
    await worker.refresher.refreshed(worker.credential(), EXPIRY)

    with closing(open_store(lab.home)) as db:
        assert save_login(db, lab.vault, parse_auth_json(text), time.time())[1] is Saved.DEAD
        assert [account.state for account in load_accounts(db)] == [NEEDS_LOGIN]
