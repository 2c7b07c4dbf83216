"""The upstream's own name for a request is read from its best header."""

from __future__ import annotations

import pytest

from addons.wire.request_ids import request_id_of


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        pytest.param({"x-request-id": "a", "cf-ray": "c"}, "a", id="the best"),
        pytest.param({"x-oai-request-id": "b", "cf-ray": "c"}, "b", id="OpenAI's"),
        pytest.param({"x-request-id": "", "cf-ray": "c"}, "c", id="an empty one is none"),
        pytest.param({"x-request-id": "a\x1b[2J", "cf-ray": "c"}, "c", id="one that cannot be shown is none"),
        pytest.param({"x-request-id": f"eyJ{'a' * 20}.{'b' * 20}.c", "cf-ray": "c"}, "c", id="a token is none"),
        pytest.param({}, None, id="none"),
    ],
)
def test_the_best_id_is_taken(headers: dict[str, str], found: str | None) -> None:
    assert request_id_of(tuple((name.encode(), value.encode()) for name, value in headers.items())) == found
