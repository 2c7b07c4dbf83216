"""What goes on the wire: the client's head, with the account's credential and without what is this hop's."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest
from mitmproxy import http
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.layers.modes import HttpProxy, ReverseProxy
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import taddons, tflow

from addons.core.codex_core import NOT_FORWARDED, CodexCore, connection_error, head_on_wire, is_first_layer
from addons.exchange import Exchanges
from addons.wire.routes import Route
from tests.addons.samples import CREDENTIAL, a_flow, an_exchange

CREDENTIAL_FIELDS = ((b"authorization", b"Bearer at-of-ann"), (b"chatgpt-account-id", b"workspace-1"))

KEPT = (
    (b"Host", b"chatgpt.com"),
    (b"Content-Type", b"application/json"),
    (b"content-encoding", b"zstd"),
    (b"Content-Length", b"2"),
    (b"session-id", b"s1"),
    (b"X-Codex-Turn-Metadata", b'{"a":"\xc3\xa9"}'),
    (b"x-twice", b"1"),
    (b"X-Twice", b"2"),
    (b"x-strange", b"\xff\x80"),
    (b"x-empty", b""),
    (b"accept", b"text/event-stream"),
    (b"user-agent", b"codex_cli_rs/0.169.0"),
)
"""What the upstream must get as it came: name and case, order, every byte."""


@pytest.mark.parametrize("name", sorted(NOT_FORWARDED))
@pytest.mark.parametrize("change", [bytes.lower, bytes.upper, bytes.title], ids=["lower", "upper", "title"])
def test_headers_of_this_hop_and_of_the_client_stay_here(name: bytes, change: type[bytes]) -> None:
    kept = (b"x-before", b"1"), (b"content-length", b"2")
    flow = a_flow(kept[0], (change(name), b"secret"), (change(name), b"again"), kept[1])

    head = head_on_wire(flow.request, CREDENTIAL)

    assert head.headers.fields == (*kept, *CREDENTIAL_FIELDS)


def test_every_other_header_goes_on_as_it_came() -> None:
    head = head_on_wire(a_flow(*KEPT).request, CREDENTIAL)

    assert head.headers.fields == (*KEPT, *CREDENTIAL_FIELDS)


@pytest.mark.parametrize(("foreign", "kept"), [(False, True), (True, False)])
def test_a_turn_state_that_another_account_issued_stays_here(foreign: bool, kept: bool) -> None:
    flow = a_flow((b"X-Codex-Turn-State", b"sealed"), (b"x-after", b"1"))

    head = head_on_wire(flow.request, CREDENTIAL, foreign_turn_state=foreign)

    assert ("x-codex-turn-state" in head.headers) is kept
    assert head.headers["x-after"] == "1"


def test_the_request_line_goes_on_as_it_came_and_no_body_with_it() -> None:
    """The body follows by itself, byte for byte."""
    flow = a_flow(*KEPT, method="PUT", path="/backend-api/codex/a%20b?x=%2F&&y")

    head = head_on_wire(flow.request, CREDENTIAL)

    assert (head.method, head.path, head.http_version) == ("PUT", "/backend-api/codex/a%20b?x=%2F&&y", "HTTP/1.1")
    assert (head.host, head.port, head.scheme) == (flow.request.host, flow.request.port, flow.request.scheme)
    assert head.raw_content is None


def test_the_flow_keeps_its_own_request_and_never_holds_the_token() -> None:
    flow = a_flow(*KEPT, (b"connection", b"keep-alive"), body=b"{}")
    before = flow.get_state()

    head = head_on_wire(flow.request, CREDENTIAL)
    head.headers["x-later"] = "1"

    assert flow.get_state() == before
    assert "at-of-ann" not in repr(flow.get_state())


def test_requests_of_a_government_account_say_so() -> None:
    """Its traffic must stay in its own region; Codex itself sends this header then."""
    head = head_on_wire(a_flow(*KEPT).request, replace(CREDENTIAL, fedramp=True))

    assert "x-openai-fedramp" in head.headers


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (502, "upstream_unreachable", "server_error"),
        (504, "upstream_unreachable", "server_error"),
        (400, "bad_request", "invalid_request_error"),
        (413, "bad_request", "invalid_request_error"),
    ],
)
def test_an_error_of_a_connection_is_told_as_json(status: int, code: str, kind: str) -> None:
    answer = connection_error(status, "it broke")

    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"], error["type"]) == (status, code, kind)
    assert ("it broke" in error["message"]) == (status < 500)  # the upstream's side may quote a cookie
    assert ("content-type", "application/json") in answer.headers


def a_context(mode: str, transport: str = "tcp") -> Context:
    client = tflow.tclient_conn()
    client.proxy_mode, client.transport_protocol = ProxyMode.parse(mode), transport  # type: ignore[assignment]
    return Context(client, taddons.context().options)


@pytest.mark.parametrize(
    ("mode", "transport", "first", "expected"),
    [
        pytest.param("reverse:https://chatgpt.com", "tcp", ReverseProxy, True, id="https"),
        pytest.param("reverse:http://127.0.0.1:1", "tcp", ReverseProxy, True, id="http"),
        pytest.param("reverse:https://chatgpt.com", "udp", ReverseProxy, False, id="HTTP/3"),
        pytest.param("reverse:tcp://127.0.0.1:1", "tcp", ReverseProxy, False, id="not HTTP"),
        pytest.param("regular", "tcp", HttpProxy, False, id="forward proxy"),
    ],
)
async def test_our_layer_is_put_below_a_reverse_proxys_tcp_connections(
    mode: str, transport: str, first: type, expected: bool
) -> None:
    context = a_context(mode, transport)
    first(context)

    assert is_first_layer(context) is expected


async def test_a_layer_that_is_chosen_already_stays() -> None:
    context = a_context("reverse:https://chatgpt.com")
    asked = NextLayer(context)
    context.layers[:] = []
    asked.layer = chosen = ReverseProxy(context)

    CodexCore(Exchanges()).next_layer(asked)

    assert asked.layer is chosen


@pytest.mark.parametrize("known", [True, False], ids=["not cleared", "never let in"])
def test_what_was_not_cleared_is_refused_with_json_and_logged_without_its_query(
    known: bool, caplog: pytest.LogCaptureFixture
) -> None:
    flow = a_flow(path="/backend-api/codex/responses")
    exchanges = Exchanges({flow: an_exchange()} if known else {})

    with caplog.at_level(logging.ERROR):
        response = CodexCore(exchanges).refuse(flow)

    assert isinstance(response, http.Response)
    assert response.status_code == 503
    assert json.loads(response.content or b"")["error"]["code"] == "not_routed"
    assert "/backend-api/codex/responses" in caplog.text


def test_what_was_cleared_goes_out_with_its_accounts_credential_and_the_moment_is_noted() -> None:
    flow = a_flow(*KEPT)
    exchange = an_exchange(cleared=True)
    core = CodexCore(Exchanges({flow: exchange}))

    assert core.refuse(flow) is None
    head = core.on_wire(flow)

    assert head.headers["authorization"] == "Bearer at-of-ann"
    assert exchange.sent_at is not None
    assert exchange.in_the_air


@pytest.mark.parametrize("route", Route)
def test_an_answer_that_comes_in_one_piece_may_take_longer_to_begin(route: Route) -> None:
    flow = a_flow()
    core = CodexCore(Exchanges({flow: an_exchange(route=route)}))

    assert (core.head_seconds(flow) == core.head_timeout_seconds) is (route is Route.RESPONSES)
    assert core.head_seconds(flow) >= core.head_timeout_seconds


@pytest.mark.parametrize(("cleared", "error"), [(True, False), (False, True)], ids=["our layer", "anybody else"])
def test_only_our_own_layer_dials(cleared: bool, error: bool) -> None:
    """mitmproxy's replay would send a saved request without asking any step."""
    flow = a_flow()
    core = CodexCore(Exchanges({flow: an_exchange()}))
    if cleared:
        core.has_credential(flow)  # asked just before it dials

    dial = ServerConnectionHookData(tflow.tserver_conn(), flow.client_conn)
    core.server_connect(dial)

    assert (dial.server.error is not None) is error


@pytest.mark.parametrize(
    ("headers", "body", "length"),
    [
        pytest.param([], b"12345", "5", id="an HTTP/2 client need not say it"),
        pytest.param([(b"Content-Length", b"5")], b"12345", "5", id="said"),
        pytest.param([(b"transfer-encoding", b"chunked")], b"12345", None, id="in chunks"),
        pytest.param([], b"", None, id="no body"),
    ],
)
def test_the_length_of_a_body_is_said_once(headers: list[tuple[bytes, bytes]], body: bytes, length: str | None) -> None:
    head = head_on_wire(a_flow((b"x-before", b"1"), *headers, body=body).request, CREDENTIAL)

    assert head.headers.get("content-length") == length
