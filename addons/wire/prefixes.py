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

_MOST_PICTURES = 4096
"""Far more than any model takes; further ones count as they stand, so that nobody has millions of them looked for."""

_LEAST_BYTES = 16
"""Any input begins like an empty one, and like one of two brackets."""

# As Codex writes it; in a text the quote would be escaped.
_PICTURE = b':"data:image/'


@dataclasses.dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt by its sizes (bytes) and checksums: `text_bytes` of the body with its pictures as so much text as they
    have tokens, `head` of what the model reads before the input, `blocks` of the input from its start to the end of
    each whole block, `whole` of all of it but the bracket that closes its list, or of one block more than those."""

    text_bytes: int
    input_bytes: int
    head: int
    blocks: array.array[int]
    whole: int = 0


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
    return Prompt(text_bytes(body), len(view), checksum, blocks, _whole(view[:-1], blocks))


def _whole(items: memoryview, blocks: array.array[int]) -> int:
    start = len(blocks) * BLOCK_BYTES
    return zlib.crc32(items[start : start + BLOCK_BYTES], blocks[-1] if blocks else 0)


def text_bytes(body: bytes) -> int:
    """How many bytes a plain body has, with its pictures as so much text as they have tokens."""
    if body.rfind(_PICTURE) < 0:  # mostly; and to look from behind takes half the time
        return len(body)
    found, end = len(body), 0
    for _ in range(_MOST_PICTURES):
        start = body.find(_PICTURE, end)
        end = body.find(b'"', start + len(_PICTURE))
        if start < 0 or end < 0:
            break
        found -= max(end - start - PICTURE_BYTES, 0)
    return found


def shared(before: Prompt, now: Prompt) -> float:
    """How much of the earlier prompt stands unchanged at the beginning of this one: 0 to 1, by whole blocks."""
    if before.head != now.head:
        return 0.0
    # A checksum covers all blocks before it: where one differs, all later ones do.
    same = sum(map(int.__eq__, before.blocks, now.blocks))
    return same / len(before.blocks) if before.blocks else 1.0


def goes_on(before: Prompt, now: Prompt, items: bytes | msgspec.Raw) -> int:
    """How many bytes say that this prompt, whose input is `items`, goes on from the earlier one; 0 when it does not.

    Mostly all of the earlier input stands at its beginning. A client that cuts the end of a history off before it sends
    it still has the blocks before that. However long both are, one block is read.
    """
    known = min(len(before.blocks), len(now.blocks))
    if known and before.blocks[known - 1] != now.blocks[known - 1]:
        return 0
    end = before.input_bytes - 1
    if _LEAST_BYTES < end < now.input_bytes and _whole(memoryview(items)[:end], before.blocks) == before.whole:
        return end
    return known * BLOCK_BYTES if now.input_bytes < before.input_bytes else 0
