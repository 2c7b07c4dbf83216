"""What an upstream says went wrong: the body of its answer in, the few fields that decide out."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import msgspec

from addons.wire.lenient import read_or_none

# Small bodies of many shapes: cheaper to take whole than to describe.
_ANYTHING = msgspec.json.Decoder(Any)


@dataclasses.dataclass(frozen=True, slots=True)
class UpstreamError:
    """An error as the upstream put it; a field it did not give is None, `resets_at` is in unix seconds."""

    code: str | None = None
    type: str | None = None
    message: str | None = None
    resets_at: float | None = None
    resets_in_seconds: float | None = None

    @property
    def reason(self) -> str | None:
        """The code, or the type where there is only that: usage limits come without a code."""
        return self.code or self.type


def error_of_json(body: bytes | msgspec.Raw) -> UpstreamError:
    """Read the error in a body: OpenAI's `error`, FastAPI's `detail`, OAuth's, a bare one, or no JSON at all."""
    fields = read_or_none(_ANYTHING, body)
    if not isinstance(fields, dict):
        return UpstreamError()
    match fields.get("error") or fields.get("detail"):
        case dict() as inner:
            return _error_of_fields(inner)
        case str() as text if "error" in fields:  # OAuth: the code, with a description beside it
            return UpstreamError(code=text, message=_text(fields.get("error_description")))
        case str() as text:
            return UpstreamError(message=text)
        case _:
            return _error_of_fields(fields)


def _error_of_fields(fields: dict[str, Any]) -> UpstreamError:
    return UpstreamError(
        code=_text(fields.get("code")),
        type=_text(fields.get("type")),
        message=_text(fields.get("message")),
        resets_at=_number(fields.get("resets_at")),
        resets_in_seconds=_number(fields.get("resets_in_seconds")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < math.inf else None
