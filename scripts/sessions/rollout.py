"""One rollout file read: a path goes in, whose session it is and what in it names a provider come out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.sessions.codex_home import rollout_id
from scripts.sessions.content_lines import ContentLine, lines
from scripts.sessions.edits import Edit
from scripts.sessions.rollout_content import blocks
from scripts.sessions.rollout_line import Base, BrokenLineError, Tag, tag_of

HEAD_BLOCK_BYTES = 1 << 16
"""Line 1 is some 22 kB: it carries the instructions."""


@dataclass(frozen=True, slots=True)
class Head:
    """What line 1 says; all None where it is no `session_meta`. `base` stands at its place in the file."""

    rollout: str
    thread: str | None
    provider: str | None
    base: Base | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a whole rollout says: where it names a provider, and which lines are broken (counted from 1)."""

    head: Head
    named: tuple[Edit, ...]
    broken: tuple[int, ...]


def read_head(path: Path) -> Head:
    """What line 1 says; raises OSError and ContentError."""
    for line in lines(blocks(path, HEAD_BLOCK_BYTES)):
        return head_of(path, tag_in(line))
    return head_of(path, None)


def tag_in(line: ContentLine) -> Tag | None:
    """What the line says; nothing if it is broken."""
    try:
        return tag_of(line.text) if line.text else None
    except BrokenLineError:
        return None


def head_of(path: Path, tag: Tag | None) -> Head:
    """The head of a rollout whose line 1 says this."""
    if tag is None or not tag.is_meta:
        return Head(rollout_id(path), None, None, None)
    named = tag.provider.meaning if tag.provider else None
    return Head(rollout_id(path), tag.thread, named if isinstance(named, str) else None, tag.base)


def read_rollout(path: Path, provider: str, renamed: bytes) -> Findings:
    """All places that name this provider, as edits to the JSON string `renamed`; raises OSError and ContentError."""
    return findings(path, lines(blocks(path)), provider, renamed)


def findings(path: Path, content: Iterable[ContentLine], provider: str, renamed: bytes) -> Findings:
    """What the lines of a rollout say; a `session_meta` of another thread, copied by a fork, is not its own."""
    head, named, broken = head_of(path, None), [], []
    for line in content:
        try:
            tag = tag_of(line.text) if line.text is not None else None
        except BrokenLineError:
            broken.append(line.number)
            tag = None
        if line.number == 1:
            head = head_of(path, tag)
        if tag and tag.provider and tag.provider.meaning == provider and (not tag.is_meta or tag.thread == head.thread):
            named.append(Edit(line.offset + tag.provider.start, tag.provider.token, renamed))
    return Findings(head, tuple(named), tuple(broken))
