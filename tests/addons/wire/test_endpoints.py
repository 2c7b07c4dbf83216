"""What each kind of request is held to, and when it may be sent to a second account."""

from __future__ import annotations

import pytest

from addons.wire.decoding import MEBIBYTE
from addons.wire.endpoints import ENDPOINTS, Elsewhere, Kind, kind_of, may_go_elsewhere, most_body_bytes, too_large
from addons.wire.failures import Break, Failure
from addons.wire.routes import OWN_PAGES, Refusal, Route


def test_every_route_is_a_page_of_ours_or_held_to_something() -> None:
    assert set(ENDPOINTS) == set(Route) - OWN_PAGES
    assert {endpoint.kind for endpoint in ENDPOINTS.values()} == set(Kind)


@pytest.mark.parametrize(
    ("route", "kind", "mebibytes", "elsewhere"),
    [
        (Route.RESPONSES, "turn", 64, Elsewhere.ALWAYS),
        (Route.COMPACT, "compact", 64, Elsewhere.ALWAYS),
        (Route.MODELS, "models", 4, Elsewhere.ALWAYS),
        (Route.SEARCH, "search", 32, Elsewhere.ALWAYS),
        (Route.IMAGES, "images", 64, Elsewhere.ALWAYS),
        (Route.TRANSCRIBE, "transcribe", 64, Elsewhere.ALWAYS),
        (Route.IDENTITIES, "identities", 4, Elsewhere.ALWAYS),
        (Route.SAFETY, "safety", 32, Elsewhere.IF_REFUSED),
        (Route.MEMORIES, "memories", 32, Elsewhere.IF_REFUSED),
        (Route.ANALYTICS, "analytics", 4, Elsewhere.IF_REFUSED),
        (Route.REALTIME, "realtime", 4, Elsewhere.IF_REFUSED),
        (Route.FILES, "files", 64, Elsewhere.IF_REFUSED),
        (Route.GOALS, "goals", 4, Elsewhere.NEVER),
        (Route.OTHER, "other", 32, Elsewhere.IF_READ),
    ],
    ids=lambda value: value.value if isinstance(value, Route) else "",
)
def test_the_table(route: Route, kind: str, mebibytes: int, elsewhere: Elsewhere) -> None:
    assert kind_of(route) == kind
    assert most_body_bytes(route) == mebibytes * MEBIBYTE
    assert ENDPOINTS[route].elsewhere is elsewhere


def test_only_what_a_model_answers_marks_accounts_and_only_what_leaves_something_there_makes_a_home() -> None:
    turns = {Route.RESPONSES, Route.COMPACT}

    assert {route for route, endpoint in ENDPOINTS.items() if endpoint.marks_accounts} == turns
    assert {route for route, endpoint in ENDPOINTS.items() if endpoint.makes_home} == turns | {Route.GOALS}


REFUSED, FAILED, CUT, NEVER_SENT, PAGE = (
    (Break.STATUS, Failure.RATE_LIMITED),
    (Break.STATUS, Failure.SERVER_ERROR),
    (Break.TRANSPORT, Failure.UNREACHABLE),
    (Break.CONNECT, Failure.UNREACHABLE),
    (Break.STATUS, Failure.BLOCKED),
)


@pytest.mark.parametrize(
    ("route", "method", "expected"),
    [
        pytest.param(Route.RESPONSES, "POST", "refused failed cut never-sent page", id="turn"),
        pytest.param(Route.IMAGES, "POST", "refused failed cut never-sent page", id="picture"),
        pytest.param(Route.ANALYTICS, "POST", "refused never-sent", id="events"),
        pytest.param(Route.FILES, "POST", "refused never-sent", id="file"),
        pytest.param(Route.MEMORIES, "GET", "refused failed cut never-sent", id="read of something of a known kind"),
        pytest.param(Route.OTHER, "GET", "refused failed cut never-sent", id="read of something unknown"),
        pytest.param(Route.OTHER, "HEAD", "refused failed cut never-sent", id="its head"),
        pytest.param(Route.OTHER, "POST", "never-sent", id="something unknown"),
        pytest.param(Route.OTHER, "DELETE", "never-sent", id="something unknown goes"),
        pytest.param(Route.GOALS, "GET", "", id="goal read"),
        pytest.param(Route.GOALS, "POST", "", id="goal set"),
    ],
)
def test_what_may_be_sent_to_another_account(route: Route, method: str, expected: str) -> None:
    cases = {"refused": REFUSED, "failed": FAILED, "cut": CUT, "never-sent": NEVER_SENT, "page": PAGE}

    found = [name for name, (how, failure) in cases.items() if may_go_elsewhere(route, method, how, failure)]

    assert found == expected.split()


@pytest.mark.parametrize("route", sorted(OWN_PAGES, key=str), ids=str)
def test_a_page_of_ours_is_of_no_kind_and_takes_little(route: Route) -> None:
    assert (kind_of(route), most_body_bytes(route)) == (Kind.OTHER, 4 * MEBIBYTE)


@pytest.mark.parametrize(("limit", "text"), [(4 * MEBIBYTE, "4 MiB"), (1000, "1000 bytes")])
def test_who_sends_too_much_is_told_how_much_is_taken(limit: int, text: str) -> None:
    message = f"The request body is larger than {text}, the most that is taken here."

    assert too_large(limit) == Refusal(413, "request_too_large", message)
