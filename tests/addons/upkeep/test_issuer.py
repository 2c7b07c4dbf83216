"""The issuer is asked as Codex asks it, and an answer that did not come is no refusal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from addons.settings.upstream import DEFAULT_ISSUER
from addons.upkeep.issuer import Issuer
from addons.wire.origins import parse_origin
from addons.wire.tokens import NewTokens, RefreshProblem, RefreshReason
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.credentials import Credential
from scripts.simulator.faults import Act, Fault
from scripts.simulator.server import Simulator

STALE = Credential("a", "w", "access", "refresh", None, None, 1, fedramp=False)


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="plus") as running:
        yield running


@pytest.fixture
async def issuer(sim: Simulator) -> AsyncIterator[Issuer]:
    issuer = Issuer(parse_origin(sim.origin))
    yield issuer
    await issuer.close()


def credential(sim: Simulator) -> Credential:
    login = parse_auth_json(sim.auth_json("plus-1"))
    return replace(STALE, access_token=login.access_token, refresh_token=login.refresh_token)


async def test_new_tokens_for_an_old_one(sim: Simulator, issuer: Issuer) -> None:
    found = await issuer.refresh(credential(sim), RefreshReason.UNAUTHORIZED)

    assert isinstance(found, NewTokens)
    assert sim.world.issuer.require_access(found.access_token).name == "plus-1"
    (entry,) = sim.log
    assert (entry.method, entry.path, entry.header("content-type")) == ("POST", "/oauth/token", "application/json")
    assert json.loads(entry.body or b"")["refresh_reason"] == "unauthorized_recovery"


async def test_a_used_one_is_refused(sim: Simulator, issuer: Issuer) -> None:
    stale = credential(sim)
    sim.world.issuer.refresh(stale.refresh_token)

    found = await issuer.refresh(stale, RefreshReason.EXPIRY)
    assert found == RefreshProblem(permanent=True, code="refresh_token_reused")


@pytest.mark.parametrize(("act", "code"), [(Act.SILENCE, "issuer_timeout"), (Act.RESET, "issuer_unreachable")])
async def test_no_answer_may_be_one_another_time(sim: Simulator, issuer: Issuer, act: Act, code: str) -> None:
    sim.script(Fault(act=act))
    issuer.patience_seconds = 0.5 if act is Act.SILENCE else 10.0

    assert await issuer.refresh(STALE, RefreshReason.EXPIRY) == RefreshProblem(permanent=False, code=code)


async def test_a_new_refresh_token_is_not_lost_for_want_of_an_access_token(sim: Simulator, issuer: Issuer) -> None:
    sim.script(Fault(status=200, body={"refresh_token": "rt_2"}))

    assert await issuer.refresh(STALE, RefreshReason.EXPIRY) == NewTokens("access", "rt_2", None, None)


async def test_unless_told_otherwise_it_is_openais() -> None:
    issuer = Issuer()
    assert issuer.origin.url == DEFAULT_ISSUER == "https://auth.openai.com"
    await issuer.close()
