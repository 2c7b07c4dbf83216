"""Nothing depends on what shows the flows: with all of it broken, requests are served or stopped as without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from addons.chain import Chain, chain
from addons.flows.inspection import inspection
from addons.upstream import Upstream as UpstreamStep
from tests.addons.flows.lab import TURN, Scripted, failing, inspecting, one_of, shared_by, stream
from tests.addons.proxy import COMPLETED, Upstream, store_with
from tests.addons.upstreams import DELTA

HOOKS = ("requestheaders", "request", "responseheaders", "response", "error", "upstream_attempt_failed")
STEPS = ("FlowViews", "FlowCommands", "AttemptFlows", "FlowBodies", "FlowNotes", "FlowBounds")


def raising(*_: object) -> None:
    raise ValueError("a defect")


def break_step(chain: Chain, step: str) -> None:
    """Make every hook of one step raise, also those that it does not have."""
    (found,) = (addon for addon in chain.addons if type(addon).__name__ == step)
    for hook in HOOKS:
        setattr(found, hook, raising)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "ann", "bob").close()
    return tmp_path


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_that_raises_changes_nothing_for_the_client(home: Path, step: str) -> None:
    upstream = Scripted(failing(500, b"x"), failing(429, b"{}"), stream(DELTA, DELTA, COMPLETED))
    async with inspecting(home, upstream, lambda chain: break_step(chain, step)) as (proxy, _):
        assert await proxy.ask(body=TURN) == (200, DELTA + DELTA + COMPLETED)
        assert len(upstream.requests) == 3


@pytest.mark.parametrize("step", STEPS)
async def test_a_request_that_is_not_cleared_is_stopped_all_the_same(home: Path, step: str) -> None:
    def tamper(chain: Chain) -> None:
        break_step(chain, step)
        one_of(chain, UpstreamStep).request = raising

    async with inspecting(home, Upstream(), tamper) as (proxy, _):
        status, body = await proxy.ask(body=TURN)
        assert (status, proxy.upstream.connections) == (503, 0)
        assert json.loads(body)["error"]["code"] == "not_routed"


def test_without_a_list_of_flows_there_is_nothing_to_show(home: Path) -> None:
    plain = chain({"CODEXLB_HOME": str(home)})
    names = {type(addon).__name__ for addon in plain.addons}
    assert names & set(STEPS) == set()
    assert inspection(None)(shared_by(plain)) == ()
    assert type(plain.addons[-1]).__name__ == "Clearance"


def test_plain_serve_does_not_even_load_it() -> None:
    look = "import sys, addons.chain; print([m for m in sys.modules if m.startswith('addons.flows')])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
