"""What the ledger says of requests through the real chain that did not simply end well."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from addons.balancer import Balancer
from codexlb_store.accounts import AccountStatus, account_id, set_state
from codexlb_store.choices import ChoiceRow, load_choices
from codexlb_store.exchanges import ExchangeRow, requests
from codexlb_store.ledger import UNKNOWN, CacheLoss, Estimate, Outcome, Tokens
from codexlb_store.projects import project_id
from codexlb_store.schema import open_store
from tests.addons.proxy import COMPLETED, OK_HEAD, Proxy, Upstream, chunk, running, store_with
from tests.addons.upstreams import DELTA, Holding
from tests.addons.waiting import until

A, B = account_id("user-a", "acct-a"), account_id("user-b", "acct-b")
ITEM = {"type": "message", "role": "user", "content": "x" * 1000}


def a_turn(items: int = 40, **fields: Any) -> bytes:
    return json.dumps({"model": "gpt-5.5", "stream": True, "input": [ITEM] * items, **fields}).encode()


TURN = a_turn()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "a", "b").close()
    return tmp_path


def rows(home: Path) -> list[ExchangeRow]:
    """The ledger, oldest first."""
    with closing(open_store(home)) as db:
        return requests(db, 1000)[::-1]


def choices(home: Path) -> list[list[ChoiceRow]]:
    """Why each request went where it did, oldest first."""
    with closing(open_store(home)) as db:
        return [load_choices(db, row.id) for row in requests(db, 1000)[::-1]]


def answer(*events: bytes) -> bytes:
    return OK_HEAD + b"".join(map(chunk, events)) + b"0\r\n\r\n"


def an_end(kind: str = "completed", **usage: int | None) -> bytes:
    """The last event of an answer that used so much."""
    told = {
        "input_tokens": usage.get("read"),
        "input_tokens_details": {"cached_tokens": usage.get("cached")},
        "output_tokens": usage.get("written"),
    }
    response = {"id": "resp_1", "usage": told, "error": {"code": "server_error"} if kind == "failed" else None}
    return b"data: " + json.dumps({"type": f"response.{kind}", "response": response}).encode() + b"\n\n"


@dataclass
class Script(Upstream):
    """Answers one after the other, the last one again and again; an unfinished one is left open until the client
    leaves, or cut off at once."""

    answers: list[bytes] = field(default_factory=list)
    cuts: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                (length,) = (int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:"))
                self.requests.append(head + await reader.readexactly(length))
                said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                writer.write(said)
                await writer.drain()
                if not said.endswith(b"0\r\n\r\n") and self.cuts:
                    break
        writer.close()


async def leave(proxy: Proxy, body: bytes, after: bytes) -> None:
    """Ask, and go away once that has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    head = "POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nsession-id: s1\r\n"
    before = len(proxy.upstream.requests)
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    if after:
        await reader.readuntil(after)
    else:
        await until(lambda: len(proxy.upstream.requests) > before)
    writer.close()


async def closed(home: Path, count: int) -> list[ExchangeRow]:
    """The rows once so many have ended."""
    await until(lambda: len([row for row in rows(home) if row.outcome]) == count)
    return rows(home)


@pytest.mark.parametrize(
    ("said", "after", "pieces"),
    [
        pytest.param(OK_HEAD + chunk(DELTA * 3), b"delta", 3, id="in the middle"),
        pytest.param(b"", b"", 0, id="before the head"),
    ],
)
async def test_a_client_that_leaves_leaves_an_estimate(home: Path, said: bytes, after: bytes, pieces: int) -> None:
    async with running(home, Script(answers=[said])) as proxy:
        await leave(proxy, TURN, after)
        (row,) = await closed(home, 1)

    assert (row.outcome, row.tokens, row.cost_usd) == (Outcome.CANCELLED, UNKNOWN, None)
    assert row.estimate and row.estimate.cost_usd
    assert row.estimate == Estimate(-(-len(TURN) // 4), pieces, row.estimate.cost_usd)


async def test_the_estimate_knows_how_dense_the_conversation_is(home: Path) -> None:
    longer = a_turn(60)
    answers = [answer(DELTA, an_end(read=20_000, cached=0, written=9)), OK_HEAD + chunk(DELTA)]
    async with running(home, Script(answers=answers)) as proxy:
        await proxy.ask(body=TURN, session_id="s1")
        await leave(proxy, longer, b"delta")
        _, row = await closed(home, 2)

    assert row.estimate and row.estimate.input_tokens == round(len(longer) * 20_000 / len(TURN))


async def test_a_stream_that_is_cut_in_the_middle_leaves_an_estimate_too(home: Path) -> None:
    async with running(home, Script(answers=[OK_HEAD + chunk(DELTA)], cuts=True)) as proxy:
        await proxy.ask(body=TURN)
        (row,) = await closed(home, 1)

    assert (row.outcome, row.error, row.tokens) == (Outcome.FAILED, "stream_cut", UNKNOWN)
    assert row.estimate and (row.estimate.input_tokens, row.estimate.output_tokens) == (-(-len(TURN) // 4), 1)


async def test_what_was_never_sent_or_is_known_has_no_estimate(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        assert (await proxy.ask(body=TURN))[0] == 400
        store_with(tmp_path, "a").close()
        await until_served(proxy)
    refused, *_, served = rows(tmp_path)

    assert (refused.outcome, refused.estimate) == (Outcome.REFUSED, None)
    assert (served.outcome, served.estimate) == (Outcome.COMPLETED, None)


async def until_served(proxy: Proxy) -> None:
    deadline = time.monotonic() + 10
    while (await proxy.ask(body=TURN))[0] != 200:
        assert time.monotonic() < deadline


async def test_what_a_failed_attempt_used_is_its_own_and_part_of_the_sum(home: Path) -> None:
    failed = answer(an_end("failed", read=1000, cached=0, written=10))
    async with running(home, Script(answers=[failed, answer(COMPLETED)])) as proxy:
        assert (await proxy.ask(body=TURN))[0] == 200
    (row,) = rows(home)

    assert [attempt.tokens for attempt in row.attempts] == [Tokens(1000, 0, 10, None), Tokens(100, 40, 20, 5)]
    assert row.tokens == Tokens(1100, 40, 30, 5)
    assert row.cost_usd == pytest.approx(sum(attempt.cost_usd or 0 for attempt in row.attempts))


async def pause(proxy: Proxy, account: str) -> None:
    """Until the proxy has taken notice."""
    with closing(open_store(proxy.home)) as db:
        set_state(db, account, AccountStatus.PAUSED, None)
    (balancer,) = (addon for addon in proxy.chain.addons if isinstance(addon, Balancer))
    await until(lambda: balancer.pool.accounts[account].state is AccountStatus.PAUSED)


async def test_a_session_that_moves_is_known_by_it_and_so_is_the_cache_it_leaves_behind(home: Path) -> None:
    end = an_end(read=20_000, cached=0, written=9)
    async with running(home, Script(answers=[answer(DELTA, end)]), codexlb_strategy="fill_first") as proxy:
        await proxy.ask(body=TURN, session_id="s1")
        (row,) = await closed(home, 1)
        await pause(proxy, row.account_id or "")
        await proxy.ask(body=TURN, session_id="s1")
        await proxy.ask(body=TURN, session_id="s1")
    async with running(home, Script(answers=[answer(DELTA, end)])) as proxy:
        await proxy.ask(body=TURN, session_id="s1")

    found = rows(home)
    assert [row.moved for row in found] == [None, True, False, False]
    assert [row.expected_cached for row in found] == [None, 20_000, 20_000, None], "not known after a restart"
    assert [row.cache_loss for row in found] == [None, CacheLoss.MOVED, CacheLoss.UPSTREAM_MISS, None]


async def test_what_the_cache_gave_is_no_loss_and_what_a_compaction_took_is(home: Path) -> None:
    def ends(read: int, cached: int) -> bytes:
        return answer(DELTA, an_end(read=read, cached=cached, written=9))

    answers = [ends(20_000, 0), ends(21_000, 19_968), ends(22_000, 20_992), ends(9_000, 3_000)]
    bodies = [a_turn(40), a_turn(42), a_turn(44, input=[*[ITEM] * 43, {"type": "compaction_trigger"}]), a_turn(10)]
    async with running(home, Script(answers=answers)) as proxy:
        for body in bodies:
            await proxy.ask(body=body, session_id="s1")

    found = rows(home)
    assert [row.expected_cached for row in found] == [None, 20_000, 21_000, 9_000]
    assert [row.cache_loss for row in found] == [None, None, None, CacheLoss.COMPACTED]


async def test_every_choice_is_explained(home: Path) -> None:
    failed = answer(an_end("failed"))
    answers = [answer(COMPLETED), answer(COMPLETED), failed, answer(COMPLETED)]
    async with running(home, Script(answers=answers), codexlb_strategy="fill_first") as proxy:
        for session in ("s1", "s1", "s2"):
            await proxy.ask(body=TURN, session_id=session)

    first, at_home, moved = choices(home)
    [chosen] = first
    assert chosen.reason == "fill_first"
    assert {(one.account_id, one.excluded) for one in chosen.candidates} == {(A, None), (B, None)}
    assert all(one.terms["capacity"] for one in chosen.candidates)
    assert [(choice.reason, len(choice.candidates)) for choice in at_home] == [("warm home", 1)]
    assert [(choice.number, choice.reason) for choice in moved] == [(1, "fill_first"), (2, "fill_first")]
    assert {(one.account_id, one.excluded) for one in moved[1].candidates} == {
        (moved[0].account_id, "tried"),
        (moved[1].account_id, None),
    }


async def test_who_waited_for_a_slot_is_explained(home: Path) -> None:
    """A third request, where two accounts have one slot each."""
    upstream = Holding()
    async with running(home, upstream, codexlb_account_concurrency=1, codexlb_strategy="fill_first") as proxy:
        (balancer,) = (addon for addon in proxy.chain.addons if isinstance(addon, Balancer))
        asking = [asyncio.create_task(proxy.ask(body=TURN)) for _ in range(2)]
        await until(lambda: len(upstream.requests) == 2)
        asking.append(asyncio.create_task(proxy.ask(body=TURN)))
        await until(lambda: balancer.line)
        upstream.let_go.set()
        assert [status for status, _ in await asyncio.gather(*asking)] == [200] * 3

    reasons = [(choice.reason, {one.excluded for one in choice.candidates}) for (choice,) in choices(home)]
    assert reasons[1] == ("fill_first", {None, "concurrency"})
    assert reasons[2][0] == "fill_first, waited"


async def test_a_request_that_nobody_could_serve_is_explained(home: Path) -> None:
    async with running(home) as proxy:
        await pause(proxy, A)
        await pause(proxy, B)
        assert (await proxy.ask(body=TURN))[0] == 400

    ((choice,),) = choices(home)
    assert (choice.account_id, choice.reason) == (None, "nobody can serve")
    assert {one.excluded for one in choice.candidates} == {"paused"}


async def test_a_turn_is_counted_for_its_project_and_nothing_tells_which_that_is(home: Path) -> None:
    """Neither its path nor its remote, nor what was asked, in any file of the data folder."""
    remote, path = "https://ann:canary-token@git.example/ann/canary-remote.git", "/home/ann/canary-path"
    told = {"workspaces": {path: {"associated_remote_urls": {"origin": remote}}}}
    here: dict[str, Any] = {"workspaces": {path: {}}}
    body = a_turn(1, prompt_cache_key="s1", instructions="canary-prompt", client_metadata={"note": "canary-note"})
    async with running(home) as proxy:
        await proxy.ask(body=body, x_codex_turn_metadata=json.dumps(told))
        await proxy.ask(body=body, x_codex_turn_metadata=json.dumps(here))

    assert [row.project for row in rows(home)] == [project_id(remote, None), project_id(None, path)]
    assert project_id(remote, None) and project_id(None, path)
    files = [file for file in home.rglob("*") if file.is_file() and file.parent.name != "mitmproxy"]
    assert [file.name for file in files if b"canary" in file.read_bytes()] == []
    assert "codexlb.db" in {file.name for file in files}
