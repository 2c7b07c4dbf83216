"""Scripted trouble: which call it hits, what happens, and when."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec


class Moment(enum.StrEnum):
    """How far an exchange has come."""

    ACCEPT = "accept"  # nothing is read: hits the next connection, whoever makes it
    REQUEST = "request"  # the request is read, nothing of the answer is sent
    HEAD = "head"  # status and headers are sent
    CREATED = "created"  # response.created and response.in_progress are sent
    OUTPUT = "output"  # `after_deltas` pieces of output are sent
    COMPLETED = "completed"  # response.completed is sent, the body has not ended


class Act(enum.StrEnum):
    """What goes wrong."""

    RESET = "reset"  # the connection is reset (RST)
    CLOSE = "close"  # the connection is closed (FIN), the answer stays unfinished
    SILENCE = "silence"  # nothing for `seconds`, then on; without `seconds` until the client leaves
    GARBAGE = "garbage"  # bytes that are no chunk of a chunked body, then the connection is closed
    FAILED = "failed"  # the event response.failed with `error`, then a proper end


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One scripted deviation for the next matching calls.

    Matching: `account` (its name), `path` (the request's path ends with it), `model`, `thread` (the thread id in its
    headers); None matches all. It serves `times` calls, None means for ever. Trouble: `act` happens `at` a moment,
    or after `after_bytes` bytes of the answer's body. Another answer: `status` with `body` (text, or any JSON value)
    and `headers`; without `status` the headers are added to the real answer. The shape of a stream: the remaining
    fields.
    """

    account: str | None = None
    path: str | None = None
    model: str | None = None
    thread: str | None = None
    times: int | None = 1

    act: Act | None = None
    at: Moment = Moment.REQUEST
    after_deltas: int = 1
    after_bytes: int | None = None
    seconds: float | None = None
    error: Mapping[str, Any] = field(default_factory=lambda: {"code": "server_error", "message": "Simulated failure."})

    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    deltas: int | None = None
    delta_chars: int | None = None
    delta_seconds: float | None = None
    text: str | None = None
    items: tuple[Mapping[str, Any], ...] | None = None
    """Output items in place of the message, for example a function call."""
    usage: Mapping[str, int] = field(default_factory=dict)
    """Fields of Usage (input_tokens, cached_tokens, ...) to report and to book instead of the estimates; an answer
    that fails reports a usage only with these."""
    omit_usage: bool = False
    """Report `usage: null`."""
    incomplete: str | None = None
    """End with response.incomplete for this reason."""

    def __post_init__(self) -> None:
        if self.at is Moment.ACCEPT and (self.act is not Act.RESET or self.names_calls):
            raise ValueError("A fault at accept can only reset, and cannot match: nothing of the request is known yet.")
        if self.act is Act.FAILED and self.at not in (Moment.HEAD, Moment.CREATED, Moment.OUTPUT):
            raise ValueError(f"A response cannot fail at {self.at}; use head, created or output.")

    @property
    def names_calls(self) -> bool:
        """Whether it is for some calls only."""
        return any((self.account, self.path, self.model, self.thread))

    def matches(self, account: str | None, path: str, model: str | None, thread: str | None = None) -> bool:
        return (
            self.at is not Moment.ACCEPT
            and self.account in (None, account)
            and path.endswith(self.path or "")
            and self.model in (None, model)
            and self.thread in (None, thread)
        )


ORDINARY = Fault(times=None)
"""No deviation at all."""


def parse_faults(text: bytes) -> tuple[Fault, ...]:
    """One fault or a list of them, as JSON objects; raises ValueError."""
    value = msgspec.json.decode(text)
    known = {field.name for field in fields(Fault)}
    faults = value if isinstance(value, list) else [value]
    for fault in faults:
        unknown = set(fault) - known if isinstance(fault, dict) else {type(fault).__name__}
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}.")
    return msgspec.convert(faults, type=tuple[Fault, ...])


class FaultQueue:
    """Faults in the order they were scripted; the first that matches a call serves it."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int | None]] = []

    def script(self, *faults: Fault) -> None:
        self._left.extend((fault, fault.times) for fault in faults)

    def clear(self) -> None:
        self._left.clear()

    def pending(self) -> tuple[Fault, ...]:
        return tuple(fault for fault, _ in self._left)

    def take(self, account: str | None, path: str, model: str | None, thread: str | None = None) -> Fault:
        """The fault of this call, ORDINARY if none matches."""
        return self._take(lambda fault: fault.matches(account, path, model, thread)) or ORDINARY

    def take_accept(self) -> bool:
        """Whether the connection that has just been accepted is to be reset."""
        return self._take(lambda fault: fault.at is Moment.ACCEPT) is not None

    def _take(self, wanted: Callable[[Fault], bool]) -> Fault | None:
        for position, (fault, left) in enumerate(self._left):
            if wanted(fault):
                if left is not None and left <= 1:
                    del self._left[position]
                elif left is not None:
                    self._left[position] = (fault, left - 1)
                return fault
        return None
