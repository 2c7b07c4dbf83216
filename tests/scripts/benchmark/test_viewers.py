"""Those who look on at a proxy, before a server that is none of ours; before a real one they are in test_command."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from scripts.benchmark.viewers import live_address, look_on

PAGE = '<p id="state" data-live="/dashboard/live?page=%2Fdashboard&amp;since=1" data-version="1.2">'


def test_a_page_says_where_it_asks_for_what_has_changed() -> None:
    assert live_address(PAGE) == "/dashboard/live?page=%2Fdashboard&since=1"


def test_a_page_that_stays_as_it_is_shows_nothing_worth_measuring() -> None:
    with pytest.raises(LookupError, match="up to date"):
        live_address("<p>404</p>")


async def test_who_sees_nothing_leaves() -> None:
    """There is no dashboard, and nothing to count."""
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        with pytest.raises(ExceptionGroup) as found:
            await look_on(runner.addresses[0][1])
    finally:
        await runner.cleanup()

    assert found.value.subgroup(aiohttp.ClientResponseError)
