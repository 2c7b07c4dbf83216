"""What one line of a rollout says of providers."""

from __future__ import annotations

import json

import pytest

from scripts.sessions.rollout_line import BrokenLineError, Tag, tag_of
from tests.scripts.sessions.rollouts import TRICKY, line, meta, settings


def said_by(found: Tag | None) -> object:
    return found and (found.is_meta, found.provider and found.provider.meaning, found.thread)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (meta("t1"), (True, "openai", "t1")),
        (meta("t1", 'q"\\é\n'), (True, 'q"\\é\n', "t1")),
        (meta("t1", None), (True, None, "t1")),
        (settings("p2"), (False, "p2", None)),
        (b' { "payload" : {"model_provider":"p"} , "type":"session_meta"}\n', (True, "p", None)),
        (line("session_meta", {"model_provider": None, "id": 5}), (True, None, None)),
        # other lines
        (TRICKY, None),
        (line("event_msg", {"type": "other", "text": "thread_settings_applied"}), None),
        (line("turn_context", {"model_provider": "openai"}), None),
        (b'{"type":"event_msg","payload":"thread_settings_applied"}\n', None),
        (b"5\n", None),
        (b"[]", None),
        (b'{"type":["session_meta"]}\n', None),
    ],
)
def test_what_a_line_says(text: bytes, found: object) -> None:
    assert said_by(tag_of(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        b"\n",
        b"{\n",
        meta("t1")[:-9],
        TRICKY[:40],
        meta("t1").replace(b"openai", b"open\xe9i"),
        b'{"type":"session_meta","payload":{"model_provider":"a","model_provider":"b"}}\n',
        b'5 "a"',
        b"\0\0\0\0",
        b"[1,",
    ],
    ids=["empty", "brace", "cut off", "cut off elsewhere", "no UTF-8", "twice", "two values", "zeroes", "list"],
)
def test_what_codex_cannot_read_is_broken(text: bytes) -> None:
    with pytest.raises(BrokenLineError):
        tag_of(text)


def test_the_place_is_that_of_the_value_and_no_other() -> None:
    text = meta("t1", "openai", note={"model_provider": "openai"})

    found = tag_of(text)

    assert found and found.provider
    assert found.provider.token == b'"openai"'
    assert text.index(b'"model_provider":') + len(b'"model_provider":') == found.provider.start


def test_a_fork_says_where_its_history_ends_with_the_byte_behind_the_number() -> None:
    text = meta("t2", history_base={"thread_id": "t1", "end_ordinal_exclusive": 28, "end_byte_offset": 48808})

    found = tag_of(text)

    assert found and found.base
    assert (found.base.rollout, found.base.offset, found.base.value.token) == ("t1", 48808, b"48808}")
    assert text[found.base.value.start :].startswith(b"48808}")


@pytest.mark.parametrize("base", [None, "t1", {}, {"thread_id": "t1"}, {"thread_id": "t1", "end_byte_offset": True}])
def test_a_base_of_another_form_is_no_base(base: object) -> None:
    found = tag_of(json.dumps({"type": "session_meta", "payload": {"history_base": base}}).encode())

    assert found and found.base is None
