"""Heads as they pass: up with the account's credential, down without the pool's, and neither with what is a hop's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mitmproxy import http

from addons.core.passing import NOT_FORWARDED, NOT_PASSED_ON, head_for_client, head_on_wire, hide_credentials
from addons.wire.headers import CLIENT_CREDENTIALS
from tests.addons.samples import CREDENTIAL, a_flow

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


@pytest.mark.parametrize(("override", "values"), [(None, []), ("us", ["us"]), ("us_cr", ["us_cr"])])
def test_requests_of_a_workspace_with_a_routing_override_say_so(override: str | None, values: list[str]) -> None:
    """Once, and never what the client says of its own workspace."""
    name = b"x-openai-account-routing-override"
    flow = a_flow(*KEPT, (name, b"eu"), (name.title(), b"eu"))

    head = head_on_wire(flow.request, replace(CREDENTIAL, routing_override=override))

    assert head.headers.get_all(name.decode()) == values


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


BETWEEN_HOPS = (b"x-forwarded-for", b"X-Forwarded-Port", b"proxy-connection", b"Proxy-Authenticate", b"proxy-status")


@pytest.mark.parametrize("name", BETWEEN_HOPS)
def test_what_hops_say_of_each_other_passes_neither_way(name: bytes) -> None:
    fields = ((name, b"1"), (b"x-after", b"1"))

    assert head_on_wire(a_flow(*fields, body=b"").request, CREDENTIAL).headers.fields == (fields[1], *CREDENTIAL_FIELDS)
    assert head_for_client(an_answer(*fields)).headers.fields == (fields[1],)


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        pytest.param(b"close", (b"x-a", b"X-B", b"content-length"), id="nothing of headers"),
        pytest.param(b"x-a", (b"X-B", b"content-length"), id="one"),
        pytest.param(b"close, X-A ,x-b", (b"content-length",), id="two, in any case"),
        pytest.param(b"content-length, x-a", (b"X-B", b"content-length"), id="a length is no hop's to take away"),
    ],
)
def test_headers_that_connection_names_end_with_the_connection(said: bytes, rest: tuple[bytes, ...]) -> None:
    fields = ((b"connection", said), (b"x-a", b"1"), (b"X-B", b"2"), (b"content-length", b"2"))

    sent = head_on_wire(a_flow(*fields).request, CREDENTIAL).headers.fields
    passed = head_for_client(an_answer(*fields)).headers.fields

    assert tuple(name for name, _ in sent[:-2]) == tuple(name for name, _ in passed) == rest


@pytest.mark.parametrize("mark", [b"\r", b"\n", b"\0", b"\r\nx-evil: 1"])
def test_a_field_that_would_begin_another_line_does_not_pass(mark: bytes) -> None:
    """HTTP/2 could carry it."""
    fields = ((b"x-a", b"1" + mark), (b"x-b" + mark, b"2"), (b"x-c", b"3"))

    assert head_on_wire(a_flow(*fields, body=b"").request, CREDENTIAL).headers.fields == (fields[2], *CREDENTIAL_FIELDS)
    assert head_for_client(an_answer(*fields)).headers.fields == (fields[2],)


def an_answer(*fields: tuple[bytes, bytes]) -> http.Response:
    made = http.Response.make(200)
    made.headers = http.Headers(fields)
    made.data.content = None
    return made


@pytest.mark.parametrize("name", sorted(NOT_PASSED_ON))
@pytest.mark.parametrize("change", [bytes.lower, bytes.upper, bytes.title], ids=["lower", "upper", "title"])
def test_what_the_upstream_says_to_its_own_client_stays_here(name: bytes, change: type[bytes]) -> None:
    rest = ((b"content-type", b"text/event-stream"), (b"Transfer-Encoding", b"chunked"), (b"x-request-id", b"r"))

    assert head_for_client(an_answer((change(name), b"pool=1"), *rest)).headers.fields == rest


def test_the_upstreams_own_head_stays_as_it_came() -> None:
    """Whether its connection can be used again is read there."""
    came = an_answer((b"connection", b"close"), (b"set-cookie", b"pool=1"))
    before = came.get_state()

    head_for_client(came).headers["x-later"] = "1"

    assert came.get_state() == before


@pytest.mark.parametrize("name", sorted(CLIENT_CREDENTIALS))
def test_what_a_client_is_known_by_is_hidden(name: bytes) -> None:
    request = a_flow((b"host", b"h"), (name.title(), b"secret"), (b"accept", b"*/*")).request

    hide_credentials(request)

    assert request.headers.fields == ((b"host", b"h"), (b"accept", b"*/*"))
