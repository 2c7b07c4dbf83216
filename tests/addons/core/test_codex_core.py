"""What the chain tells our layer: what may leave, with which credential, and what the client is told instead."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace

import pytest
from mitmproxy import http
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.layers.modes import HttpProxy, ReverseProxy
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import taddons, tflow

from addons.core.codex_core import CONNECT_SECONDS, UNARY_FACTOR, CodexCore, connection_error, is_first_layer
from addons.exchange import Exchanges
from addons.list_lease import PATIENCE_SECONDS
from addons.wire.routes import Route
from codexlb_store.credentials import Credential
from codexlb_store.model_lists import KeptList
from tests.addons.samples import CREDENTIAL, a_flow, an_exchange


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (502, "upstream_unreachable", "server_error"),
        (504, "upstream_unreachable", "server_error"),
        (400, "bad_request", "invalid_request_error"),
        (408, "request_timeout", "invalid_request_error"),
    ],
)
def test_an_error_of_a_connection_is_told_as_json(status: int, code: str, kind: str) -> None:
    answer = connection_error(status, "it broke", 1 << 20)

    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"], error["type"]) == (status, code, kind)
    assert ("it broke" in error["message"]) == (status < 500)  # the upstream's side may quote a cookie
    assert ("content-type", "application/json") in answer.headers


def test_a_body_over_the_limit_is_told_in_our_own_words() -> None:
    answer = connection_error(413, "Request body exceeds mitmproxy's body_size_limit.", 5 << 20)

    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (413, "request_too_large")
    assert error["message"] == "The request body is larger than 5 MiB, the most that is taken here."


def a_context(mode: str, transport: str = "tcp") -> Context:
    client = tflow.tclient_conn()
    client.proxy_mode, client.transport_protocol = ProxyMode.parse(mode), transport  # type: ignore[assignment]
    return Context(client, taddons.context().options)


@pytest.mark.parametrize("dialled_after", [0.0, 2.0])
def test_a_list_is_waited_for_as_long_as_codex_does_while_one_is_kept(dialled_after: float) -> None:
    """All attempts together: the second one has what the first has left."""
    core, flow, now = CodexCore(Exchanges()), a_flow(), time.time()
    core.exchanges[flow] = exchange = an_exchange(route=Route.MODELS, opened_at=now - dialled_after)
    without = core.dial_seconds(flow), core.head_seconds(flow)
    exchange.kept = KeptList("", "a", b"{}", "application/json", None, (), now)
    exchange.sent_at = now

    assert without == (CONNECT_SECONDS, UNARY_FACTOR * core.head_timeout_seconds)
    assert core.head_seconds(flow) == PATIENCE_SECONDS - dialled_after
    assert 0 <= core.dial_seconds(flow) <= PATIENCE_SECONDS - dialled_after


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
    flow = a_flow((b"host", b"chatgpt.com"))
    exchange = an_exchange(cleared=True)
    core = CodexCore(Exchanges({flow: exchange}))

    assert core.refuse(flow) is None
    head = core.on_wire(flow)

    assert head.headers["authorization"] == "Bearer at-of-ann"
    assert exchange.sent_at is not None
    assert exchange.in_the_air


@pytest.mark.parametrize(
    ("credential", "usable"),
    [
        pytest.param(CREDENTIAL, True, id="as it should be"),
        pytest.param(None, False, id="none"),
        pytest.param(replace(CREDENTIAL, access_token="at\r\nx-evil: 1"), False, id="a token that breaks the line"),
        pytest.param(replace(CREDENTIAL, chatgpt_account_id="a\0"), False, id="an account id with a NUL"),
        pytest.param(replace(CREDENTIAL, routing_override="us\n"), False, id="an override that breaks the line"),
        pytest.param(replace(CREDENTIAL, access_token="tök"), False, id="a token that is no ASCII"),
    ],
)
def test_a_credential_that_would_not_be_just_that_in_a_head_is_none(
    credential: Credential | None, usable: bool
) -> None:
    flow = a_flow()

    assert CodexCore(Exchanges({flow: an_exchange(credential=credential)})).has_credential(flow) is usable


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
