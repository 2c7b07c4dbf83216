"""The last look before the wire: every step must have written its part."""

from __future__ import annotations

import pytest

from addons.clearance import NEEDED, Clearance, missing
from addons.core.attempt import Attempt
from addons.exchange import Exchange, Exchanges
from addons.wire.routes import Route
from codexlb_store.keyring import Keyring
from tests.addons.samples import a_flow, an_answered_flow, an_exchange


@pytest.mark.parametrize("name", NEEDED)
def test_each_part_is_needed(name: str) -> None:
    exchange, flow = an_exchange(**{name: None}), a_flow()

    Clearance(Exchanges({flow: exchange}), Keyring([])).request(flow)

    assert missing(exchange) == [name]
    assert not exchange.cleared


def test_all_that_is_missing_is_named() -> None:
    assert missing(Exchange(Route.RESPONSES, 1.0)) == [*NEEDED, "credential"]
    assert missing(an_exchange()) == []


@pytest.mark.parametrize(
    ("problem", "expected"), [(None, ["credential"]), ("token_revoked", [])], ids=["nothing known", "problem known"]
)
def test_in_place_of_a_credential_the_reason_why_there_is_none_does(problem: str | None, expected: list[str]) -> None:
    """Such a request goes no further than the HTTP core, which asks for another account."""
    assert missing(an_exchange(credential=None, credential_problem=problem)) == expected


def test_a_request_that_every_step_has_seen_may_leave() -> None:
    exchange, flow = an_exchange(head_seen=False), a_flow()
    clearance = Clearance(Exchanges({flow: exchange}), Keyring([]))

    clearance.requestheaders(flow)
    clearance.request(flow)

    assert exchange.cleared


def test_a_request_whose_head_a_step_failed_on_may_not() -> None:
    exchange, flow = an_exchange(head_seen=False), a_flow()

    Clearance(Exchanges({flow: exchange}), Keyring([])).request(flow)

    assert not exchange.cleared


def test_a_request_that_is_answered_already_may_not() -> None:
    exchange, flow = an_exchange(), an_answered_flow(400)

    Clearance(Exchanges({flow: exchange}), Keyring([])).request(flow)

    assert not exchange.cleared


def test_a_request_that_was_never_let_in_is_left_alone() -> None:
    clearance, flow = Clearance(Exchanges(), Keyring([])), a_flow()

    clearance.requestheaders(flow)
    clearance.request(flow)

    assert flow not in clearance.exchanges


def test_what_follows_a_failed_attempt_is_decided_once_every_step_has_spoken() -> None:
    attempt = Attempt(a_flow(), 1)

    Clearance(Exchanges(), Keyring([])).upstream_attempt_failed(attempt)

    assert attempt.decided
