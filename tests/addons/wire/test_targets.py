"""A target loses its `/v1` once and only where it stands plainly; what is left is what is judged and what is sent."""

from __future__ import annotations

import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.wire.routes import OWN_PAGES, Refusal, Route, route
from addons.wire.targets import TREE, as_a_lax_server_reads, path_of, reads_as_versioned, without_version
from tests.hunts import TEXT, hunt


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/backend-api/codex/v1/responses", "/backend-api/codex/responses"),
        ("/backend-api/codex/v1/responses/compact", "/backend-api/codex/responses/compact"),
        ("/backend-api/codex/v1/models?client_version=1&v1/", "/backend-api/codex/models?client_version=1&v1/"),
        ("/backend-api/codex/v1/new/%20thing?x=%2e", "/backend-api/codex/new/%20thing?x=%2e"),
        ("/backend-api/codex/v1/", "/backend-api/codex/"),
        ("/backend-api/codex/v1//x", "/backend-api/codex//x"),
        ("/backend-api/codex/v1/v1/x", "/backend-api/codex/v1/x"),
    ],
)
def test_without_version(target: str, expected: str) -> None:
    assert without_version(target) == expected


@pytest.mark.parametrize(
    "target",
    [
        "/backend-api/codex/responses",
        "/backend-api/codex/v1",
        "/backend-api/codex/v1?x",
        "/backend-api/codex/%76%31/responses",
        "/backend-api/codex/V1/responses",
        "/backend-api/codex/v1%2fresponses",
        "/backend-api/codex/v12/responses",
        "/backend-api/codex//v1/responses",
        "/backend-api/v1/responses",
        "/v1/usage",
        "http://evil.example/backend-api/codex/v1/responses",
        "*",
        "",
    ],
)
def test_whatever_else_stays_as_it_came(target: str) -> None:
    assert without_version(target) == target


SEGMENTS = st.sampled_from(
    [
        *("v1", "V1", "%76%31", "v%31", "v1;a", "v1.", "v1%2f", "v1%20", "%2fv1", "..", ".", "", "%2e%2e", "x"),
        *("responses", "%72esponses", "compact", "models", "files", "file_1", "uploaded", "memories", "Safety"),
    ]
)
STARTS = st.sampled_from([TREE, TREE + "v1/", "/backend-api/", "/backend-api/files/", "/", "/backend-api/codex%2f"])
TARGETS = st.builds(
    lambda start, segments, query: start + "/".join(segments) + query,
    STARTS,
    st.lists(SEGMENTS | TEXT, max_size=4),
    st.sampled_from(["", "?", "?v1/", "?x=/../"]),
)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE"])


def admitted(method: str, target: str) -> tuple[str, Route] | None:
    """What goes upstream of a request, and as what; None when nothing does."""
    sent = without_version(target)
    found = route(method, sent, upgrade=False)
    return None if isinstance(found, Refusal) or found in OWN_PAGES else (sent, found)


@hunt
@given(METHODS, TARGETS)
def test_nothing_goes_upstream_but_what_was_named(method: str, target: str) -> None:
    """Another reader of the path finds the tree, or a file, and neither `v1` nor a way out of it."""
    if (found := admitted(method, target)) is None:
        return
    sent, named = found
    read = urllib.parse.unquote(sent.partition("?")[0], "latin-1")
    segments = read.split("/")[3:]
    assert read.startswith(TREE) or (named is Route.FILES and read.startswith("/backend-api/files"))
    assert not {"", ".", ".."} & set(segments[:-1])
    assert not segments or segments[0].lower() not in ("v1", "v1;a")
    assert target.partition("?")[2] == sent.partition("?")[2]


@hunt
@given(METHODS, TARGETS)
def test_what_is_sent_is_judged_as_it_stands(method: str, target: str) -> None:
    """Sent to a second proxy of this kind, it is the same request; and with `v1` put in, it is so too."""
    if (found := admitted(method, target)) is None:
        return
    sent, named = found
    assert admitted(method, sent) == found
    if sent.startswith(TREE):
        assert admitted(method, TREE + "v1/" + sent.removeprefix(TREE)) == found
    assert named is Route.OTHER or not reads_as_versioned(path_of(sent))


@hunt
@given(METHODS, TARGETS)
def test_an_unknown_path_is_unknown_to_a_lax_reader_too(method: str, target: str) -> None:
    """Neither the letters' case nor what some servers cut off makes it a path that has rules of its own."""
    found = admitted(method, target)
    if found is None or found[1] is not Route.OTHER:
        return
    plainly = as_a_lax_server_reads(path_of(found[0]))
    for other in ("GET", "POST"):
        known = route(other, urllib.parse.quote(plainly, safe="/"), upgrade=False)
        assert known is Route.OTHER or isinstance(known, Refusal)
