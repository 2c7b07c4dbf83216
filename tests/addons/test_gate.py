"""What may come in at all."""

from __future__ import annotations

import json
import socket

import pytest
from mitmproxy import ctx, http
from mitmproxy.test import taddons

from addons.exchange import Exchange, Exchanges
from addons.gate import Gate, admit, is_own_site
from addons.settings.access import parse_hosts
from addons.wire.routes import Refusal, Route
from tests.addons.samples import RESPONSES, a_flow

NAMES = frozenset({"machine-1"})
ANOTHER_SITE = Refusal(403, "cross_site", "A web page of another site may not use this proxy.")


def request(
    method: str, path: str, host: str | None, authority: str = "", version: bytes = b"HTTP/1.1", upgrade: str = ""
) -> http.Request:
    named = {"host": host, "upgrade": upgrade}
    headers = [(name.encode(), value.encode()) for name, value in named.items() if value]
    made = a_flow(*headers, (b"accept", b"*/*"), method=method, path=path).request
    made.data.authority, made.data.http_version = authority.encode(), version
    return made


@pytest.mark.parametrize(
    ("admitted", "expected"),
    [
        pytest.param(request("POST", RESPONSES, "127.0.0.1:2455"), Route.RESPONSES, id="turn"),
        pytest.param(request("GET", "/health", "[::1]:2455"), Route.HEALTH, id="IPv6 address"),
        pytest.param(request("GET", "/health", "localhost"), Route.HEALTH, id="localhost"),
        pytest.param(request("GET", "/health", "Machine-1:2455"), Route.HEALTH, id="own name"),
        pytest.param(
            request("GET", "/health", None, "127.0.0.1:2455", b"HTTP/2.0"), Route.HEALTH, id="HTTP/2 names it apart"
        ),
        # what counts in HTTP/2 is what the request is for, not what a header says beside it
        pytest.param(request("GET", "/health", "127.0.0.1", "evil.example", b"HTTP/2.0"), 400, id="HTTP/2 elsewhere"),
        pytest.param(request("GET", "/health", "machine-2"), 400, id="another machine's name"),
        pytest.param(request("GET", "/health", "127.0.0.1.evil.example"), 400, id="a name like an address"),
        pytest.param(request("GET", "/health", None), 400, id="no host"),
        pytest.param(request("GET", "/health", "127.0.0.1", "127.0.0.1"), 400, id="absolute form"),
        pytest.param(request("CONNECT", "", "127.0.0.1", "127.0.0.1:443"), 400, id="tunnel"),
        pytest.param(request("OPTIONS", "*", "127.0.0.1"), 400, id="asterisk form"),
        pytest.param(request("GET", "/", "127.0.0.1"), 404, id="nothing there"),
        pytest.param(request("GET", RESPONSES, "127.0.0.1"), 405, id="method"),
        pytest.param(request("post", RESPONSES, "127.0.0.1"), 405, id="method in lower case"),
        pytest.param(request("GET", RESPONSES, "127.0.0.1", upgrade="WebSocket"), 426, id="WebSocket"),
        pytest.param(request("POST", RESPONSES, "127.0.0.1", upgrade="h2c"), Route.RESPONSES, id="another upgrade"),
    ],
)
def test_a_request_is_admitted_on_its_route_or_refused(admitted: http.Request, expected: Route | int) -> None:
    found = admit(admitted, NAMES)

    assert (found.status if isinstance(found, Refusal) else found) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, True, id="a program"),
        pytest.param({"sec-fetch-site": "none"}, True, id="typed by hand"),
        pytest.param({"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:2455"}, True, id="own page"),
        pytest.param({"origin": "http://localhost:2455"}, True, id="own page by name"),
        pytest.param({"origin": "http://[::1]:2455"}, True, id="own page, IPv6"),
        pytest.param({"origin": "https://machine-1"}, True, id="own page by the machine's name"),
        # what a browser sends along for a page of somebody else
        pytest.param({"sec-fetch-site": "cross-site"}, False, id="another site"),
        pytest.param({"sec-fetch-site": "same-site", "origin": "http://localhost:3000"}, False, id="another port here"),
        pytest.param({"origin": "https://evil.example"}, False, id="older browser"),
        pytest.param({"origin": "https://127.0.0.1.evil.example"}, False, id="a name like an address"),
        pytest.param({"origin": "null"}, False, id="a sandboxed page or a file"),
        pytest.param({"origin": ""}, False, id="empty"),
    ],
)
def test_pages_of_other_sites_are_told_by_what_browsers_say(headers: dict[str, str], expected: bool) -> None:
    fields = [(b"host", b"127.0.0.1"), *((name.encode(), value.encode()) for name, value in headers.items())]
    made = a_flow(*fields, path=RESPONSES).request

    assert is_own_site(made.headers.fields, NAMES) is expected
    assert admit(made, NAMES) == (Route.RESPONSES if expected else ANOTHER_SITE)


def test_a_refusal_repeats_no_more_of_a_host_than_fits_on_a_line() -> None:
    found = admit(request("GET", "/health", "x" * 5000), NAMES)

    assert isinstance(found, Refusal)
    assert len(found.message) < 200


def test_what_is_let_in_gets_an_exchange_and_this_machines_name_is_known() -> None:
    exchanges = Exchanges()
    flow = a_flow((b"host", socket.gethostname().upper().encode()), method="GET", path="/health")

    Gate(exchanges).requestheaders(flow)

    assert isinstance(exchanges[flow], Exchange)
    assert (exchanges[flow].route, flow.response) == (Route.HEALTH, None)


def test_what_is_turned_away_is_answered_and_gets_none() -> None:
    exchanges, flow = Exchanges(), a_flow((b"host", b"evil.example"))

    Gate(exchanges).requestheaders(flow)

    assert flow not in exchanges
    assert flow.response
    assert (flow.response.status_code, json.loads(flow.response.content or b"")["error"]["code"]) == (
        400,
        "unknown_host",
    )


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("codex.example.com", None, id="named"),
        pytest.param("Codex.Example.Com:8443", None, id="in other letters, with a port"),
        pytest.param("pool", None, id="the second"),
        pytest.param(socket.gethostname(), None, id="this machine's name as before"),
        pytest.param("127.0.0.1", None, id="an address as before"),
        pytest.param("example.com", 400, id="a part"),
        pytest.param("a.codex.example.com", 400, id="below it"),
        pytest.param("codex.example.com.evil.example", 400, id="a name that begins so"),
        pytest.param("xcodex.example.com", 400, id="a name that ends so"),
    ],
)
async def test_a_proxy_goes_by_the_names_it_is_given_and_by_no_other(host: str, status: int | None) -> None:
    exchanges, flow = Exchanges(), a_flow((b"host", host.encode()), method="GET", path="/health")
    with taddons.context() as context:
        gate = Gate(exchanges)
        context.master.addons.add(gate)
        assert ctx.options.codexlb_hosts == ""
        context.configure(gate, codexlb_hosts=" CODEX.example.com,pool,")

        gate.requestheaders(flow)

    assert (flow.response.status_code if flow.response else None) == status


@pytest.mark.parametrize(
    "value",
    [
        "https://codex.example.com",
        "codex.example.com:443",
        "*.example.com",
        "codex example",
        "codex/",
        "-a",
        "ö.example",
        ".",
    ],
)
async def test_what_is_no_host_name_is_refused_in_one_sentence(value: str) -> None:
    with taddons.context() as context, pytest.raises(Exception, match=r"codexlb_hosts: .* is no host name: give names"):
        gate = Gate(Exchanges())
        context.master.addons.add(gate)
        context.configure(gate, codexlb_hosts=f"pool,{value}")


def test_no_names_are_none() -> None:
    assert parse_hosts(" , ") == frozenset()
