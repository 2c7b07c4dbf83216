from __future__ import annotations

from pathlib import Path

import pytest

from codexlb_store.auth_json import parse_auth_json
from scripts.accounts.codex_own import codex_login_file, is_codex_own
from tests.scripts.logins import auth_json

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"CODEX_HOME": "/srv/codex"}, "/srv/codex/auth.json"),
        ({"CODEX_HOME": ""}, "~/.codex/auth.json"),
        ({}, "~/.codex/auth.json"),
    ],
    ids=["named", "named empty", "not named"],
)
def test_codex_keeps_its_login_in_its_own_home(environ: dict[str, str], path: str) -> None:
    assert codex_login_file(environ) == Path(path).expanduser()


def test_codex_has_no_login_in_a_home_that_nobody_has() -> None:
    assert not codex_login_file({"CODEX_HOME": "~nobody-has-this-name/codex"}).exists()


@pytest.mark.parametrize(
    ("codex_has", "path", "shared"),
    [
        pytest.param("rt-1", "copy.json", True, id="a copy"),
        pytest.param("rt-2", "copy.json", False, id="another login"),
        pytest.param("rt-2", "auth.json", True, id="the very file"),
        pytest.param("rt-2", "link.json", True, id="a link to the file"),
        pytest.param("rt-1", "-", True, id="a copy by standard input"),
        pytest.param("rt-2", "-", False, id="another login by standard input"),
        pytest.param(None, "copy.json", False, id="Codex has none"),
    ],
)
def test_a_login_is_codex_own_by_its_file_or_its_refresh_token(
    codex_has: str | None, path: str, shared: bool, tmp_path: Path
) -> None:
    codex_file = tmp_path / "auth.json"
    if codex_has:
        codex_file.write_text(auth_json(refresh_token=codex_has))
    (tmp_path / "copy.json").write_text(auth_json(refresh_token="rt-1"))
    (tmp_path / "link.json").symlink_to(codex_file)
    login = parse_auth_json(auth_json(refresh_token="rt-1"), NOW)

    given = path if path == "-" else str(tmp_path / path)

    assert is_codex_own(given, login, codex_file, NOW) is shared


def test_logins_without_a_refresh_token_are_not_alike(tmp_path: Path) -> None:
    codex_file, copy = tmp_path / "auth.json", tmp_path / "copy.json"
    codex_file.write_text(auth_json(refresh_token=None))
    copy.write_text(auth_json(refresh_token=None))

    assert not is_codex_own(str(copy), parse_auth_json(copy.read_text(), NOW), codex_file, NOW)
