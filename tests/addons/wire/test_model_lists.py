"""What is left of a list of models."""

from __future__ import annotations

import pytest

from addons.wire.model_lists import NO_MODELS, with_models

LISTS = {
    "some": (b'{"models":[{"slug":"a","x": 1.0},{"slug":"b"}],"n":1}', b'{"models":[{"slug":"a","x": 1.0}],"n":1}'),
    "all": (b'{"models":[{"slug":"a"}]}', b'{"models":[{"slug":"a"}]}'),
    "none": (b'{"models":[{"slug":"b"}]}', b'{"models":[]}'),
    "of OpenAI": (
        b'{"object":"list","data":[{"id":"a"},{"id":"b"}]}', b'{"object":"list","data":[{"id":"a"}]}',
    ),
    "without a name": (b'{"models":[{"title":"a"},"a",null,{"slug":1}]}', b'{"models":[]}'),
    "no list": (b'{"models":"a"}', b'{"models":[]}'),
    "no object": (b'["a"]', NO_MODELS),
    "broken": (b'{"models":[{"slug":"a"}', NO_MODELS),
    "nothing": (b"", NO_MODELS),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), LISTS.values(), ids=LISTS.keys())
def test_models_that_are_not_allowed_are_taken_out(body: bytes, expected: bytes) -> None:
    assert with_models(body, "a".__eq__) == expected
