"""`codexlb config get | set | unset`: what they print, and what they leave of the file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codexlb_store.processes import ProcessMark
from tests.processes import command, run
from tests.scripts.config.people import ELSEWHERE, codexlb_config, done, file, home, refused, write


def test_a_setting_is_set_seen_and_taken_back() -> None:
    assert done("set", "codexlb_strategy", "fill_first") == f"codexlb_strategy is fill_first now, in {file()}.\n"
    assert done("get", "codexlb_strategy") == "fill_first\n"
    assert done("set", "codexlb_strategy", "fill_first") == (
        f"Nothing to do: codexlb_strategy is fill_first in {file()} already.\n"
    )
    assert done("set", "codexlb_strategy", "round_robin") == (
        f"codexlb_strategy is round_robin now (it was fill_first), in {file()}.\n"
    )
    assert done("unset", "codexlb_strategy") == (
        f"codexlb_strategy is not in {file()} any more: its default is capacity_weighted.\n"
    )
    assert done("unset", "codexlb_strategy") == f"Nothing to do: codexlb_strategy is not in {file()}.\n"
    assert done("get", "codexlb_strategy") == "capacity_weighted\n"
    assert file().read_bytes() == b""


def test_a_new_file_is_private() -> None:
    done("set", "listen_port", "1")

    assert stat.S_IMODE(file().stat().st_mode) == 0o600
    assert stat.S_IMODE(home().stat().st_mode) == 0o700


def test_a_file_keeps_its_mode_its_bytes_and_its_link(tmp_path: Path) -> None:
    there = tmp_path / "dotfiles"
    there.write_bytes(b"\xef\xbb\xbf# mine\r\nlisten_port = 1 # a port\r\n")
    there.chmod(0o640)
    home().mkdir()
    file().symlink_to(there)

    done("set", "listen_port", "2")

    assert file().is_symlink()
    assert there.read_bytes() == b"\xef\xbb\xbf# mine\r\nlisten_port = 2 # a port\r\n"
    assert stat.S_IMODE(there.stat().st_mode) == 0o640
    assert [path.name for path in home().iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("set", "strategy", "x"), "There is no setting 'strategy': did you mean codexlb_strategy?"),
        (("get", "zzz"), "There is no setting 'zzz': see them all with `codexlb config list`."),
        (("unset", "zzz"), "There is no setting 'zzz': see them all with `codexlb config list`."),
        (("set", "codexlb_poll_seconds", "-1"), "codexlb_poll_seconds is -1: give 0 (never) or more seconds."),
        (("set", "codexlb_poll_seconds", "x"), "codexlb_poll_seconds is 'x': give a whole number."),
        (("set", "codexlb_auth", ""), "codexlb_auth is '': give one of auto, required, local."),
        (
            ("set", "mode", "regular"),
            "mode is not for this file: it is a reverse proxy always; set listen_host and listen_port.",
        ),
        (
            ("set", "ssl_insecure", "true"),
            "ssl_insecure is not for this file: it must be False for Codex-LB to be safe, so leave it out.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_right_changes_nothing(arguments: tuple[str, ...], sentence: str) -> None:
    write("# mine\nlisten_port = 1\n")

    assert refused(*arguments) == sentence
    assert file().read_text() == "# mine\nlisten_port = 1\n"


@pytest.mark.parametrize("arguments", [("set", "listen_port", "1"), ("unset", "listen_port"), ("get", "listen_port")])
def test_a_file_that_is_no_toml_is_left_alone(arguments: tuple[str, ...]) -> None:
    write("listen_port =\n")

    assert refused(*arguments) == f"{file()} is not TOML (line 1, column 14: Invalid value): mend it there."
    assert file().read_text() == "listen_port =\n"


def test_a_file_that_is_wrong_elsewhere_can_be_mended() -> None:
    write("codexlb_strategi = 'x'\nlisten_port = 0\n")

    first = codexlb_config("set", "listen_port", "1")
    assert first.exit_code == 0
    assert first.stderr == (
        f"Warning: a proxy goes by none of this until it is mended: {file()}, line 1: There is no setting "
        "'codexlb_strategi': did you mean codexlb_strategy?\n"
    )
    assert done("unset", "codexlb_strategi") == f"codexlb_strategi is not in {file()} any more.\n"
    assert done("get", "listen_port") == "1\n"


def test_a_bad_variable_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEXLB_LISTEN_PORT", "x")

    assert refused("get", "codexlb_auth") == (
        "The variable CODEXLB_LISTEN_PORT cannot be used: listen_port is 'x': give a whole number."
    )


def test_who_comes_before_the_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEXLB_STRATEGY", "fill_first")
    mark = ProcessMark.take(home())
    mark.tell(ELSEWHERE)
    try:
        result = codexlb_config("set", "codexlb_strategy", "round_robin")
        assert result.stdout == f"codexlb_strategy is round_robin now, in {file()}.\n"
        assert result.stderr == (
            "Warning: The variable CODEXLB_STRATEGY says 'fill_first', and comes first for a proxy started from here.\n"
            "Warning: The proxy on 127.0.0.1:2455 and [::1]:2455 goes by its command line instead: codexlb_strategy is "
            "usage_weighted.\n"
        )
        assert (
            "goes by its environment instead: codexlb_poll_seconds is 9."
            in codexlb_config("set", "codexlb_poll_seconds", "1").stderr
        )
        assert done("set", "codexlb_auth", "local").endswith("\nThe running proxy takes it over within a second.\n")
        assert done("unset", "codexlb_auth").endswith("\nThe running proxy takes it over within a second.\n")
        assert done("set", "listen_port", "1").endswith(
            "\nThe running proxy cannot change it: it counts from the next start on.\n"
        )
    finally:
        mark.release()


def test_many_at_once_lose_nothing() -> None:
    numbers = ["budget_seconds", "head_timeout_seconds", "idle_timeout_seconds", "poll_seconds", "web_flows"]

    with ThreadPoolExecutor(5) as people:
        list(people.map(lambda name: run("config", "set", f"codexlb_{name}", "7"), numbers))

    assert sorted(file().read_text().splitlines()) == sorted(f"codexlb_{name} = 7" for name in numbers)


def test_a_home_that_cannot_be_is_one_sentence() -> None:
    home().write_text("a file")

    assert refused("set", "listen_port", "1") == (
        f"{home()} cannot be written (File exists): see to it that you may write there. Nothing was changed."
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_only_be_read_is_one_sentence() -> None:
    write("listen_port = 1\n")
    home().chmod(0o500)
    try:
        assert "cannot be written (Permission denied)" in refused("set", "listen_port", "2")
    finally:
        home().chmod(0o700)
    assert file().read_text() == "listen_port = 1\n"


def test_mitmproxy_is_not_loaded() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from scripts.cli import main\n"
        "for line in (['list'], ['set', 'listen_port', '1'], ['edit', '--help']):\n"
        "    assert CliRunner().invoke(main, ['config', *line]).exit_code == 0\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('mitmproxy', 'aiohttp')]"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_help_is_there_for_each() -> None:
    told = subprocess.run(
        [command("codexlb"), "config", "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout

    assert [line.split()[0] for line in told.partition("Commands:")[2].strip().splitlines()] == [
        "list", "get", "set", "unset", "edit",
    ]  # fmt: skip
