"""An uploaded file is at one account: what is said of it goes there, and so does a prompt that names it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from addons.exchange import Answer, Exchange, Exchanges
from addons.file_pins import PIN_SECONDS, FilePins, pin_name
from addons.wire.asks import Ask, parse_ask
from addons.wire.endpoints import Kind
from addons.wire.routes import Route
from addons.wire.unary import Body
from codexlb_store.pool import Snapshot
from codexlb_store.sessions import Home
from codexlb_store.writer import Writer
from scripts.simulator.faults import Fault
from tests.addons.codex_sender import calls
from tests.addons.proxy import Upstream, running, store_with
from tests.addons.samples import ACCOUNT, a_flow, a_pool, an_answered_exchange, an_exchange
from tests.addons.test_failover import Lab, error, lab

TREE = "/backend-api/codex/"
NEW = b'{"file_name":"a.txt","file_size":3,"use_case":"codex"}'


async def announce(stage: Lab, folder: str) -> str:
    status, body = await stage.proxy.ask("POST", folder + "files", NEW)
    assert status == 200
    return str(json.loads(body)["file_id"])


def naming(file_id: str) -> bytes:
    content = [{"type": "input_image", "image_url": f"sediment://{file_id}"}]
    message = {"type": "message", "role": "user", "content": content}
    return json.dumps({"model": "gpt-5.5", "stream": True, "input": [message]}).encode()


@pytest.mark.parametrize("folder", [TREE, TREE + "v1/", "/backend-api/"], ids=["tree", "v1", "beside the tree"])
async def test_a_file_is_confirmed_where_it_was_announced(tmp_path: Path, folder: str) -> None:
    """Three times in turn: the round robin would be wrong at least once, and that account knows of no such file."""
    async with lab(tmp_path) as stage:
        files = [await announce(stage, folder) for _ in range(3)]
        for file_id in files:
            assert (await stage.proxy.ask("POST", f"{folder}files/{file_id}/uploaded", b"{}"))[0] == 200
        announced = [entry.account for entry in calls(stage, "/files")]
        confirmed = [entry.account for entry in calls(stage, "/uploaded")]
        await stage.last_row(6)
        rows = stage.rows()

    assert confirmed == announced
    assert set(announced) == set(stage.ids)
    assert {row.kind for row in rows} == {"files"}
    assert {row.session for row in rows} == {None}


async def test_a_prompt_that_names_a_file_goes_where_it_is_and_its_session_stays_there(tmp_path: Path) -> None:
    async with lab(tmp_path) as stage:
        assert (await stage.turn("s1"))[0] == 200
        home = stage.simulator.log[0].account
        file_id = await announce(stage, TREE)
        holder = stage.simulator.log[1].account
        assert holder != home
        assert (await stage.turn("s1", naming(file_id)))[0] == 200
        assert (await stage.turn("s1"))[0] == 200
        assert (await stage.turn("s2", naming("file_of_nobody")))[0] == 200
        accounts = [entry.account for entry in calls(stage, "/responses")]

    assert accounts[:3] == [home, holder, holder]


async def test_no_other_account_is_asked_of_a_file(tmp_path: Path) -> None:
    """It would say that there is none: what its own account said is the truth."""
    async with lab(tmp_path) as stage:
        file_id = await announce(stage, TREE)
        stage.simulator.script(Fault(path="/uploaded", times=None, **error(429, "slow_down", {"retry-after": "3"})))
        status, body = await stage.proxy.ask("POST", f"{TREE}files/{file_id}/uploaded", b"{}")

        assert (status, json.loads(body)["error"]["code"]) == (429, "slow_down")
        assert [entry.account for entry in calls(stage, "/uploaded")] == [stage.simulator.log[0].account]


ANNOUNCED = b'{"file_id":"file_9","upload_url":"https://x.invalid"}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(ANNOUNCED) + ANNOUNCED


async def test_a_pin_outlives_a_restart(tmp_path: Path) -> None:
    store_with(tmp_path, "a", "b").close()
    sent: list[bytes] = []
    for path in ("files", "files/file_9/uploaded", "files/file_9/uploaded", "files/file_9/uploaded"):
        upstream = Upstream(answer=ANSWER)
        async with running(tmp_path, upstream, codexlb_strategy="round_robin") as proxy:
            if path != "files":  # the account whose turn it would be
                await proxy.ask(body=b'{"model":"gpt-5.5","input":[]}', session_id=f"s{len(sent)}")
            await proxy.ask("POST", TREE + path, b"{}")
        sent += [line for line in upstream.requests[-1].split(b"\r\n") if line.startswith(b"chatgpt-account-id")]

    assert len(sent) == 4
    assert len(set(sent)) == 1


@pytest.fixture
def pins(tmp_path: Path) -> FilePins:
    return FilePins(Exchanges(), a_pool(ACCOUNT), Writer(tmp_path))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param((), None, id="none named"),
        pytest.param(("unknown",), None, id="unknown"),
        pytest.param(("old",), None, id="announced too long ago"),
        pytest.param(("first",), "a", id="known"),
        pytest.param(("unknown", "first", "second"), "b", id="several: the one announced last"),
    ],
)
def test_which_account_has_a_file(pins: FilePins, files: tuple[str, ...], expected: str | None) -> None:
    pins.pool.remember(Home(pin_name("old"), "a", 0.0))
    pins.pool.remember(Home(pin_name("second"), "b", PIN_SECONDS))
    pins.pool.remember(Home(pin_name("first"), "a", PIN_SECONDS - 1))

    assert pins.account_with(files, now=PIN_SECONDS + 1) == expected


def an_announcement(content: bytes = ANNOUNCED, status: int = 200, **fields: object) -> Exchange:
    body = Body()
    body.feed(content, 1003.0)
    answer = Answer(status, None, 1002.0, body)
    return an_answered_exchange(**{"route": Route.FILES, "ask": Ask(Kind.FILES), "answer": answer, **fields})


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        pytest.param(an_announcement(), [pin_name("file_9")], id="announced"),
        pytest.param(an_announcement(status=201), [pin_name("file_9")], id="made"),
        pytest.param(an_announcement(status=400), [], id="refused"),
        pytest.param(an_announcement(b"{}"), [], id="no id"),
        pytest.param(an_announcement(route=Route.OTHER), [], id="another path"),
        pytest.param(an_announcement(answer=None), [], id="no answer"),
        pytest.param(an_announcement(lease=None), [], id="no account"),
    ],
)
def test_only_an_announcement_pins(pins: FilePins, exchange: Exchange, expected: list[str]) -> None:
    flow, before = a_flow(path=TREE + "files"), time.time()
    pins.exchanges[flow] = exchange

    pins.response(flow)

    assert list(pins.pool.homes) == expected
    assert pins.writer.backlog == len(expected)
    assert all(home.last_used_at >= before for home in pins.pool.homes.values())


def test_a_confirmation_pins_nothing_anew(pins: FilePins) -> None:
    flow = a_flow(path=TREE + "files/file_9/uploaded")
    pins.exchanges[flow] = an_announcement()

    pins.response(flow)

    assert pins.pool.homes == {}


@pytest.mark.parametrize(
    ("route", "path", "body", "change", "expected"),
    [
        pytest.param(Route.RESPONSES, "responses", naming("file_9"), {}, "a", id="turn"),
        pytest.param(Route.COMPACT, "responses/compact", naming("file_9"), {}, "a", id="compaction"),
        pytest.param(Route.IMAGES, "images/edits", b'{"images":[{"file_id":"file_9"}]}', {}, "a", id="picture"),
        pytest.param(Route.FILES, "files/file_9/uploaded", b"{}", {}, "a", id="confirmation"),
        pytest.param(Route.FILES, "files", b'{"file_id":"file_9"}', {}, None, id="announcement"),
        pytest.param(Route.OTHER, "x", naming("file_9"), {}, None, id="elsewhere nobody looks"),
        pytest.param(Route.RESPONSES, "responses", naming("file_8"), {}, None, id="another file"),
        pytest.param(Route.RESPONSES, "responses", naming("file_9"), {"permitted": None}, None, id="not judged"),
        pytest.param(Route.RESPONSES, "responses", naming("file_9"), {"opened_at": 9000.0}, None, id="too late"),
    ],
)
def test_the_account_that_a_request_goes_to_for_its_file(
    tmp_path: Path, route: Route, path: str, body: bytes, change: dict[str, Any], expected: str | None
) -> None:
    """The pin is found in the pool as it was read from the store."""
    pool = a_pool(ACCOUNT, homes=(Home(pin_name("file_9"), "a", 900.0),))
    pins = FilePins(Exchanges(), pool, Writer(tmp_path))
    flow = a_flow(path=TREE + path, body=body)
    exchange = pins.exchanges[flow] = an_exchange(**{"route": route, **change})

    pins.request(flow)

    assert exchange.file_home == expected


def test_a_file_that_another_process_pinned_is_found_once_the_store_is_read(tmp_path: Path) -> None:
    pool = a_pool(ACCOUNT)
    pins = FilePins(Exchanges(), pool, Writer(tmp_path))
    flow = a_flow(body=naming("file_9"))
    exchange = pins.exchanges[flow] = an_exchange(opened_at=9000.0)
    pins.request(flow)
    assert exchange.file_home is None

    pin = Home(pin_name("file_9"), "a", 8900.0)
    pool.replace(Snapshot(pool.accounts, pool.credentials, {}, {pin.session: pin}))
    pins.request(flow)

    assert exchange.file_home == "a"


def test_no_session_is_called_like_a_pin() -> None:
    """A client may call its session what it wants, and must not move another one's file with it."""
    name = pin_name("file_9")
    body = json.dumps({"input": [], "prompt_cache_key": name}).encode()

    assert parse_ask(Route.RESPONSES, {"session-id": name}, body).session is None


def test_a_picture_whose_request_cannot_be_read_names_no_file(tmp_path: Path) -> None:
    pins = FilePins(Exchanges(), a_pool(ACCOUNT, homes=(Home(pin_name("f"), "a", 900.0),)), Writer(tmp_path))
    flow = a_flow((b"content-encoding", b"gzip"), path=TREE + "images/edits", body=b"sediment://f")
    exchange = pins.exchanges[flow] = an_exchange(route=Route.IMAGES)

    pins.request(flow)

    assert exchange.file_home is None
