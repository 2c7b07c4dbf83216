"""What the benchmark's upstream says: a count of events goes in, a chunked HTTP answer of Codex events comes out.

Every event holds one `~` and behind it the time it was sent, so that a reader can count events by counting one byte
(a byte is never split between two reads) and read an event's age without parsing JSON.
"""

from __future__ import annotations

import re

MARK = b"~"
SENT_DIGITS = 19
"""Nanoseconds of the monotonic clock, zero-filled, so that every delta is equally long."""

SENT_AT = re.compile(rb"~(\d{19})")
END = b"0\r\n\r\n"
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: benchmark\r\n"
    b"x-codex-primary-used-percent: 10\r\nx-codex-primary-window-minutes: 300\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
DELTA_TEXT = "pace and room, " * 7
"""Makes a delta about 250 bytes long, the size seen from the real service."""


def event(kind: str, fields: str, sent_ns: int) -> bytes:
    """One server-sent event as one HTTP chunk; `fields` is the inside of its JSON object."""
    sent = f"~{sent_ns:0{SENT_DIGITS}d}"
    body = f'event: {kind}\ndata: {{"type":"{kind}",{fields},"sent":"{sent}"}}\n\n'.encode()
    return b"%x\r\n%b\r\n" % (len(body), body)


def created(sent_ns: int) -> bytes:
    """The event that opens an answer and decides nothing."""
    return event("response.created", '"response":{"id":"resp_benchmark","model":"gpt-5.5"}', sent_ns)


def delta(sent_ns: int) -> bytes:
    """A piece of the answer's text."""
    return event("response.output_text.delta", f'"item_id":"msg_1","delta":"{DELTA_TEXT}"', sent_ns)


def completed(sent_ns: int) -> bytes:
    """The event that ends an answer, with the tokens it used."""
    usage = '"usage":{"input_tokens":7000,"input_tokens_details":{"cached_tokens":6000},'
    usage += '"output_tokens":90,"output_tokens_details":{"reasoning_tokens":10},"total_tokens":7090}'
    fields = f'"response":{{"id":"resp_benchmark","model":"gpt-5.5","status":"completed",{usage}}}'
    return event("response.completed", fields, sent_ns)


def whole_answer(events: int) -> bytes:
    """An answer of `events` (2 or more) events to be written at once."""
    return b"".join((HEAD, created(0), delta(0) * (events - 2), completed(0), END))


def timed_event(index: int, events: int, sent_ns: int) -> bytes:
    """Event number `index` of an answer of `events`: the first brings the head along, the last the end."""
    if index == 0:
        return HEAD + created(sent_ns)
    if index == events - 1:
        return completed(sent_ns) + END
    return delta(sent_ns)
