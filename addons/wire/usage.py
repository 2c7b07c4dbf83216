"""What an answer used: the upstream's `usage` object in, Tokens out, where unknown is None and never 0."""

from __future__ import annotations

from typing import Annotated

import msgspec

from addons.wire.lenient import read_or_none
from codexlb_store.ledger import UNKNOWN, Tokens

# Above every real count; what is made of it, sums and an estimate for the next turn, is within SQLite's integers.
_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class _InputDetails(msgspec.Struct):
    cached_tokens: _Count | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: _Count | None = None


class _Usage(msgspec.Struct):
    input_tokens: _Count | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens: _Count | None = None
    output_tokens_details: _OutputDetails | None = None


class _Answer(msgspec.Struct):
    usage: _Usage | None = None


_USAGE = msgspec.json.Decoder(_Usage)
_ANSWER = msgspec.json.Decoder(_Answer)


def tokens_of_usage(usage: bytes | msgspec.Raw) -> Tokens:
    """Read a `usage` object; null or anything strange is unknown."""
    return _tokens(read_or_none(_USAGE, usage))


def tokens_of_json(body: bytes) -> Tokens:
    """Read the usage of an answer that is one JSON body; no usage or no JSON is unknown."""
    answer = read_or_none(_ANSWER, body)
    return _tokens(answer.usage if answer else None)


def _tokens(usage: _Usage | None) -> Tokens:
    if usage is None:
        return UNKNOWN
    details, more = usage.input_tokens_details, usage.output_tokens_details
    return Tokens(
        input=usage.input_tokens,
        cached=details.cached_tokens if details else None,
        output=usage.output_tokens,
        reasoning=more.reasoning_tokens if more else None,
    )
