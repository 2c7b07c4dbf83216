"""What a client asks for: route, headers and plain body in; out the few facts an account is chosen by."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import msgspec

from addons.wire.endpoints import Kind, kind_of
from addons.wire.lenient import NULL, read_or_none
from addons.wire.prefixes import Prompt, prompt_of
from addons.wire.routes import Route
from addons.wire.turn_metadata import Metadata, project_of, read_metadata

# Session and thread ids become keys in memory and in the store. Codex sends 36 characters, the API allows 64.
_MAX_ID_LENGTH = 256


class AskError(Exception):
    """A request body that is not what its route takes; the text is for the client."""


STRICT = frozenset({Route.RESPONSES, Route.COMPACT, Route.SEARCH})
"""The routes whose body we know. A body anywhere else is read if it can be, and is never a reason to refuse."""

UNREAD = frozenset({Route.ANALYTICS, Route.FILES, Route.GOALS, Route.IDENTITIES})
"""Where no model answers: what the body says changes nothing here, and no rule for models is about it."""


class Headers(Protocol):
    """Request headers by name, as mitmproxy and a dict with lower-case names both offer them."""

    def get(self, name: str, /) -> str | None:
        """The value of a header, or None."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for; `session` is the key of the account that holds its prompt cache, `project` a hash."""

    kind: Kind
    model: str | None = None
    effort: str | None = None
    tier: str | None = None
    stream: bool = False
    session: str | None = None
    thread: str | None = None
    project: str | None = None
    prompt: Prompt | None = dataclasses.field(default=None, compare=False, repr=False)


class _Reasoning(msgspec.Struct):
    effort: str | None = None


class _Item(msgspec.Struct):
    type: str | None = None


class _Body(msgspec.Struct):
    """The fields that decide; a strange value in a Raw one is the upstream's to judge."""

    model: str | None = None
    stream: bool | None = None
    input: msgspec.Raw = NULL
    instructions: msgspec.Raw = NULL
    tools: msgspec.Raw = NULL
    service_tier: msgspec.Raw = NULL
    reasoning: msgspec.Raw = NULL
    prompt_cache_key: msgspec.Raw = NULL
    client_metadata: msgspec.Raw = NULL
    id: msgspec.Raw = NULL


# Made once: building a decoder costs more than reading these small values.
_BODY = msgspec.json.Decoder(_Body)
_TEXT = msgspec.json.Decoder(str)
_REASONING = msgspec.json.Decoder(_Reasoning)
_ITEM = msgspec.json.Decoder(_Item)

_INPUT_BEGINS = frozenset({b"[", b'"', b"n"})

# What a model answers, after reading all of it.
_HAS_PROMPT = frozenset({Route.RESPONSES, Route.COMPACT})

# Only the last item matters, and only for one word: to split millions of items takes gigabytes.
_TRIGGER = b"compaction_trigger"
_TAIL_BYTES = 4096
_WHITE = b" \t\r\n"


def parse_ask(route: Route, headers: Headers, body: bytes) -> Ask:
    """Read what a request asks for from its headers and its plain (decompressed) body.

    Raises AskError where the route needs a JSON body and this is none.
    """
    turn = read_metadata(_bytes(headers.get("x-codex-turn-metadata")))
    fields = _read(body) if route in STRICT else _glance(body)
    metadata = read_metadata(fields.client_metadata)
    reasoning = read_or_none(_REASONING, fields.reasoning) or _Reasoning()
    return Ask(
        kind=Kind.COMPACT if route is Route.RESPONSES and _compacts(turn, fields) else kind_of(route),
        model=fields.model,
        effort=reasoning.effort,
        tier=read_or_none(_TEXT, fields.service_tier),
        stream=fields.stream or False,
        session=_first_id(
            headers.get("session-id"),
            headers.get("session_id"),  # Codex 0.105
            turn.session_id,
            read_or_none(_TEXT, fields.prompt_cache_key),
            metadata.session_id,
            read_or_none(_TEXT, fields.id) if route is Route.SEARCH else None,
        ),
        thread=_first_id(headers.get("thread-id"), turn.thread_id, metadata.thread_id),
        project=project_of(turn, metadata),
        prompt=_prompt(fields, body) if route in _HAS_PROMPT else None,
    )


def _bytes(header: str | None) -> bytes:
    return (header or "").encode("utf-8", "surrogateescape")  # as mitmproxy decoded it; any byte may stand there


def _read(body: bytes) -> _Body:
    try:
        if not body.isascii():
            body.decode()  # msgspec skips a value it does not want without looking at its UTF-8
        fields = _BODY.decode(body)
        if bytes(memoryview(fields.input)[:1]) not in _INPUT_BEGINS:
            raise msgspec.ValidationError("Expected `array | str | null` - at `$.input`")
        return fields
    except msgspec.ValidationError as error:
        raise AskError(f"The request body does not fit this endpoint: {error}.") from error
    except UnicodeDecodeError as error:
        raise AskError(f"The request body is not UTF-8 (byte {error.start}).") from error
    except msgspec.DecodeError as error:
        raise AskError(f"The request body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise AskError("The request body is nested too deeply to be read.") from error


def _glance(body: bytes) -> _Body:
    # Whatever type it says it has: not every server asks for that, and a key's rules shall see what the server sees.
    return read_or_none(_BODY, body) or _Body()


def _prompt(fields: _Body, body: bytes) -> Prompt:
    return prompt_of(body, ((fields.model or "").encode(), fields.instructions, fields.tools), fields.input)


def _compacts(turn: Metadata, fields: _Body) -> bool:
    if turn.request_kind == "compaction":
        return True
    tail = bytes(memoryview(fields.input)[-_TAIL_BYTES:])
    return _TRIGGER in tail and _last_type(tail) == "compaction_trigger"


def _last_type(tail: bytes) -> str | None:
    """The type of the last item of a list that ends so; None when that is no object, or a longer one."""
    items = tail.rstrip(_WHITE).removesuffix(b"]").rstrip(_WHITE)
    if not items.endswith(b"}"):
        return None
    # What begins at the right brace is an object and nothing else; at one further right something is left over.
    at = items.rfind(b"{")
    while at >= 0:
        if item := read_or_none(_ITEM, items[at:]):
            return item.type
        at = items.rfind(b"{", 0, at)
    return None


def _first_id(*candidates: str | None) -> str | None:
    for text in candidates:
        if text and len(text) <= _MAX_ID_LENGTH and text.isprintable():
            return text
    return None
