"""Whatever a client asks for: read as the standard library's JSON reads it, or refused in a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from addons.wire.asks import AskError, parse_ask
from addons.wire.endpoints import Kind
from addons.wire.model_lists import with_models
from addons.wire.routes import Route
from tests.hunts import JSON, TEXT, damaged, hunt

FIELDS = ("model", "stream", "input", "reasoning", "service_tier", "prompt_cache_key", "client_metadata", "id")
NAMES = st.sampled_from(FIELDS) | TEXT
SHAPES: dict[str, type | tuple[type, ...]] = {"model": str, "stream": bool, "input": (str, list)}
KNOWN = {
    "model": TEXT,
    "stream": st.booleans(),
    "input": TEXT | st.lists(JSON, max_size=2),
    "reasoning": st.fixed_dictionaries({}, optional={"effort": TEXT | JSON}),
    "prompt_cache_key": TEXT,
}
BODIES = st.fixed_dictionaries({}, optional=KNOWN) | st.dictionaries(NAMES, JSON, max_size=4)
ROUTES = st.sampled_from(list(Route)).filter(lambda route: route in (Route.RESPONSES, Route.COMPACT, Route.OTHER))


@st.composite
def written(draw: st.DrawFn, documents: st.SearchStrategy[Any]) -> bytes:
    """A document as some encoder writes it."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]))
    return json.dumps(draw(documents), ensure_ascii=draw(st.booleans()), separators=separators).encode()


def is_turn(document: Any) -> bool:
    """Whether it has the shape of a turn."""
    return isinstance(document, dict) and all(
        document.get(name) is None or isinstance(document[name], shape) for name, shape in SHAPES.items()
    )


@hunt
@given(written(BODIES))
def test_a_turn_is_read_as_another_reader_reads_it(body: bytes) -> None:
    document = json.loads(body)
    if not is_turn(document):
        with pytest.raises(AskError):
            parse_ask(Route.RESPONSES, {}, body)
        return

    ask = parse_ask(Route.RESPONSES, {}, body)
    reasoning, tier = document.get("reasoning"), document.get("service_tier")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    assert (ask.model, ask.stream) == (document.get("model"), document.get("stream") or False)
    assert ask.effort == (effort if isinstance(effort, str) else None)
    assert ask.tier == (tier if isinstance(tier, str) else None)
    assert ask.kind in (Kind.TURN, Kind.COMPACT)


@hunt
@given(damaged(written(BODIES)) | st.binary(max_size=60), ROUTES)
def test_what_is_not_refused_is_json_to_another_reader_too(body: bytes, route: Route) -> None:
    try:
        parse_ask(route, {}, body)
    except AskError as error:
        assert str(error).startswith("The request body ")
        assert str(error).endswith(".")
    else:
        assume(route is not Route.OTHER)
        assert is_turn(json.loads(body.decode()))


@hunt
@given(st.dictionaries(st.sampled_from(["session-id", "session_id", "thread-id", "x-codex-turn-metadata"]), TEXT))
def test_ids_in_headers_are_printable_or_nothing(headers: dict[str, str]) -> None:
    ask = parse_ask(Route.RESPONSES, headers, b"{}")

    for found in (ask.session, ask.thread):
        assert found is None or (found in headers.values() and found.isprintable())


def is_json(body: bytes) -> bool:
    """Whether the standard library can read it."""
    try:
        json.loads(body.decode())
    except (ValueError, RecursionError):
        return False
    return True


MODELS = st.lists(st.fixed_dictionaries({}, optional={"slug": TEXT, "id": TEXT, "x": JSON}) | JSON, max_size=4)
LISTS = st.fixed_dictionaries({}, optional={"models": MODELS | JSON, "data": MODELS, "etag": JSON})


@hunt
@given(written(LISTS) | damaged(written(LISTS)) | st.binary(max_size=40))
def test_a_list_of_models_loses_those_that_are_not_allowed_and_nothing_else(body: bytes) -> None:
    kept = with_models(body, lambda name: name < "m")
    if kept is None or not is_json(body):  # bytes that the client would have had from the upstream too
        return
    before, after = json.loads(body), json.loads(kept)
    assert before.keys() == after.keys()
    for name in before:
        if name not in ("models", "data"):
            assert after[name] == before[name]
        else:
            assert after[name] == [entry for entry in before[name] if is_below_m(entry)]


def is_below_m(entry: Any) -> bool:
    """Whether a model has a name, and that is."""
    slug, name = (entry.get("slug"), entry.get("id")) if isinstance(entry, dict) else (None, None)
    if not all(isinstance(one, str | None) for one in (slug, name)):
        return False
    found = slug or name
    return found is not None and "" < found < "m"
