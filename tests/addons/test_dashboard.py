"""The dashboard through the real proxy: who sees it, and what browsers are told."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from addons.dashboard import Dashboard
from codexlb_store.schema import open_store
from tests.addons.key_lab import a_key, bearer
from tests.addons.proxy import running
from tests.addons.web_visitor import ELSEWHERE, Browser, set_password
from tests.codexlb_store.rows import OPENING, add_exchange

HTML = ("/dashboard", "/dashboard/requests", "/dashboard/keys", "/dashboard/conversations")
PAGES = (*HTML, "/dashboard/live?page=/dashboard", "/api/v1/accounts")
TRUSTING: dict[str, Any] = {"codexlb_trusted_proxies": "127.0.0.1"}


async def test_without_a_password_it_is_for_this_machine_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        here, elsewhere = Browser(proxy), Browser(proxy, ELSEWHERE)
        for page in PAGES:
            assert (await here.get(page)).status == 200
            seen = await elsewhere.get(page)
            assert (seen.status, seen.code) == (403, "no_dashboard_password")
            assert "codexlb dashboard password" in seen.document["error"]["message"]
        assert (await here.get("/dashboard/login")).headers["location"] == "/dashboard"
        assert (await elsewhere.get("/dashboard/login")).status == 403
        assert (await elsewhere.log_in()).status == 403


async def test_with_a_password_everybody_needs_it_here_too(tmp_path: Path) -> None:
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        for browser in (Browser(proxy), Browser(proxy, ELSEWHERE)):
            seen = await browser.get("/dashboard")
            assert (seen.status, seen.headers["location"]) == (303, "/dashboard/login")
            seen = await browser.get("/api/v1/accounts", accept="application/json")
            assert (seen.status, seen.code) == (401, "login_required")
            page = await browser.get("/dashboard/login")
            assert (page.status, b'type="password"' in page.body) == (200, True)

            seen = await browser.log_in()
            assert (seen.status, seen.headers["location"], seen.body) == (303, "/dashboard", b"")
            for path in (*PAGES, "/metrics", "/dashboard/login"):
                assert (await browser.get(path)).status == 200


async def test_a_proxy_that_is_trusted_says_who_is_here(tmp_path: Path) -> None:
    async with running(tmp_path, **TRUSTING) as proxy:
        assert (await Browser(proxy, "127.0.0.1").get("/dashboard")).status == 200
        assert (await Browser(proxy, ELSEWHERE).get("/dashboard")).status == 403


@pytest.mark.parametrize("header", ["forwarded", "x_real_ip", "via", "x_forwarded_host"])
async def test_a_proxy_that_nobody_told_us_of_makes_nobody_local(tmp_path: Path, header: str) -> None:
    async with running(tmp_path) as proxy:
        assert (await Browser(proxy).get("/dashboard", **{header: "127.0.0.1"})).status == 403
        assert (await Browser(proxy).get("/metrics", **{header: "127.0.0.1"})).status == 401


async def test_a_client_key_opens_no_dashboard(tmp_path: Path) -> None:
    plain = a_key(tmp_path)
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        for browser in (Browser(proxy), Browser(proxy, ELSEWHERE)):
            assert (await browser.get("/api/v1/keys", accept="*/*", **bearer(plain))).status == 401
            assert (await browser.get("/dashboard", **bearer(plain))).status == 303
            assert (await browser.get("/metrics", **bearer(plain))).status == 200


async def test_a_login_is_no_client_key(tmp_path: Path) -> None:
    a_key(tmp_path)
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        browser = Browser(proxy)
        await browser.log_in()

        for path in ("/v1/usage", "/backend-api/codex/models"):
            assert (await browser.get(path)).status == 401
        assert proxy.upstream.connections == 0


async def test_assets_are_served_to_the_login_page_and_not_sent_twice(tmp_path: Path) -> None:
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        browser = Browser(proxy, ELSEWHERE)
        seen = await browser.get("/dashboard/assets/dashboard.css")
        assert (seen.status, seen.headers["content-type"]) == (200, "text/css; charset=utf-8")
        again = await browser.get("/dashboard/assets/dashboard.css", if_none_match=seen.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        for name in ("none.css", "login.html", "__init__.py"):
            assert (await browser.get(f"/dashboard/assets/{name}")).status == 404


async def test_pages_hold_nothing_that_the_policy_forbids(tmp_path: Path) -> None:
    set_password(tmp_path)
    with closing(open_store(tmp_path)) as db:
        add_exchange(db, replace(OPENING, id="f" * 32, opened_at=time.time()))
    async with running(tmp_path) as proxy:
        browser = Browser(proxy)
        login = await browser.get("/dashboard/login")
        await browser.log_in()
        pages = [await browser.get(path) for path in (*HTML, "/dashboard/requests/ffff")]
        for seen in (login, *pages):
            assert "default-src 'none'" in seen.headers["content-security-policy"]
            assert seen.headers["cache-control"] == "no-store"
            page = seen.body.decode()
            assert not any(forbidden in page for forbidden in ("<style", " style=", "<script>", " onclick", "://"))
        assert all(b"/dashboard/logout" in seen.body for seen in pages)


async def test_what_a_browser_cannot_be_shown_is_said_on_a_page(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        browser = Browser(proxy)
        assert (await browser.get("/dashboard/requests/" + "0" * 32)).status == 404
        assert (await browser.get("/dashboard/requests?since=someday")).status == 400
        assert (await browser.get("/dashboard/requests?" + "&".join(f"p{n}=1" for n in range(99)))).status == 200
        reader = next(addon.reader for addon in proxy.chain.addons if isinstance(addon, Dashboard))
        reader.close()
        seen = await browser.get("/dashboard")
        assert (seen.status, seen.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert b"Too many ask for this at once" in seen.body
        assert (await browser.get("/dashboard", accept="*/*")).code == "busy"


async def test_a_host_that_is_not_ours_gets_no_page(tmp_path: Path) -> None:
    """A web page can point its own name at this machine (DNS rebinding)."""
    async with running(tmp_path) as proxy:
        for path in (*PAGES, "/metrics", "/dashboard/login"):
            seen = await Browser(proxy).get(path, host="evil.example")
            assert (seen.status, seen.code) == (400, "unknown_host")


async def test_pages_need_no_account_and_leave_no_row(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        browser = Browser(proxy)
        for path in ("/dashboard", "/metrics", "/health/ready", "/api/v1/usage"):
            await browser.get(path)
        rows = (await browser.get("/api/v1/requests")).document["requests"]
        assert (rows, proxy.upstream.connections) == ([], 0)
