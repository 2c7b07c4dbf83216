"""Edits of a stream: what comes out, and where things are then."""

from __future__ import annotations

import pytest

from scripts.sessions.edits import Edit, EditError, inverse, is_before, moved, spliced
from tests.scripts.sessions.rollouts import joined

TEXT = b'{"a":"openai"}\n{"b":"openai"}\n'
LONGER = Edit(5, b'"openai"', b'"codex-lb"'), Edit(20, b'"openai"', b'"codex-lb"')
SHORTER = Edit(5, b'"openai"', b'"o"'), Edit(20, b'"openai"', b'""')


def in_blocks(text: bytes, size: int) -> list[bytes]:
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 13, 100])
@pytest.mark.parametrize(
    ("edits", "changed"),
    [
        ((), TEXT),
        (LONGER, b'{"a":"codex-lb"}\n{"b":"codex-lb"}\n'),
        (SHORTER, b'{"a":"o"}\n{"b":""}\n'),
        (LONGER[1:], b'{"a":"openai"}\n{"b":"codex-lb"}\n'),
        ((Edit(0, b"{", b"["), Edit(29, b"\n", b"")), b'["a":"openai"}\n{"b":"openai"}'),
        ((Edit(5, b'"op', b""), Edit(8, b"enai", b"x")), b'{"a":x"}\n{"b":"openai"}\n'),
    ],
    ids=["none", "longer", "shorter", "one", "at both ends", "side by side"],
)
def test_edits_are_made_whatever_the_blocks_and_can_be_taken_back(
    edits: tuple[Edit, ...], changed: bytes, size: int
) -> None:
    assert joined(spliced(in_blocks(TEXT, size), edits)) == changed
    assert joined(spliced(in_blocks(changed, size), inverse(edits))) == TEXT
    assert is_before(in_blocks(TEXT, size), edits)
    assert is_before(in_blocks(changed, size), inverse(edits))
    assert is_before(in_blocks(changed + b"and more\n", size), inverse(edits))


@pytest.mark.parametrize("size", [1, 5, 100])
@pytest.mark.parametrize(
    "text", [TEXT.replace(b"openai", b"openAI"), TEXT[:25], b"", b"x" + TEXT], ids=["other", "short", "empty", "moved"]
)
def test_where_something_else_stands_nothing_is_edited(text: bytes, size: int) -> None:
    assert not is_before(in_blocks(text, size), LONGER)
    with pytest.raises(EditError):
        joined(spliced(in_blocks(text, size), LONGER))


@pytest.mark.parametrize(
    ("offset", "becomes"),
    [(0, 0), (5, 5), (12, 12), (13, 15), (15, 17), (20, 22), (27, 29), (28, 32), (30, 34), (1000, 1004)],
)
def test_an_offset_moves_by_what_grew_before_it(offset: int, becomes: int) -> None:
    assert moved(offset, LONGER) == becomes
    assert moved(becomes, inverse(LONGER)) == offset
