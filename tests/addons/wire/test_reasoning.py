"""Foreign reasoning goes out of a request, every other byte stays as it was."""

from __future__ import annotations

import json

import pytest

from addons.wire.decoding import decode_body
from addons.wire.reasoning import without_foreign_reasoning
from tests.captures import captured

ZSTD = b"\x28\xb5\x2f\xfd"
REASONING = b'{"type":"reasoning","id":"rs_1","summary":[],"content":null,"encrypted_content":"gAAA","x":1}'
PLAIN = b'{"type":"reasoning","id":"rs_1","summary":[],"content":null,"x":1}'
MESSAGE = b'{"type":"message" , "content":"\\u00e9 \xc3\xa9 1.0 \\/", "n":1.50e3,"encrypted_content":"kept"}'


def body(*items: bytes) -> bytes:
    return b'{"model":"m","input":[' + b",".join(items) + b'],"big":12345678901234567890.10,"nested":{ "a" : [] }}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(body(REASONING), body(PLAIN), id="one"),
        pytest.param(body(MESSAGE, REASONING, MESSAGE), body(MESSAGE, PLAIN, MESSAGE), id="others stay byte for byte"),
        pytest.param(body(REASONING, PLAIN, REASONING), body(PLAIN, PLAIN, PLAIN), id="several"),
        pytest.param(
            body(REASONING, b'{"type":"compaction_trigger"}'),
            body(PLAIN, b'{"type":"compaction_trigger"}'),
            id="a compaction is asked for, not there",
        ),
        pytest.param(
            body(REASONING, b'"text"', b"7", b"null"), body(PLAIN, b'"text"', b"7", b"null"), id="items of no shape"
        ),
        pytest.param(
            body(b'{"type":"reasoning","encrypted_content":{"a":[1]}}'), body(b'{"type":"reasoning"}'), id="an object"
        ),
        # Nothing to take out.
        pytest.param(body(), None, id="no items"),
        pytest.param(body(MESSAGE, PLAIN), None, id="reasoning in plain"),
        pytest.param(body(b'{"type":"reasoning","encrypted_content":null}'), None, id="null"),
        pytest.param(b'{"input":"text"}', None, id="input is a text"),
        pytest.param(b'{"input":null}', None, id="input is null"),
        pytest.param(b'{"model":"m"}', None, id="no input"),
        pytest.param(b"[]", None, id="a list"),
        pytest.param(b"", None, id="empty"),
        pytest.param(body(REASONING)[:-1], None, id="cut"),
        pytest.param(b'{"input":' + b"[" * 100_000, None, id="deep"),
        # A compaction cannot be taken out, and without it the rest is of no use.
        *(
            pytest.param(
                body(b'{"type":"' + name + b'","encrypted_content":"gAAA"}', REASONING), None, id=name.decode()
            )
            for name in (b"compaction", b"compaction_summary", b"context_compaction")
        ),
    ],
)
def test_without_foreign_reasoning(before: bytes, after: bytes | None) -> None:
    assert without_foreign_reasoning(before) == after


def test_a_real_conversation_loses_nothing_else() -> None:
    """The resumed conversation of the real client, which carries a reasoning item."""
    found = (json.dumps(fields, separators=(",", ":")).encode() for fields in _bodies("next_turn_resume"))
    bodies = [content for content in found if b"ENC-FAKE-REASONING" in content]

    assert bodies
    for content in bodies:
        assert without_foreign_reasoning(content) == content.replace(b',"encrypted_content":"ENC-FAKE-REASONING"', b"")


def _bodies(name: str) -> list[dict[str, object]]:
    return [json.loads(_plain(request.body)) for request in captured(name)]


def _plain(content: bytes) -> bytes:
    return decode_body(content, "zstd", 2**24) if content.startswith(ZSTD) else content
