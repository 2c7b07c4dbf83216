"""No request leaves when any step of the chain fails: mitmproxy itself would forward it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from addons.chain import Chain
from tests.addons.proxy import Upstream, running, store_with

STEPS = (
    "SafeOptions", "CodexCore", "Gate", "ClientKeys", "Pages", "Body", "KeyRules", "Meter", "ModelList",
    "Verdict", "Limits", "Sticky", "Balancer", "Credentials", "Upstream", "Ledger", "Poller", "StoreKeeper",
    "Clearance",
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
