"""/api/v1 through the real proxy: the ledger's own figures as JSON, and clear answers to wrong questions."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from addons.api_questions import QUESTIONS
from codexlb_store.accounts import account_id
from codexlb_store.exchanges import requests
from codexlb_store.limit_texts import parse_limit
from codexlb_store.projects import name_project
from codexlb_store.schema import open_store
from tests.addons.key_lab import TURN, a_key, bearer, key_named
from tests.addons.proxy import Proxy, auth_json, running, store_with
from tests.addons.waiting import until
from tests.addons.web_visitor import ELSEWHERE, Browser

A = account_id("user-a", "acct-a")
LIMIT = "1M-tokens/day"


async def ask(proxy: Proxy, path: str) -> Any:
    seen = await Browser(proxy).get(f"/api/v1/{path}")
    assert seen.status == 200, seen.body
    assert seen.headers["cache-control"] == "no-store"
    assert seen.document["version"] == 1
    return seen.document


async def refused(proxy: Proxy, path: str) -> str:
    """The sentence that says what is wrong with a question."""
    seen = await Browser(proxy).get(f"/api/v1/{path}")
    assert (seen.status, seen.code) == (400, "invalid_parameter"), seen.body
    return str(seen.document["error"]["message"])


async def served(home: Path, proxy: Proxy, *keys: str) -> None:
    """A turn for each of these keys; all of them are written down then."""
    for plain in keys:
        assert (await proxy.ask(body=TURN, session_id="s1", thread_id="t1", **bearer(plain)))[0] == 200
    with closing(open_store(home)) as db:
        await until(lambda: len([row for row in requests(db, 99) if row.outcome]) == len(keys))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with the account a and the keys team and other."""
    store_with(tmp_path, "a").close()
    return tmp_path


async def test_what_was_used_in_groups_with_their_names(home: Path) -> None:
    team, other = a_key(home, "team"), a_key(home, "other")
    async with running(home) as proxy:
        await served(home, proxy, team, team, other)
        total = await ask(proxy, "usage")
        groups = await ask(proxy, "usage?by=account,key&since=1d")
        only = await ask(proxy, "usage?key=other&account=a@example.com&model=gpt-*")
        none = await ask(proxy, "usage?until=2020-01-01&tz=Europe/Berlin")

    (row,) = total["rows"]
    assert (row["requests"], row["input_tokens"], row["cached_tokens"], row["output_tokens"]) == (3, 300, 120, 60)
    assert groups["by"] == ["account", "key"]
    assert [(row["account"], row["account_name"], row["key_name"], row["requests"]) for row in groups["rows"]] == [
        (A, "a@example.com", "team", 2), (A, "a@example.com", "other", 1)
    ]  # fmt: skip
    assert only["rows"][0]["requests"] == 1
    assert (none["rows"][0]["requests"], none["rows"][0]["input_tokens"]) == (0, None)


async def test_days_are_those_of_the_zone(home: Path) -> None:
    team = a_key(home)
    async with running(home) as proxy:
        await served(home, proxy, team)
        days = [
            (await ask(proxy, f"usage?by=day&tz={zone}"))["rows"][0]["day"]
            for zone in ("Pacific/Kiritimati", "Etc/GMT%2B12")
        ]
    assert days[0] > days[1], "26 hours apart"


async def test_requests_page_by_page_with_their_attempts(home: Path) -> None:
    team = a_key(home)
    async with running(home) as proxy:
        await served(home, proxy, team, team, team)
        first = await ask(proxy, "requests?limit=2")
        second = await ask(proxy, f"requests?limit=2&before={first['next_before']}")
        failed = await ask(proxy, "requests?outcome=failed")

    assert [len(page["requests"]) for page in (first, second, failed)] == [2, 1, 0]
    assert (second["next_before"], failed["next_before"]) == (None, None)
    opened = [row["opened_at"] for page in (first, second) for row in page["requests"]]
    assert opened == sorted(opened, reverse=True)
    row = second["requests"][0]
    assert (row["outcome"], row["model"], row["session"], row["thread"]) == ("completed", "gpt-5.5", "s1", "t1")
    assert (row["account"], row["account_name"], row["key_name"]) == (A, "a@example.com", "team")
    (attempt,) = row["attempts"]
    assert (attempt["account"], attempt["failure"], attempt["status"], attempt["input_tokens"]) == (A, None, 200, 100)


async def test_one_request_is_explained(home: Path) -> None:
    team = a_key(home)
    async with running(home) as proxy:
        await served(home, proxy, team)
        (row,) = (await ask(proxy, "requests"))["requests"]
        await until_explained(home, row["id"])
        found = (await ask(proxy, f"requests/{row['id'][:12]}"))["request"]
        missing = await Browser(proxy).get("/api/v1/requests/ffff0000ffff")

    assert {name: found[name] for name in row} == row
    (choice,) = found["choices"]
    assert (choice["account"], choice["account_name"]) == (A, "a@example.com")
    assert [candidate["account"] for candidate in choice["candidates"]] == [A]
    assert (missing.status, missing.code) == (404, "not_found")


async def until_explained(home: Path, exchange_id: str) -> None:
    with closing(open_store(home)) as db:
        await until(lambda: db.execute("SELECT 1 FROM choices WHERE exchange_id = ?", (exchange_id,)).fetchone())


async def test_accounts_keys_conversations_and_anomalies(home: Path) -> None:
    team = a_key(home, "team", limits=(parse_limit(LIMIT),))
    async with running(home) as proxy:
        await served(home, proxy, team, team)
        (account,) = (await ask(proxy, "accounts"))["accounts"]
        (key,) = (await ask(proxy, "keys"))["keys"]
        (conversation,) = (await ask(proxy, "conversations"))["conversations"]
        anomalies = (await ask(proxy, "anomalies"))["anomalies"]

    assert (account["id"], account["status"], account["until"], account["windows"]) == (A, "active", None, [])
    assert (key["name"], key["status"], key["limits"][0]["limit"], key["limits"][0]["used"]) == (
        "team", "active", LIMIT, 240
    )  # fmt: skip
    assert (conversation["thread"], conversation["requests"], conversation["models"]) == ("t1", 2, ["gpt-5.5"])
    assert conversation["accounts"] == [{"account": A, "account_name": "a@example.com"}]
    assert (anomalies["requests"], anomalies["failovers"], anomalies["unpriced_models"]) == (2, 0, [])


async def test_no_secret_is_told(home: Path) -> None:
    team = a_key(home, "team")
    async with running(home) as proxy:
        await served(home, proxy, team)
        pages = [(await Browser(proxy).get(f"/api/v1/{name}")).body.decode() for name in QUESTIONS]

    secrets = (team, "rt-a", auth_json("a").split('"access_token": "')[1][:40])
    assert [secret for secret in secrets for page in pages if secret in page] == []


WRONG = {
    "no such parameter": ("usage?colour=red", "There is no parameter 'colour'"),
    "a parameter for another page": ("accounts?limit=1", "this page takes none"),
    "parameters of one request": ("requests/abcd?limit=1", "this page takes none"),
    "no such dimension": ("usage?by=mood", "by is 'mood': give one of hour, day"),
    "three dimensions": ("usage?by=day,model,key", "at most 2 different dimensions"),
    "a dimension twice": ("usage?by=day,day", "at most 2 different dimensions"),
    "no time": ("usage?since=soon", "since is 'soon'"),
    "no time left": ("anomalies?since=1d&until=2d", "since 1d is not before until 2d"),
    "no such account": ("usage?account=zoe", "There is no account 'zoe': give one of a@example.com."),
    "no such key": ("usage?key=zoe", "There is no key 'zoe'"),
    "no such project": ("usage?project=zoe", "There is no project 'zoe'"),
    "no zone": ("usage?tz=Mars", "tz is 'Mars'"),
    "too many": ("requests?limit=501", "from 1 to 500"),
    "no outcome": ("requests?outcome=fine", "outcome is 'fine': give one of completed"),
    "too many conversations": ("conversations?limit=1000", "from 1 to 200"),
}


@pytest.mark.parametrize(("path", "message"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_question_is_answered_with_one_sentence(home: Path, path: str, message: str) -> None:
    async with running(home) as proxy:
        said = await refused(proxy, path)

    assert message in said
    assert said.endswith(".")


async def test_what_was_removed_is_found_by_its_id_and_projects_by_their_names(home: Path) -> None:
    with closing(open_store(home)) as db, db.atomic():
        name_project(db, "0123456789ab", "Website")
    async with running(home) as proxy:
        for path in ("usage?account=0123456789ab", "usage?key=0123456789ab", "usage?project=website"):
            assert (await ask(proxy, path))["rows"][0]["requests"] == 0


async def test_a_key_is_named_by_its_id_too(home: Path) -> None:
    a_key(home, "team")
    async with running(home) as proxy:
        assert (await ask(proxy, f"usage?key={key_named(home, 'team').id}"))["rows"][0]["requests"] == 0


async def test_it_is_the_dashboards_not_for_client_keys(home: Path) -> None:
    plain = a_key(home)
    async with running(home) as proxy:
        for name in QUESTIONS:
            seen = await Browser(proxy, ELSEWHERE).get(f"/api/v1/{name}", **bearer(plain))
            assert seen.status == 403
