"""One account's trouble never reaches the client: account A fails in every way there is, B serves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codexlb_store.account_views import account_views
from codexlb_store.accounts import AccountStatus
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.exchanges import ExchangeRow, requests
from codexlb_store.logins import save_login
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from scripts.simulator.account import AccountChange, WindowChange
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.server import Simulator
from tests.addons.dead_hosts import HANGING
from tests.addons.proxy import Proxy, running
from tests.captures import captured

CODEX = next(request for request in captured("turn1_full") if request.method == "POST")
"""What the real client sends: bare-minimum bodies mislead."""

IDENTITY = {name.replace("-", "_"): value for name, value in CODEX.headers if name not in ("host", "content-length")}


@dataclass
class Lab:
    """A simulated ChatGPT and the chain before it; A is the account that the round robin takes first."""

    simulator: Simulator
    proxy: Proxy
    ids: dict[str, str]
    a: str
    b: str

    async def turn(self, session: str = "s1", body: bytes = CODEX.body) -> tuple[int, bytes]:
        return await self.proxy.ask(body=body, **{**IDENTITY, "session_id": session})

    def rows(self) -> list[ExchangeRow]:
        db = open_store(self.proxy.home)
        try:
            return requests(db, 1000)
        finally:
            db.close()

    async def last_row(self, count: int = 1) -> ExchangeRow:
        """The newest row, once there are `count` and it is closed."""
        async with asyncio.timeout(5):
            while len(rows := self.rows()) < count or rows[0].outcome is None:
                await asyncio.sleep(0.02)
        return rows[0]

    def status(self, name: str) -> AccountStatus:
        """How the pool sees the account."""
        db = open_store(self.proxy.home)
        try:
            views = {view.account.id: view for view in account_views(db, time.time(), ())}
            return views[self.ids[name]].status
        finally:
            db.close()


@contextlib.asynccontextmanager
async def lab(home: Path, names: str = "x,y", **options: Any) -> AsyncIterator[Lab]:
    accounts = ",".join(f"{name}:plus" for name in names.split(","))
    async with Simulator(accounts=accounts) as simulator:
        db = open_store(home)
        vault = Vault.open(home, os.environ)
        ids = {
            name: save_login(db, vault, parse_auth_json(simulator.auth_json(name)), time.time())[0].id
            for name in names.split(",")
        }
        db.close()
        in_order = sorted(ids, key=lambda name: ids[name])
        settings = {
            "codexlb_upstream": simulator.origin,
            "codexlb_issuer": simulator.origin,
            "codexlb_strategy": "round_robin",
            **options,
        }
        async with running(home, **settings) as proxy:
            yield Lab(simulator, proxy, ids, in_order[0], in_order[-1])


def error(status: int, code: str | None = None, headers: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    body = {"error": {"code": code, "message": "Simulated trouble.", **fields}}
    return {"status": status, "body": body, "headers": headers or {}}


LIMIT: dict[str, Any] = {"type": "usage_limit_reached", "plan_type": "plus", "resets_at": int(time.time()) + 7200}


def first(failure: dict[str, Any]) -> dict[str, Any]:
    """A stream whose first event after response.created is response.failed."""
    return {"act": Act.FAILED, "at": Moment.CREATED, "error": {"message": "Simulated trouble.", **failure}}


FAILURES = {
    # what the upstream does, how often, the ledger's failures, A's status afterwards
    "429 usage limit": (error(429, **LIMIT), 1, ["usage_limit_reached"], "limited"),
    "429 without a code": (error(429), 1, ["http_429"], "cooling"),
    "429 HTML": ({"status": 429, "body": "<html>slow</html>"}, 1, ["http_429"], "cooling"),
    "429 Retry-After": (error(429, "slow_down", {"retry-after": "20"}), 1, ["slow_down"], "cooling"),
    "insufficient_quota": (error(429, "insufficient_quota"), 1, ["insufficient_quota"], "limited"),
    "usage_not_included": (error(429, None, type="usage_not_included"), 1, ["usage_not_included"], "limited"),
    "402 deactivated": (error(402, "account_deactivated"), 1, ["account_deactivated"], "deactivated"),
    "403 suspended": (error(403, "account_suspended"), 1, ["account_suspended"], "deactivated"),
    "403 Cloudflare": ({"status": 403, "body": "<!DOCTYPE html><title>Wait</title>"}, 1, ["http_403"], "active"),
    "400 model not on this plan": (error(400, "model_not_found"), 1, ["model_not_found"], "active"),
    "500 once": (error(500, "server_error"), 1, ["server_error"], "active"),
    "500 twice": (error(500, "server_error"), 2, ["server_error"] * 2, "active"),
    "502": (error(502), 1, ["http_502"], "active"),
    "503 overloaded": (error(503, "server_is_overloaded"), 1, ["server_is_overloaded"], "active"),
    "529 HTML": ({"status": 529, "body": "<html>busy</html>"}, 1, ["http_529"], "active"),
    "event: usage limit": (first({**LIMIT, "code": "usage_limit_reached"}), 1, ["usage_limit_reached"], "limited"),
    "event: server error": (first({"code": "server_error"}), 1, ["server_error"], "active"),
    "event: overloaded": (first({"code": "server_is_overloaded"}), 1, ["server_is_overloaded"], "active"),
    "event: something new": (first({"code": "gremlins"}), 1, ["gremlins"], "active"),
    "reset before the head": ({"act": Act.RESET}, 1, ["transport"], "active"),
    "closed before the head": ({"act": Act.CLOSE}, 1, ["transport"], "active"),
    "closed after the head": ({"act": Act.CLOSE, "at": Moment.HEAD}, 1, ["stream"], "active"),
    "reset after response.created": ({"act": Act.RESET, "at": Moment.CREATED}, 1, ["stream"], "active"),
    "broken chunks after response.created": ({"act": Act.GARBAGE, "at": Moment.CREATED}, 1, ["stream"], "active"),
}


@pytest.mark.parametrize(("fault", "times", "failures", "status"), FAILURES.values(), ids=FAILURES.keys())
async def test_the_next_account_serves(
    tmp_path: Path, fault: dict[str, Any], times: int, failures: list[str], status: str
) -> None:
    async with lab(tmp_path) as stage:
        stage.simulator.script(Fault(account=stage.a, times=times, **fault))
        code, body = await stage.turn()
        assert (code, body.count(b"event: response.completed")) == (200, 1)
        assert body.count(b"event: response.created") == 1
        row = await stage.last_row()
        served_by = stage.a if failures == ["server_error"] and fault.get("status") == 500 else stage.b
        assert [(x.account_id, x.failure) for x in row.attempts] == [
            *((stage.ids[stage.a], failure) for failure in failures),
            (stage.ids[served_by], None),
        ]
        assert (row.outcome, row.account_id) == ("completed", stage.ids[served_by])
        assert stage.status(stage.a) == status


async def test_a_token_that_was_revoked_is_refreshed_and_the_same_account_serves(tmp_path: Path) -> None:
    async with lab(tmp_path) as stage:
        stage.simulator.change(stage.a, AccountChange(access_tokens="revoked"))
        assert (await stage.turn())[0] == 200
        row = await stage.last_row()
        a = stage.ids[stage.a]
        assert [(x.account_id, x.status) for x in row.attempts] == [(a, 401), (a, 200)]
        assert stage.status(stage.a) == "active"


async def test_an_account_whose_refresh_is_refused_needs_a_login_and_the_next_serves(tmp_path: Path) -> None:
    async with lab(tmp_path) as stage:
        stage.simulator.change(stage.a, AccountChange(access_tokens="revoked", refresh_tokens="revoked"))
        assert (await stage.turn())[0] == 200
        row = await stage.last_row()
        assert row.account_id == stage.ids[stage.b]
        assert stage.status(stage.a) == "needs_login"


PASSED_ON = {
    "400 of the request": error(400, "invalid_request_error", type="invalid_request_error"),
    "context too long": error(400, "context_length_exceeded"),
    "413": error(413, "too_large"),
    "422": error(422, "unprocessable"),
}


@pytest.mark.parametrize("fault", PASSED_ON.values(), ids=PASSED_ON.keys())
async def test_an_error_of_the_request_itself_is_passed_on_exactly_and_called_once(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with lab(tmp_path) as stage:
        stage.simulator.script(Fault(times=None, **fault))
        code, body = await stage.turn()
        assert (code, json.loads(body)) == (fault["status"], fault["body"])
        row = await stage.last_row()
        assert (row.outcome, len(row.attempts)) == ("failed", 1)
        assert len([x for x in stage.simulator.log if x.path.endswith("/responses")]) == 1


async def test_a_failed_first_event_of_the_request_itself_is_passed_on_as_it_came(tmp_path: Path) -> None:
    async with lab(tmp_path) as stage:
        stage.simulator.script(Fault(**first({"code": "context_length_exceeded"})))
        code, body = await stage.turn()
        assert code == 200
        assert body.count(b"event: response.failed") == 1
        assert b"event: response.created" in body
        assert len((await stage.last_row()).attempts) == 1


async def test_after_the_first_output_nothing_is_replayed_and_the_retry_lands_elsewhere(tmp_path: Path) -> None:
    async with lab(tmp_path) as stage:
        stage.simulator.script(Fault(account=stage.a, act=Act.CLOSE, at=Moment.OUTPUT, after_deltas=2, deltas=5))
        with contextlib.suppress(ValueError):  # the cut leaves a chunk that cannot be undone
            await stage.turn()
        row = await stage.last_row()
        assert (row.outcome, row.account_id, len(row.attempts)) == ("failed", stage.ids[stage.a], 1)
        assert (await stage.turn())[0] == 200
        assert (await stage.last_row(2)).account_id == stage.ids[stage.b]


async def test_every_eligible_account_is_tried_once(tmp_path: Path) -> None:
    """Four accounts fail, the fifth serves: there is no cap on accounts."""
    async with lab(tmp_path, "a,b,c,d,e") as stage:
        for name in list(stage.ids)[:4]:
            stage.simulator.script(Fault(account=name, **error(429, **LIMIT)))
        assert (await stage.turn())[0] == 200
        row = await stage.last_row()
        assert row.account_id == stage.ids["e"]
        assert len({x.account_id for x in row.attempts}) == len(row.attempts)


async def test_all_out_of_quota_is_told_with_the_soonest_reset(tmp_path: Path) -> None:
    async with lab(tmp_path) as stage:
        for name, seconds in ((stage.a, 900), (stage.b, 600)):
            stage.simulator.change(
                name, AccountChange(windows=(WindowChange(minutes=300, used_percent=100.0, resets_in_seconds=seconds),))
            )
        code, body = await stage.turn()
        told = json.loads(body)["error"]
        assert (code, told["type"]) == (429, "usage_limit_reached")
        assert abs(told["resets_at"] - (time.time() + 600)) < 5


async def test_a_dead_host_is_not_blamed_on_the_accounts(tmp_path: Path) -> None:
    """After two accounts could not reach it, the others are not tried."""
    async with lab(tmp_path, "a,b,c,d", codexlb_upstream="http://127.0.0.1:1") as stage:
        code, body = await stage.turn()
        assert (code, json.loads(body)["error"]["code"]) == (502, "upstream_unreachable")
        row = await stage.last_row()
        assert len(row.attempts) == 2
        assert {stage.status(name) for name in stage.ids} == {AccountStatus.ACTIVE}


async def test_a_resting_account_is_waited_for(tmp_path: Path) -> None:
    async with lab(tmp_path, "a") as stage:
        stage.simulator.script(Fault(**error(429, "rate_limit_exceeded", {"retry-after": "1"})))
        assert (await stage.turn())[0] == 200
        row = await stage.last_row()
        assert [x.failure for x in row.attempts] == ["rate_limit_exceeded", None]


async def test_a_silent_upstream_is_left_for_the_next_account(tmp_path: Path) -> None:
    async with lab(tmp_path, codexlb_head_timeout_seconds=1) as stage:
        stage.simulator.script(Fault(account=stage.a, act=Act.SILENCE))
        assert (await stage.turn())[0] == 200
        row = await stage.last_row()
        assert [x.failure for x in row.attempts] == ["timeout", None]


async def test_an_upstream_that_falls_silent_in_the_middle_is_cut(tmp_path: Path) -> None:
    async with lab(tmp_path, codexlb_idle_timeout_seconds=1) as stage:
        stage.simulator.script(Fault(account=stage.a, act=Act.SILENCE, at=Moment.OUTPUT, after_deltas=2, deltas=5))
        with contextlib.suppress(ValueError):
            await stage.turn()
        assert (await stage.last_row()).outcome == "failed"


async def test_a_client_that_leaves_while_an_account_is_looked_for_starts_no_further_attempt(tmp_path: Path) -> None:
    async with lab(tmp_path) as stage:
        stage.simulator.script(Fault(account=stage.a, act=Act.SILENCE))
        _, writer = await asyncio.open_connection("127.0.0.1", stage.proxy.port)
        head = f"POST {CODEX.path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(CODEX.body)}\r\n\r\n"
        writer.write(head.encode() + CODEX.body)
        async with asyncio.timeout(5):
            while not stage.simulator.log:
                await asyncio.sleep(0.01)
        writer.close()
        row = await stage.last_row()
        assert row.outcome == "cancelled"
        async with asyncio.timeout(5):
            while stage.simulator.log[0].ended_at is None:
                await asyncio.sleep(0.01)
        assert len(stage.simulator.log) == 1


async def test_a_turn_that_moves_leaves_the_turn_state_of_the_other_account_behind(tmp_path: Path) -> None:
    """Codex repeats the first turn state of a turn in all its requests."""
    async with lab(tmp_path) as stage:
        await stage.turn()
        issued = owner_state(stage, stage.a)
        for fault in ([], [Fault(account=stage.a, **error(429, **LIMIT))]):
            stage.simulator.script(*fault)
            status, _ = await stage.proxy.ask(
                body=CODEX.body, **{**IDENTITY, "session_id": "s1", "x_codex_turn_state": issued}
            )
            assert status == 200
        sent = [(entry.account, entry.header("x-codex-turn-state")) for entry in stage.simulator.log][1:]
        assert sent == [(stage.a, issued), (stage.a, issued), (stage.b, None)]


def owner_state(stage: Lab, name: str) -> str:
    """The turn state that this account issued last, as the proxy saw it."""
    sticky: Any = next(addon for addon in stage.proxy.chain.addons if type(addon).__name__ == "Sticky")
    issued: dict[str, str] = sticky.pool.turn_states
    return next(state for state, owner in issued.items() if owner == stage.ids[name])


@pytest.mark.parametrize("hanging", HANGING.values(), ids=HANGING)
async def test_a_dial_that_hangs_is_given_up(
    tmp_path: Path, hanging: Callable[[], AbstractContextManager[str]]
) -> None:
    with hanging() as upstream:
        async with lab(tmp_path, codexlb_upstream=upstream, codexlb_head_timeout_seconds=1) as stage:
            code, body = await stage.turn()
            assert (code, json.loads(body)["error"]["code"]) == (502, "upstream_unreachable")
            assert [x.failure for x in (await stage.last_row()).attempts] == ["connect", "connect"]


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500])
async def test_trouble_on_an_unknown_path_costs_no_account(tmp_path: Path, status: int) -> None:
    """It may be that path's own; and what it asked for may have taken effect."""
    async with lab(tmp_path) as stage:
        stage.simulator.script(Fault(path="/new/feature", times=None, **error(status)))
        code, body = await stage.proxy.ask("POST", "/backend-api/codex/new/feature", b"{}")
        assert code == (502 if status == 401 else status)
        assert json.loads(body)["error"]
        assert len([x for x in stage.simulator.log if x.path.endswith("/feature")]) == (2 if status == 401 else 1)
        assert {stage.status(name) for name in stage.ids} == {AccountStatus.ACTIVE}
        assert (await stage.turn())[0] == 200


async def test_the_first_requests_of_a_session_go_to_one_account_together(tmp_path: Path) -> None:
    async with lab(tmp_path) as stage:
        assert {code for code, _ in await asyncio.gather(*(stage.turn() for _ in range(6)))} == {200}
        assert len({entry.account for entry in stage.simulator.log}) == 1
