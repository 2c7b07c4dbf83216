"""Every failed attempt is a flow: what was sent but for the credential, and what came back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from mitmproxy import flowfilter, http

from tests.addons.flows.lab import TURN, Scripted, failing, flows_of, inspecting, stream, text_of
from tests.addons.proxy import auth_json, store_with
from tests.end_to_end.planted import Planted

LIMIT = json.dumps({"error": {"type": "usage_limit_reached", "message": "Over.", "resets_in_seconds": 900}}).encode()
OVERLOADED = stream(
    b'data: {"type":"response.failed","response":{"error":{"code":"server_is_overloaded","message":"Busy"}}}\n\n'
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "ann", "bob").close()
    return tmp_path


def shown(flow: http.HTTPFlow) -> bytes:
    """All of a flow that is shown, saved or exported."""
    return repr(flow.get_state()).encode()


async def test_each_failed_attempt_is_a_flow_of_its_own(home: Path) -> None:
    upstream = Scripted(failing(429, LIMIT, "set-cookie: pool=1", "content-type: application/json"))
    async with inspecting(home, upstream) as (proxy, view):
        assert (await proxy.ask(body=TURN, x_mine="1", authorization="Bearer sk-mine"))[0] == 200
        main, attempt = flows_of(view)
        sent, got = upstream.requests[0], attempt.response

    names = attempt.comment.removeprefix(f"attempt 1 of {main.metadata['codexlb'][:12]}: 429 usage_limit_reached on ")
    assert names in ("ann@example.com", "bob@example.com")
    assert names not in main.comment
    assert got and (got.status_code, got.raw_content) == (429, LIMIT)
    assert dict(got.headers) == {"content-length": str(len(LIMIT)), "content-type": "application/json"}
    assert attempt.request.raw_content == TURN
    fields = {name.lower(): value for name, value in attempt.request.headers.items()}
    head = sent.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    on_wire = {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}
    assert on_wire.keys() - fields.keys() == {"authorization", "chatgpt-account-id"}
    assert {name: on_wire[name] for name in fields} == fields
    assert not attempt.live


async def test_the_filter_language_finds_the_attempts_of_a_request(home: Path) -> None:
    async with inspecting(home, Scripted(failing(500, b"x"), failing(500, b"y"))) as (proxy, view):
        await proxy.ask(body=TURN)
        await proxy.ask(body=TURN)
        flows = flows_of(view)
        for text, count in {
            "~comment ^attempt": 2, "~marker orange": 2, "~comment '500 .* on'": 2, "~s & ~c 500": 2,
            f"~meta {flows[0].metadata['codexlb']}": 3,
        }.items():  # fmt: skip
            matches = flowfilter.parse(text)
            assert sum(bool(matches(flow)) for flow in flows) == count, text


async def test_a_stream_that_failed_before_its_first_output_shows_why(home: Path) -> None:
    async with inspecting(home, Scripted(OVERLOADED)) as (proxy, view):
        assert (await proxy.ask(body=TURN))[0] == 200
        _, attempt = flows_of(view)
        assert "error: server_is_overloaded · Busy" in text_of(attempt)
    assert attempt.comment.endswith("200 server_is_overloaded on ann@example.com") or "bob" in attempt.comment


async def test_an_attempt_without_an_answer_says_what_happened(home: Path) -> None:
    async with inspecting(home, codexlb_upstream="http://127.0.0.1:1") as (proxy, view):
        assert (await proxy.ask(body=TURN))[0] == 502
        _, *attempts = flows_of(view)
    assert attempts
    for attempt in attempts:
        assert attempt.response is None
        assert attempt.error and attempt.error.msg.startswith("The connection could not be opened: ")
        assert attempt.server_conn.address == ("127.0.0.1", 1)


async def test_an_answer_that_broke_off_quotes_nothing_of_it(home: Path) -> None:
    async with inspecting(home, Scripted(b"HTTP/1.1 200 OK\r\nset-cookie: pool=1\r\nbroken line\r\n\r\n")) as (
        proxy,
        view,
    ):
        assert (await proxy.ask(body=TURN))[0] == 200
        _, attempt = flows_of(view)
    assert attempt.error and attempt.error.msg == "The upstream broke off, or its answer was none."
    assert b"pool=1" not in shown(attempt)


async def test_what_the_last_attempt_got_is_the_requests_own(home: Path) -> None:
    """It is shown once, and the client has it."""
    async with inspecting(home, Scripted(failing(400, b'{"error":{"code":"invalid_prompt"}}'))) as (proxy, view):
        status, body = await proxy.ask(body=TURN)
        (flow,) = flows_of(view)
    assert flow.response
    assert (status, body) == (400, flow.response.raw_content)


async def test_no_form_of_a_token_that_an_upstream_quotes_is_shown(home: Path) -> None:
    tokens = [json.loads(auth_json(name))["tokens"] for name in ("ann", "bob", "eve")]
    secrets = [token for each in tokens for token in each.values()] + ["sk-mine"]
    quoted = json.dumps({"error": {"code": "token_invalidated", "message": f"Not {secrets[:-1]}"}}).encode()
    answers = (
        failing(401, quoted, f"www-authenticate: Bearer error={tokens[0]['access_token']}"),
        failing(500, gzip.compress(quoted), "content-encoding: gzip"),
        failing(500, quoted, "content-encoding: gzip"),
        stream(b'data: {"type":"error","code":"x","message":"' + tokens[1]["access_token"].encode() + b'"}\n\n'),
        failing(400, quoted),
    )
    async with inspecting(home, Scripted(*answers)) as (proxy, view):
        told = [(await proxy.ask(body=TURN, authorization="Bearer sk-mine"))[1] for _ in range(4)]
        flows = flows_of(view)
    assert len(flows) > len(answers)
    assert b"hidden" in told[0], "the answer of our own that repeats what the upstream said last"
    planted = Planted({"a token": [secret for secret in secrets if not secret.endswith("-eve")]})
    assert planted.found_in(quoted)
    assert [planted.found_in(shown(flow)) for flow in flows] == [[]] * len(flows)
