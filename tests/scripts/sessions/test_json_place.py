"""Where a value stands in a line of JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scripts.sessions.json_place import span_of


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"a":{"b":"x"}}', b'"x"'),
        (b' { "z" : [1, {"b":2}] , "a" : { "c":null,"b" : "x" , "d":1 } } \n', b'"x"'),
        ('{"é€":"ü","a":{"ö":"😀","b":"ß"}}'.encode(), '"ß"'.encode()),
        (b'{"\\u0061":{"\\u0062":"x"}}', b'"x"'),
        (b'{"a":{"b":"q\\"}{\\\\"}}', b'"q\\"}{\\\\"'),
        (b'{"a":{"b":12.5e3}}', b"12.5e3"),
        (b'{"a":{"b":{}}}', b"{}"),
        (b'{"x":"\\"a\\":{\\"b\\":1}","a":{"b":2}}', b"2"),
        # nothing there
        (b'{"a":{}}', None),
        (b"{}", None),
        (b'{"a":"b"}', None),
        (b'[{"a":{"b":1}}]', None),
        (b"5", None),
        (b"", None),
    ],
)
def test_the_bytes_of_a_value(line: bytes, found: bytes | None) -> None:
    span = span_of(line, ("a", "b"))

    assert (None if span is None else line[slice(*span)]) == found


@pytest.mark.parametrize(
    "line",
    [b'{"a":{"b":1', b'{"a":{"b" 1}}', b'{"a":{"b":1 "c":2}}', b'{"a', b'{"a":{"b":1,"b":2}}', b"{1:2}", b'{"a":tru}'],
)
def test_what_is_no_json_or_says_a_thing_twice_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        span_of(line, ("a", "b"))


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, some.dictionaries(some.text(), json_values, max_size=3), some.booleans(), some.booleans())
def test_any_value_is_found_and_replacing_it_changes_nothing_else(
    value: object, beside: dict[str, object], is_ascii: bool, is_wide: bool
) -> None:
    whole = {**beside, "payload": {**beside, "key": value}}
    line = json.dumps(whole, ensure_ascii=is_ascii, indent=1 if is_wide else None).encode("utf-8", "surrogatepass")

    start, end = span_of(line, ("payload", "key")) or (0, 0)

    assert json.loads(line[start:end].decode("utf-8", "surrogatepass")) == value
    changed = line[:start] + b'"new"' + line[end:]
    expected = {**whole, "payload": {**beside, "key": "new"}}
    assert json.loads(changed.decode("utf-8", "surrogatepass")) == expected
