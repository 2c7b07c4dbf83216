"""One value in a text that people wrote; everything else stays."""

from __future__ import annotations

import tomllib

import pytest

from addons.settings.catalog import DEFAULTS
from scripts.config.document import template, with_value, without

COMMENTED = "# ours\n\ncodexlb_auth = 'local' # for now\n\n# last\nlisten_port = 1\n"


@pytest.mark.parametrize(
    ("text", "name", "value", "after"),
    [
        pytest.param("", "codexlb_auth", "auto", 'codexlb_auth = "auto"\n', id="new file"),
        pytest.param("# only\n", "listen_port", 5, "# only\nlisten_port = 5\n", id="comment only"),
        pytest.param("# only", "listen_port", 5, "# only\nlisten_port = 5\n", id="no line end"),
        pytest.param("a = 1\n", "codexlb_hosts", 'x"y', 'a = 1\ncodexlb_hosts = "x\\"y"\n', id="quotes"),
        pytest.param(
            COMMENTED, "codexlb_auth", "auto", COMMENTED.replace("'local'", '"auto"'), id="comments and order stay"
        ),
        pytest.param(COMMENTED, "listen_port", 2, COMMENTED.replace("= 1", "= 2"), id="the last"),
        pytest.param("listen_port = 1\r\n# x\r\n", "listen_port", 2, "listen_port = 2\r\n# x\r\n", id="CRLF"),
        pytest.param("# x\r\n", "listen_port", 2, "# x\r\nlisten_port = 2\r\n", id="CRLF, new"),
        pytest.param("'listen_port' = 1\n", "listen_port", 2, "'listen_port' = 2\n", id="quoted name"),
    ],
)
def test_a_value_is_put_in(text: str, name: str, value: str | int, after: str) -> None:
    assert with_value(text, name, value) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("listen_port = 1\n", ""),
        ("listen_port = 1", ""),
        ("a = 1\r\nlisten_port = 1\r\n", "a = 1\r\n"),
        (COMMENTED, COMMENTED.replace("listen_port = 1\n", "")),
    ],
    ids=["only one", "no line end", "CRLF", "comments stay"],
)
def test_a_value_is_taken_out(text: str, after: str) -> None:
    assert without(text, "listen_port") == after


def test_a_new_file_shows_every_setting_with_its_default() -> None:
    text = template()

    lines = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and " = " in line]
    assert tomllib.loads(text) == {}
    assert tomllib.loads("\n".join(lines)) == DEFAULTS
    assert max(map(len, text.splitlines())) <= 120
