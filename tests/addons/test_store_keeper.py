"""Store and pool stay in step, and what a proxy leaves behind is put in order, however it ended."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from addons.ledger_rows import opening_of
from addons.store_keeper import StoreKeeper
from codexlb_store.accounts import account_id, set_residency, set_weight
from codexlb_store.exchanges import ExchangeRow, requests
from codexlb_store.ledger import open_exchange
from codexlb_store.pool import Pool
from codexlb_store.processes import ProcessMark, living
from codexlb_store.schema import open_store
from codexlb_store.sessions import Home, save_home
from codexlb_store.windows import Window, save_windows
from tests.addons.proxy import Proxy, running, store_with
from tests.addons.samples import a_flow, an_exchange
from tests.addons.serving import TURN, Served, serving
from tests.addons.upstreams import Holding
from tests.addons.waiting import until

A, B = account_id("user-a", "acct-a"), account_id("user-b", "acct-b")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with one account."""
    store_with(tmp_path, "a").close()
    return tmp_path


def rows(home: Path) -> list[ExchangeRow]:
    """The ledger, newest first."""
    with closing(open_store(home)) as db:
        return requests(db, 100)


def pool_of(proxy: Proxy) -> Pool:
    (keeper,) = (addon for addon in proxy.chain.addons if isinstance(addon, StoreKeeper))
    return keeper.pool


async def test_what_another_process_writes_is_known_at_once(home: Path) -> None:
    """Accounts, what is used of their windows, and where sessions live."""
    now = time.time()
    async with running(home) as proxy:
        pool = pool_of(proxy)
        with closing(store_with(home, "b")) as db:
            save_windows(db, [Window(A, 300, 100.0, now + 500, now)])
            save_home(db, Home("s1", A, now))

        await until(lambda: len(pool.accounts) == 2 and pool.windows.get(A) and pool.homes)

        assert [candidate.account_id for candidate in pool.candidates(None, (), now)] == [
            account_id("user-b", "acct-b")
        ]
        assert pool.homes["s1"].account_id == A
        assert len(pool.credentials) == 2


async def test_what_was_decided_here_meanwhile_is_not_undone_by_what_was_read_before(home: Path) -> None:
    async with running(home) as proxy:
        (keeper,) = (addon for addon in proxy.chain.addons if isinstance(addon, StoreKeeper))
        with closing(open_store(home)) as db:
            set_weight(db, A, 2.0)
        time.sleep(0.6)  # the loop is busy, so whatever the writer's thread tells it about that write waits
        keeper.pool.note_residency(A, "https://eu.chatgpt.com", "us")
        keeper.writer.put(partial(set_residency, account_id=A, origin="https://eu.chatgpt.com", routing_override="us"))

        await until(lambda: keeper.pool.accounts[A].weight == 2.0)

        assert keeper.pool.accounts[A].origin == "https://eu.chatgpt.com"
        assert keeper.pool.credentials[A].routing_override == "us"


async def test_a_proxy_marks_that_it_lives_and_takes_the_mark_away(home: Path) -> None:
    async with running(home):
        assert len(living(home)) == 1
    assert living(home) == set()


async def in_the_middle_of_a_stream(served: Served) -> asyncio.StreamWriter:
    """A turn whose first output has reached the client."""
    reader, writer = await served.begin_turn()
    async with asyncio.timeout(10):
        await reader.readuntil(b"output_text.delta")
    return writer


async def test_a_row_that_a_killed_proxy_left_open_is_lost_at_the_next_start(home: Path) -> None:
    async with serving(home, Holding()) as served:
        client = await in_the_middle_of_a_stream(served)
        await until(lambda: rows(home))  # the writer has opened it
        assert await served.end(signal.SIGKILL) == -signal.SIGKILL
        client.close()
    assert [row.outcome for row in rows(home)] == [None]

    async with running(home) as proxy:
        assert (await proxy.ask(body=TURN))[0] == 200

    new, old = rows(home)
    assert (old.outcome, old.account_id, old.tokens.output) == ("lost", A, None)
    assert old.ended_at and old.error
    assert new.outcome == "completed"


async def test_a_row_of_another_proxy_that_lives_is_left_alone(home: Path) -> None:
    other = ProcessMark.take(home)
    with closing(open_store(home)) as db:
        open_exchange(db, replace(opening_of(an_exchange(), a_flow(), other.id), opened_at=time.time()))

    async with running(home):
        pass

    assert [row.outcome for row in rows(home)] == [None]
    other.release()


async def test_a_proxy_that_is_told_to_end_in_the_middle_of_a_stream_closes_its_row(home: Path) -> None:
    upstream = Holding()
    async with serving(home, upstream) as served:
        client = await in_the_middle_of_a_stream(served)

        assert await served.end(signal.SIGTERM) == 0
        client.close()
        await until(lambda: upstream.left == 1)

    (row,) = rows(home)
    assert (row.outcome, row.tokens.output, len(row.attempts)) == ("lost", None, 1)
    assert living(home) == set()
    assert "Traceback" not in served.log


async def test_a_request_that_waits_for_an_account_when_the_proxy_ends_leaves_a_row_too(home: Path) -> None:
    async with serving(home, Holding(), "--set=codexlb_account_concurrency=1") as served:
        client = await in_the_middle_of_a_stream(served)
        _, waiting = await served.begin_turn()
        for _ in range(3):  # each goes the same way behind it
            assert (await served.ask("GET", "/health", b""))[0] == 200

        assert await served.end(signal.SIGTERM) == 0
        client.close()
        waiting.close()

    assert [row.outcome for row in rows(home)] == ["lost", "lost"]
    assert "Traceback" not in served.log
