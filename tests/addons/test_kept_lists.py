"""The list of models through the real proxy: the upstream's while it gives one, the last good one while it does not."""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from addons.model_list import KEPT
from codexlb_store.accounts import AccountStatus, load_accounts, remove_account, set_state
from codexlb_store.exchanges import requests
from codexlb_store.model_lists import KeptList, load_lists
from codexlb_store.schema import open_store
from codexlb_store.windows import Window, save_windows
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.models import catalog, etag
from scripts.simulator.server import Simulator
from tests.addons.dead_hosts import HANGING, mute
from tests.addons.key_lab import a_key, bearer
from tests.addons.polling import account_id, pool_of
from tests.addons.proxy import Proxy, running
from tests.addons.raw_client import connected
from tests.addons.samples import import_logins
from tests.addons.test_fail_closed import STEPS, break_step
from tests.addons.waiting import until

MODELS = "/backend-api/codex/models"
VERSION = "?client_version=0.169.0"
MAY, PRO = "may@example.com", "bob@example.com"

h2: Any = importlib.import_module("h2.connection")
h2_events: Any = importlib.import_module("h2.events")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def slugs(self) -> list[str]:
        return [model["slug"] for model in json.loads(self.body)["models"]]

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["error"]["code"])


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="may:free,bob:pro,ann:plus") as running_one:
        yield running_one


@pytest.fixture
def home(sim: Simulator, tmp_path: Path) -> Path:
    return import_logins(tmp_path, *map(sim.auth_json, sim.world.accounts))


def before(sim: Simulator, home: Path, **options: Any) -> AbstractAsyncContextManager[Proxy]:
    """The chain with the simulator behind it, which is asked for nothing but what clients want."""
    return running(home, codexlb_upstream=sim.origin, codexlb_issuer=sim.origin, **options)


async def get(proxy: Proxy, query: str = VERSION, **headers: str) -> Told:
    """The list as a client gets it."""
    names = {"host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in names.items())
    async with connected(proxy.port) as client:
        client.send(f"GET {MODELS}{query} HTTP/1.1\r\n{head}\r\n".encode())
        return Told(*await client.answer())


def asked(sim: Simulator) -> list[str | None]:
    """Who was asked for the list, in order."""
    return [entry.account for entry in sim.log if entry.path == MODELS]


def stored(home: Path) -> list[KeptList]:
    with closing(open_store(home)) as db:
        return load_lists(db)


def rows(home: Path) -> list[tuple[Any, ...]]:
    """The ledger once the proxy has ended, oldest first."""
    with closing(open_store(home)) as db:
        found = requests(db, 99)[::-1]
    return [(row.outcome, row.status, row.error, [a.failure for a in row.attempts]) for row in found]


def breakdown(**fault: Any) -> Fault:
    return Fault(path="/models", times=None, **fault)


async def test_what_the_upstream_says_passes_as_it_is(sim: Simulator, home: Path) -> None:
    """Of the account that sees most, though its windows are full; also when a client has it already."""
    with closing(open_store(home)) as db:
        pro = next(account for account in load_accounts(db) if account.plan == "pro")
        save_windows(db, [Window(pro.id, 300, 100.0, time.time() + 600, time.time())])
    async with before(sim, home) as proxy:
        told = await get(proxy)
        again = await get(proxy, if_none_match=told.headers["etag"])
        other = await get(proxy, if_none_match='"other"')

    assert (told.status, told.body, told.headers["etag"]) == (200, catalog("pro"), etag("pro"))
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag("pro"))
    assert (other.status, other.body) == (200, catalog("pro"))
    assert "age" not in told.headers
    assert asked(sim) == ["bob"] * 3
    assert [row[:3] for row in rows(home)] == [("completed", status, None) for status in (200, 304, 200)]


DOWN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "fails": ({"status": 500}, ["http_500"] * 6),
    "is overloaded": ({"status": 503}, ["http_503"] * 3),
    "refuses all": ({"status": 403, "body": {"detail": "no"}}, ["http_403"] * 3),
    "was asked too often": ({"status": 429, "headers": {"retry-after": "900"}}, ["http_429"] * 3),
    "demands a login": ({"status": 401}, ["http_401"] * 6),
    "breaks off": ({"act": Act.RESET}, ["transport"] * 2),
    "breaks off in the head of its answer": ({"act": Act.CLOSE}, ["transport"] * 2),
    "is silent": ({"act": Act.SILENCE}, ["timeout"]),
    "breaks off in its list": ({"act": Act.CLOSE, "after_bytes": 500}, ["stream"] * 3),
    "falls silent in its list": ({"act": Act.SILENCE, "after_bytes": 500}, ["timeout"]),
}


@pytest.mark.parametrize(("fault", "failures"), DOWN.values(), ids=DOWN)
async def test_while_the_upstream_is_down_the_last_list_is_told(
    sim: Simulator, home: Path, fault: dict[str, Any], failures: list[str]
) -> None:
    async with before(sim, home) as proxy:
        first = await get(proxy)
        sim.script(breakdown(**fault))
        second = await get(proxy)

    assert (second.status, second.body) == (200, first.body)
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["content-type"] == first.headers["content-type"]
    assert int(second.headers["age"]) < 60
    _, (outcome, status, error, attempts) = rows(home)
    assert (outcome, status, error, attempts) == ("completed", 200, KEPT, failures)


async def test_it_is_told_after_a_restart_too_and_when_nothing_listens(sim: Simulator, home: Path) -> None:
    async with before(sim, home) as proxy:
        first = await get(proxy)
    async with running(home, codexlb_upstream="http://127.0.0.1:1") as proxy:
        second, of_another_version = await get(proxy), await get(proxy, "?client_version=0.105.0")

    assert (second.status, second.body, second.headers["etag"]) == (200, first.body, etag("pro"))
    assert of_another_version.body == first.body


@pytest.mark.parametrize("hanging", HANGING.values(), ids=HANGING)
async def test_it_is_told_when_a_dial_hangs(
    sim: Simulator, home: Path, hanging: Callable[[], AbstractContextManager[str]]
) -> None:
    async with before(sim, home) as proxy:
        first = await get(proxy)
    with hanging() as upstream:
        async with running(home, codexlb_upstream=upstream) as proxy:
            second = await get(proxy)

    assert (second.status, second.body) == (200, first.body)
    assert rows(home)[1] == ("completed", 200, KEPT, ["connect"])


async def test_it_is_told_when_a_refresh_hangs(sim: Simulator, home: Path) -> None:
    async with before(sim, home) as proxy:
        first = await get(proxy)
    import_logins(home, *(sim.auth_json(name, -60.0) for name in sim.world.accounts))
    with ExitStack() as hanging:
        issuer = hanging.enter_context(mute())
        async with running(home, codexlb_upstream=sim.origin, codexlb_issuer=issuer) as proxy:
            second = await get(proxy)
            pool, now = pool_of(proxy), time.time()
            assert all(pool.health.ails_until(each, None, now) is None for each in pool.accounts), (
                "turns may wait for it"
            )
            hanging.close()  # else the proxy, before it ends, waits for what the issuer may have to say

    assert (second.status, second.body) == (200, first.body)
    assert rows(home)[1] == ("completed", 200, KEPT, ["still_refreshing"])


async def test_it_is_told_when_nobody_can_be_asked(sim: Simulator, home: Path) -> None:
    """Then nothing is sent at all."""
    async with before(sim, home) as proxy:
        first = await get(proxy)
    with closing(open_store(home)) as db:
        for account in load_accounts(db):
            set_state(db, account.id, AccountStatus.PAUSED, None)
    async with before(sim, home) as proxy:
        second = await get(proxy)

    assert second.body == first.body
    assert asked(sim) == ["bob"]
    assert rows(home)[1] == ("completed", 200, KEPT, [])


async def test_a_key_is_shown_of_it_what_it_may_be_used_for(sim: Simulator, home: Path) -> None:
    bound, enforced = a_key(home, "bound", models=("gpt-5*",)), a_key(home, "enforced", enforced_model="gpt-6.1-sol")
    async with before(sim, home) as proxy:
        await get(proxy, **bearer(bound))
        sim.script(breakdown(status=500))
        found = [await get(proxy, **bearer(key)) for key in (bound, enforced)]

    assert [told.slugs for told in found] == [["gpt-5.5", "gpt-5.4-mini"], ["gpt-6.1-sol"]]
    assert [told.headers["etag"] for told in found] == [etag("pro")] * 2
    assert stored(home)[0].body == catalog("pro"), "kept is all of it"


@pytest.mark.parametrize("hook", ["responseheaders", "response"])
@pytest.mark.parametrize("step", ["Doors", "PoolHeaders", "ModelList", "Verdict", "Clearance"])
async def test_a_step_that_raises_shows_nothing_of_it_that_the_key_may_not_be_used_for(
    sim: Simulator, home: Path, step: str, hook: str
) -> None:
    """Behind the list's filter it may be shown, before it there is an error in its place; the steps are the first and
    the last, the filter itself and those beside it."""
    bound = a_key(home, models=("gpt-5.5",))
    async with before(sim, home) as proxy:
        await get(proxy, **bearer(bound))
    sim.script(breakdown(status=500))
    async with before(sim, home, tamper=break_step(step, hook)) as proxy:
        told = await get(proxy, **bearer(bound))

    if hook == "response" and STEPS.index(step) > STEPS.index("ModelList"):
        assert told.slugs == ["gpt-5.5"]
    elif told.status != 200:
        assert (told.status, told.code) == (502, "unreadable_models")
    assert b"gpt-6.1-sol" not in told.body


async def test_a_key_is_shown_what_its_own_accounts_saw(sim: Simulator, home: Path) -> None:
    with closing(open_store(home)) as db:
        ids = {account.plan: account.id for account in load_accounts(db)}
    of_free, of_gone = a_key(home, "free", accounts=(ids["free"],)), a_key(home, "gone", accounts=("0" * 12,))
    of_plus = a_key(home, "plus", accounts=(ids["plus"],))
    async with before(sim, home) as proxy:
        fresh, gone = await get(proxy, **bearer(of_free)), await get(proxy, **bearer(of_gone))
        sim.script(breakdown(status=500))
        kept, none = await get(proxy, **bearer(of_free)), await get(proxy, **bearer(of_plus))
        still_gone = await get(proxy, **bearer(of_gone))

    assert fresh.body == kept.body == catalog("free")
    assert none.status == 500, "its account never said anything"
    assert (gone.status, gone.code) == (still_gone.status, still_gone.code) == (400, "no_accounts")
    assert set(asked(sim)) == {"may", "ann"}


async def test_who_is_turned_away_is_told_why_whatever_is_kept(sim: Simulator, home: Path) -> None:
    key = a_key(home)
    async with before(sim, home) as proxy:
        await get(proxy, **bearer(key))
        wrong = await get(proxy, authorization="Bearer sk-clb-wrong")
        elsewhere = await get(proxy, host="evil.example", **bearer(key))
        of_a_page = await get(proxy, origin="https://evil.example", **bearer(key))
        sim.script(Fault(path="/models", status=400, body={"error": {"code": "client_too_old", "message": "Old."}}))
        refused = await get(proxy, **bearer(key))

    assert [told.status for told in (wrong, elsewhere, of_a_page, refused)] == [401, 400, 403, 400]
    assert refused.code == "client_too_old"


NO_LISTS = {
    "no JSON": b"<html>",
    "no list": b'{"gpt-5.5":1}',
    "a list of nothing": b'{"models":[]}',
}


@pytest.mark.parametrize("body", NO_LISTS.values(), ids=NO_LISTS)
async def test_what_is_no_list_with_a_model_is_passed_on_and_not_kept(sim: Simulator, home: Path, body: bytes) -> None:
    async with before(sim, home) as proxy:
        await get(proxy)
        sim.script(Fault(path="/models", status=200, body=body.decode() if b"<" in body else json.loads(body)))
        odd = await get(proxy)
        sim.script(breakdown(status=500))
        kept = await get(proxy)

    assert odd.body == body
    assert kept.body == catalog("pro")


async def test_what_answers_another_question_is_not_kept(sim: Simulator, home: Path) -> None:
    async with before(sim, home) as proxy:
        assert (await get(proxy, f"{VERSION}&limit=1")).status == 200
    assert stored(home) == []


async def test_what_is_called_a_part_of_a_list_is_not_kept(sim: Simulator, home: Path) -> None:
    sim.script(Fault(path="/models", status=206, body=json.loads(catalog("pro"))))
    async with before(sim, home) as proxy:
        assert (await get(proxy)).status == 206
    assert stored(home) == []


async def test_a_list_that_is_cut_off_is_not_kept(sim: Simulator, home: Path) -> None:
    sim.script(Fault(path="/models", act=Act.CLOSE, after_bytes=500))
    async with before(sim, home) as proxy, connected(proxy.port) as client:
        client.send(f"GET {MODELS}{VERSION} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        assert b'"models"' in await client.ended()
    assert stored(home) == []


async def test_a_list_is_written_when_it_is_news(sim: Simulator, home: Path) -> None:
    async with before(sim, home) as proxy:
        for query in (VERSION, VERSION, "?client_version=0.136.0"):
            await get(proxy, query)
        (bob,) = {kept.account_id for kept in pool_of(proxy).lists.of(pool_of(proxy).accounts)}
        assert bob == account_id(proxy, PRO)

    newest, oldest = stored(home)
    assert (newest.client_version, oldest.client_version) == ("0.136.0", "0.169.0")
    assert oldest == KeptList(
        "0.169.0", bob, catalog("pro"), "application/json", etag("pro"),
        ("gpt-6.1-sol", "gpt-6.1-sol-pro", "gpt-5.5", "gpt-5.4-mini"), oldest.read_at,
    )  # fmt: skip


async def test_a_model_that_is_new_in_a_list_is_asked_for_again(sim: Simulator, home: Path) -> None:
    """Not one that the account's list had when it was refused."""
    known = KeptList("0.169.0", "", b"{}", "application/json", None, ("gpt-5.5",), time.time())
    async with before(sim, home) as proxy:
        pool, bob = pool_of(proxy), account_id(proxy, PRO)
        pool.lists.note(replace(known, account_id=bob))
        for model in ("gpt-5.5", "gpt-6.1-sol"):
            pool.health.bar(bob, model, time.time() + 3600)
        await get(proxy)
        assert [pool.health.lacks(bob, model, time.time()) for model in ("gpt-5.5", "gpt-6.1-sol")] == [True, False]


async def test_another_account_is_asked_when_the_best_one_fails(sim: Simulator, home: Path) -> None:
    """Its list is another one, and it is that one's which is passed on, and kept as its."""
    sim.script(Fault(account="bob", path="/models", status=500, times=None))
    async with before(sim, home) as proxy:
        told = await get(proxy)

    assert (told.body, told.headers["etag"]) == (catalog("plus"), etag("plus"))
    assert asked(sim) == ["bob", "bob", "ann"]
    assert rows(home) == [("completed", 200, None, ["http_500", "http_500", None])]


async def test_a_list_of_an_account_that_was_removed_is_not_told(sim: Simulator, home: Path) -> None:
    async with before(sim, home) as proxy:
        await get(proxy)
        await until(lambda: stored(home))
        with closing(open_store(home)) as db:
            remove_account(db, account_id(proxy, PRO))
        await until(lambda: len(pool_of(proxy).accounts) == 2)
        sim.script(breakdown(status=500))
        told = await get(proxy)

    assert (told.status, stored(home)) == (500, [])


async def test_without_a_kept_list_the_truth_is_told(sim: Simulator, home: Path) -> None:
    sim.script(breakdown(status=503, body={"error": {"code": "server_is_overloaded", "message": "Too busy."}}))
    async with before(sim, home) as proxy:
        told = await get(proxy)

    assert (told.status, told.code) == (503, "server_is_overloaded")


async def test_a_turn_tells_of_no_other_list_than_the_client_is_shown(sim: Simulator, home: Path) -> None:
    """Codex would ask for its list again after each turn on an account of a smaller plan."""
    turn = b'{"model":"gpt-5.5","input":[]}'
    head = b"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    async with before(sim, home, codexlb_strategy="round_robin") as proxy:
        answers = [await proxy.send(head + b"content-length: %d\r\n\r\n" % len(turn) + turn) for _ in range(3)]

    told = {entry.account: b"x-models-etag" in answer for entry, answer in zip(sim.log, answers, strict=True)}
    assert told == {"may": False, "bob": True, "ann": False}


async def test_a_client_that_speaks_http2_gets_the_same(sim: Simulator, home: Path) -> None:
    free, bound = bearer(a_key(home, "free")), bearer(a_key(home, "bound", models=("gpt-5.5",)))
    async with before(sim, home, tls=True) as proxy:
        fresh = await get_over_http2(proxy, **free)
        sim.script(breakdown(act=Act.RESET, at=Moment.REQUEST))
        kept, filtered = await get_over_http2(proxy, **free), await get_over_http2(proxy, **bound)

    assert (fresh.status, fresh.body, fresh.headers["etag"]) == (200, catalog("pro"), etag("pro"))
    assert (kept.status, kept.body, kept.headers["etag"]) == (200, catalog("pro"), etag("pro"))
    assert ("age" in fresh.headers, "age" in kept.headers) == (False, True)
    assert filtered.slugs == ["gpt-5.5"]


async def get_over_http2(proxy: Proxy, **headers: str) -> Told:
    """The list as a client gets it that speaks HTTP/2, for which it must speak TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, ssl=context)
    client, found, body = h2.H2Connection(), {}, b""
    client.initiate_connection()
    names = {":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": MODELS + VERSION, **headers}
    client.send_headers(1, list(names.items()), end_stream=True)
    is_over = False
    async with asyncio.timeout(15):
        while not is_over:
            writer.write(client.data_to_send())
            for event in client.receive_data(await reader.read(65_536)):
                if isinstance(event, h2_events.ResponseReceived):
                    found = {bytes(name).decode(): bytes(value).decode() for name, value in event.headers}
                elif isinstance(event, h2_events.DataReceived):
                    body += event.data
                    client.acknowledge_received_data(event.flow_controlled_length, 1)
                is_over |= isinstance(event, h2_events.StreamEnded)
    writer.close()
    return Told(int(found.pop(":status")), found, body)
