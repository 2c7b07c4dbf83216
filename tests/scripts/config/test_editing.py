"""`codexlb config edit`: a real editor on a copy, which counts only when all of it is good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.at_terminal import asked, interrupts, types
from tests.scripts.config.people import codexlb_config, done, file, home, refused, write


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `$EDITOR` does is what a test writes into this file."""
    script = tmp_path / "editor"
    monkeypatch.setenv("EDITOR", f"sh {script}")
    monkeypatch.delenv("VISUAL", raising=False)
    return script


def test_a_new_file_shows_everything_and_one_line_counts(editor: Path) -> None:
    editor.write_text('sed -i "s/^# listen_port = .*/listen_port = 7/" "$1"')

    assert done("edit") == f"Changed {file()}.\n"

    assert done("get", "listen_port") == "7\n"
    assert '# codexlb_strategy = "capacity_weighted"' in file().read_text()


@pytest.mark.parametrize("saves", ["true", 'touch "$1"'], ids=["leaves", "saves the same"])
def test_nothing_is_made_of_nothing(editor: Path, saves: str) -> None:
    editor.write_text(saves)

    assert done("edit") == "Nothing was changed.\n"
    assert not file().exists()


def test_lines_end_as_they_did(editor: Path) -> None:
    write("# mine\r\nlisten_port = 1\r\n")
    editor.write_text('sed -i "s/1/2/" "$1"')

    done("edit")

    assert file().read_bytes() == b"# mine\r\nlisten_port = 2\r\n"


def test_what_is_bad_is_not_taken_where_nobody_can_be_asked(editor: Path) -> None:
    write("listen_port = 1\n")
    editor.write_text('echo "listen_port = 0" > "$1"')

    result = codexlb_config("edit")

    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {file()}, line 1: listen_port is 0: give 1 or more.\nError: Nothing was changed.\n"
    )
    assert file().read_text() == "listen_port = 1\n"


def test_at_a_terminal_one_may_mend_it(editor: Path, tmp_path: Path) -> None:
    """The second time the editor sees what was written the first time."""
    write("listen_port = 1\n")
    editor.write_text('if grep -q x "$1"; then sed -i "s/x/5/" "$1"; else sed -i "s/1/x/" "$1"; fi')

    code, shown = asked(types("\n"), "config", "edit")

    assert code == 0, shown
    assert "is not TOML (line 1, column 15: Invalid value): mend it there." in shown
    assert file().read_text() == "listen_port = 5\n"


@pytest.mark.parametrize(("answer", "code"), [(types("n\n"), 0), (interrupts, 1)], ids=["leave", "Ctrl-C"])
def test_at_a_terminal_one_may_leave_it(editor: Path, answer: object, code: int) -> None:
    write("listen_port = 1\n")
    editor.write_text('echo "nonsense" > "$1"')

    assert asked(answer, "config", "edit")[0] == code  # type: ignore[arg-type]
    assert file().read_text() == "listen_port = 1\n"


def test_what_somebody_else_changed_meanwhile_stays(editor: Path) -> None:
    write("listen_port = 1\n")
    editor.write_text(f'echo "listen_port = 2" > "$1"; echo "listen_port = 3" > {file()}')

    aside = home() / "config.toml.edited"
    assert refused("edit") == (
        f"{file()} was changed by somebody else meanwhile and stays as it is: what you wrote is in {aside}."
    )
    assert (file().read_text(), aside.read_text()) == ("listen_port = 3\n", "listen_port = 2\n")


def test_what_is_not_utf_8_is_one_sentence(editor: Path) -> None:
    editor.write_text(r'printf "# gr\374n" > "$1"')

    assert refused("edit") == "What you saved is not UTF-8, which TOML must be: nothing was changed."


def test_without_an_editor_and_a_terminal_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("EDITOR", "VISUAL"):
        monkeypatch.delenv(variable, raising=False)

    assert refused("edit") == "This opens an editor, and nobody is at the keyboard: use `codexlb config set`."


def test_an_editor_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "/nowhere/editor")

    assert "/nowhere/editor" in refused("edit")
    assert not file().exists()
