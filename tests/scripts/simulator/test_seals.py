from __future__ import annotations

import pytest

from scripts.simulator.seals import owner_of, owners, seal


def test_a_seal_tells_its_owner_and_nothing_at_sight() -> None:
    text = seal("plus-1", "compaction/1")

    assert owner_of(text) == "plus-1"
    assert "plus-1" not in text


@pytest.mark.parametrize("text", ["", "a", "gAAAAABo", "ENCRYPTED-FAKE", "ümlaut", "c2ltdWxhdGVk"])
def test_other_strings_have_no_owner(text: str) -> None:
    assert owner_of(text) is None


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param(
            [{"encrypted_content": seal("a", "1")}, {"encrypted_content": seal("b", "1")}], {"a", "b"}, id="two"
        ),
        pytest.param([{"encrypted_content": "else"}, {"encrypted_content": None}, "text", {}], set(), id="none"),
        pytest.param("text", set(), id="no list"),
        pytest.param(None, set(), id="nothing"),
    ],
)
def test_the_owners_of_all_encrypted_content_in_an_input(items: object, expected: set[str]) -> None:
    assert owners(items) == expected
