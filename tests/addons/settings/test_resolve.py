"""Command line, environment, file, default: the first that names a setting decides on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from addons.settings.catalog import DEFAULTS
from addons.settings.resolve import Effective, SettingsFile, Source, remarks, resolve
from addons.settings.settings_error import SettingsError

PATH = Path("/home/ann/.codex-lb/config.toml")
LINE = {"codexlb_poll_seconds": 1}
VARIABLE = {"CODEXLB_POLL_SECONDS": "2"}
FILE = "codexlb_poll_seconds = 3"


@pytest.mark.parametrize(
    ("line", "environ", "text", "value", "source"),
    [
        pytest.param(LINE, VARIABLE, FILE, 1, Source.COMMAND_LINE, id="all three"),
        pytest.param(LINE, {}, "", 1, Source.COMMAND_LINE, id="command line"),
        pytest.param({"codexlb_poll_seconds": 300}, VARIABLE, FILE, 300, Source.COMMAND_LINE, id="the default, said"),
        pytest.param({}, VARIABLE, FILE, 2, Source.ENVIRONMENT, id="environment before file"),
        pytest.param({}, {"CODEXLB_POLL_SECONDS": ""}, FILE, 3, Source.FILE, id="an empty variable says nothing"),
        pytest.param({}, {}, "codexlb_poll_seconds = 300", 300, Source.FILE, id="the default, in the file"),
        pytest.param({}, {}, "# codexlb_poll_seconds = 3", 300, Source.DEFAULT, id="a comment"),
        pytest.param({}, {}, "", 300, Source.DEFAULT, id="nothing"),
        pytest.param({}, {}, "\ufeffcodexlb_poll_seconds = 3\r\n", 3, Source.FILE, id="written on Windows"),
        pytest.param({}, {}, '"codexlb_poll_seconds" = 3', 3, Source.FILE, id="quoted name"),
    ],
)
def test_who_decides(line: dict[str, int], environ: dict[str, str], text: str, value: int, source: Source) -> None:
    found = resolve(line, environ, SettingsFile(PATH, text))

    assert found["codexlb_poll_seconds"] == Effective(value, source)


def test_serve_knows_its_upstream_where_mitmproxy_names_it_in_its_mode() -> None:
    nothing = SettingsFile(PATH, "")

    assert resolve({}, {}, nothing)["codexlb_upstream"].value == "https://chatgpt.com"
    assert resolve({}, {}, nothing, DEFAULTS)["codexlb_upstream"].value == ""


@pytest.mark.parametrize(
    ("environ", "text", "sentence"),
    [
        pytest.param(
            {"CODEXLB_STRATEGY": "x"}, "",
            "The variable CODEXLB_STRATEGY cannot be used: codexlb_strategy is 'x': give one of capacity_weighted",
            id="value of a variable",
        ),
        pytest.param(
            {"CODEXLB_LISTEN_PORT": "http"}, "",
            "The variable CODEXLB_LISTEN_PORT cannot be used: listen_port is 'http': give a whole number.",
            id="no number in a variable",
        ),
        pytest.param(
            {}, "# all\n\ncodexlb_poll_seconds = -1", f"{PATH}, line 3: codexlb_poll_seconds is -1: give 0 (never)",
            id="value in the file",
        ),
        pytest.param(
            {}, "codexlb_web_flows = 5\r\n  'codexlb_auth' = 'no'\r\n", f"{PATH}, line 2: codexlb_auth is 'no'",
            id="CRLF, quoted and indented",
        ),
        pytest.param(
            {}, "poll_seconds = 5",
            f"{PATH}, line 1: There is no setting 'poll_seconds': did you mean codexlb_poll_seconds?", id="near name",
        ),
        pytest.param(
            {}, "verbose = true",
            f"{PATH}, line 1: There is no setting 'verbose': see them all with `codexlb config list`",
            id="unheard-of name",
        ),
        pytest.param({}, "\n[server]\nport = 1", f"{PATH}, line 2: There is no setting 'server'", id="table"),
        pytest.param({}, "codexlb.auth = 'auto'", f"{PATH}, line 1: There is no setting 'codexlb'", id="dotted name"),
        pytest.param({}, "ssl_insecure = true", f"{PATH}, line 1: ssl_insecure is not for this file", id="unsafe"),
        pytest.param({}, "mode = 'regular'", f"{PATH}, line 1: mode is not for this file", id="mode"),
        pytest.param({}, "a = 1\nb c", f"{PATH} is not TOML (line 2, column 3: ", id="no TOML"),
        pytest.param({}, "a = 'x", f"{PATH} is not TOML (line 1, column 7: ", id="half a line"),
        pytest.param({}, "a = [1,\n", f"{PATH} is not TOML (line 2, column 1: ", id="half a list"),
        pytest.param({}, "a = 1\na = 2", f"{PATH} is not TOML (line 2, column 6: ", id="twice"),
        pytest.param({}, "a = " + "1" * 5_000, f"{PATH} is not TOML that can be read: a number", id="endless number"),
        pytest.param({}, "a = " + "[" * 100_000, f"{PATH} is not TOML", id="too deep"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_one_sentence_that_says_where(
    environ: dict[str, str], text: str, sentence: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve({"codexlb_poll_seconds": 1}, environ, SettingsFile(PATH, text))

    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_a_bad_value_on_the_command_line_is_the_setting_s_own_sentence() -> None:
    with pytest.raises(SettingsError, match=r"^codexlb_poll_seconds is -1: give 0 \(never\) or more seconds\.$"):
        resolve({"codexlb_poll_seconds": -1}, {}, SettingsFile(PATH, ""))


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("CODEXLB_STRATEGI", "CODEXLB_STRATEGY"),
        ("CODEXLB_CODEXLB_STRATEGY", "CODEXLB_STRATEGY"),
        ("codexlb_auth", "CODEXLB_AUTH"),
        ("CODEXLB_PORT", "CODEXLB_LISTEN_PORT"),
        ("CODEXLB_LISTENPORT", "CODEXLB_LISTEN_PORT"),
        ("CODEXLB_HOME", None),
        ("CODEXLB_KEY_FILE", None),
        ("CODEXLB_REQUIRE_CODEX", None),
        ("CODEXLB_API_KEY", None),
        ("CODEXLB_STRATEGY", None),
        ("STRATEGY", None),
    ],
)
def test_a_variable_that_is_nearly_a_setting_s_is_remarked_on(variable: str, meant: str | None) -> None:
    found = remarks({variable: "x"})

    assert found == (
        [f"The variable {variable} is no setting and changes nothing: did you mean {meant}?"] if meant else []
    )
