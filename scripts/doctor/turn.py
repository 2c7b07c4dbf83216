"""One real turn through the proxy as Codex would take it: the smallest there is, read to its end."""

from __future__ import annotations

import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from codexlb_store.quantity import latency
from scripts.codex_session import body, headers, message, metadata
from scripts.doctor.finding import Finding, Trouble, Verdict
from scripts.doctor.http_call import UnheardError, heard
from scripts.report.printable import printable

SILENCE_SECONDS = 120
"""A model may think for a while before its first word."""

MOST_ERROR_BYTES = 64 * 1024

SAID = "Answer with the one word: ok"

ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "error"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a turn: its HTTP status (None: no answer), the event that ended it, what it said of an error."""

    session: str
    model: str
    status: int | None
    end: str | None
    error: str | None
    input_tokens: int | None
    output_tokens: int | None
    milliseconds: float


def take_turn(url: str, key: str | None, model: str, trust: ssl.SSLContext | None = None) -> Taken:
    """Take a turn at a base URL, with a client key if there is one; `trust` is for https, else the system's."""
    session, turn, started = str(uuid.uuid4()), str(uuid.uuid4()), time.monotonic()
    about = metadata(session, turn, model, time.time())
    content = json.loads(body(session, turn, model, [message("user", SAID)], about)) | {"reasoning": {"effort": "low"}}
    data = json.dumps(content).encode()
    fields = headers(session, about, is_compressed=False)
    if key:
        fields["authorization"] = f"Bearer {key}"
    status, end, error = None, {}, None
    try:
        with heard(f"{url}/responses", "POST", SILENCE_SECONDS, fields, data, trust) as response:
            status = response.status
            end = terminal(response) if status == 200 else _object(response.read(MOST_ERROR_BYTES))
    except UnheardError as unheard:
        error = str(unheard)
    usage = (end.get("response") or {}).get("usage") or {}
    took = (time.monotonic() - started) * 1000
    said = error or error_of(end)
    return Taken(
        session, model, status, end.get("type"), said, usage.get("input_tokens"), usage.get("output_tokens"), took
    )  # fmt: skip


def terminal(lines: Iterable[bytes]) -> dict[str, Any]:
    """The event that ends a stream of events; nothing where it breaks off."""
    for line in lines:
        if line.startswith(b"data:"):
            event = _object(line[5:])
            if event.get("type") in ENDS:
                return event
    return {}


def error_of(end: dict[str, Any]) -> str | None:
    """The sentence of an error in an event or in a body."""
    found = end.get("error") or (end.get("response") or {}).get("error") or {}
    return str(found["message"]) if isinstance(found, dict) and found.get("message") else None


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def check_turn(taken: Taken, served_by: Callable[[str], str | None]) -> list[Finding]:
    """What a turn came to; `served_by` names the account that a session was served by, if that is known."""
    return list(_turn(taken, served_by))


def _turn(taken: Taken, served_by: Callable[[str], str | None]) -> Iterator[Finding]:
    if taken.end == "response.completed":
        account = served_by(taken.session)
        by = f"by {account} " if account else ""
        tokens = f"{taken.input_tokens} tokens in and {taken.output_tokens} out"
        sentence = f"A turn with {taken.model} was served {by}in {latency(taken.milliseconds)}: {tokens}."
        yield Finding("turn", Verdict.OK, sentence)
        return
    why = taken.error or _reason(taken)
    status = "" if taken.status in (None, 200) else f" (HTTP {taken.status})"
    covers = Trouble.UNAUTHORIZED if taken.status == 401 else Trouble.MODEL if taken.status == 404 else None
    sentence = f"A turn with {taken.model} failed{status}: {printable(why)}"
    yield Finding("turn", Verdict.ERROR, sentence, "codexlb report requests --limit 1", covers)


def _reason(taken: Taken) -> str:
    """What is known of a failure of which nothing was said."""
    if taken.status != 200:
        return "no reason is given"
    return "the answer broke off" if taken.end is None else f"it ended with {taken.end}"
