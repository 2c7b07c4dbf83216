"""Logging in to the dashboard and out of it, through the real proxy."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http

from addons.browser_sessions import SESSION_SECONDS
from addons.dashboard import Dashboard
from addons.exchange import Visitor
from addons.login_desk import MOST_FORM_BYTES, MOST_TRIES
from addons.store_keeper import StoreKeeper
from addons.wire.peers import Source
from addons.wire.routes import Route
from tests.addons.key_lab import a_key
from tests.addons.proxy import Proxy, running
from tests.addons.samples import a_flow, an_exchange
from tests.addons.web_visitor import ELSEWHERE, PASSWORD, Browser, set_password

TRUSTING: dict[str, Any] = {"codexlb_trusted_proxies": "127.0.0.1"}


def keeper_of(proxy: Proxy) -> StoreKeeper:
    return next(addon for addon in proxy.chain.addons if isinstance(addon, StoreKeeper))


async def test_the_cookie_is_long_and_out_of_reach_of_scripts_and_other_sites(tmp_path: Path) -> None:
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        cookie = (await Browser(proxy).log_in()).headers["set-cookie"]
        name, *rest = cookie.split("; ")

        assert len(name.removeprefix("codexlb_session=")) >= 43
        assert rest == ["HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={SESSION_SECONDS}"]


async def test_behind_a_trusted_proxy_with_tls_the_cookie_is_for_tls_alone(tmp_path: Path) -> None:
    set_password(tmp_path)
    async with running(tmp_path, **TRUSTING) as proxy:
        body = f"password={PASSWORD.replace(' ', '+')}".encode()
        headers = {"origin": f"https://127.0.0.1:{proxy.port}", "x-forwarded-proto": "https"}
        seen = await Browser(proxy, ELSEWHERE).send("POST", "/dashboard/login", body, headers)

        assert seen.status == 303
        assert seen.headers["set-cookie"].endswith("; Secure")


async def test_a_wrong_password_is_told_and_sets_no_cookie(tmp_path: Path) -> None:
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        for wrong in (PASSWORD + "x", PASSWORD.upper(), ""):
            seen = await Browser(proxy).log_in(wrong)
            assert (seen.status, "set-cookie" in seen.headers) == (403, False)
            assert b"That is not the password." in seen.body
        for cookie in ("codexlb_session=", "codexlb_session=x", "codexlb_session=" + "A" * 43):
            assert (await Browser(proxy, cookie=cookie).get("/dashboard")).status == 303


async def test_who_tries_too_often_is_told_when_to_come_back_and_others_are_not(tmp_path: Path) -> None:
    set_password(tmp_path)
    async with running(tmp_path, **TRUSTING) as proxy:
        browser = Browser(proxy, ELSEWHERE)
        assert [(await browser.log_in("wrong one")).status for _ in range(MOST_TRIES)] == [403] * MOST_TRIES
        seen = await browser.log_in()
        assert (seen.status, 1 <= int(seen.headers["retry-after"]) <= 60) == (429, True)
        assert b"Too many tries" in seen.body

        assert (await Browser(proxy, "198.51.100.7").log_in()).status == 303


async def test_logging_out_ends_this_login_on_the_server_too(tmp_path: Path) -> None:
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        browser, other = Browser(proxy), Browser(proxy)
        await browser.log_in()
        await other.log_in()
        token = browser.cookie
        assert b"/dashboard/logout" in (await browser.get("/dashboard")).body

        seen = await browser.post("/dashboard/logout")
        assert (seen.status, seen.headers["location"]) == (303, "/dashboard/login")
        assert "Max-Age=0" in seen.headers["set-cookie"]
        assert (await Browser(proxy, cookie=token).get("/dashboard")).status == 303
        assert (await other.get("/dashboard")).status == 200


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1"])
async def test_forms_are_taken_from_our_own_pages_only(tmp_path: Path, origin: str | None) -> None:
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        browser = Browser(proxy)
        await browser.log_in()
        for path in ("/dashboard/login", "/dashboard/logout"):
            seen = await browser.post(path, origin, password=PASSWORD)
            assert (seen.status, seen.code) == (403, "cross_site")
        assert (await browser.get("/dashboard")).status == 200, "still logged in"


@pytest.mark.parametrize(
    "head", [f"content-length: {MOST_FORM_BYTES + 1}", "transfer-encoding: chunked"], ids=["long", "no length"]
)
async def test_a_large_form_is_turned_away_by_its_head(tmp_path: Path, head: str) -> None:
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        answer = await proxy.send(
            f"POST /dashboard/login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}\r\n\r\n".encode()
            + b"0\r\n\r\n".ljust(MOST_FORM_BYTES + 1)
        )
        assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_large_form_without_a_length_is_not_taken_apart(tmp_path: Path) -> None:
    """In HTTP/2 the length of a body need not be told."""
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        [dashboard] = [addon for addon in proxy.chain.addons if isinstance(addon, Dashboard)]
        flow = a_flow(path="/dashboard/login", body=b"password=".ljust(MOST_FORM_BYTES + 1, b"a"))
        visitor = Visitor(Source("127.0.0.1", is_local=True), True, False, True, None)
        dashboard.exchanges[flow] = an_exchange(route=Route.LOGIN, visitor=visitor)
        dashboard.requestheaders(flow)
        assert flow.response is None
        await dashboard.request(flow)
        assert flow.response and flow.response.status_code == 413
        assert flow.request.raw_content is None


async def set_while_running(proxy: Proxy, password: str | None, now: float) -> None:
    """Change the password as the command does, and wait until the proxy has noticed."""
    sessions = keeper_of(proxy).sessions
    await asyncio.to_thread(set_password, proxy.home, password, now)
    deadline = time.monotonic() + 5
    while (sessions.password.set_at if sessions.password else None) != (now if password else None):
        assert time.monotonic() < deadline, "the running proxy did not notice"
        await asyncio.sleep(0.01)


async def test_a_running_proxy_takes_over_a_password_and_a_change_ends_every_login(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        browser = Browser(proxy)
        assert (await browser.get("/dashboard")).status == 200

        await set_while_running(proxy, PASSWORD, 1.0)
        assert (await browser.get("/dashboard")).status == 303
        await browser.log_in()
        assert (await browser.get("/dashboard")).status == 200

        await set_while_running(proxy, "another password", 2.0)
        assert (await browser.get("/dashboard")).status == 303
        assert (await browser.log_in()).status == 403
        assert (await browser.log_in("another password")).status == 303

        await set_while_running(proxy, None, 3.0)
        assert (await browser.get("/dashboard")).status == 200
        assert (await Browser(proxy, ELSEWHERE, browser.cookie).get("/dashboard")).status == 403


async def test_what_else_is_written_to_the_store_ends_no_login(tmp_path: Path) -> None:
    set_password(tmp_path)
    async with running(tmp_path) as proxy:
        browser = Browser(proxy)
        await browser.log_in()
        a_key(tmp_path)
        deadline = time.monotonic() + 5
        while not keeper_of(proxy).keyring.has_keys:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        assert (await browser.get("/dashboard")).status == 200


async def test_neither_password_nor_cookie_is_in_what_is_saved_of_the_traffic(tmp_path: Path) -> None:
    """What a flow holds is what mitmweb shows and `serve -w` writes."""

    class Onlooker:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def request(self, flow: http.HTTPFlow) -> None:
            self.seen.append(repr(flow.get_state()))

        def response(self, flow: http.HTTPFlow) -> None:
            self.seen.append(repr(flow.get_state()))

    set_password(tmp_path)
    onlooker = Onlooker()
    async with running(tmp_path, tamper=lambda chain: chain.addons.append(onlooker)) as proxy:
        browser = Browser(proxy)
        for password in ("a wrong guess", PASSWORD):
            await browser.log_in(password)
        assert (await browser.get("/dashboard")).status == 200
        token = (browser.cookie or "").partition("=")[2]

    shown = "".join(onlooker.seen)
    assert len(onlooker.seen) == 6
    assert len(token) >= 43
    assert [secret for secret in (token, "correct", "guess") if secret in shown] == []
