"""The upstream's own name for a request, which its support asks for: response headers in, the id out."""

from __future__ import annotations

from collections.abc import Mapping

HEADERS = ("x-request-id", "x-oai-request-id", "cf-ray")
"""The best one first."""


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The id in an answer's headers, if it has one that can be shown."""
    return next((value for name in HEADERS if (value := headers.get(name)) and value.isprintable()), None)
