"""The figures of keys, asked for again and again."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from addons.usage_page import MOST_AT_ONCE, UsagePage
from codexlb_store.keys import Key
from tests.addons.waiting import until

A = Key("a", 1.0, id="a")


class Store:
    """Notes who reads; answers nobody before it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.read: list[str] = []

    def figures(self, key: Key) -> dict[str, Any]:
        self.read.append(key.id)
        assert self.let_go.wait(10)
        if key.id == "broken" and len(self.read) == 1:
            raise OSError
        return {"name": key.name, "reads": len(self.read)}


async def test_all_who_ask_for_one_key_at_a_time_share_one_look_at_the_store() -> None:
    store = Store()
    page = UsagePage(store.figures)
    asking = [asyncio.create_task(page.figures(A)) for _ in range(200)]
    await until(lambda: store.read)
    asking[0].cancel()
    store.let_go.set()
    assert set(await asyncio.gather(*asking[1:])) == {b'{"name":"a","reads":1}'}
    assert store.read == ["a"]


async def test_what_was_read_is_kept_for_a_moment_and_then_read_anew() -> None:
    store = Store()
    store.let_go.set()
    page = UsagePage(store.figures)
    assert await page.figures(A) == await page.figures(A) == b'{"name":"a","reads":1}'
    await until(lambda: not page.pages)
    assert await page.figures(A) == b'{"name":"a","reads":2}'


async def test_only_a_few_keys_are_read_at_a_time_and_all_are_served() -> None:
    store = Store()
    page = UsagePage(store.figures)
    asking = [asyncio.create_task(page.figures(Key(f"k{number}", 1.0, id=f"k{number}"))) for number in range(20)]
    await until(lambda: len(store.read) == MOST_AT_ONCE)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(store.read) == MOST_AT_ONCE
    store.let_go.set()
    assert len(set(await asyncio.gather(*asking))) == 20


async def test_a_failure_is_told_to_who_asked_and_not_kept() -> None:
    store = Store()
    store.let_go.set()
    page, broken = UsagePage(store.figures), Key("broken", 1.0, id="broken")
    for outcome in await asyncio.gather(*(page.figures(broken) for _ in range(3)), return_exceptions=True):
        assert isinstance(outcome, OSError)
    await until(lambda: not page.pages)
    assert await page.figures(broken) == b'{"name":"broken","reads":2}'
