"""How much of one prompt stands at the beginning of the next: checksums of its blocks, nothing of what it says."""

from __future__ import annotations

import array
import dataclasses
import zlib

import msgspec

BLOCK_BYTES = 4096
"""A thousand tokens, the least that the upstream caches; finer blocks would tell nothing more and cost more."""

MOST_BLOCKS = 1024
"""Four megabytes: more tokens than any model reads, and four kilobytes of memory."""

PICTURE_BYTES = 4096
"""A picture is about a thousand tokens, which is so much text, however many bytes it has."""

# As Codex writes it; in a text the quote would be escaped.
_PICTURE = b':"data:image/'


@dataclasses.dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt by its sizes (bytes) and checksums: `text_bytes` of the body with its pictures as so much text as they
    have tokens, `head` of what the model reads before the input, `blocks` of the input from its start to the end of
    each whole block."""

    text_bytes: int
    input_bytes: int
    head: int
    blocks: array.array[int]


def prompt_of(body: bytes, head: tuple[bytes | msgspec.Raw, ...], items: msgspec.Raw) -> Prompt:
    """The prompt of a plain body with this `head` (model, instructions, tools) and this input."""
    checksum = 0
    for part in head:
        checksum = zlib.crc32(part, checksum)
    view = memoryview(items)
    # The last byte closes the list: the next turn goes on in its place.
    whole = min((len(view) - 1) // BLOCK_BYTES, MOST_BLOCKS)
    running, blocks = 0, array.array("I")
    for start in range(0, whole * BLOCK_BYTES, BLOCK_BYTES):
        running = zlib.crc32(view[start : start + BLOCK_BYTES], running)
        blocks.append(running)
    return Prompt(text_bytes(body), len(view), checksum, blocks)


def text_bytes(body: bytes) -> int:
    """How many bytes a plain body has, with its pictures as so much text as they have tokens."""
    found = len(body)
    start = body.find(_PICTURE)
    while start >= 0:
        end = body.find(b'"', start + len(_PICTURE))
        if end < 0:
            break
        found -= max(end - start - PICTURE_BYTES, 0)
        start = body.find(_PICTURE, end)
    return found


def shared(before: Prompt, now: Prompt) -> float:
    """How much of the earlier prompt stands unchanged at the beginning of this one: 0 to 1, by whole blocks."""
    if before.head != now.head:
        return 0.0
    # A checksum covers all blocks before it: where one differs, all later ones do.
    same = sum(map(int.__eq__, before.blocks, now.blocks))
    return same / len(before.blocks) if before.blocks else 1.0
