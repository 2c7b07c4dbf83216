"""JSON that cannot be read is None, for whatever reason."""

from __future__ import annotations

import msgspec
import pytest

from addons.wire.lenient import NULL, read_or_none


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"[1,2]", [1, 2]),
        (b"", None),
        (b"[1,", None),
        (b'["a"]', None),
        (b'"\xff"', None),
        (b"[" * 100_000, None),
        (NULL, None),
    ],
    ids=["fits", "empty", "broken", "another shape", "not UTF-8", "deep", "null"],
)
def test_read_or_none(data: bytes | msgspec.Raw, expected: list[int] | None) -> None:
    assert read_or_none(msgspec.json.Decoder(list[int]), data) == expected
