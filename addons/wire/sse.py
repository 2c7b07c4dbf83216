"""A streamed answer, read while it goes by: pieces of bytes in, how it ended and what it used out.

Only three kinds of event matter, and nothing else is parsed: a fast search looks for their names, and a name found
in a text is told apart by the event's own type. A piece may begin and end anywhere.
"""

from __future__ import annotations

import dataclasses
import enum
import re

import msgspec

from addons.wire.errors import UpstreamError, error_of_json
from addons.wire.lenient import NULL, read_or_none
from addons.wire.rate_limits import is_default_limit
from addons.wire.usage import tokens_of_usage
from codexlb_store.ledger import UNKNOWN, Tokens

# The last event repeats the whole answer. What is larger than this passes unread.
_MAX_FRAME_BYTES = 16 * 1024 * 1024

# Two searches that start with a literal: one with alternatives at its start takes five times as long.
_MARKER = re.compile(rb"\.(?:completed|failed|incomplete|rate_limits)")
_ERROR_MARKER = b'"error"'

# How a piece of whole events ends, nearly always.
_WHOLE = (b"\n\n", b"\r\n\r\n")

# Events that carry nothing of the answer itself; so do all of `codex.`.
_NO_OUTPUT = frozenset(
    {
        "",
        "error",
        "keepalive",
        "response.created",
        "response.failed",
        "response.in_progress",
        "response.metadata",
        "response.queued",
    }
)


class TerminalType(enum.StrEnum):
    """How an answer says that it ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


@dataclasses.dataclass(frozen=True, slots=True)
class Terminal:
    """The last event of an answer; what it does not tell is None."""

    type: TerminalType
    response_id: str | None
    model: str | None
    tier: str | None
    tokens: Tokens
    error: UpstreamError

    @property
    def error_code(self) -> str | None:
        """Why it failed or is incomplete, in the upstream's word."""
        return self.error.reason


class _Event(msgspec.Struct):
    type: str | None = None
    response: msgspec.Raw = NULL


class _Response(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    incomplete_details: msgspec.Raw = NULL


class _Incomplete(msgspec.Struct):
    reason: str | None = None


_EVENT = msgspec.json.Decoder(_Event)
_RESPONSE = msgspec.json.Decoder(_Response)
_INCOMPLETE = msgspec.json.Decoder(_Incomplete)


_DELTA = b'.delta"'
"""How the type of a piece of output ends; inside a text the quote would be escaped."""

# Reasoning that nobody may read, as Codex itself judges its length: base64, 650 bytes of it are not reasoning,
# and four of the others make a token.
_SEALED = re.compile(rb'"encrypted_content" ?: ?"([^"]*)')
_SEALED_NAME = b'"encrypted_content"'
_SEAL_BYTES = 650
_BYTES_PER_TOKEN = 4


class Tap:
    """Reads a stream of server-sent events; it never raises and keeps no more than the unfinished event.

    `terminal` is the last event, `rate_limits` the JSON of the newest event about the account's default limits
    (it came at `rate_limits_at`),
    `deltas` how many pieces of output there were, give or take those that the network split,
    `sealed_tokens` about how many tokens of sealed reasoning there were,
    `first_output_at` the time of the piece that completed the first event with output.
    """

    def __init__(self) -> None:
        self.terminal: Terminal | None = None
        self.rate_limits: bytes | None = None
        self.rate_limits_at = 0.0
        self.first_output_at: float | None = None
        self.deltas = 0
        self.sealed_tokens = 0
        self._open = bytearray()
        self._fed_at = 0.0

    def feed(self, data: bytes, now: float) -> None:
        """Look at the next piece of the stream, which arrived at `now` (unix seconds)."""
        self._fed_at = now
        self.deltas += data.count(_DELTA)
        if not self._open and data.endswith(_WHOLE):
            self._look(data)
            return
        # One byte back: a blank line may be split between two pieces.
        start = max(0, len(self._open) - 1)
        self._open += data
        if (b"\n" in data or b"\r" in data) and (end := _end_of_whole_events(self._open, start)):
            self._look(bytes(self._open[:end]))
            del self._open[:end]
        if len(self._open) > _MAX_FRAME_BYTES:
            self._open[:] = b":" + self._open[-1:]  # the rest of it will be read as a comment

    def close(self) -> None:
        """The stream has ended: a last event may lack its blank line."""
        self._look(bytes(self._open))
        self._open.clear()

    def _look(self, events: bytes) -> None:
        if _SEALED_NAME in events:
            self.sealed_tokens += _sealed_tokens(events)
        if self.first_output_at is None or _is_marked(events):
            for event in _with_newlines(events).split(b"\n\n"):
                if self.first_output_at is None or _is_marked(event):
                    self._read(event)

    def _read(self, event: bytes) -> None:
        kind, data = _kind_and_data(event)
        match kind:
            case "response.completed" | "response.failed" | "response.incomplete":
                self.terminal = _terminal_of(TerminalType(kind.removeprefix("response.")), data)
            case "error" if self.terminal is None:
                self.terminal = _failure_of(data)
            case "codex.rate_limits" if is_default_limit(data):
                self.rate_limits, self.rate_limits_at = data, self._fed_at
        if self.first_output_at is None and kind not in _NO_OUTPUT and not kind.startswith("codex."):
            self.first_output_at = self._fed_at


def _sealed_tokens(events: bytes) -> int:
    lengths = [match.end(1) - match.start(1) for match in _SEALED.finditer(events)]
    return sum(max(length * 3 // 4 - _SEAL_BYTES, 0) // _BYTES_PER_TOKEN for length in lengths)


def _is_marked(events: bytes) -> bool:
    return _MARKER.search(events) is not None or _ERROR_MARKER in events


def _with_newlines(events: bytes) -> bytes:
    if b"\r" not in events:
        return events
    return events.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _end_of_whole_events(buffer: bytearray, start: int) -> int:
    """Where the last blank line at or after `start` ends, or 0.

    Lines end with LF, CR or CRLF: every blank line holds one of the pairs below, and no other place does.
    """
    last = max(buffer.rfind(b"\n\n", start), buffer.rfind(b"\n\r", start), buffer.rfind(b"\r\r", start))
    if last < 0:
        return 0
    # Of CRLF CRLF the pair found is LF CR.
    return last + 3 if buffer[last + 1 : last + 3] == b"\r\n" else last + 2


def _kind_and_data(event: bytes) -> tuple[str, bytes]:
    """The type in an event's JSON (else on its `event:` line, else nothing) and that JSON."""
    name, lines = "", []
    for line in event.split(b"\n"):
        if line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))
        elif line.startswith(b"event:"):
            name = line[6:].strip().decode("utf-8", "replace")
    data = b"\n".join(lines)
    fields = read_or_none(_EVENT, data)
    return (fields.type or name if fields else ""), data


def _terminal_of(kind: TerminalType, data: bytes) -> Terminal:
    event = read_or_none(_EVENT, data) or _Event()
    response = read_or_none(_RESPONSE, event.response) or _Response()
    error = error_of_json(response.error)
    if kind is TerminalType.INCOMPLETE:
        incomplete = read_or_none(_INCOMPLETE, response.incomplete_details) or _Incomplete()
        error = UpstreamError(code=incomplete.reason)
    tokens = tokens_of_usage(response.usage)
    return Terminal(kind, response.id, response.model, response.service_tier, tokens, error)


def _failure_of(data: bytes) -> Terminal:
    return Terminal(TerminalType.FAILED, None, None, None, UNKNOWN, error_of_json(data))
