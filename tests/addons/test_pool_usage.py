"""The page on which Codex reads how much is used: it tells of the pool, to whoever may send turns, and names nobody."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from codexlb_store.accounts import AccountStatus, account_id, load_accounts, set_state
from codexlb_store.exchanges import requests
from codexlb_store.schema import open_store
from codexlb_store.windows import Window, save_windows
from tests.addons.key_lab import a_key, bearer
from tests.addons.proxy import Proxy, jwt, running, store_with

A, B = account_id("user-a", "acct-a"), account_id("user-b", "acct-b")
PATHS = ("/backend-api/wham/usage", "/api/codex/usage", "/backend-api/codex/usage", "/backend-api/codex/wham/usage")
CHATGPT = bearer(jwt({"email": "client@example.com"})) | {"chatgpt_account_id": "acct-client"}
"""What a Codex with a ChatGPT login shows."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two accounts: 20 and 60 % of their five hours, 40 and 60 % of their week."""
    now = time.time()
    used = [(A, 300, 20, 900), (A, 10_080, 40, 90_000), (B, 300, 60, 600), (B, 10_080, 60, 9000)]
    with closing(store_with(tmp_path, "a", "b")) as db:
        save_windows(
            db, [Window(one, minutes, float(percent), now + wait, now) for one, minutes, percent, wait in used]
        )
    return tmp_path


async def page(proxy: Proxy, path: str = PATHS[0], **headers: str) -> Any:
    status, body = await proxy.ask("GET", path, b"", **headers)
    assert status == 200, body
    return json.loads(body)


def figures(page: Any) -> list[tuple[int, int]]:
    """Percent and seconds of each window."""
    windows = (page["rate_limit"][name] for name in ("primary_window", "secondary_window"))
    return [(window["used_percent"], window["limit_window_seconds"]) for window in windows if window]


@pytest.mark.parametrize("shown", [{}, CHATGPT], ids=["nothing", "ChatGPT login"])
@pytest.mark.parametrize("path", PATHS)
async def test_it_tells_of_the_pool(home: Path, path: str, shown: dict[str, str]) -> None:
    async with running(home) as proxy:
        found = await page(proxy, path, **shown)

    assert figures(found) == [(40, 18_000), (50, 604_800)]
    assert (found["plan_type"], found["rate_limit"]["allowed"]) == ("plus", True)
    assert 590 < found["rate_limit"]["primary_window"]["reset_after_seconds"] <= 600


async def test_it_is_no_exchange_and_nobody_else_is_asked(home: Path) -> None:
    async with running(home) as proxy:
        for path in PATHS:
            await page(proxy, path, **CHATGPT)

        assert proxy.upstream.connections == 0
    with closing(open_store(home)) as db:
        assert requests(db, 9) == []


@pytest.mark.parametrize("path", [*PATHS, "/backend-api/codex/v1/usage"])
async def test_no_account_is_named(home: Path, path: str) -> None:
    async with running(home) as proxy:
        _, body = await proxy.ask("GET", path, b"")

    with closing(open_store(home)) as db:
        accounts = load_accounts(db)
    for account in accounts:
        for word in (account.id, account.email, account.user_id, account.chatgpt_account_id):
            assert word.encode() not in body


async def test_where_keys_are_asked_for_one_is_needed_and_tells_of_its_accounts(home: Path) -> None:
    whole, bound = a_key(home, "whole"), a_key(home, "bound", accounts=(B,))
    async with running(home) as proxy:
        assert figures(await page(proxy, **bearer(whole))) == [(40, 18_000), (50, 604_800)]
        assert figures(await page(proxy, **bearer(bound))) == [(60, 18_000), (60, 604_800)]
        refused = [await proxy.ask("GET", PATHS[0], b"", **shown) for shown in ({}, CHATGPT, bearer("sk-clb-x"))]
        assert [status for status, _ in refused] == [401, 401, 401]
        assert b"used_percent" not in b"".join(body for _, body in refused)


async def test_this_machine_needs_no_key_where_none_is_asked_of_it(home: Path) -> None:
    a_key(home)
    async with running(home, codexlb_auth="local") as proxy:
        assert figures(await page(proxy, **CHATGPT)) == [(40, 18_000), (50, 604_800)]


async def test_a_pool_that_is_used_up_says_so(home: Path) -> None:
    now = time.time()
    with closing(open_store(home)) as db:
        save_windows(db, [Window(A, 300, 100.0, now + 900, now)])
        set_state(db, B, AccountStatus.PAUSED, None)
    async with running(home) as proxy:
        found = await page(proxy)

    assert (found["rate_limit"]["allowed"], found["rate_limit"]["limit_reached"]) == (False, True)
    assert figures(found) == [(100, 18_000), (40, 604_800)]


async def test_a_pool_without_accounts_has_a_page_too(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        found = await page(proxy)

    assert (figures(found), found["plan_type"], found["rate_limit"]["allowed"]) == ([], "unknown", False)


async def test_nobody_writes_there(home: Path) -> None:
    async with running(home) as proxy:
        assert (await proxy.ask("POST", PATHS[0]))[0] == 405
