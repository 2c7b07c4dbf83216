"""A key's limits across processes: exact to the token, and nothing is lost when one of them is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from codexlb_store.limit_texts import parse_limit
from codexlb_store.schema import open_store
from tests.addons.key_lab import a_key, bearer
from tests.end_to_end.audit import check_books
from tests.end_to_end.crowd import Crowd, Said, crowd, until
from tests.end_to_end.stage import Serve, Stage, another_proxy, stage

TURNS, AT_A_TIME = 200, 100
LAST_ONES = 4
"""The last requests start with the little that is left of a limit and use more than that: in each process one does, or
two when others give back what they did not use while the first still runs."""


@contextlib.asynccontextmanager
async def crowds(key: dict[str, str], *proxies: Serve) -> AsyncIterator[list[Crowd]]:
    """Clients of each proxy that show this key."""
    async with contextlib.AsyncExitStack() as stack:
        found = [await stack.enter_async_context(crowd(proxy.origin)) for proxy in proxies]
        for clients in found:
            clients.session.headers.update(key)
        yield found


async def known(clients: Crowd, path: str = "/v1/usage") -> None:
    """Until this process knows the key."""
    url = clients.url.partition("/backend-api")[0] + path
    for _ in range(200):
        async with clients.session.get(url) as answer:
            if answer.status == 200:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("the key is not known")


def used(setting: Stage) -> int:
    """What is settled of the one limit there is."""
    with contextlib.closing(open_store(setting.home)) as db:
        return int(db.execute("SELECT sum(used) FROM budgets").fetchone()[0])


def in_the_ledger(setting: Stage) -> int:
    with contextlib.closing(open_store(setting.home)) as db:
        return int(db.execute("SELECT sum(input_tokens + output_tokens) FROM exchanges").fetchone()[0])


def check_refusal(said: Said) -> None:
    assert (said.status, said.error["code"]) == (429, "rate_limit_exceeded")
    assert int(said.headers["retry-after"]) >= 1
    assert "limit of" in said.error["message"]


async def test_two_processes_sell_no_token_twice_and_none_is_left_unsold(tmp_path: Path) -> None:
    with stage(tmp_path, "ann:pro,bob:pro") as setting, another_proxy(setting) as second:
        probe = bearer(a_key(setting.home, "probe"))
        async with crowds(probe, setting.proxy) as (clients,):
            await known(clients)
            one = await clients.turn()
        setting.wait_for(1)
        each = in_the_ledger(setting)
        limit = 60 * each + 1
        key = bearer(a_key(setting.home, limits=(parse_limit(f"{limit}-tokens/day"),)))
        async with crowds(key, setting.proxy, second) as both:
            for clients in both:
                await known(clients)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(c.turns([None] * (TURNS // 2), AT_A_TIME)) for c in both]
            said = [turn for task in tasks for turn in task.result()]
            refused_in_a_row = 0
            while refused_in_a_row < 4:  # what is left, one by one, by whichever process
                last = await both[len(said) % 2].turn()
                refused_in_a_row = refused_in_a_row + 1 if last.status == 429 else 0
                said.append(last)
            rows = setting.wait_for(len(said) + 1)
        setting.proxy.stop()
        second.stop()

        statuses = Counter(turn.status for turn in said)
        for turn in said:
            if turn.status != 200:
                check_refusal(turn)
        check_books(setting, rows)
        assert one.status == 200
        assert used(setting) == in_the_ledger(setting) - each
        most = max(row.tokens.input + row.tokens.output for row in rows if row.tokens.input and row.tokens.output)
        assert limit <= used(setting) < limit + LAST_ONES * most, statuses
    print(f"\n{dict(statuses)}; {used(setting)} of {limit} tokens")


async def test_what_a_killed_process_held_is_there_for_the_others(tmp_path: Path) -> None:
    """Two requests of three were in flight; their rows are lost, and the three are there again."""
    with stage(tmp_path, "ann:pro,bob:pro", deltas=100, delta_ms=100) as setting, another_proxy(setting) as second:
        key = bearer(a_key(setting.home, limits=(parse_limit("3req/day"),)))
        async with crowds(key, setting.proxy, second) as (first_clients, second_clients):
            await known(first_clients)
            await known(second_clients)
            turns = [asyncio.create_task(first_clients.turn()) for _ in range(2)]
            assert await until(lambda: len(setting.calls()) == 2)
            setting.proxy.kill()
            await asyncio.gather(*turns, return_exceptions=True)
            asked = [asyncio.create_task(second_clients.turn()) for _ in range(3)]
            assert await until(lambda: len(setting.calls()) == 5)
            check_refusal(await second_clients.turn())
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)


async def test_what_was_used_is_shown_as_it_is_settled(tmp_path: Path) -> None:
    with stage(tmp_path, "ann:pro") as setting:
        key = bearer(a_key(setting.home, limits=(parse_limit("1M-tokens/week"),)))
        async with crowds(key, setting.proxy) as (clients,):
            await known(clients)
            await clients.turns([None] * 20, 20)
            setting.wait_for(20)
            figures: dict[str, Any] = {}
            async with asyncio.timeout(10):
                while figures.get("request_count") != 20:  # the page may be a second old
                    async with clients.session.get(f"{setting.proxy.origin}/v1/usage") as answer:
                        figures = json.loads(await answer.read())
    assert figures["total_tokens"] == figures["limits"][0]["used"] == in_the_ledger(setting)
