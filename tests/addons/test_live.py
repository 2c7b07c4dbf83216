"""Browsers are told of what changes as soon as it does, through the real proxy."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from contextlib import closing
from pathlib import Path

import pytest

from addons.dashboard import Dashboard
from addons.live import MOST_VIEWERS, Live
from codexlb_store.schema import open_store
from tests.addons.key_lab import TURN
from tests.addons.proxy import Proxy, running, store_with
from tests.addons.waiting import until
from tests.addons.web_visitor import Browser, Seen, set_password
from tests.codexlb_store.rows import add

PAGES = ("/dashboard", "/dashboard/requests", "/dashboard/keys", "/dashboard/conversations")


def live_of(proxy: Proxy) -> Live:
    return next(addon.live for addon in proxy.chain.addons if isinstance(addon, Dashboard))


async def page_of(browser: Browser, path: str = "/dashboard") -> str:
    """Where a page asks for what changes in it, and with what it has."""
    page = (await browser.get(path)).body.decode()
    found = re.search(r'data-live="([^"]*)" data-version="([^"]*)"', page)
    assert found, page
    return f"{found[1].replace('&amp;', '&')}&known={found[2]}"


def parts(seen: Seen) -> dict[str, str]:
    """What one event says."""
    assert (seen.status, seen.headers["content-type"]) == (200, "text/event-stream")
    (data,) = re.findall(rb"^data: (.*)$", seen.body, re.MULTILINE)
    found: dict[str, str] = json.loads(data)
    return found


def version(seen: Seen) -> str:
    """What to say as Last-Event-ID."""
    (found,) = re.findall(rb"^id: (.*)$", seen.body, re.MULTILINE)
    return str(found.decode())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "a").close()
    return tmp_path


async def test_an_event_comes_when_a_turn_was_served_and_has_what_it_changed(home: Path) -> None:
    async with running(home) as proxy:
        browser = Browser(proxy)
        waiting = asyncio.create_task(browser.get(await page_of(browser)))
        await until(lambda: live_of(proxy).viewers)
        assert (await proxy.ask(body=TURN, session_id="s1", thread_id="t1"))[0] == 200
        seen = await waiting

        changed = parts(seen)
        assert "usage" in changed
        assert "running" in changed["usage"] or "1 completed" in changed["usage"]
        assert set(changed) <= {"accounts", "usage", "course", "shares", "anomalies", "hottest"}
        assert seen.body.startswith(b"retry: 300\n")


@pytest.mark.parametrize("path", PAGES)
async def test_who_has_nothing_yet_gets_all_of_a_page_at_once(home: Path, path: str) -> None:
    async with running(home) as proxy:
        browser = Browser(proxy)
        page = (await browser.get(path)).body.decode()
        changed = parts(await browser.get(f"/dashboard/live?page={path}"))

    assert all(f'<section id="{name}" class="part">{html}</section>' in page for name, html in changed.items())


async def test_what_a_browser_saw_last_counts_not_what_it_came_with(home: Path) -> None:
    async with running(home) as proxy:
        browser = Browser(proxy)
        first = await browser.get("/dashboard/live?page=/dashboard/keys")
        again = asyncio.create_task(
            browser.get("/dashboard/live?page=/dashboard/keys&known=old", last_event_id=version(first))
        )
        await until(lambda: live_of(proxy).shots and live_of(proxy).viewers)
        assert not again.done()
        live_of(proxy).close()

        assert b"data:" not in (await again).body


async def test_a_change_of_another_process_is_told_too(home: Path) -> None:
    async with running(home) as proxy:
        browser = Browser(proxy)
        waiting = asyncio.create_task(browser.get(await page_of(browser, "/dashboard/requests?model=o3*")))
        await until(lambda: live_of(proxy).shots)
        with closing(open_store(home)) as db:
            add(db, model="gpt-5.5", opened_at=time.time())
            add(db, model="o3-mini", opened_at=time.time())

        assert "o3-mini" in parts(await waiting)["log"]
        assert "gpt-5.5" not in parts(await waiting)["log"]


async def test_many_who_show_one_page_are_one_page_to_write(home: Path) -> None:
    async with running(home) as proxy:
        browser = Browser(proxy)
        address = await page_of(browser)
        waiting = [asyncio.create_task(browser.get(address)) for _ in range(10)]
        await until(lambda: len(live_of(proxy).viewers) == 10)
        with closing(open_store(home)) as db:
            add(db, opened_at=time.time())
        told = [parts(await one) for one in waiting]

        assert all(one == told[0] for one in told)
        assert len(live_of(proxy).shots) == 1


async def test_who_leaves_does_not_wait_on(home: Path) -> None:
    async with running(home) as proxy:
        address = await page_of(Browser(proxy))
        live = live_of(proxy)
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(f"GET {address} HTTP/1.1\r\nhost: 127.0.0.1:{proxy.port}\r\n\r\n".encode())
        await until(lambda: live.viewers)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

        await until(lambda: not live.viewers)


async def test_when_the_proxy_ends_nobody_waits_on(home: Path) -> None:
    async with running(home) as proxy:
        waiting = asyncio.create_task(Browser(proxy).get(await page_of(Browser(proxy))))
        live = live_of(proxy)
        await until(lambda: live.viewers)
        live.close()
        seen = await waiting

        assert (seen.status, b"data:" in seen.body) == (200, False)
        assert (await Browser(proxy).get("/dashboard/live?page=/dashboard")).status == 503


async def test_more_than_so_many_are_told_to_come_back(home: Path) -> None:
    async with running(home) as proxy:
        browser = Browser(proxy)
        address = await page_of(browser)
        waiting = [asyncio.create_task(browser.get(address)) for _ in range(MOST_VIEWERS)]
        await until(lambda: len(live_of(proxy).viewers) == MOST_VIEWERS)
        seen = await browser.get(address)
        live_of(proxy).close()
        await asyncio.gather(*waiting)

        assert (seen.status, "retry-after" in seen.headers) == (503, True)


async def test_a_login_that_ends_meanwhile_is_told_nothing(home: Path) -> None:
    set_password(home)
    async with running(home) as proxy:
        browser = Browser(proxy)
        await browser.log_in()
        token = browser.cookie
        waiting = asyncio.create_task(browser.get(await page_of(browser)))
        await until(lambda: live_of(proxy).viewers)
        await browser.post("/dashboard/logout")
        with closing(open_store(home)) as db:
            add(db, opened_at=time.time())

        assert ((await waiting).status, (await waiting).code) == (401, "login_required")
        browser.cookie = token
        assert (await browser.get("/dashboard/live?page=/dashboard", accept="text/event-stream")).status == 401


@pytest.mark.parametrize("page", ["", "/dashboard/live", "/dashboard/nothing", "/api/v1/keys", "/dashboard/login"])
async def test_what_is_no_page_is_not_watched(home: Path, page: str) -> None:
    async with running(home) as proxy:
        assert (await Browser(proxy).get(f"/dashboard/live?page={page}")).status == 404


async def test_whether_it_is_there_is_answered_at_once(home: Path) -> None:
    async with running(home) as proxy:
        seen = await Browser(proxy).get("/dashboard/live?page=/dashboard", method="HEAD")

        assert (seen.status, seen.body, live_of(proxy).viewers) == (200, b"", [])


async def test_looking_ends_when_nobody_looks_on(home: Path) -> None:
    async with running(home) as proxy:
        await Browser(proxy).get("/dashboard/live?page=/dashboard")
        looking = live_of(proxy).looking
        assert looking is not None
        async with asyncio.timeout(10):
            await looking
