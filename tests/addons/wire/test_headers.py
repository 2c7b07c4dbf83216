"""A header is found among the fields of a head, however it is written and however often it stands there."""

from __future__ import annotations

import pytest

from addons.wire.headers import Fields, value_of, values_of


@pytest.mark.parametrize(
    ("fields", "values", "whole"),
    [
        pytest.param((), [], None, id="none"),
        pytest.param(((b"B", b"1"),), [], None, id="another"),
        pytest.param(((b"A", b""),), [""], "", id="empty"),
        pytest.param(((b"A", b"1"), (b"B", b"2"), (b"a", b"3")), ["1", "3"], "1, 3", id="twice"),
        pytest.param(((b"a", b"\xff"),), ["\ufffd"], "\ufffd", id="no text"),
    ],
)
def test_a_header_is_found(fields: Fields, values: list[str], whole: str | None) -> None:
    assert values_of(fields, b"a") == values
    assert value_of(fields, b"a") == whole
