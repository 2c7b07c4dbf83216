from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.client_config.record import FILE_NAME
from tests.scripts.at_terminal import asked, interrupts, types
from tests.scripts.client_config.people import (
    ADDED,
    CONFIG,
    CONFIGURED,
    client_config,
    config,
    done,
    files,
    home,
    install_codex,
    write,
)
from tests.scripts.keys.people import codexlb_keys

DIFF = """\
--- {path}
+++ {path}
@@ -2,5 +2,11 @@
 model = "gpt-5.5"   # the good one
 approval_policy = "on-request"
+model_provider = "codex-lb"
\x20
 [projects."/home/ann/work"]
 trust_level = "trusted"
+
+[model_providers.codex-lb]
+name = "OpenAI"
+base_url = "http://127.0.0.1:2455/backend-api/codex"
+wire_api = "responses"
"""


def backups() -> list[Path]:
    return sorted(home().glob("config.toml.*.bak"))


def test_a_configuration_is_changed_and_kept_as_a_backup() -> None:
    first = write(CONFIG)

    told = done()

    [backup] = backups()
    assert config().read_text() == CONFIGURED
    assert backup.read_bytes() == first
    assert told == DIFF.format(path=config()) + (
        f"Changed {config()}; as it was it is in {backup.name}.\n\n"
        "With it Codex asks Codex-LB at http://127.0.0.1:2455/backend-api/codex. Next:\n"
        '  codex exec "say hi"\n'
        "Sessions made until now belong to openai. For `codex resume` to find them:\n"
        "  codexlb sessions retag --from openai --to codex-lb\n"
    )


def test_once_it_is_done_there_is_nothing_to_do() -> None:
    write(CONFIG)
    done()
    before = files()

    told = done()

    assert told.startswith(f"Nothing to do: {config()} is as it should be.\n")
    assert '  codex exec "say hi"\n' in told
    assert files() == before


def test_without_a_configuration_one_is_made_and_removed() -> None:
    assert f"Made {config()}.\n" in done()
    assert config().read_text() == 'model_provider = "codex-lb"\n' + ADDED
    assert config().stat().st_mode & 0o777 == 0o600

    assert f"Removed {config()}; as it was it is in config.toml." in done("--remove")
    assert not config().exists()


@pytest.mark.parametrize("arguments", [(), ("--dry-run",), ("--dry-run", "--yes")])
def test_nothing_is_changed_unasked(arguments: tuple[str, ...]) -> None:
    first = write(CONFIG)

    result = client_config(*arguments)

    assert result.stdout.startswith(DIFF.format(path=config()))
    assert files() == {"config.toml": first}
    assert (result.exit_code, "add --yes" in result.stderr) == ((0, False) if arguments else (1, True))


@pytest.mark.parametrize(
    ("answer", "code"), [(types("n\n"), 1), (interrupts, 1), (types("y\n"), 0)], ids=["no", "Ctrl-C", "yes"]
)
def test_a_person_is_asked(answer: object, code: int) -> None:
    first = write(CONFIG)

    exit_code, shown = asked(answer, "client-config")  # type: ignore[arg-type]

    assert exit_code == code
    assert f"Change {config()}? [y/N]" in " ".join(shown.split())
    assert "\x1b[32m+model_provider" in shown
    assert "Traceback" not in shown
    assert (config().read_bytes() == first) == bool(code)
    assert (files() == {"config.toml": first}) == bool(code)


def test_what_is_no_toml_is_told_with_line_and_column_and_not_touched() -> None:
    first = write("model = gpt\n")

    for arguments in ((), ("--remove",), ("--profile", "p")):
        result = client_config("--yes", *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == (
            f"Error: {config()} is not TOML (line 1, column 9: Invalid value): mend that first. Nothing was changed.\n"
        )
    assert files() == {"config.toml": first}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model_providers = 3\n", "model_providers is no table"),
        ('[model_providers.codex-lb]\nname = "x"\nbase_url = "https://api.other/v1"\n', "leads elsewhere"),
    ],
    ids=["no table", "another service"],
)
def test_what_cannot_be_is_refused_and_not_touched(text: str, words: str) -> None:
    first = write(text)

    result = client_config("--yes")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {config()}: ")
    assert words in result.stderr
    assert files() == {"config.toml": first}


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no text": (lambda path: path.write_bytes(b"a = '\xff'\n"), "is not UTF-8 (byte 6)"),
    "a folder": (Path.mkdir, "cannot be read (Is a directory)"),
    "a pipe": (os.mkfifo, "is a pipe or a device"),
}


@pytest.mark.parametrize(("make", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_told(make: Callable[[Path], object], words: str) -> None:
    write("")
    config().unlink()
    make(config())

    result = client_config("--yes")

    assert (result.exit_code, words in result.stderr) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--base-url", "nonsense"),
        ("--key-env", "sk-clb-x"),
        ("--provider", "openai"),
        ("--name", "OPENAI"),
        ("--profile", "a/b"),
        ("--key-env", "K", "--no-key"),
        ("--profile", "p", "--no-default"),
        ("--remove", "--key-env", "K"),
        ("--remove", "--no-default"),
    ],
    ids=" ".join,
)
def test_mistakes_of_use_change_nothing(arguments: tuple[str, ...]) -> None:
    first = write(CONFIG)

    assert client_config("--yes", *arguments).exit_code == 2
    assert files() == {"config.toml": first}


@pytest.mark.parametrize(
    "text",
    [CONFIG, "\ufeff" + CONFIG, CONFIG.replace("\n", "\r\n"), CONFIG.rstrip(), "", CONFIGURED.replace("OpenAI", "x")],
    ids=["usual", "byte order mark", "CRLF", "no line end", "empty", "configured"],
)
def test_removing_gives_the_first_bytes_back(text: str) -> None:
    first = write(text)
    done("--key-env", "K", "--model", "gpt-5.4")
    done("--no-key", "--base-url", "https://lb.example.com")
    assert config().read_bytes() != first
    assert config().read_bytes().startswith(b"\xef\xbb\xbf") == text.startswith("\ufeff")

    done("--remove")

    assert config().read_bytes() == first
    assert not (home() / FILE_NAME).exists()
    assert "Nothing to do: this command set up no provider codex-lb" in done("--remove")


def test_removing_works_after_other_changes_and_without_the_backup() -> None:
    write(CONFIG)
    done()
    for backup in backups():
        backup.unlink()
    with config().open("a") as file:
        file.write("\n[notice]\nseen = true\n")

    done("--remove")

    assert config().read_text() == CONFIG + "\n[notice]\nseen = true\n"


def test_what_somebody_changed_since_stays_and_is_told() -> None:
    write(CONFIG)
    done()
    config().write_text(CONFIGURED.replace('model_provider = "codex-lb"', 'model_provider = "mine"'))

    result = client_config("--remove", "--yes")

    assert result.stderr == "model_provider stays as it is: it was changed since.\n"
    assert 'model_provider = "mine"' in config().read_text()
    assert "codex-lb" not in config().read_text()


def test_a_configuration_that_is_gone_is_forgotten() -> None:
    done()
    config().unlink()

    assert client_config("--remove", "--dry-run").stdout.startswith("Nothing to do")
    assert (home() / FILE_NAME).exists()
    assert done("--remove").startswith("Nothing to do")
    assert files() == {}


def test_several_providers_stand_side_by_side() -> None:
    first = write('model_provider = "mine"\n\n[model_providers.mine]\nname = "Mine"\nbase_url = "https://x/v1"\n')
    done("--provider", "home")
    told = done("--provider", "office", "--base-url", "https://lb.example.com", "--key-env", "K", "--no-default")
    done("--provider", "office")

    assert "  export K=sk-clb-...   # the key that `codexlb keys create` prints there\n" in told
    assert '  codex exec -c model_provider=office "say hi"\n' in told
    assert config().read_text().startswith('model_provider = "office"\n\n[model_providers.mine]')
    done("--remove", "--provider", "home")
    done("--remove", "--provider", "office")
    assert config().read_bytes() == first


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_link_stays_one_and_a_mode_too(mode: int) -> None:
    write(CONFIG, "mine.toml")
    config("mine.toml").chmod(mode)
    config().symlink_to("mine.toml")

    done()

    assert config().is_symlink()
    assert config("mine.toml").read_text() == CONFIGURED
    assert {path.stat().st_mode & 0o777 for path in (config("mine.toml"), *backups())} == {mode}


def test_another_folder_may_be_named(tmp_path: Path) -> None:
    done("--codex-home", tmp_path / "elsewhere")

    assert (tmp_path / "elsewhere" / "config.toml").exists()
    assert files() == {}


def test_nobodys_home_is_one_sentence() -> None:
    result = client_config("--codex-home", "~nobody-there/x")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "give --codex-home" in result.stderr


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = client_config("--yes", "--codex-home", tmp_path / "file")

    assert result.exit_code == 1
    assert "Not a directory" in result.stderr


def test_a_damaged_record_is_told_before_anything_is_changed() -> None:
    first = write(CONFIG)
    (home() / FILE_NAME).write_text("x")

    result = client_config("--yes")

    assert (result.exit_code, "is damaged" in result.stderr) == (1, True)
    assert files() == {"config.toml": first, FILE_NAME: b"x"}


def test_a_profile_is_its_own_file_since_0_134(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", install_codex(tmp_path, "0.169.0"))
    first = write(CONFIG)

    told = done("--profile", "work")

    assert config("work.config.toml").read_text() == 'model_provider = "codex-lb"\n' + ADDED
    assert config().read_bytes() == first
    assert '  codex exec --profile work "say hi"\n' in told
    done("--remove", "--profile", "work")
    assert not config("work.config.toml").exists()


def test_a_profile_was_a_table_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", install_codex(tmp_path, "0.105.0"))
    first = write(CONFIG)

    done("--profile", "work")

    assert config().read_text() == CONFIG + '\n[profiles.work]\nmodel_provider = "codex-lb"\n' + ADDED
    done("--remove", "--profile", "work")
    assert config().read_bytes() == first


def test_a_profile_that_codex_refuses_is_not_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", install_codex(tmp_path, "0.169.0"))
    first = write(CONFIG + "[profiles.work]\n")

    result = client_config("--yes", "--profile", "work")

    assert (result.exit_code, "since 0.134" in result.stderr) == (1, True)
    assert files() == {"config.toml": first}


def test_warnings_come_before_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "x")
    write('chatgpt_base_url = "x"\n')
    assert codexlb_keys("create", "laptop").exit_code == 0

    result = client_config("--base-url", "http://127.0.0.1:9")

    told = [line for line in result.stderr.splitlines() if line.startswith("Warning: ")]
    assert [line.split()[1] for line in told] == ["chatgpt_base_url", "OPENAI_BASE_URL", "Codex-LB"]


def test_a_variable_that_is_set_need_not_be_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_LB_API_KEY", "sk-clb-hush")

    told = done("--key-env", "CODEX_LB_API_KEY")

    assert "export" not in told
    assert "hush" not in told + "".join(path.read_text() for path in home().iterdir())


def test_colours_and_narrow_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of a difference is never broken, and nothing is coloured where nobody wants it."""
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("NO_COLOR", "1")
    write(CONFIG)

    code, shown = asked(types("n\n"), "client-config")

    assert code == 1
    assert '+base_url = "http://127.0.0.1:2455/backend-api/codex"\r\n' in shown
    assert "\x1b[32m" not in shown
    assert os.environ["NO_COLOR"] == "1"


def test_a_link_that_leads_nowhere_is_one_sentence() -> None:
    write("")
    config().unlink()
    config().symlink_to("no folder/config.toml")

    result = client_config("--yes")

    assert result.exit_code == 1
    assert "cannot be written (No such file or directory)" in result.stderr
    assert [path.name for path in home().iterdir()] == ["config.toml"]
