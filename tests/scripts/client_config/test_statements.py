from __future__ import annotations

import pytest

from scripts.client_config.meaning import meaning
from scripts.client_config.statements import ELEMENT, KeyPath, statements, written
from tests.scripts.client_config.samples import SAMPLES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("# a = 1\n\n", [], id="comments"),
        pytest.param("a = 1", [(("a",), "1")], id="no line end"),
        pytest.param("a = 1 # = 2\r\n", [(("a",), "1")], id="comment behind"),
        pytest.param("a.'b.c' . \"=\" = 'x' \n", [(("a", "b.c", "="), "'x'")], id="dotted"),
        pytest.param("[a]\nb=1\n", [(("a",), None), (("a", "b"), "1")], id="header"),
        pytest.param("[ a . 'x]' ] # c\nb=1\n", [(("a", "x]"), None), (("a", "x]", "b"), "1")], id="odd header"),
        pytest.param("[[a]]\nb=1\n", [(("a", ELEMENT), None), (("a", ELEMENT, "b"), "1")], id="array of tables"),
        pytest.param("a=[1, # ]\n 2]\nb=3\n", [(("a",), "[1, # ]\n 2]"), (("b",), "3")], id="list over lines"),
        pytest.param("a={b=1,\n c=2}\n", [(("a",), "{b=1,\n c=2}")], id="inline table over lines"),
        pytest.param('a="""\n[b]\n\\"""" # c\nd=1', [(("a",), '"""\n[b]\n\\""""'), (("d",), "1")], id="long text"),
        pytest.param('a="""x"""""\nd=1', [(("a",), '"""x"""""'), (("d",), "1")], id="quotes at the end of one"),
        pytest.param("a='''\n# x\n'y''''\nd=1", [(("a",), "'''\n# x\n'y''''"), (("d",), "1")], id="long literal"),
        pytest.param("a='\\'\nb=1", [(("a",), "'\\'"), (("b",), "1")], id="backslash in a literal"),
    ],
)
def test_headers_and_keys_are_found_with_their_places(text: str, found: list[tuple[KeyPath, str | None]]) -> None:
    meaning(text)

    assert [(one.path, text[slice(*one.value)] if one.value else None) for one in statements(text)] == found


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
def test_statements_take_in_whole_lines_and_what_is_between_is_comments(text: str) -> None:
    place = 0
    for one in statements(text):
        between = text[place : one.start]
        assert all(not line.strip() or line.lstrip().startswith("#") for line in between.splitlines())
        assert one.end == len(text) or text[one.end - 1] == "\n"
        place = one.end


@pytest.mark.parametrize("path", [("a",), ("a", "b"), ("a.b", 'c"d', "")])
def test_a_path_is_written_as_it_is_read(path: KeyPath) -> None:
    [found] = statements(f"{written(path)} = 1")

    assert found.path == path
