"""Both ends of a stream are kept, however long it is."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from addons.wire.excerpts import Excerpt


@pytest.mark.parametrize(
    ("fed", "kept"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"abc", b"abc", id="less than the head"),
        pytest.param(b"abcdefg", b"abcdefg", id="as much as fits"),
        pytest.param(b"abcdefgh", b"abcd\n\n: 1 bytes left out here\n\nfgh", id="one byte more"),
        pytest.param(b"abcd" + b"-" * 90 + b"xyz", b"abcd\n\n: 90 bytes left out here\n\nxyz", id="much more"),
    ],
)
def test_the_beginning_and_the_end_are_kept(fed: bytes, kept: bytes) -> None:
    """In whatever pieces it comes."""
    for seed in range(20):
        rng, left, excerpt = random.Random(seed), fed, Excerpt(4, 3)
        while left:
            size = rng.randint(1, len(left))
            excerpt.feed(left[:size])
            left = left[size:]
        assert (excerpt.content, excerpt.bytes) == (kept, len(fed))


def test_memory_stays_where_it_is() -> None:
    excerpt, piece = Excerpt(1000, 1000), b"x" * 999
    tracemalloc.start()
    for _ in range(10_000):
        excerpt.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000
