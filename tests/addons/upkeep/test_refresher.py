"""Tokens are refreshed once, kept before they are used, and only a real refusal costs an account."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from addons.upkeep.refresher import Refresher
from addons.wire.tokens import RefreshProblem, RefreshReason
from codexlb_store.accounts import AccountStatus, Credential, save_login
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.pool import Pool, load_snapshot
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from codexlb_store.writer import Writer
from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.server import Simulator
from tests.addons.upkeep.refresh_lab import TOKEN, Lab
from tests.scripts.simulator.caller import until

EXPIRY, UNAUTHORIZED = RefreshReason.EXPIRY, RefreshReason.UNAUTHORIZED


@pytest.fixture
def on_end() -> Iterator[list[Callable[[], object]]]:
    """What is to happen when the issuer has dealt with a request and its answer is not read yet."""
    happenings: list[Callable[[], object]] = []
    yield happenings
    assert not happenings


@pytest.fixture
async def lab(tmp_path: Path, on_end: list[Callable[[], object]]) -> AsyncIterator[Lab]:
    def happen(_: object) -> None:
        if on_end:
            on_end.pop()()

    async with Simulator(accounts="plus", on_end=happen) as sim:
        vault = Vault.open(tmp_path, os.environ)
        with closing(open_store(tmp_path)) as db:
            save_login(db, vault, parse_auth_json(sim.auth_json("plus-1", expires_in=-60)), time.time())
            pool = Pool(load_snapshot(db, vault, 0.0))
        writer = Writer(tmp_path)
        writer.start()
        refresher = Refresher(pool, writer, vault)
        refresher.url = sim.origin + TOKEN
        yield Lab(tmp_path, vault, sim, pool, writer, refresher)
        await refresher.close()
        writer.close()


async def test_new_tokens_are_kept_and_used(lab: Lab) -> None:
    old = lab.credential()
    fresh = await lab.refresher.refreshed(old, EXPIRY)

    assert isinstance(fresh, Credential)
    assert lab.stored() == lab.pool.credentials == {fresh.account_id: fresh}
    assert lab.sim.world.issuer.require_access(fresh.access_token).name == "plus-1"
    assert (fresh.refresh_token != old.refresh_token, fresh.version) == (True, 2)
    assert fresh.expires_at is not None and fresh.last_refresh is not None
    assert fresh.expires_at > time.time() >= fresh.last_refresh > (old.last_refresh or 0)
    body = json.loads(lab.sim.log[0].body or b"")
    assert (body["refresh_token"], body["refresh_reason"]) == (old.refresh_token, "proactive_expiry")


async def test_whoever_comes_meanwhile_or_later_gets_the_same(lab: Lab) -> None:
    old = lab.credential()
    found = await asyncio.gather(*(lab.refresher.refreshed(old, UNAUTHORIZED) for _ in range(50)))
    later = await lab.refresher.refreshed(old, UNAUTHORIZED)

    assert {id(credential) for credential in (*found, later)} == {id(lab.credential())}
    assert lab.calls() == 1


async def test_the_next_refresh_uses_the_new_refresh_token(lab: Lab) -> None:
    for version in (2, 3):
        fresh = await lab.refresher.refreshed(lab.credential(), UNAUTHORIZED)
        assert isinstance(fresh, Credential) and fresh.version == version


async def test_who_stops_waiting_does_not_stop_the_refresh(lab: Lab) -> None:
    """A client may leave when the old tokens are used up already."""
    lab.sim.script(Fault(path=TOKEN, act=Act.SILENCE, at=Moment.HEAD, seconds=0.2))
    waiting = asyncio.create_task(lab.refresher.refreshed(lab.credential(), EXPIRY))
    await until(lambda: lab.calls() == 1)
    waiting.cancel()
    await lab.refresher.close()

    (kept,) = lab.stored().values()
    assert lab.sim.world.issuer.require_access(kept.access_token)
    assert lab.pool.credentials == {kept.account_id: kept}


async def test_what_another_process_refreshed_is_not_refreshed_again(lab: Lab) -> None:
    fresh = lab.rotate()

    assert await lab.refresher.refreshed(lab.credential(), EXPIRY) == fresh
    assert lab.credential() == fresh
    assert lab.calls() == 0


@pytest.mark.parametrize("standing", ["valid", "revoked"])
async def test_another_process_may_be_first_at_the_last_moment(
    lab: Lab, on_end: list[Callable[[], object]], standing: str
) -> None:
    """Whether this refresh went through or its token was used up: the store's tokens are the account's."""
    if standing == "revoked":
        lab.sim.change("plus-1", AccountChange(refresh_tokens=standing))
    on_end.append(lab.rotate)
    found = await lab.refresher.refreshed(lab.credential(), EXPIRY)

    assert lab.calls() == 1
    assert lab.stored() == lab.pool.credentials == {lab.credential().account_id: found}
    assert lab.account().state is AccountStatus.ACTIVE


def use_up(lab: Lab) -> None:
    lab.sim.world.issuer.refresh(lab.credential().refresh_token)


REFUSALS: dict[str, Callable[[Lab], None]] = {
    "refresh_token_reused": use_up,
    "refresh_token_expired": lambda lab: lab.sim.change("plus-1", AccountChange(refresh_tokens="expired")),
    "refresh_token_invalidated": lambda lab: lab.sim.change("plus-1", AccountChange(refresh_tokens="revoked")),
    "invalid_grant": lambda lab: lab.sim.script(Fault(path=TOKEN, status=400, body={"error": "invalid_grant"})),
    "http_401": lambda lab: lab.sim.script(Fault(path=TOKEN, status=401)),
}


@pytest.mark.parametrize(("code", "happen"), REFUSALS.items(), ids=REFUSALS)
async def test_a_refused_refresh_token_needs_a_login(lab: Lab, code: str, happen: Callable[[Lab], None]) -> None:
    happen(lab)
    problem = RefreshProblem(permanent=True, code=code)

    assert await lab.refresher.refreshed(lab.credential(), EXPIRY) == problem
    account = lab.account()
    assert (account.state, account.state_reason) == (AccountStatus.NEEDS_LOGIN, code)
    assert await lab.refresher.refreshed(lab.credential(), UNAUTHORIZED) == problem
    assert lab.calls() == 1, "it is not asked for again"


async def test_a_login_mends_it(lab: Lab) -> None:
    use_up(lab)
    await lab.refresher.refreshed(lab.credential(), EXPIRY)
    lab.log_in()
    lab.reload()

    assert isinstance(await lab.refresher.refreshed(lab.credential(), UNAUTHORIZED), Credential)
    assert lab.account().state is AccountStatus.ACTIVE


async def test_a_refresh_mends_what_another_process_gave_up_too_soon(
    lab: Lab, on_end: list[Callable[[], object]]
) -> None:
    """It came second with the same tokens, before the first had written the new ones."""

    def give_up() -> None:
        lab.pool.mark(lab.credential().account_id, AccountStatus.NEEDS_LOGIN, "refresh_token_reused")
        with closing(open_store(lab.home)) as db, db.conn:
            db.execute("UPDATE accounts SET state = 'needs_login', state_reason = 'refresh_token_reused'")

    on_end.append(give_up)
    await lab.refresher.refreshed(lab.credential(), EXPIRY)

    assert (lab.account().state, lab.account().state_reason) == (AccountStatus.ACTIVE, None)


TROUBLE = {
    "http_500": Fault(path=TOKEN, status=500),
    "http_429": Fault(path=TOKEN, status=429, headers={"retry-after": "1"}),
    "http_403": Fault(path=TOKEN, status=403, body="<html>Just a moment...</html>"),
    "no_access_token": Fault(path=TOKEN, status=200, body={}),
    "issuer_timeout": Fault(path=TOKEN, act=Act.SILENCE),
    "issuer_unreachable": Fault(path=TOKEN, act=Act.RESET),
}


@pytest.mark.parametrize(("code", "fault"), TROUBLE.items(), ids=TROUBLE)
async def test_trouble_that_may_pass_costs_no_account(lab: Lab, code: str, fault: Fault) -> None:
    """It is the answer for a moment, then the issuer is asked again."""
    lab.sim.script(fault)
    lab.refresher.issuer_seconds = 1.0 if code == "issuer_timeout" else 10.0
    old, problem = lab.credential(), RefreshProblem(permanent=False, code=code)

    found = await asyncio.gather(*(lab.refresher.refreshed(old, EXPIRY) for _ in range(10)))
    found.append(await lab.refresher.refreshed(old, EXPIRY))
    assert found == [problem] * 11
    assert lab.calls() == 1
    assert lab.account().state is AccountStatus.ACTIVE
    assert lab.stored() == lab.pool.credentials == {old.account_id: old}

    lab.refresher.issuer_seconds, lab.refresher.failed = 10.0, {}
    assert isinstance(await lab.refresher.refreshed(old, EXPIRY), Credential)


@pytest.mark.parametrize("act", [Act.CLOSE, Act.RESET])
async def test_an_answer_lost_on_its_way_does_not_cost_the_account_yet(lab: Lab, act: Act) -> None:
    lab.sim.script(Fault(path=TOKEN, act=act, at=Moment.HEAD))

    found = await lab.refresher.refreshed(lab.credential(), EXPIRY)
    assert found == RefreshProblem(permanent=False, code="issuer_unreachable")
    assert lab.account().state is AccountStatus.ACTIVE


async def test_a_store_that_cannot_be_written_is_known_before_the_tokens_are_used_up(lab: Lab) -> None:
    lab.refresher.store_seconds = 0.5
    with closing(open_store(lab.home)) as db:
        db.execute("BEGIN IMMEDIATE")
        found = await lab.refresher.refreshed(lab.credential(), EXPIRY)
        db.execute("ROLLBACK")

    assert found == RefreshProblem(permanent=False, code="store_unavailable")
    assert lab.calls() == 0


async def test_a_vault_with_another_key_uses_up_no_tokens(lab: Lab) -> None:
    lab.refresher.vault = Vault(Fernet(Fernet.generate_key()), lab.home / "other.key")
    found = await lab.refresher.refreshed(lab.credential(), EXPIRY)

    assert found == RefreshProblem(permanent=False, code="store_unavailable")
    assert lab.calls() == 0


@pytest.mark.parametrize("reloaded", [True, False])
async def test_an_account_that_is_gone_is_refreshed_no_more(lab: Lab, reloaded: bool) -> None:
    old = lab.credential()
    with closing(open_store(lab.home)) as db, db.conn:
        for table in ("accounts", "tokens"):
            db.execute(f"DELETE FROM {table}")
    if reloaded:
        lab.reload()

    assert await lab.refresher.refreshed(old, EXPIRY) == RefreshProblem(permanent=True, code="account_removed")
    assert lab.calls() == 0


async def test_no_token_is_logged(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    lab.sim.script(Fault(path=TOKEN, status=500), Fault(path=TOKEN, status=401, body={"error": "invalid_grant"}))
    old = lab.credential()
    for _ in range(2):
        lab.refresher.failed = {}
        await lab.refresher.refreshed(old, EXPIRY)

    assert "invalid_grant" in caplog.text
    assert old.access_token not in caplog.text and old.refresh_token not in caplog.text
