"""The differences between mitmproxy 11 and 12 are told in our own words."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy.proxy.layers import http as core
from mitmproxy.proxy.layers.http import ResponseProtocolError

from addons.core.versions import cancelled, status_of, upstream_failed

CODES: Any = getattr(core, "ErrorCode", None)
"""mitmproxy 12's reasons; 11 knows statuses only."""


@pytest.mark.parametrize(
    ("in_12", "in_11", "status"),
    [
        ("GENERIC_SERVER_ERROR", 502, 502),
        ("CONNECT_FAILED", 502, 502),
        ("RESPONSE_TOO_LARGE", 502, 502),
        ("GENERIC_CLIENT_ERROR", 400, 400),
        ("REQUEST_VALIDATION_FAILED", 400, 400),
        ("REQUEST_TOO_LARGE", 413, 413),
        # not to be told
        ("KILL", 444, None),
        ("CLIENT_DISCONNECTED", 444, None),
        ("CANCEL", 444, None),
    ],
)
def test_an_error_has_a_status_unless_the_client_must_not_be_told(in_12: str, in_11: int, status: int | None) -> None:
    code: Any = CODES[in_12] if CODES else in_11

    assert status_of(ResponseProtocolError(1, "broken", code)) == status


def test_an_upstream_that_failed_is_a_bad_gateway() -> None:
    event = upstream_failed(7, "refused")

    assert (event.stream_id, event.message, status_of(event)) == (7, "refused", 502)


def test_an_attempt_that_is_given_up_tells_the_upstream_alone() -> None:
    """In HTTP/2 the code says that the stream is reset, not that the connection is broken."""
    event: Any = cancelled(7)

    assert event.stream_id == 7
    assert event.code == (CODES.CANCEL if CODES else 499)
