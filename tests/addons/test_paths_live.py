"""Every path that a Codex asks for, through the real proxy: on its session's account, unchanged, and in the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.simulator.faults import Act, Fault
from tests.addons.codex_sender import calls
from tests.addons.key_lab import a_key, bearer
from tests.addons.test_failover import Lab, error, lab

TREE = "/backend-api/codex/"
JSON = "application/json"
SEARCH = b'{"id":"s1","model":"gpt-5.5","input":[],"commands":{"search_query":[{"q":"x"}]}}'
IMAGE = b'{"prompt":"a cat","model":"gpt-image-2"}'
EDIT = b'{"prompt":"a cat","model":"gpt-image-2","images":[{"image_url":"data:image/png;base64,iVBORw0KGgo="}]}'
TRACES = b'{"model":"gpt-5.5","traces":[],"reasoning":{"effort":"low"}}'
BINARY = bytes(range(256)) * 300
FORM = b'--B0\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n\x00\xff\r\n--B0--\r\n'
IN_METADATA = {"x_codex_turn_metadata": json.dumps({"session_id": "s1", "thread_id": "t1"})}
IN_HEADER = {"session_id": "s1"}

PATHS: dict[str, tuple[str, str, bytes, dict[str, str], str]] = {
    # what is asked, with which body, where the session stands, and how the ledger calls it
    "search, by its id": ("POST", TREE + "alpha/search", SEARCH, {}, "search"),
    "search": ("POST", TREE + "alpha/search", SEARCH.replace(b"s1", b"else"), IN_METADATA, "search"),
    "picture": ("POST", TREE + "images/generations", IMAGE, IN_METADATA, "images"),
    "picture, edited": ("POST", TREE + "images/edits", EDIT, IN_METADATA, "images"),
    "events": ("POST", TREE + "analytics-events/events", b'{"events":[]}', IN_HEADER, "analytics"),
    "memories": ("POST", TREE + "memories/trace_summarize", TRACES, IN_HEADER, "memories"),
    "memories, another way": ("DELETE", TREE + "memories/m1?force=%31", b"", IN_METADATA, "memories"),
    "safety": ("POST", TREE + "safety/arc", b'{"action":{}}', IN_METADATA, "safety"),
    "file": ("POST", TREE + "files", b'{"file_name":"a.txt","file_size":3}', IN_HEADER, "files"),
    "file, beside the tree": ("POST", "/backend-api/files", b'{"file_name":"a"}', IN_METADATA, "files"),
    "call": ("POST", TREE + "realtime/calls", b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\n", IN_HEADER, "realtime"),
    "transcription": ("POST", TREE + "transcribe", FORM, IN_HEADER, "transcribe"),
    "goal": ("GET", TREE + "thread/goal/get?thread_id=t1", b"", IN_HEADER, "goals"),
    "goal, set": ("POST", TREE + "thread/goal/set", b'{"thread_id":"t1","goal":"x"}', IN_HEADER, "goals"),
    "identities": ("GET", TREE + "agent-identities/jwks", b"", IN_HEADER, "identities"),
    "unknown, binary": ("PUT", TREE + "new/thing%20x?a=%2f&b", BINARY, IN_HEADER, "other"),
    "unknown, broken JSON": ("POST", TREE + "new/thing", b'{"model":', IN_HEADER, "other"),
    "unknown, read": ("GET", TREE + "new/thing", b"", IN_METADATA, "other"),
}
OF_TYPE = {FORM: "multipart/form-data; boundary=B0", BINARY: "application/octet-stream"}


async def ask(stage: Lab, name: str, version: str = "", **headers: str) -> tuple[int, bytes]:
    method, path, body, session, _ = PATHS[name]
    kind = {"content_type": OF_TYPE.get(body, JSON)} if body else {}
    return await stage.proxy.ask(method, path.replace(TREE, TREE + version), body, **(session | kind | headers))


@pytest.mark.parametrize("name", PATHS)
async def test_each_path_goes_home_unchanged_and_is_recorded_by_kind(tmp_path: Path, name: str) -> None:
    """The round robin alone would take the other account, which had its turn before."""
    method, path, body, _, kind = PATHS[name]
    async with lab(tmp_path) as stage:
        assert (await stage.turn("s1"))[0] == 200
        assert (await stage.turn("s1"))[0] == 200
        assert (await stage.turn("s2"))[0] == 200
        assert (await stage.turn("s2"))[0] == 200
        home = stage.simulator.log[0].account
        status, _ = await ask(stage, name)
        row = await stage.last_row(5)
        entry = stage.simulator.log[-1]

    assert status == 200
    assert (entry.method, entry.path + ("?" + entry.query if entry.query else ""), entry.body) == (method, path, body)
    assert entry.account == home
    assert (row.kind, row.outcome, row.path) == (kind, "completed", path.partition("?")[0])
    assert (row.session, row.account_id) == ("s1", stage.ids[str(home)])


@pytest.mark.parametrize("name", [name for name, asked in PATHS.items() if asked[1].startswith(TREE)])
async def test_with_v1_each_path_is_the_same(tmp_path: Path, name: str) -> None:
    """Upstream and ledger have the path that the same request without it has."""
    method, path, body, _, kind = PATHS[name]
    async with lab(tmp_path) as stage:
        assert (await ask(stage, name, "v1/"))[0] == 200
        row = await stage.last_row()
        (entry,) = stage.simulator.log

    assert (entry.method, entry.path + ("?" + entry.query if entry.query else ""), entry.body) == (method, path, body)
    assert (row.kind, row.path, row.outcome) == (kind, path.partition("?")[0], "completed")


async def test_with_v1_a_session_is_where_it_is_without(tmp_path: Path) -> None:
    """Turn, compaction and list of models alike, and WebSockets are refused alike."""
    turn = b'{"model":"gpt-5.5","stream":true,"input":[]}'
    async with lab(tmp_path) as stage:
        for path in ("responses", "v1/responses", "v1/responses/compact", "responses"):
            assert (await stage.proxy.ask(path=TREE + path, body=turn, session_id="s1"))[0] == 200
        assert {entry.account for entry in stage.simulator.log} == {stage.a}
        assert (await stage.proxy.ask("GET", TREE + "v1/models?client_version=1", b""))[0] == 200
        told = await stage.proxy.ask("GET", TREE + "v1/responses", b"", upgrade="websocket", connection="upgrade,close")

    assert told[0] == 426
    assert [entry.path.removeprefix(TREE) for entry in stage.simulator.log] == [
        *("responses", "responses", "responses/compact", "responses", "models"),
    ]


TRICKS = (
    *("v1", "v1/", "v1/v1/responses", "%76%31/responses", "v1/%76%31/responses", "v1%2fresponses", "V1/responses"),
    *("/v1/responses", "v1//responses", "v1/../responses", "v1/./responses", "v1/responses/", "v1/RESPONSES"),
    *("v1;x/responses", "v1/%2e%2e/wham/usage", "v1/v1/models", "v1/responses;x", "v1?/responses", "v1/../../files"),
)


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_spelling_of_v1_gets_around_a_keys_rules(tmp_path: Path, trick: str, method: str) -> None:
    key = bearer(a_key(tmp_path, models=("o9",)))
    async with lab(tmp_path) as stage:
        status, body = await stage.proxy.ask(method, TREE + trick, b'{"model":"o9","input":[]}', **key)
        assert 400 <= status < 500, trick
        assert json.loads(body)["error"]["message"].endswith(".")
        assert stage.simulator.log == []


async def test_a_key_that_is_bound_to_models_sees_no_others_with_v1_either(tmp_path: Path) -> None:
    key = bearer(a_key(tmp_path, models=("gpt-5.5",)))
    async with lab(tmp_path) as stage:
        plain = await stage.proxy.ask("GET", TREE + "models?client_version=1", b"", **key)
        status, body = await stage.proxy.ask("GET", TREE + "v1/models?client_version=1", b"", **key)

    assert (status, body) == plain
    assert [model["slug"] for model in json.loads(body)["models"]] == ["gpt-5.5"]


async def test_nothing_of_the_pool_or_of_this_hop_comes_back_and_the_rest_stays(tmp_path: Path) -> None:
    said = {
        "set-cookie": "pool=1", "connection": "x-hop", "x-hop": "1", "keep-alive": "timeout=5", "alt-svc": 'h3=":443"',
        "content-encoding": "br", "x-new": "kept", "x-request-id": "req_9",
    }  # fmt: skip
    async with lab(tmp_path) as stage:
        for path in ("safety/arc", "new/thing", "analytics-events/events"):
            stage.simulator.script(Fault(path=path, status=200, body="\x0b\x01\x80hi\x03", headers=said))
            head = (
                f"POST {TREE}{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
            )
            top, _, body = (await stage.proxy.send(head.encode())).partition(b"\r\n\r\n")
            told = {line.partition(b":")[0].lower(): line.partition(b":")[2].strip() for line in top.split(b"\r\n")[1:]}
            assert not {b"set-cookie", b"x-hop", b"keep-alive", b"alt-svc"} & told.keys()
            assert (told[b"content-encoding"], told[b"x-new"], told[b"x-request-id"]) == (b"br", b"kept", b"req_9")
            assert body == "\x0b\x01\x80hi\x03".encode()


ELSEWHERE: dict[str, tuple[str, dict[str, Any], int, list[bool]]] = {
    # what fails at home, what the client gets, and of each try whether it was made at home
    "picture, busy": ("picture", error(429), 200, [True, False]),
    "picture, 500 each time": ("picture", {**error(500), "times": 2}, 200, [True, True, False]),
    "search, cut": ("search", {"act": Act.RESET}, 200, [True, False]),
    "events, busy": ("events", error(429), 200, [True, False]),
    "events, 500": ("events", error(500), 500, [True]),
    "events, cut": ("events", {"act": Act.RESET}, 502, [True]),
    "memories, no quota": ("memories", error(429, "insufficient_quota"), 200, [True, False]),
    "file, busy": ("file", error(429), 200, [True, False]),
    "file, 500": ("file", error(500), 500, [True]),
    "call, busy": ("call", error(429), 200, [True, False]),
    "goal, busy": ("goal", error(429), 429, [True]),
    "goal, 500": ("goal", error(500), 500, [True]),
    "goal, 401 once": ("goal", error(401, "token_expired"), 200, [True, True]),
    "unknown, busy": ("unknown, binary", error(429), 429, [True]),
    "unknown read, busy": ("unknown, read", error(429), 200, [True, False]),
    "unknown read, 500 each time": ("unknown, read", {**error(500), "times": 2}, 200, [True, True, False]),
    "unknown read, nothing there": ("unknown, read", {"status": 404, "body": "<html>no</html>"}, 404, [True]),
}


@pytest.mark.parametrize(("name", "fault", "status", "at_home"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
async def test_what_fails_at_home_goes_elsewhere_only_where_that_does_no_harm(
    tmp_path: Path, name: str, fault: dict[str, Any], status: int, at_home: list[bool]
) -> None:
    """And it costs no account anything: the session's next turn is served at home, where its cache is."""
    async with lab(tmp_path) as stage:
        assert (await stage.turn("s1"))[0] == 200
        home = stage.simulator.log[0].account
        path = PATHS[name][1].partition("?")[0]
        stage.simulator.script(Fault(account=home, path=path, **fault))
        assert (await ask(stage, name))[0] == status
        made = calls(stage, path)
        assert [entry.account == home for entry in made] == at_home
        assert {entry.body for entry in made} == {PATHS[name][2]}
        assert {stage.status(account) for account in stage.ids} == {"active"}
        assert (await stage.turn("s1"))[0] == 200
        assert stage.simulator.log[-1].account == home


async def test_an_answer_that_every_account_gives_is_the_clients(tmp_path: Path) -> None:
    """It is about the path then, and says so best itself; its row names the last account."""
    async with lab(tmp_path) as stage:
        said = error(429, "too_many_events", {"retry-after": "7"})
        stage.simulator.script(Fault(path="/events", times=None, **said))
        status, body = await ask(stage, "events")
        row = await stage.last_row()

    assert (status, json.loads(body)["error"]["code"]) == (429, "too_many_events")
    assert [attempt.failure for attempt in row.attempts] == ["too_many_events"] * 2
    assert (row.outcome, row.status) == ("failed", 429)
