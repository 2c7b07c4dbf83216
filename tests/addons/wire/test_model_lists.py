"""What is in a list of models, and what is left of it."""

from __future__ import annotations

import pytest

from addons.wire.model_lists import MOST_NAME_CHARACTERS, client_version_of, models_to_pick, with_models

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


TO_PICK: dict[str, tuple[bytes, tuple[str, ...] | None]] = {
    "in its order": (b'{"models":[{"slug":"b"},{"slug":"a","visibility":"list"}]}', ("b", "a")),
    "not what serves other ends": (
        b'{"models":[{"slug":"a"},{"slug":"b","visibility":"hide"},{"slug":"c","visibility":"none"},'
        b'{"slug":"d","visibility":null},{"slug":"e","visibility":["list"]}]}',
        ("a",),
    ),
    "of OpenAI": (b'{"object":"list","data":[{"id":"a"},{"id":"a"}]}', ("a",)),
    "only hidden ones": (b'{"models":[{"slug":"a","visibility":"hide"}]}', ()),
    "entries without a name": (b'{"models":[{"title":"a"},null,{"slug":1},{"slug":"b"}]}', ("b",)),
    "names that nobody can say": (
        b'{"models":[{"slug":"a\\u202e"},{"slug":"a\\n"},{"slug":"%s"},{"slug":"b"}]}'
        % (b"x" * (MOST_NAME_CHARACTERS + 1)),
        ("b",),
    ),
    # what is no list with a model
    "empty": (b'{"models":[]}', None),
    "without a name": (b'{"models":[{"title":"a"}]}', None),
    "a text": (b'{"models":"a"}', None),
    "broken": (b'{"models":[{"slug":"a"}', None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize(("body", "expected"), TO_PICK.values(), ids=TO_PICK.keys())
def test_models_to_pick(body: bytes, expected: tuple[str, ...] | None) -> None:
    assert models_to_pick(body) == expected


VERSIONS: dict[str, str | None] = {
    "?client_version=0.169.0": "0.169.0",
    "?client_version=0.170.0-alpha.1": "0.170.0-alpha.1",
    "": "",
    "?": "",
    # more than that is asked for, or nothing that is a version
    "?client_version=1&client_version=2": None,
    "?a=1&client_version=0.169.0": None,
    "?client_version=0.169.0&limit=": None,
    "?limit": None,
    "?client_version=": None,
    "?client_version=%0a1": None,
    f"?client_version={'1' * 33}": None,
    "?client_version=..": None,
}


@pytest.mark.parametrize(("query", "expected"), VERSIONS.items(), ids=VERSIONS.keys())
def test_the_version_of_a_client(query: str, expected: str | None) -> None:
    assert client_version_of(f"/backend-api/codex/models{query}") == expected
