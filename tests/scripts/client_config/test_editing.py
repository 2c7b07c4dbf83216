from __future__ import annotations

import pytest

from scripts.client_config.editing import EditError, raw_at, value_at, with_value, without, without_empty
from scripts.client_config.meaning import meaning
from scripts.client_config.statements import KeyPath, statements
from tests.scripts.client_config.samples import SAMPLES

NAME = ("model_providers", "codex-lb", "name")
CHOICE = ("model_provider",)


def replaced(before: str, after: str) -> tuple[int, int, str]:
    """The one place at which two texts differ: its start and end in the first, and what the second has there."""
    shorter = min(len(before), len(after))
    start = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    rest = shorter - start
    same = next((place for place in range(rest) if before[-1 - place] != after[-1 - place]), rest)
    return start, len(before) - same, after[start : len(after) - same]


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        pytest.param("", CHOICE, "model_provider = 'X'\n", id="nothing is there"),
        pytest.param("a = 1", CHOICE, "a = 1\nmodel_provider = 'X'\n", id="no line end"),
        pytest.param("a = 1\r\n", CHOICE, "a = 1\r\nmodel_provider = 'X'\r\n", id="CRLF"),
        pytest.param("[t]\n", CHOICE, "model_provider = 'X'\n\n[t]\n", id="a header comes first"),
        pytest.param("# a\n\n# t\n[t]\n", CHOICE, "# a\n\nmodel_provider = 'X'\n\n# t\n[t]\n", id="with its comment"),
        pytest.param("  a = 1\n[t]\n", CHOICE, "  a = 1\n  model_provider = 'X'\n[t]\n", id="as deep as the others"),
        pytest.param("model_provider=\"a\"#c\n", CHOICE, "model_provider='X'#c\n", id="another value"),
        pytest.param("", NAME, "[model_providers.codex-lb]\nname = 'X'\n", id="a table is made"),
        pytest.param("[t]\n", NAME, "[t]\n\n[model_providers.codex-lb]\nname = 'X'\n", id="at the end"),
        pytest.param(
            "[model_providers.codex-lb]\n\n a=1 # c\n# d\n[t]\n", NAME,
            "[model_providers.codex-lb]\n\n a=1 # c\n name = 'X'\n# d\n[t]\n", id="into its table",
        ),
        pytest.param(
            "[model_providers.codex-lb.auth]\n[model_providers.codex-lb]\n[t]\n", NAME,
            "[model_providers.codex-lb.auth]\n[model_providers.codex-lb]\nname = 'X'\n[t]\n", id="into its empty table",
        ),
        pytest.param(
            "model_providers.codex-lb.a = 1\nb = 2\n", NAME,
            "model_providers.codex-lb.a = 1\nmodel_providers.codex-lb.name = 'X'\nb = 2\n", id="dotted like the others",
        ),
        pytest.param(
            "[model_providers]\ncodex-lb.a = 1\n[t]\n", NAME,
            "[model_providers]\ncodex-lb.a = 1\ncodex-lb.name = 'X'\n[t]\n", id="dotted below a header",
        ),
        pytest.param(
            "model_providers = { a = { b = 1 } } # c\n", NAME,
            "model_providers = { a = { b = 1 }, codex-lb = { name = 'X' }} # c\n", id="into an inline table",
        ),
        pytest.param(
            "[model_providers]\ncodex-lb = { name = 'a', b = 1 } # c\n", NAME,
            "[model_providers]\ncodex-lb = { name = 'X', b = 1 } # c\n", id="another value in an inline table",
        ),
    ],
)  # fmt: skip
def test_a_value_is_set_in_the_style_of_what_is_there(before: str, path: KeyPath, after: str) -> None:
    assert with_value(before, path, "'X'") == after


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("path", [CHOICE, NAME], ids=["choice", "provider"])
def test_nothing_else_changes_in_any_configuration(text: str, path: KeyPath) -> None:
    wanted, old = meaning(text), raw_at(text, path)
    table = wanted
    for part in path[:-1]:
        table = table.setdefault(part, {})
    table[path[-1]] = "X"

    new = with_value(text, path, "'X'")

    assert meaning(new) == wanted
    start, end, added = replaced(text, new)
    holder = next((one for one in statements(text) if one.value and path[: len(one.path)] == one.path), None)
    if holder is None:
        assert start == end
        assert 0 < len(added) < 80
    else:
        assert holder.start < start <= end < holder.end
        assert holder.path != path or text[start:end] in (old or "")


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
def test_a_provider_that_was_added_is_taken_out_without_a_trace(text: str) -> None:
    before = meaning(text)
    if "codex-lb" in before.get("model_providers", {}):
        return
    new = with_value(with_value(text, NAME, "'X'"), (*NAME[:2], "base_url"), "'Y'")

    back = without(new, NAME[:2])

    assert meaning(back) == before
    if " }, # c" not in text:  # tomlkit drops the comma of what was the last one in an inline table over lines
        assert back == text or back == text + ("\r\n" if "\r\n" in text else "\n")


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        pytest.param("a = 1\n", CHOICE, "a = 1\n", id="not there"),
        pytest.param("model_provider = 'X' # c\na = 1\n", CHOICE, "a = 1\n", id="a key"),
        pytest.param("model_provider = 'X'\n\n[t]\n", CHOICE, "[t]\n", id="a key and what set it off"),
        pytest.param("x = { y = 1, z = 2 }\n", ("x", "y"), "x = {  z = 2 }\n", id="out of an inline table"),
        pytest.param("a=1\n\n[x.y]\nb=1\n# c\nd=1\n\n# t\n[t]\n", ("x", "y"), "a=1\n\n# t\n[t]\n", id="a table"),
        pytest.param("[x.y]\nb=1\n[t]\nc=1\n\n[x.y.z]\nd=1\n", ("x", "y"), "[t]\nc=1\n", id="with those below"),
        pytest.param("[x]\ny.a=1\nz=1\ny.b=1\n", ("x", "y"), "[x]\nz=1\n", id="a dotted table"),
        pytest.param("[x]\ny={a=1}\nz=1\n", ("x", "y"), "[x]\nz=1\n", id="an inline table"),
    ],
)
def test_a_value_or_a_table_is_taken_out(before: str, path: KeyPath, after: str) -> None:
    assert without(before, path) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a]\n\n[x]\n[b]\n", "[a]\n[b]\n"),
        ("[x]\ny=1\n", "[x]\ny=1\n"),
        ("[a]\n", "[a]\n"),
    ],
    ids=["empty", "not empty", "not there"],
)
def test_a_header_goes_if_nothing_is_below_it(before: str, after: str) -> None:
    assert without_empty(before, ("x",)) == after


@pytest.mark.parametrize(
    ("text", "path", "raw"),
    [
        ("a = 'x' # c\n", ("a",), "'x'"),
        ('[a]\nb = { c = "d" }\n', ("a", "b", "c"), '"d"'),
        ("[a]\nb = { c = 1 }\n", ("a", "b", "d"), None),
        ("", ("a",), None),
    ],
    ids=["key", "in an inline table", "not in it", "not there"],
)
def test_a_value_is_read_as_it_is_written(text: str, path: KeyPath, raw: str | None) -> None:
    assert raw_at(text, path) == raw


def test_what_is_no_table_is_named() -> None:
    with pytest.raises(EditError, match=r"model_providers\.x is no table"):
        value_at({"model_providers": {"x": 1}}, ("model_providers", "x", "name"))


def test_an_inline_table_that_cannot_take_it_is_refused() -> None:
    with pytest.raises(EditError, match="write it as a table"):
        with_value("model_providers = [1]\n", NAME, "'X'")
