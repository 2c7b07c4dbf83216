from __future__ import annotations

import re

import pytest

from scripts.client_config.meaning import TomlError, meaning


def test_inline_tables_may_span_lines_as_in_codex() -> None:
    assert meaning("a = {\n  b = 1,\n}\n") == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("a = 1\nb = gpt\n", "line 2, column 5: Invalid value", id="a value without quotes"),
        pytest.param("a = 1\n\n[b\n", "line 3, column 3: Expected ']'", id="a header without end"),
        pytest.param("a = 1\nb = 2\na = 3\nc = 4\n", "line 3, column 6: Cannot overwrite a value", id="a key twice"),
        pytest.param("[a]\nb=1\n[c]\n[a]\n", "line 4, column 3: Cannot declare", id="a table twice"),
        pytest.param("a = [1,\n2", "line 2, column 2: Unclosed array", id="a list without end"),
        pytest.param("a = {\n b = 1,\n}\nc = 1\nc = 2\n", "line 5, column 1: Key", id="twice, after that"),
        pytest.param("a = {\n b = 1,\n}\nc = \n", "line 4, column 5:", id="after what tomllib does not know"),
        pytest.param("<<<<<<< HEAD\n", "line 1, column 1: Invalid statement", id="a conflict"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_column(text: str, sentence: str) -> None:
    with pytest.raises(TomlError, match=re.escape(sentence)):
        meaning(text)
