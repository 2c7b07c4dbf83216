"""One line of a rollout (the file of a Codex session): its bytes go in, what it says of providers comes out.

Codex names the provider in `session_meta` (line 1, and again when it updates that) and in every
`thread_settings_applied`. A fork's or reverted session's `session_meta` also says up to which byte of another rollout
its history goes; seen with codex-cli 0.169.0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from scripts.sessions.json_place import span_of

META, EVENT, SETTINGS = "session_meta", "event_msg", "thread_settings_applied"

META_KEYS = ("payload", "model_provider")
SETTINGS_KEYS = ("payload", "thread_settings", "model_provider_id")
BASE_KEYS = ("payload", "history_base", "end_byte_offset")


class BrokenLineError(ValueError):
    """The line is no JSON that Codex could read."""


class _Payload(msgspec.Struct):
    type: Any = None
    id: Any = None
    history_base: Any = None


class _Line(msgspec.Struct):
    type: Any = None
    payload: msgspec.Raw = msgspec.Raw(b"null")


_LINES = msgspec.json.Decoder(_Line)
_PAYLOADS = msgspec.json.Decoder(_Payload)


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value: where it begins in its line, its bytes as they stand there, and what they mean."""

    start: int
    token: bytes
    meaning: Any


@dataclass(frozen=True, slots=True)
class Base:
    """Up to which byte of which rollout a history goes before the own lines follow.

    The value's token holds one byte more than the number: without its end, 12 would pass for 123.
    """

    rollout: str
    value: Value

    @property
    def offset(self) -> int:
        return int(self.value.meaning)


@dataclass(frozen=True, slots=True)
class Tag:
    """What a line says: the provider it names, and for a `session_meta` whose it is and what comes before it."""

    is_meta: bool
    provider: Value | None
    thread: str | None = None
    base: Base | None = None


def tag_of(line: bytes) -> Tag | None:
    """What this line says of providers; None for all other lines. Raises BrokenLineError."""
    try:
        if not line.isascii():
            line.decode()
        found = _LINES.decode(line)
    except msgspec.ValidationError:
        _refuse_broken(line)
        return None
    except ValueError as error:
        raise BrokenLineError(str(error)) from error
    if found.type == META:
        return _meta(line, found.payload)
    if found.type == EVENT and SETTINGS.encode() in line and _payload(found.payload).type == SETTINGS:
        return Tag(False, _value(line, SETTINGS_KEYS))
    return None


def _refuse_broken(line: bytes) -> None:
    """JSON that is no object tells nothing, unless it is broken behind the place where that shows."""
    try:
        json.loads(line)
    except ValueError as error:
        raise BrokenLineError(str(error)) from error


def _payload(raw: msgspec.Raw) -> _Payload:
    try:
        return _PAYLOADS.decode(raw)
    except msgspec.ValidationError:
        return _Payload()


def _meta(line: bytes, raw: msgspec.Raw) -> Tag:
    payload = _payload(raw)
    thread = payload.id if isinstance(payload.id, str) else None
    return Tag(True, _value(line, META_KEYS), thread, _base(line, payload.history_base))


def _base(line: bytes, base: Any) -> Base | None:
    rollout = base.get("thread_id") if isinstance(base, dict) else None
    found = _value(line, BASE_KEYS, beyond=1) if isinstance(rollout, str) else None
    if found is None or type(found.meaning) is not int:
        return None
    return Base(str(rollout), found)


def _value(line: bytes, keys: tuple[str, ...], beyond: int = 0) -> Value | None:
    try:
        span = span_of(line, keys)
    except ValueError as error:
        raise BrokenLineError(str(error)) from error
    if span is None:
        return None
    start, end = span
    return Value(start, line[start : end + beyond], json.loads(line[start:end]))
