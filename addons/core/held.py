"""An answer that is kept back until it is known to be good. Until then the request may start again elsewhere."""

from __future__ import annotations

import enum
import time

from mitmproxy import http
from mitmproxy.proxy.layers import http as core

from addons.wire.headers import value_of
from addons.wire.sse import Tap, TerminalType

MOST_HELD_BYTES = 256 * 1024
"""An error body is far smaller, and so is what precedes the first output; more is passed on undecided."""

MOST_WHOLE_BYTES = 4 << 20
"""Of an answer that counts only when it is whole; a larger one is passed on undecided, too."""


class Judgement(enum.Enum):
    """What the answer shows so far."""

    UNDECIDED = "undecided"
    GOOD = "good"
    BAD = "bad"


def is_event_stream(response: http.Response) -> bool:
    """Whether an answer is a readable stream of events."""
    fields = response.headers.fields
    kind = (value_of(fields, b"content-type") or "").lower()
    return kind.startswith("text/event-stream") and value_of(fields, b"content-encoding") is None


def must_be_held(response: http.Response) -> bool:
    """Error answers are read before they count; a stream is good only with its first output."""
    return response.status_code >= 400 or (response.status_code == 200 and is_event_stream(response))


class Held:
    """The held events, in order, and what they show."""

    def __init__(self, head: core.ResponseHeaders, to_its_end: bool = False) -> None:
        self.events: list[core.HttpEvent] = [head]
        self.response = head.response
        self.is_error = head.response.status_code >= 400
        self.is_whole_or_nothing = to_its_end and not self.is_error
        self.tap = Tap()
        self.bytes = 0
        self.ended = False

    def add(self, event: core.HttpEvent) -> Judgement:
        """Keep one more event and judge anew."""
        self.events.append(event)
        if isinstance(event, core.ResponseData):
            self.bytes += len(event.data)
            if not self.is_error and not self.is_whole_or_nothing:
                self.tap.feed(event.data, time.time())
        self.ended = isinstance(event, core.ResponseEndOfMessage)
        if self.is_whole_or_nothing:
            return Judgement.GOOD if self.ended or self.bytes > MOST_WHOLE_BYTES else Judgement.UNDECIDED
        return self.judge_error() if self.is_error else self.judge_stream()

    def judge_error(self) -> Judgement:
        """An error is bad; it is read to its end to know how."""
        return Judgement.BAD if self.ended or self.bytes > MOST_HELD_BYTES else Judgement.UNDECIDED

    def judge_stream(self) -> Judgement:
        """Good with the first output; bad when it fails or ends before."""
        if self.ended:
            self.tap.close()
        last = self.tap.terminal
        if self.tap.first_output_at is not None or self.bytes > MOST_HELD_BYTES:
            return Judgement.GOOD
        if last is not None:
            return Judgement.BAD if last.type is TerminalType.FAILED else Judgement.GOOD
        return Judgement.BAD if self.ended else Judgement.UNDECIDED

    @property
    def pieces(self) -> list[core.ResponseData]:
        """What has come of the body."""
        return [event for event in self.events if isinstance(event, core.ResponseData)]

    @property
    def body(self) -> bytes:
        """The bytes of the body so far."""
        return b"".join(piece.data for piece in self.pieces)

    def blot_out(self, secret: bytes) -> None:
        """Hide a secret that the answer quotes, as it is to be passed on; lengths stay as they are."""
        blot = b"*" * len(secret)
        fields = self.response.headers.fields
        self.response.headers.fields = tuple((name, value.replace(secret, blot)) for name, value in fields)
        if secret in (body := self.body):
            whole = self.pieces[0]
            whole.data = body.replace(secret, blot)
            self.events = [e for e in self.events if e is whole or not isinstance(e, core.ResponseData)]
