"""One value in a TOML text is set or taken out: a text goes in, a text comes out, equal to it everywhere else.

However the tables around the value are written (headers, dotted keys, inline tables), it is put there in the same
style. A text that begins with a byte order mark must come without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from scripts.client_config.statements import KeyPath, Statement, statements, written

Data = Mapping[str, Any]


class EditError(ValueError):
    """The text cannot be edited without damage; the message is one sentence."""


def line_end(text: str) -> str:
    """How most lines of a text end."""
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"


def value_at(data: Data, path: KeyPath) -> Any:
    """The value there, None where there is none; raises EditError where something else than a table is in the way."""
    found: Any = data
    for place, part in enumerate(path):
        if not isinstance(found, Mapping):
            raise EditError(f"{written(path[:place])} is no table in it, so {written(path)} cannot be set: mend that.")
        found = found.get(part)
        if found is None:
            return None
    return found


def raw_at(text: str, path: KeyPath) -> str | None:
    """The value there as it is written, None where there is none."""
    for statement in statements(text):
        if statement.value is None or path[: len(statement.path)] != statement.path:
            continue
        if statement.path == path:
            return text[slice(*statement.value)]
        inner = value_at(tomlkit.parse(text[statement.start : statement.end]), path[len(statement.section) :])
        return None if inner is None else str(inner.as_string())
    return None


def with_value(text: str, path: KeyPath, raw: str) -> str:
    """The text with this value, as it is to be written, at a path; raises EditError."""
    found = statements(text)
    holder = _holder(found, path)
    if holder is None:
        return _with_new_key(text, found, path, raw)
    if holder.value is not None and holder.path == path:
        first, last = holder.value
        return text[:first] + raw + text[last:]
    return _with_statement(text, holder, path, raw)


def without(text: str, path: KeyPath) -> str:
    """The text with nothing at a path: neither that value nor, if it is a table, anything in it; raises EditError."""
    found = statements(text)
    holder = _holder(found, path)
    if holder is not None:
        return _cut(text, holder) if holder.path == path else _with_statement(text, holder, path, None)
    for statement in reversed(found):
        if statement.path[: len(path)] == path and (statement.is_header or statement.section[: len(path)] != path):
            text = _cut(text, statement, _last_of(found, statement))
    return text


def without_empty(text: str, path: KeyPath) -> str:
    """The text without the header of this table if nothing stands below it."""
    found = statements(text)
    header = next((one for one in found if one.is_header and one.path == path), None)
    return text if header is None or _last_of(found, header) is not header else _cut(text, header)


def _holder(found: list[Statement], path: KeyPath) -> Statement | None:
    """The statement that has the value at this path in it, if that is there or can only be put in there."""
    keys = (one for one in found if not one.is_header and path[: len(one.path)] == one.path)
    return next(keys, None)


def _last_of(found: list[Statement], statement: Statement) -> Statement:
    """The last statement below a header, the header itself where nothing is; a key is its own."""
    if not statement.is_header:
        return statement
    following = found[found.index(statement) + 1 :]
    last = statement
    for one in following:
        if one.is_header:
            break
        last = one
    return last


def _cut(text: str, first: Statement, last: Statement | None = None) -> str:
    """The text without the lines from one statement to another, and without a blank line that only set them off."""
    before, after = text[: first.start], text[(last or first).end :]
    if first.is_header:
        return re.sub(r"(?:(?<=\n)|\A)\r?\n\Z", "", before) + after
    if re.search(r"(?:(?:\n|\A)\r?\n|\A)\Z", before):
        after = re.sub(r"\A\r?\n", "", after)
    return before + after


def _with_statement(text: str, holder: Statement, path: KeyPath, raw: str | None) -> str:
    """The text with an inline table changed; tomlkit sees no more of the text than that."""
    document: Any = tomlkit.parse(text[holder.start : holder.end])
    *outer, key = path[len(holder.section) :]
    table = document
    try:
        while outer and outer[0] in table:
            table = table[outer.pop(0)]
        if raw is None:
            table.pop(key, None)
        else:
            for part in reversed([*outer[1:], key] if outer else []):
                raw = f"{{ {written((part,))} = {raw} }}"
            table[outer[0] if outer else key] = tomlkit.value(raw)
    except (TOMLKitError, TypeError, AttributeError) as error:
        raise EditError(f"{written(path)} cannot be changed where it is written: write it as a table.") from error
    return f"{text[: holder.start]}{document.as_string()}{text[holder.end :]}"


def _with_new_key(text: str, found: list[Statement], path: KeyPath, raw: str) -> str:
    end = line_end(text)
    *outer, key = path
    parent = tuple(outer)
    beside = _beside(found, parent)
    if beside is not None:
        relative = path[len(beside.section) :] if not beside.is_header else (key,)
        indent = re.match(r"[ \t]*", text[beside.start :])
        line = (indent[0] if indent else "") + f"{written(relative)} = {raw}{end}"
        return _spliced(text, beside.end, line, end)
    line = f"{written((key,))} = {raw}{end}"
    if parent:
        return _spliced(text, len(text), (end if text else "") + f"[{written(parent)}]{end}{line}", end)
    place = _head_of_tables(text, found)
    return _spliced(text, place, line + (end if place < len(text) else ""), end)


def _beside(found: list[Statement], parent: KeyPath) -> Statement | None:
    """The statement after which a further key of this table belongs; None where the table is not written yet."""
    own = [
        one
        for one in found
        if len(one.section) <= len(parent) and one.path[: len(parent)] == parent
        and (one.section == parent or not one.is_header)
    ]  # fmt: skip
    return own[-1] if own else None


def _head_of_tables(text: str, found: list[Statement]) -> int:
    """Where the first header begins, with the comment that stands right above it; without one the end of the text."""
    first = next((one.start for one in found if one.is_header), None)
    if first is None:
        return len(text)
    comment = re.search(r"(?:^[ \t]*#[^\n]*\n)+\Z", text[:first], re.MULTILINE)
    return comment.start() if comment else first


def _spliced(text: str, place: int, lines: str, end: str) -> str:
    before = text[:place]
    if before and not before.endswith("\n"):
        before += end
    return before + lines + text[place:]
