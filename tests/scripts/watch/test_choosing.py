"""Keys choose an order and a filter."""

from __future__ import annotations

import pytest

from scripts.watch.choosing import LONGEST_FILTER, Choosing, Sort, pressed
from scripts.watch.keyboard import keys_of


def after(keys: str, choosing: Choosing | None = None) -> Choosing | None:
    found: Choosing | None = choosing or Choosing()
    for key in keys:
        assert found is not None
        found = pressed(found, key)
    return found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        pytest.param("q", None, id="q ends"),
        pytest.param("s", Choosing(Sort.TOKENS), id="s sorts"),
        pytest.param("sssss", Choosing(Sort.USUAL), id="and comes round"),
        pytest.param("x\t é", Choosing(), id="other keys do nothing"),
        pytest.param("/", Choosing(is_typing=True), id="/ asks"),
        pytest.param("/sq", Choosing(filter="sq", is_typing=True), id="what is typed is no command"),
        pytest.param("/ab\x7f\x08c", Choosing(filter="c", is_typing=True), id="backspace"),
        pytest.param("/\x7f", Choosing(is_typing=True), id="backspace on nothing"),
        pytest.param("/a\tb", Choosing(filter="ab", is_typing=True), id="no control characters"),
        pytest.param("/ann\n", Choosing(filter="ann"), id="Enter keeps"),
        pytest.param("/ann\rs", Choosing(Sort.TOKENS, "ann"), id="and keys are commands again"),
        pytest.param("/ann\x1b", Choosing(), id="Esc while typing clears"),
        pytest.param("/ann\n\x1b", Choosing(), id="Esc afterwards clears"),
        pytest.param("/ann\n/x", Choosing(filter="annx", is_typing=True), id="/ goes on"),
        pytest.param("/" + "x" * 50, Choosing(filter="x" * LONGEST_FILTER, is_typing=True), id="not endless"),
    ],
)
def test_keys(keys: str, found: Choosing | None) -> None:
    assert after(keys) == found


@pytest.mark.parametrize(
    ("text", "words", "shows"),
    [
        ("", (), True),
        ("ann", ("Ann@Example.com", "plus"), True),
        ("PLUS ann", ("ann@example.com", "plus"), True),
        ("ann pro", ("ann@example.com", "plus"), False),
        ("ann", (None, "bob"), False),
        ("annplus", ("ann", "plus"), False),
    ],
    ids=["no filter", "a part", "two words", "one of them not", "unknown", "not across"],
)
def test_a_filter_lets_through_what_has_every_word(text: str, words: tuple[str | None, ...], shows: bool) -> None:
    assert Choosing(filter=text).shows(*words) is shows


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("", ""),
        ("sé/", "sé/"),
        ("\x1b", "\x1b"),
        ("\x1b[A\x1bOPq\x1b[15;2~s", "qs"),
        ("a\x1b", "a\x1b"),
    ],
    ids=["nothing", "letters", "Esc", "arrow and function keys", "Esc after a letter"],
)
def test_what_a_terminal_sends_at_once(sent: str, keys: str) -> None:
    assert "".join(keys_of(sent)) == keys
