"""JSON that may be anything: bytes in, the shape a decoder wants out, or None."""

from __future__ import annotations

from typing import TypeVar

import msgspec

NULL = msgspec.Raw(b"null")
"""The default of a field that is read leniently."""

_Shape = TypeVar("_Shape")


def read_or_none(decoder: msgspec.json.Decoder[_Shape], data: bytes | msgspec.Raw) -> _Shape | None:
    """Decode; broken JSON, another shape, bad UTF-8 and a nesting too deep to read are None."""
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return None
