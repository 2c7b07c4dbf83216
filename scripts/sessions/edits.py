"""Edits of a stream of bytes: blocks and edits go in, changed blocks and moved positions come out.

Positions are those of the content before the edit; edits of one content are sorted and do not touch each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


class EditError(Exception):
    """The content is not what an edit expects; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Edit:
    """At byte `start` stands `old`; `new` shall stand there."""

    start: int
    old: bytes
    new: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.old)

    @property
    def growth(self) -> int:
        """Bytes by which the content grows."""
        return len(self.new) - len(self.old)


def growth(edits: Iterable[Edit]) -> int:
    """Bytes by which the content grows with all of these edits."""
    return sum(edit.growth for edit in edits)


def moved(offset: int, edits: Iterable[Edit]) -> int:
    """Where the byte at `offset` of the old content is in the new one."""
    return offset + growth(edit for edit in edits if edit.end <= offset)


def inverse(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits that lead from the new content back to the old one."""
    back, grown = [], 0
    for edit in edits:
        back.append(Edit(edit.start + grown, edit.new, edit.old))
        grown += edit.growth
    return tuple(back)


def spliced(blocks: Iterable[bytes], edits: Sequence[Edit]) -> Iterator[bytes]:
    """The content with the edits made, in blocks; raises EditError where something else stands."""
    left = deque(edits)
    held, start = b"", 0  # what was read and not yet passed on, and where it begins
    for block in blocks:
        held += block
        while left and left[0].end <= start + len(held):
            edit = left.popleft()
            cut = edit.start - start
            if held[cut : cut + len(edit.old)] != edit.old:
                raise EditError(f"Not {edit.old!r} but something else stands at byte {edit.start}.")
            yield held[:cut] + edit.new
            held, start = held[cut + len(edit.old) :], edit.end
        cut = min(len(held), max(0, left[0].start - start)) if left else len(held)
        yield held[:cut]
        held, start = held[cut:], start + cut
    yield held
    if left:
        raise EditError(f"It ends before byte {left[0].end}, where {left[0].old!r} should stand.")


def is_before(blocks: Iterable[bytes], edits: Sequence[Edit]) -> bool:
    """Whether all that the edits expect stands there; reads no further than the last of them."""
    left = deque(edits)
    held, start = b"", 0
    for block in blocks:
        held += block
        while left and left[0].end <= start + len(held):
            edit = left.popleft()
            if held[edit.start - start : edit.end - start] != edit.old:
                return False
        if not left:
            return True
        cut = min(len(held), max(0, left[0].start - start))
        held, start = held[cut:], start + cut
    return not left
