"""A streamed answer of Codex reads as a transcript by itself; why it went where it did can be read beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from addons.flows.views import Transcript
from tests.addons.flows.lab import TURN, Scripted, failing, flows_of, inspecting, stream, text_of, until
from tests.addons.proxy import COMPLETED, store_with
from tests.addons.upstreams import DELTA


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "ann", "bob").close()
    return tmp_path


async def test_codex_streams_read_as_transcripts_and_nothing_else_does(home: Path) -> None:
    async with inspecting(home, Scripted(stream(DELTA, COMPLETED))) as (proxy, view):
        await proxy.ask(body=TURN)
        await proxy.ask("GET", "/nothing", b"")
        flow, page = flows_of(view)
        assert "usage: input 100 (cached 40), output 20 (reasoning 5)" in text_of(flow)
        assert text_of(flow, "codex-transcript") == text_of(flow)
        assert "not_found" in text_of(page)
        assert flow.response
        flow.request.path = "/elsewhere"
        assert "usage: input" not in text_of(flow)
        flow.request.path = "/backend-api/codex/responses"
        flow.response.headers["content-type"] = "text/plain"
        assert "usage: input" not in text_of(flow)


@pytest.mark.parametrize("data", [b"", b"\xff\x00\x1b[31m", b"data: {" * 100_000], ids=["empty", "binary", "broken"])
async def test_no_body_is_too_odd(home: Path, data: bytes) -> None:
    async with inspecting(home) as (proxy, view):
        await proxy.ask(body=TURN)
        (flow,) = flows_of(view)
        assert flow.response
        flow.response.data.content = data
        assert "\x1b" not in text_of(flow, "Codex-Transcript")


async def test_why_it_went_where_it_did_reads_beside_any_body(home: Path) -> None:
    async with inspecting(home, Scripted(failing(429, b"{}"))) as (proxy, view):
        await proxy.ask(body=TURN)
        await proxy.ask("GET", "/nothing", b"")
        main, attempt, page = flows_of(view)
        await until(lambda: "Choice 2" in text_of(main, "codex-explain"))
        text = text_of(main, "codex-explain")
        assert text_of(attempt, "codex-explain") == text
        assert text_of(page, "codex-explain") == "This request went to no account."
    assert "Choice 1: " in text
    assert "Attempt 1: " in text


def test_a_view_without_a_flow_is_no_error() -> None:
    """A body may be looked at that belongs to none."""
    view = Transcript()
    assert view.render_priority(b"x", content_type="text/event-stream") > 0
    assert view.render_priority(b"x") < 0


async def test_views_can_be_added_again_when_a_script_is_loaded_anew(home: Path) -> None:
    """The older chain's is gone then: it would explain nothing of what came later."""
    for _ in range(2):
        async with inspecting(home) as (proxy, view):
            await proxy.ask(body=TURN)
            await until(lambda: "Choice 1" in text_of(flows_of(view)[0], "codex-explain"))
