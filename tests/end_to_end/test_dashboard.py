"""The dashboard in a real browser, shown by a real proxy before the simulated upstream: live, and behind a password."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from scripts.codex_session import CodexSession
from tests.conftest import StartProxy
from tests.end_to_end.browser import Tab, browsing
from tests.processes import ProxyProcess, command

pytestmark = pytest.mark.chromium

PASSWORD = "correct horse battery"

PAGES = ("/dashboard", "/dashboard/requests", "/dashboard/keys", "/dashboard/conversations")

PHONE = (390, 844)
DESK = (1280, 900)

TODAY = "document.querySelector('#usage tbody td').textContent"
"""The number of today's requests."""


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    """A browser's page; nothing may have been wrong with anything it showed."""
    async with browsing(tmp_path / "profile") as page:
        yield page
        assert page.complaints == []


async def turn(proxy: ProxyProcess, model: str = "gpt-5.5") -> None:
    """One turn of a client through the proxy."""
    async with aiohttp.ClientSession() as client:
        await CodexSession(model, is_compressed=False).take_turn(client, proxy.origin, "What is new?")


async def newest(proxy: ProxyProcess) -> str:
    """The address of the newest request's page, as soon as it is written down."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(10):
        while True:
            async with client.get(f"{proxy.origin}/api/v1/requests?limit=1&outcome=completed") as answer:
                if rows := (await answer.json())["requests"]:
                    return f"{proxy.origin}/dashboard/requests/{rows[0]['id']}"


async def test_figures_change_while_one_looks_on_and_nothing_is_lost(
    accounts: list[Path], proxy: StartProxy, tab: Tab
) -> None:
    running = proxy()
    await tab.look(1280, 500)
    await tab.open(f"{running.origin}/dashboard")
    assert await tab.ask(TODAY) == "0"
    await tab.ask("window.loaded = 'once'; document.querySelector('.choice a').focus(); scrollTo(0, 120)")
    await turn(running)

    await tab.until(f"{TODAY} == '1' && document.querySelector('#usage').textContent.includes('1 completed')")
    assert await tab.ask("window.loaded") == "once", "without loading the page again"
    assert await tab.ask("document.activeElement.textContent") == "24h"
    assert await tab.ask("scrollY") == 120
    assert await tab.ask("document.getElementById('state').textContent") == "live"


async def test_the_log_takes_in_what_comes_and_leaves_what_one_types(
    accounts: list[Path], proxy: StartProxy, tab: Tab
) -> None:
    running = proxy()
    await turn(running)
    await tab.open(f"{running.origin}/dashboard/requests")
    await tab.until("document.querySelectorAll('.log tbody tr').length == 1")
    await tab.ask(
        "window.row = document.querySelector('.log tbody tr'); document.querySelector('[name=model]').value = 'o3'"
    )
    await turn(running, "gpt-5.4-mini")

    await tab.until("document.querySelectorAll('.log tbody tr').length == 2")
    assert await tab.ask("document.querySelectorAll('.log tbody tr')[1] === window.row"), "a row stays the row it is"
    assert await tab.ask("document.querySelector('[name=model]').value") == "o3"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_a_phone_and_follows_the_colour_scheme(
    accounts: list[Path], proxy: StartProxy, tab: Tab, scheme: str
) -> None:
    running = proxy()
    await turn(running)
    for address in (*(f"{running.origin}{path}" for path in PAGES), await newest(running)):
        for width, height in (PHONE, DESK):
            await tab.look(width, height, scheme, is_phone=width < 500)
            await tab.open(address)
            assert await tab.ask("document.documentElement.scrollWidth <= innerWidth"), (address, width)
            assert await tab.ask("document.querySelector('main h1').textContent.length > 0")
            ground = await tab.ask("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
            assert (ground > 128) == (scheme == "light")


async def test_a_proxy_that_goes_is_missed_and_one_that_comes_back_is_found(
    accounts: list[Path], proxy: StartProxy, tab: Tab, tmp_path: Path
) -> None:
    running = proxy()
    await tab.open(f"{running.origin}/dashboard")
    await tab.until("document.getElementById('state').textContent == 'live'")
    running.stop()
    await tab.until("document.getElementById('state').textContent.startsWith('offline since ')")
    with ProxyProcess(running.arguments, running.port, tmp_path / "again.log") as again:
        await tab.until("document.getElementById('state').textContent == 'live'")
        await turn(again)
        await tab.until(f"{TODAY} == '1'")
        await tab.open("about:blank")
    tab.complaints.clear()  # the browser itself tells of connections that were refused


async def test_with_a_password_one_logs_in_and_out(accounts: list[Path], proxy: StartProxy, tab: Tab) -> None:
    line = [command("codexlb"), "dashboard", "password", "--stdin"]
    await asyncio.to_thread(subprocess.run, line, input=PASSWORD.encode(), check=True, capture_output=True)
    running = proxy()
    await tab.open(f"{running.origin}/dashboard")
    await tab.until("location.pathname == '/dashboard/login'")
    await submit(tab, "not the password")
    await tab.until("document.querySelector('[role=alert]')?.textContent == 'That is not the password.'")
    tab.complaints.clear()  # the browser itself tells of the 403
    await submit(tab, PASSWORD)
    await tab.until("location.pathname == '/dashboard' && document.getElementById('state').textContent == 'live'")
    assert await tab.ask("document.cookie") == ""

    await tab.ask("document.querySelector('header form button').click()")
    await tab.until("location.pathname == '/dashboard/login'")
    await tab.open(f"{running.origin}/dashboard/keys")
    await tab.until("location.pathname == '/dashboard/login'")
    tab.complaints[:] = [said for said in tab.complaints if "401" not in said]  # who asks for news then is told so


async def submit(tab: Tab, password: str) -> None:
    """Type it and send it."""
    typed = f"document.getElementById('password').value = {json.dumps(password)}"
    await tab.ask(f"{typed}; document.querySelector('main form button').click()")
