"""Token counts are what the upstream counted, or unknown; they are never made up."""

from __future__ import annotations

import pytest

from addons.wire.usage import tokens_of_json, tokens_of_usage
from codexlb_store.ledger import UNKNOWN, Tokens


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(
            b'{"input_tokens":9,"input_tokens_details":{"cached_tokens":0},"output_tokens":3,'
            b'"output_tokens_details":{"reasoning_tokens":2},"total_tokens":12,"new":[1]}',
            Tokens(9, 0, 3, 2),
            id="all",
        ),
        pytest.param(b'{"input_tokens":9,"output_tokens":3}', Tokens(9, None, 3, None), id="no details"),
        pytest.param(
            b'{"input_tokens":null,"input_tokens_details":null,"output_tokens_details":{}}', UNKNOWN, id="nulls"
        ),
        pytest.param(b"{}", UNKNOWN, id="empty"),
        pytest.param(b"null", UNKNOWN, id="null"),
        pytest.param(b"[]", UNKNOWN, id="array"),
        pytest.param(b'{"input_tokens":"9"}', UNKNOWN, id="text"),
        pytest.param(b'{"input_tokens":-1}', UNKNOWN, id="negative"),
        pytest.param(b'{"input_tokens":4294967296}', UNKNOWN, id="beyond any count"),
        pytest.param(b"{", UNKNOWN, id="broken"),
    ],
)
def test_tokens(usage: bytes, expected: Tokens) -> None:
    assert tokens_of_usage(usage) == expected
    assert tokens_of_json(b'{"output":[],"usage":' + usage + b"}") == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"output":[]}', b"[" * 100_000])
def test_a_body_without_usage_is_unknown(body: bytes) -> None:
    assert tokens_of_json(body) == UNKNOWN
