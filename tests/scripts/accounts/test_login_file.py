from __future__ import annotations

from pathlib import Path

import pytest

from scripts.accounts.login_file import LARGEST_LOGIN_BYTES, LoginFileError, read_login
from tests.scripts.logins import SECRET, auth_json


def test_a_login_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_text(auth_json("bob@example.com", "pro"))

    login = read_login(str(path))

    assert (login.email, login.plan, login.access_token) == ("bob@example.com", "pro", SECRET)


def test_a_file_saved_by_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(b"\xef\xbb\xbf" + auth_json().encode())

    assert read_login(str(path)).email == "ann@example.com"


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
        read_login(str(path))

    assert str(raised.value).startswith(str(path))
    assert sentence in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(("name", "reason"), [("absent.json", "No such file or directory"), (".", "Is a directory")])
def test_a_path_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(LoginFileError) as raised:
        read_login(str(tmp_path / name))

    assert str(raised.value) == f"{tmp_path / name} cannot be read ({reason}): give the path of an auth.json."
