"""No request leaves when any step of the chain fails: mitmproxy itself would forward it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from addons.chain import Chain
from tests.addons.key_lab import a_key, bearer
from tests.addons.proxy import Upstream, running, store_with

STEPS = (
    "Doors", "ConfigFile",
    "SafeOptions", "CodexCore", "Gate", "ClientKeys", "Pages", "Api", "Dashboard", "Body", "KeyRules", "Meter",
    "PoolHeaders", "ModelList", "Verdict", "Limits", "Lineage", "FilePins", "Sticky", "Balancer", "Credentials",
    "Upstream", "CacheLedger", "Ledger", "Metrics", "Poller", "Retention", "StoreKeeper", "Clearance",
)  # fmt: skip
REQUEST_HOOKS = ("requestheaders", "request")


class DefectError(Exception):
    """What a defect raises."""


def raising(*_: object) -> None:
    raise DefectError


def break_step(step: str, hook: str) -> Callable[[Chain], None]:
    """Make one hook of one addon raise, also where the addon has none of that name."""

    def tamper(chain: Chain) -> None:
        (addon,) = (addon for addon in chain.addons if type(addon).__name__ == step)
        setattr(addon, hook, raising)

    return tamper


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "a", "b").close()
    return tmp_path


async def test_the_table_names_every_step(home: Path) -> None:
    async with running(home) as proxy:
        assert tuple(type(addon).__name__ for addon in proxy.chain.addons) == STEPS


@pytest.mark.parametrize("hook", REQUEST_HOOKS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("stock", [False, True], ids=["serve", "mitmdump"])
async def test_a_step_that_raises_stops_the_request(home: Path, step: str, hook: str, stock: bool) -> None:
    """Nothing reaches the upstream, not even a connection, and the client gets one JSON error."""
    async with running(home, tamper=break_step(step, hook), stock=stock) as proxy:
        status, body = await proxy.ask(body=b'{"model":"gpt-5.5","input":[]}')
        assert proxy.upstream.connections == 0
        assert status == 503
        assert json.loads(body)["error"]["code"] == "not_routed"


async def test_the_whole_chain_lets_the_same_request_through(home: Path) -> None:
    """The control: without a defect this request is served."""
    async with running(home) as proxy:
        status, body = await proxy.ask(body=b'{"model":"gpt-5.5","input":[]}')
        assert (status, proxy.upstream.connections) == (200, 1)
        assert b"response.completed" in body


REFUSED = b'HTTP/1.1 401 Unauthorized\r\ncontent-length: 22\r\n\r\n{"error":"pool\'s own"}'


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_that_raises_after_a_failed_attempt_passes_nothing_of_it_on(home: Path, step: str) -> None:
    """A pooled account's 401 would make the client refresh its own token."""
    upstream = Upstream(answer=REFUSED)
    async with running(home, upstream, tamper=break_step(step, "upstream_attempt_failed")) as proxy:
        status, body = await proxy.ask(body=b'{"model":"gpt-5.5","input":[]}')
        turns = [request for request in upstream.requests if request.startswith(b"POST /backend-api/codex/")]
        assert (status, len(turns)) == (503, 1)
        assert b"pool" not in body
        assert json.loads(body)["error"]["message"]


RESPONSE_HOOKS = ("responseheaders", "response")
LIST = b'{"models":[{"slug":"gpt-5.5"},{"slug":"o9"}]}'


@pytest.mark.parametrize("hook", RESPONSE_HOOKS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("stock", [False, True], ids=["serve", "mitmdump"])
async def test_a_step_that_raises_shows_no_model_that_the_key_may_not_be_used_for(
    home: Path, step: str, hook: str, stock: bool
) -> None:
    """Behind the list's filter it may be shown, before it there is an error in its place."""
    bound = a_key(home, models=("o9",))
    upstream = Upstream(answer=b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(LIST) + LIST)
    async with running(home, upstream, tamper=break_step(step, hook), stock=stock) as proxy:
        status, body = await proxy.ask("GET", "/backend-api/codex/models", b"", **bearer(bound))
        assert len(upstream.requests) == 1
    assert b"gpt-5.5" not in body
    is_filtered = hook == "response" and STEPS.index(step) > STEPS.index("ModelList")
    if is_filtered:
        assert (status, body) == (200, b'{"models":[{"slug":"o9"}]}')
    elif status != 200:
        assert (status, json.loads(body)["error"]["code"]) == (502, "unreadable_models")
