"""One text goes into a JSON object, and no other byte changes."""

from __future__ import annotations

import json

import pytest

from addons.wire.rewrites import with_text
from tests.captures import captured

MODEL, EFFORT = ("model",), ("reasoning", "effort")

REWRITES = {
    # there
    "replaced": (b'{"model":"a","n":1}', MODEL, b'{"model":"NEW","n":1}'),
    "white space stays": (b'\n{ "n" : 1 ,\t"model"  :\r\n"a" } ', MODEL, b'\n{ "n" : 1 ,\t"model"  :\r\n"NEW" } '),
    "the same in other words stays": (b'{"model":"N\\u0045W"}', MODEL, b'{"model":"N\\u0045W"}'),
    "null": (b'{"model":null}', MODEL, b'{"model":"NEW"}'),
    "number": (b'{"model":-1.5e9,"n":1}', MODEL, b'{"model":"NEW","n":1}'),
    "true": (b'{"model":true}', MODEL, b'{"model":"NEW"}'),
    "object": (b'{"model":{"a":[1,"}"]},"n":1}', MODEL, b'{"model":"NEW","n":1}'),
    "escaped name": (b'{"\\u006dodel":"a"}', MODEL, b'{"\\u006dodel":"NEW"}'),
    "twice": (b'{"model":"a","n":1,"model":"b"}', MODEL, b'{"model":"NEW","n":1,"model":"NEW"}'),
    "last": (b'{"n":[{},[]],"model":"a"}', MODEL, b'{"n":[{},[]],"model":"NEW"}'),
    # only looks like it
    "deeper down": (
        b'{"a":{"model":"x"},"b":[{"model":"y"}],"model":"a"}', MODEL,
        b'{"a":{"model":"x"},"b":[{"model":"y"}],"model":"NEW"}',
    ),
    "in a text": (
        rb'{"a":"\"model\":\"x\" {[","model":"a"}', MODEL, rb'{"a":"\"model\":\"x\" {[","model":"NEW"}',
    ),
    "a backslash at the end of a text": (rb'{"a":"\\","model":"a"}', MODEL, rb'{"a":"\\","model":"NEW"}'),
    "as a value": (b'{"a":"model","model":"a"}', MODEL, b'{"a":"model","model":"NEW"}'),
    "other case": (b'{"Model":"a"}', MODEL, b'{"model":"NEW","Model":"a"}'),
    "not ASCII": ('{"ä":"€😀","model":"a"}'.encode(), MODEL, '{"ä":"€😀","model":"NEW"}'.encode()),
    # not there
    "empty": (b"{}", MODEL, b'{"model":"NEW"}'),
    "empty with white space": (b" { } ", MODEL, b' {"model":"NEW" } '),
    "absent": (b'{"n":1}', MODEL, b'{"model":"NEW","n":1}'),
    # one level down
    "nested": (b'{"reasoning":{"effort":"a","s":1}}', EFFORT, b'{"reasoning":{"effort":"NEW","s":1}}'),
    "nested absent": (b'{"reasoning":{"s":1}}', EFFORT, b'{"reasoning":{"effort":"NEW","s":1}}'),
    "nested empty": (b'{"reasoning":{ }}', EFFORT, b'{"reasoning":{"effort":"NEW" }}'),
    "outer absent": (b'{"n":1}', EFFORT, b'{"reasoning":{"effort":"NEW"},"n":1}'),
    "outer null": (b'{"reasoning": null}', EFFORT, b'{"reasoning": {"effort":"NEW"}}'),
    "outer a text": (b'{"reasoning":"effort"}', EFFORT, b'{"reasoning":{"effort":"NEW"}}'),
    "outer twice": (
        b'{"reasoning":{"effort":"a"},"reasoning":{}}', EFFORT,
        b'{"reasoning":{"effort":"NEW"},"reasoning":{"effort":"NEW"}}',
    ),
    "outer name elsewhere": (
        b'{"input":[{"reasoning":{"effort":"x"}}],"reasoning":{"effort":"a"}}', EFFORT,
        b'{"input":[{"reasoning":{"effort":"x"}}],"reasoning":{"effort":"NEW"}}',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "path", "expected"), REWRITES.values(), ids=REWRITES.keys())
def test_only_the_text_changes(body: bytes, path: tuple[str, ...], expected: bytes) -> None:
    assert with_text(body, path, "NEW") == expected
    assert with_text(expected, path, "NEW") == expected


def test_a_text_is_written_as_json() -> None:
    assert with_text(b"{}", MODEL, 'a"\\\n€') == '{"model":"a\\"\\\\\\n€"}'.encode()


@pytest.mark.parametrize("path", [MODEL, EFFORT, ("service_tier",)], ids=lambda path: path[-1])
def test_what_codex_sends_keeps_all_its_other_bytes(path: tuple[str, ...]) -> None:
    body = captured("turn1_gpt_5_5")[0].body

    changed = with_text(body, path, "NEW")

    before, after = json.loads(body), json.loads(changed)
    outer = path[0]
    assert (after[outer]["effort"] if len(path) > 1 else after[outer]) == "NEW"
    assert {**before, outer: None} == {**after, outer: None}
    assert len(set(changed.split(b",")) - set(body.split(b","))) <= 2


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a"', b'{"a":', b'{"a":[1', b'"a"', b'{"a":"b'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="The JSON object"):
        with_text(body, MODEL, "NEW")
