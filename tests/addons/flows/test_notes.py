"""A flow says how it ended, in a line and by a marker; nothing else is put into it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from mitmproxy.utils.emoji import emoji

from addons.flows.texts import FAILED_ATTEMPT, marker_of
from codexlb_store.ledger import Outcome
from tests.addons.flows.lab import TURN, Scripted, failing, flows_of, inspecting, stream
from tests.addons.proxy import COMPLETED, Upstream, store_with
from tests.addons.upstreams import DELTA, Holding


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "ann").close()
    return tmp_path


CUT = stream(DELTA, COMPLETED.replace(b"completed", b"failed"))
INCOMPLETE = stream(DELTA, COMPLETED.replace(b"completed", b"incomplete"))

INVALID = failing(400, b'{"error":{"code":"invalid_prompt"}}')

ENDED = {
    "completed": (stream(COMPLETED), Outcome.COMPLETED, "ann@example.com · completed · 100 in (40 cached) · 20 out"),
    "failed": (CUT, Outcome.FAILED, "ann@example.com · failed"),
    "incomplete": (INCOMPLETE, Outcome.INCOMPLETE, "ann@example.com · incomplete"),
    "refused upstream": (INVALID, Outcome.FAILED, "ann@example.com · failed: invalid_prompt"),
}


@pytest.mark.parametrize(("answer", "outcome", "comment"), ENDED.values(), ids=ENDED)
async def test_a_flow_says_how_it_ended(home: Path, answer: bytes, outcome: Outcome, comment: str) -> None:
    async with inspecting(home, Upstream(answer=answer)) as (proxy, view):
        await proxy.ask(body=TURN)
        (flow,) = flows_of(view)
    assert flow.comment.startswith(comment)
    assert flow.marked == marker_of(outcome)


async def test_a_client_that_left_is_told_apart(home: Path) -> None:
    async with inspecting(home, Holding()) as (proxy, view):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        head = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(TURN)}\r\n\r\n"
        writer.write(head.encode() + TURN)
        await reader.readuntil(b"output_text.delta")
        writer.close()
        async with asyncio.timeout(10):
            while not flows_of(view)[0].comment:
                await asyncio.sleep(0.01)
        (flow,) = flows_of(view)
        assert flow.comment.startswith("ann@example.com · cancelled")
        assert flow.response and b"output_text.delta" in (flow.response.raw_content or b"")
    assert flow.marked == marker_of(Outcome.CANCELLED)


@pytest.mark.parametrize(
    ("path", "comment"), [("/nothing", "refused: not_found"), ("/backend-api/codex/..", "refused")]
)
async def test_what_was_not_let_in_says_why(home: Path, path: str, comment: str) -> None:
    async with inspecting(home) as (proxy, view):
        await proxy.ask("GET", path, b"")
        (flow,) = flows_of(view)
    assert flow.comment.startswith(comment)
    assert (flow.marked, flow.metadata) == (marker_of(Outcome.REFUSED), {})


async def test_without_an_account_it_says_so(tmp_path: Path) -> None:
    async with inspecting(tmp_path) as (proxy, view):
        await proxy.ask(body=TURN)
        (flow,) = flows_of(view)
    assert flow.comment == "refused: no_accounts"


async def test_a_flow_holds_the_id_of_its_exchange_and_nothing_more(home: Path) -> None:
    async with inspecting(home, Scripted(failing(500, b"x"))) as (proxy, view):
        await proxy.ask(body=TURN)
        main, attempt = flows_of(view)
    assert main.metadata == attempt.metadata
    assert [*main.metadata] == ["codexlb"]
    (exchange_id,) = main.metadata.values()
    assert isinstance(exchange_id, str)
    assert exchange_id[:12] in main.comment
    assert exchange_id[:12] in attempt.comment


def test_mitmproxy_knows_every_marker() -> None:
    names = {FAILED_ATTEMPT, *map(marker_of, Outcome)}
    assert len(names) == len(Outcome) + 1
    assert names <= emoji.keys()
