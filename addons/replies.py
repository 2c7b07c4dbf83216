"""A local answer as mitmproxy wants it."""

from __future__ import annotations

from mitmproxy import http

from addons.wire.answers import Answer


def reply(answer: Answer) -> http.Response:
    """The response for an answer made here, not by the upstream."""
    return http.Response.make(answer.status, answer.body, dict(answer.headers))
