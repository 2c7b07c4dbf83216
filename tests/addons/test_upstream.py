"""Where a request is pointed at: what its account's workspace demands, else the configured upstream."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from mitmproxy import http
from mitmproxy.test import taddons

from addons.core.attempt import Attempt
from addons.exchange import Exchange, Exchanges, Lease, NextStep
from addons.upstream import NO_ORIGIN, SEND_AGAIN, Upstream
from addons.wire.origins import Origin, parse_origin
from codexlb_store.accounts import Account
from codexlb_store.credentials import Credential
from codexlb_store.selection import Choice
from tests.addons.samples import ACCOUNT, CREDENTIAL, RESPONSES, a_flow, a_pool, an_answered_flow, an_exchange

HERE = "http://127.0.0.1:8080"
CHATGPT = "https://chatgpt.com"
EU = "https://eu.chatgpt.com"

AT_HOME = replace(ACCOUNT, id="a")
RESIDENT = replace(ACCOUNT, id="eu", origin=EU)


def lease(account_id: str) -> Lease:
    return Lease(account_id, Choice(account_id, ((account_id, 1.0),)))


def an_upstream(exchange: Exchange, flow: http.HTTPFlow, *accounts: Account, option: str = CHATGPT) -> Upstream:
    """The step before a pool of these accounts; what is configured is `option`."""
    upstream = Upstream(Exchanges({flow: exchange}), a_pool(*accounts))
    upstream.origin = parse_origin(option)
    return upstream


def credential_of(exchange: Exchange) -> tuple[Credential | None, str | None]:
    """The credential, and why there is none."""
    return exchange.credential, exchange.credential_problem


def target(request: http.Request) -> str:
    """Where a request goes, as an origin; its Host header must say the same."""
    origin = Origin(request.scheme, request.host, request.port)
    assert request.host_header == origin.authority
    return origin.url


@pytest.mark.parametrize(
    ("demanded", "option", "expected"),
    [
        pytest.param(None, CHATGPT, CHATGPT, id="nothing demanded"),
        pytest.param(None, HERE, HERE, id="nothing demanded of a simulator"),
        pytest.param(EU, CHATGPT, EU, id="https"),
        pytest.param(EU + ":8443", CHATGPT, EU + ":8443", id="port"),
        pytest.param(EU, HERE, EU, id="https beside a simulator"),
        pytest.param("http://[::1]:9", HERE, "http://[::1]:9", id="http beside http"),
    ],
)
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2.0"])
def test_a_request_goes_where_its_account_is_served(
    demanded: str | None, option: str, expected: str, version: str
) -> None:
    flow, exchange = a_flow(), an_exchange(upstream=None)
    flow.request.http_version = version

    an_upstream(exchange, flow, replace(AT_HOME, origin=demanded), option=option).request(flow)

    assert target(flow.request) == expected
    assert exchange.upstream == parse_origin(expected)
    assert exchange.credential == CREDENTIAL
    assert (flow.request.path, flow.request.raw_content) == (RESPONSES, b"{}")


async def test_the_option_counts_from_the_next_request_on() -> None:
    flow, exchange = a_flow(), an_exchange()
    upstream = an_upstream(exchange, flow, AT_HOME)

    with taddons.context(upstream) as context:
        for origin in (HERE, EU):
            context.configure(upstream, codexlb_upstream=origin)
            upstream.request(flow)
            assert target(flow.request) == origin


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(an_exchange(upstream=None, lease=None), id="no lease"),
        pytest.param(an_exchange(upstream=None, credential=None), id="no credential, and no reason for it"),
    ],
)
def test_a_request_that_is_not_ready_goes_nowhere(exchange: Exchange) -> None:
    flow = a_flow()
    before = flow.request.get_state()

    an_upstream(exchange, flow, AT_HOME).request(flow)

    assert exchange.upstream is None
    assert flow.request.get_state() == before


def test_what_is_answered_already_goes_nowhere() -> None:
    flow, exchange = an_answered_flow(), an_exchange(upstream=None)

    an_upstream(exchange, flow, AT_HOME).request(flow)
    an_upstream(exchange, flow, AT_HOME).request(a_flow())  # nor what was never let in

    assert exchange.upstream is None


@pytest.mark.parametrize("step", sorted(SEND_AGAIN))
@pytest.mark.parametrize(("first", "then"), [("a", "eu"), ("eu", "a"), ("eu", "eu"), ("a", "a")])
def test_every_further_attempt_is_pointed_anew(first: str, then: str, step: NextStep) -> None:
    """Also for the same account: what its workspace demands may have been read meanwhile."""
    flow, exchange = a_flow(), an_exchange(upstream=None, lease=lease(first))
    upstream = an_upstream(exchange, flow, AT_HOME, RESIDENT)
    origins = {"a": CHATGPT, "eu": EU}
    attempt = Attempt(flow, 1)

    upstream.request(flow)
    assert target(flow.request) == origins[first]
    exchange.lease, exchange.next_step = lease(then), step
    upstream.upstream_attempt_failed(attempt)

    assert attempt.retry
    assert target(flow.request) == origins[then]
    assert exchange.upstream == parse_origin(origins[then])


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        pytest.param(NextStep.GIVE_UP, None, id="given up"),
        pytest.param(None, None, id="undecided"),
        pytest.param(NextStep.OTHER, http.Response.make(503), id="answered"),
    ],
)
def test_without_a_further_attempt_nothing_is_pointed_anywhere(
    step: NextStep | None, reply: http.Response | None
) -> None:
    flow, exchange = a_flow(), an_exchange(upstream=None, lease=lease("eu"), next_step=step)
    attempt = Attempt(flow, 1, reply=reply)

    an_upstream(exchange, flow, AT_HOME, RESIDENT).upstream_attempt_failed(attempt)

    assert not attempt.retry
    assert exchange.upstream is None


UNUSABLE = ("http://eu.chatgpt.com", "https://eu.chatgpt.com/path", "eu", "")


@pytest.mark.parametrize("demanded", UNUSABLE)
def test_an_account_whose_demand_cannot_be_honoured_is_sent_nowhere(
    demanded: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It has no credential then, without which the HTTP core neither dials nor sends. The log says it once."""
    flow, exchange = a_flow(), an_exchange()
    upstream = an_upstream(exchange, flow, replace(AT_HOME, origin=demanded))

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            exchange.credential, exchange.credential_problem = CREDENTIAL, None
            upstream.request(flow)
            assert credential_of(exchange) == (None, NO_ORIGIN)

    assert caplog.text.count("Account a is not used for what its workspace demands: ") == 1


def test_the_next_attempt_is_not_sent_to_such_an_account_either() -> None:
    flow, exchange = a_flow(), an_exchange(next_step=NextStep.OTHER, lease=lease("bad"))
    upstream = an_upstream(exchange, flow, AT_HOME, replace(AT_HOME, id="bad", origin="eu"))

    upstream.upstream_attempt_failed(attempt := Attempt(flow, 1))

    assert attempt.retry  # and fails at once, for the next account's turn
    assert credential_of(exchange) == (None, NO_ORIGIN)


def test_an_account_that_was_removed_is_sent_nowhere() -> None:
    """What its workspace demanded went with it."""
    flow, exchange = a_flow(), an_exchange(lease=lease("gone"))

    an_upstream(exchange, flow, AT_HOME).request(flow)

    assert credential_of(exchange) == (None, NO_ORIGIN)


def test_the_reason_why_there_is_no_credential_stays() -> None:
    flow, exchange = a_flow(), an_exchange(lease=lease("gone"), credential=None, credential_problem="account_removed")

    an_upstream(exchange, flow, AT_HOME).request(flow)

    assert credential_of(exchange) == (None, "account_removed")


@pytest.mark.parametrize(
    ("sent", "issued_by", "foreign"),
    [
        pytest.param(None, "eu", False, id="none"),
        pytest.param("state", "a", False, id="own"),
        pytest.param("state", "eu", True, id="foreign"),
        pytest.param("unheard of", "eu", False, id="unknown"),
    ],
)
def test_a_turn_state_of_another_account_is_known(sent: str | None, issued_by: str, foreign: bool) -> None:
    headers = [(b"host", b"x"), *([(b"x-codex-turn-state", sent.encode())] if sent else [])]
    flow, exchange = a_flow(*headers), an_exchange()
    upstream = an_upstream(exchange, flow, AT_HOME, RESIDENT)
    upstream.pool.note_turn_state("state", issued_by)

    upstream.request(flow)

    assert exchange.foreign_turn_state is foreign
