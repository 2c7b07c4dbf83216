"""A streamed answer for a person to read: the bytes of its events in, lines of text out.

It never raises, whatever the bytes are: what is no JSON is shown as it came. Pieces of one text are joined where the
first of them stood. Both what is read and what is written of it is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from addons.wire.lenient import read_or_none

MOST_READ_BYTES = 4 * 1024 * 1024
MOST_EVENTS = 20_000
MOST_TEXT_CHARACTERS = 20_000
"""Of one text: a patch or a page of prose is shorter."""
MOST_LINES = 5_000
MOST_WORD_CHARACTERS = 200

_ANYTHING = msgspec.json.Decoder()
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_NO_DATA = (b":", b"event:", b"id:", b"retry:")

Fields = Mapping[str, Any]


@dataclass(slots=True)
class Entry:
    """One or more events of a kind: what is said of them in a line, and the text below it."""

    title: str
    events: int = 1
    texts: list[str] = field(default_factory=list)


def transcript(data: bytes) -> str:
    """The events as text, one line for each but for the pieces of a text, which are one entry."""
    entries: list[Entry] = []
    texts: dict[tuple[str, ...], Entry] = {}
    count = 0
    for name, payload in _events(data[:MOST_READ_BYTES]):
        if count == MOST_EVENTS:
            break
        count += 1
        _add(entries, texts, name, payload)
    lines = [line for entry in entries for line in _lines_of(entry)]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"[{len(lines) - MOST_LINES} lines more]"]
    return "\n".join([*lines, _summary(count, len(data))])


def _events(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The name and the data of each event; a comment has the name `:`."""
    for block in _BLANK_LINE.split(data):
        lines = [line for line in _LINE_END.split(block) if line]
        names = [line[6:] for line in lines if line.startswith(b"event:")]
        comments = [line[1:].strip() for line in lines if line.startswith(b":")]
        payload = [line.removeprefix(b"data:").removeprefix(b" ") for line in lines if not line.startswith(_NO_DATA)]
        if comments:
            yield ":", b" ".join(comments)
        if payload or names:
            yield _word(names[-1]) if names else "", b"\n".join(payload)


def _add(entries: list[Entry], texts: dict[tuple[str, ...], Entry], name: str, payload: bytes) -> None:
    fields = read_or_none(_ANYTHING, payload)
    if not isinstance(fields, dict):
        entries.append(Entry(name or "data", texts=[_decoded(payload)]))
        return
    kind = _word(fields.get("type")) or name or "data"
    delta = fields.get("delta")
    if not isinstance(delta, str):
        entries.append(_entry_of(kind, fields))
        return
    place = tuple(str(fields.get(key, "")) for key in ("item_id", "output_index", "content_index", "summary_index"))
    known = texts.get((kind, *place))
    if known:
        known.events += 1
        known.texts.append(delta)
    else:
        texts[(kind, *place)] = entry = Entry(_title(kind, fields.get("item_id")), texts=[delta])
        entries.append(entry)


def _entry_of(kind: str, fields: Fields) -> Entry:
    """An event that is not a piece of a text."""
    response, item = _dict(fields.get("response")), _dict(fields.get("item"))
    if kind == "codex.rate_limits":
        return Entry(_title(kind, *_limits(fields)))
    if item:
        names = (item.get("type"), item.get("name"), item.get("call_id") or item.get("id"), item.get("status"))
        return Entry(_title(kind, *names), texts=[*_texts_of_item(kind, item)])
    if response:
        names = (response.get("id"), response.get("model"), response.get("service_tier"), response.get("status"))
        return Entry(_title(kind, *names), texts=[*_texts_of_response(response)])
    error = _error(fields.get("error") or (fields if kind == "error" else None))
    return Entry(_title(kind, fields.get("item_id")), texts=[error] if error else [])


def _texts_of_item(kind: str, item: Fields) -> Iterator[str]:
    """What a tool is called with; a message was read in its pieces."""
    if kind.endswith(".done"):
        for key in ("arguments", "input", "action"):
            if value := item.get(key):
                yield value if isinstance(value, str) else _compact(value)
                return


def _texts_of_response(response: Fields) -> Iterator[str]:
    """Why an answer failed or is incomplete, and what it used."""
    if error := _error(response.get("error")):
        yield error + "\n"
    if reason := _dict(response.get("incomplete_details")).get("reason"):
        yield f"incomplete: {_word(reason)}\n"
    if usage := _dict(response.get("usage")):
        yield _usage(usage)


def _usage(usage: Fields) -> str:
    details, more = _dict(usage.get("input_tokens_details")), _dict(usage.get("output_tokens_details"))
    return (
        f"usage: input {_number(usage.get('input_tokens'))} (cached {_number(details.get('cached_tokens'))}), "
        f"output {_number(usage.get('output_tokens'))} (reasoning {_number(more.get('reasoning_tokens'))})"
    )


def _error(error: object) -> str:
    fields = _dict(error)
    words = [_word(fields.get(key)) for key in ("code", "type", "message")]
    said = [word for word in words if word not in ("", "error")]  # `error` is the type of the event, too
    return f"error: {' · '.join(said)}" if said else ""


def _limits(fields: Fields) -> Iterator[str]:
    """What a reading of the account's windows says."""
    yield _word(fields.get("limit_name") or fields.get("plan_type"))
    for name, window in _dict(fields.get("rate_limits")).items():
        if isinstance(window, dict) and "used_percent" in window:
            yield f"{_word(name)} {_word(window['used_percent'])} % of {_word(window.get('window_minutes'))} min"


def _lines_of(entry: Entry) -> Iterator[str]:
    yield entry.title if entry.events == 1 else f"{entry.title} · {entry.events} pieces"
    text = "".join(entry.texts)
    shown = text[:MOST_TEXT_CHARACTERS]
    yield from (f"    {line}" for line in shown.splitlines())
    if len(text) > len(shown):
        yield f"    [{len(text) - len(shown)} characters more]"


def _summary(events: int, size: int) -> str:
    unread = f"; only the first {MOST_READ_BYTES:,} bytes were read" if size > MOST_READ_BYTES else ""
    most = f"; only the first {MOST_EVENTS:,} events are shown" if events == MOST_EVENTS else ""
    return f"-- {events:,} event{'' if events == 1 else 's'}, {size:,} bytes{unread}{most}"


def _title(*parts: object) -> str:
    return " · ".join(filter(None, map(_word, parts)))


def _word(value: object) -> str:
    """A value in a line: bounded, nothing that would break it."""
    text = _decoded(value) if isinstance(value, bytes) else value if isinstance(value, str) else _plain(value)
    return " ".join(text[:MOST_WORD_CHARACTERS].split())


def _plain(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "unknown"


def _compact(value: object) -> str:
    return msgspec.json.encode(value).decode()[:MOST_TEXT_CHARACTERS]


def _decoded(data: bytes) -> str:
    return data[:MOST_TEXT_CHARACTERS].decode("utf-8", "replace")


def _dict(value: object) -> Fields:
    return value if isinstance(value, dict) else {}
