"""What is left of a list of models."""

from __future__ import annotations

import pytest

from addons.wire.model_lists import with_models

LISTS = {
    "some": (b'{"models":[{"slug":"a","x": 1.0},{"slug":"b"}],"n":1}', b'{"models":[{"slug":"a","x": 1.0}],"n":1}'),
    "all": (b'{"models":[{"slug":"a"}]}', b'{"models":[{"slug":"a"}]}'),
    "none": (b'{"models":[{"slug":"b"}]}', b'{"models":[]}'),
    "of OpenAI": (
        b'{"object":"list","data":[{"id":"a"},{"id":"b"}]}', b'{"object":"list","data":[{"id":"a"}]}',
    ),
    "without a name": (b'{"models":[{"title":"a"},"a",null,{"slug":1}]}', b'{"models":[]}'),
    "twice": (b'{"models":[{"slug":"b"}],"models":[{"slug":"a"}]}', b'{"models":[{"slug":"a"}]}'),
    # what is no list
    "a text": (b'{"models":"a"}', None),
    "under another name": (b'{"entries":[{"slug":"b"}]}', None),
    "no object": (b'["a"]', None),
    "broken": (b'{"models":[{"slug":"a"}', None),
    "nothing": (b"", None),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), LISTS.values(), ids=LISTS.keys())
def test_models_that_are_not_allowed_are_taken_out(body: bytes, expected: bytes | None) -> None:
    assert with_models(body, "a".__eq__) == expected
