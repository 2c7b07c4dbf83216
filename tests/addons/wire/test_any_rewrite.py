"""Whatever JSON object a client sends: a text put into it is there, and every other byte is where it was."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from addons.wire.asks import AskError, parse_ask
from addons.wire.rewrites import says_twice, with_text
from addons.wire.routes import Route
from tests.hunts import JSON, TEXT, damaged, hunt

BLANK = st.text(" \t\r\n", max_size=2)
PATHS = st.sampled_from([("model",), ("service_tier",), ("reasoning", "effort")])
NAMES = st.sampled_from(["model", "service_tier", "reasoning", "effort", "mode", "models"]) | TEXT


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object as it is written: what stands before its value, the value, what stands behind."""

    name: str
    before: str
    value: str
    behind: str


@st.composite
def a_name(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and one way to write it."""
    name = draw(NAMES)
    escaped = "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else c for c in name)
    return name, draw(st.sampled_from([json.dumps(name), json.dumps(name, ensure_ascii=False), f'"{escaped}"']))


@st.composite
def members(draw: st.DrawFn, values: st.SearchStrategy[str]) -> list[Member]:
    """Some members; a name may occur twice."""
    found = []
    for name, spelled in draw(st.lists(a_name(), max_size=4)):
        blanks = [draw(BLANK) for _ in range(4)]
        found.append(Member(name, f"{blanks[0]}{spelled}{blanks[1]}:{blanks[2]}", draw(values), blanks[3]))
    return found


def object_of(parts: list[Member]) -> str:
    return "{" + ",".join(part.before + part.value + part.behind for part in parts) + "}"


PLAIN = st.builds(json.dumps, JSON, ensure_ascii=st.booleans())
SHALLOW = members(PLAIN)
DEEP = members(PLAIN | SHALLOW.map(object_of))


def pairs(text: str | bytes) -> Any:
    """The document with its objects as lists of pairs, so that none is lost."""
    return json.loads(text, object_pairs_hook=lambda found: [("", None), *found])


def expected(parts: list[Member], path: tuple[str, ...], text: str) -> str:
    """The object with the text at a path of one name, put together anew."""
    (name,) = path
    new = json.dumps(text, ensure_ascii=False)
    changed = [
        Member(p.name, p.before, p.value if p.name != name or json.loads(p.value) == text else new, p.behind)
        for p in parts
    ]
    if any(part.name == name for part in parts):
        return object_of(changed)
    return "{" + f"{json.dumps(name)}:{new}" + ("," if parts else "") + object_of(parts)[1:]


@hunt
@given(DEEP, st.sampled_from(["gpt-5.5", 'a"b\\c', "größer"]))
def test_only_the_value_changes(parts: list[Member], text: str) -> None:
    body = object_of(parts).encode()

    assert with_text(body, ["model"], text).decode() == expected(parts, ("model",), text)


@hunt
@given(DEEP, PATHS, TEXT)
def test_a_reader_finds_the_text_and_all_else_as_it_was(parts: list[Member], path: tuple[str, ...], text: str) -> None:
    body = object_of(parts).encode()
    before, after = json.loads(body), json.loads(with_text(body, path, text))

    at = after
    for name in path:
        at = at[name]
    assert at == text
    *outer, last = path
    for name in outer:
        before, after = without(before, after, name)
    assert {**before, last: text} == after


def without(before: Any, after: Any, name: str) -> tuple[Any, Any]:
    """Both one level deeper; on this one they are alike."""
    assert {**before, name: None} == {**after, name: None}
    inner = before.get(name)
    return (inner if isinstance(inner, dict) else {}), after[name]


@hunt
@given(DEEP, PATHS, TEXT)
def test_putting_it_in_again_changes_nothing(parts: list[Member], path: tuple[str, ...], text: str) -> None:
    once = with_text(object_of(parts).encode(), path, text)

    assert with_text(once, path, text) == once


@hunt
@given(DEEP, PATHS)
def test_what_is_said_twice_is_found(parts: list[Member], path: tuple[str, ...]) -> None:
    """As a reader that keeps every member counts it."""
    body = object_of(parts)

    def counts(document: list[tuple[str, Any]], name: str, *rest: str) -> bool:
        found = [value for known, value in document[1:] if known == name]
        inner = [value for value in found if isinstance(value, list) and value[:1] == [("", None)]]
        return len(found) > 1 or any(counts(value, *rest) for value in inner if rest)

    assert says_twice(body.encode(), path) == counts(pairs(body), *path)


@hunt
@given(damaged(DEEP.map(object_of).map(str.encode)), PATHS)
def test_whatever_is_read_as_an_ask_can_be_rewritten(body: bytes, path: tuple[str, ...]) -> None:
    try:
        parse_ask(Route.RESPONSES, {}, body)
    except AskError:
        return
    assert isinstance(says_twice(body, path), bool)
    assert parse_ask(Route.RESPONSES, {}, with_text(body, ["model"], "gpt-5.5")).model == "gpt-5.5"
