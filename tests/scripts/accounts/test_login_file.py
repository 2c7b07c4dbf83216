from __future__ import annotations

from pathlib import Path

import pytest

from scripts.accounts.login_file import LARGEST_LOGIN_BYTES, LoginFileError, read_login, read_logins
from tests.scripts.logins import SECRET, auth_json

NOW = 1_800_000_000.0


def test_a_login_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_text(auth_json("bob@example.com", "pro"))

    login = read_login(str(path), NOW)

    assert (login.email, login.plan, login.access_token) == ("bob@example.com", "pro", SECRET)


def test_a_file_saved_by_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(b"\xef\xbb\xbf" + auth_json().encode())

    assert read_login(str(path), NOW).email == "ann@example.com"


def test_a_clock_that_was_ahead_does_not_make_later_logins_older(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_text(auth_json(last_refresh="2100-01-01T00:00:00Z"))

    assert read_login(str(path), NOW).last_refresh == NOW


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"not json " + SECRET.encode(), "codex login", id="not JSON"),
        pytest.param(b'{"OPENAI_API_KEY": "sk-1"}', "holds an API key, not a ChatGPT login", id="API key"),
        pytest.param(SECRET.encode() + b"\xff\xfe", "is not a text file", id="not text"),
        pytest.param(b" " * (LARGEST_LOGIN_BYTES + 1), "too large for a login", id="too large"),
        pytest.param(b"", "codex login", id="empty"),
    ],
)
def test_a_file_that_is_no_login_is_answered_with_one_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(content)

    with pytest.raises(LoginFileError) as raised:
        read_login(str(path), NOW)

    assert str(raised.value).startswith(str(path))
    assert sentence in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(("name", "reason"), [("absent.json", "No such file or directory"), (".", "Is a directory")])
def test_a_path_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(LoginFileError) as raised:
        read_login(str(tmp_path / name), NOW)

    assert str(raised.value) == f"{tmp_path / name} cannot be read ({reason}): give the path of an auth.json."


def test_a_folder_stands_for_its_logins_and_those_one_level_down(tmp_path: Path) -> None:
    for name in ("b.json", "a/auth.json", "c/other.json", "d/deep/auth.json", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(auth_json())

    read = [path for path, _ in read_logins([str(tmp_path)], NOW)]

    assert read == [str(tmp_path / "a/auth.json"), str(tmp_path / "b.json")]


def test_a_home_of_codex_stands_for_its_login_alone(tmp_path: Path) -> None:
    for name in ("auth.json", "models_cache.json", "backup/auth.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(auth_json())

    assert [path for path, _ in read_logins([str(tmp_path)], NOW)] == [str(tmp_path / "auth.json")]


def test_what_cannot_be_read_does_not_keep_the_others_out(tmp_path: Path) -> None:
    good, empty = tmp_path / "good.json", tmp_path / "empty"
    good.write_text(auth_json())
    empty.mkdir()

    read = dict(read_logins(map(str, [tmp_path / "absent.json", empty, tmp_path / ("n" * 300), good]), NOW))

    assert [isinstance(login, LoginFileError) for login in read.values()] == [True, True, True, False]
