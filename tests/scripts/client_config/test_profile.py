from __future__ import annotations

from pathlib import Path

import pytest

from scripts.client_config.editing import Data
from scripts.client_config.profile import (
    Place,
    ProfileError,
    Version,
    checked_profile,
    codex_version,
    parse_version,
    place_of,
)
from tests.scripts.client_config.people import install_codex

TABLE: Data = {"profiles": {"p": {}}}


@pytest.mark.parametrize(
    ("profile", "config", "version", "place"),
    [
        pytest.param(None, TABLE, (0, 105), Place("config.toml", ()), id="no profile"),
        pytest.param("p", {}, (0, 105), Place("config.toml", ("profiles", "p")), id="0.105"),
        pytest.param("p", TABLE, (0, 133), Place("config.toml", ("profiles", "p")), id="0.133"),
        pytest.param("p", {}, (0, 134), Place("p.config.toml", ()), id="0.134"),
        pytest.param("p", {}, (1, 0), Place("p.config.toml", ()), id="1.0"),
        pytest.param("q", TABLE, (0, 169), Place("q.config.toml", ()), id="another has a table"),
        pytest.param("p", {}, None, Place("p.config.toml", ()), id="no codex"),
        pytest.param("p", TABLE, None, Place("config.toml", ("profiles", "p")), id="no codex, but a table"),
    ],
)
def test_a_profile_is_where_the_installed_codex_reads_it(
    profile: str | None, config: Data, version: Version | None, place: Place
) -> None:
    assert place_of(profile, config, version) == place


def test_a_table_that_codex_refuses_is_not_added_to() -> None:
    with pytest.raises(ProfileError, match=r"move what stands below it into p\.config\.toml"):
        place_of("p", TABLE, (0, 169))


@pytest.mark.parametrize("text", ["", "a b", "../a", "a.b"])
def test_names_that_are_none_of_a_profile_are_refused(text: str) -> None:
    with pytest.raises(ProfileError):
        checked_profile(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [("codex-cli 0.169.0\n", (0, 169)), ("codex-cli 1.2.3-alpha.4", (1, 2)), ("nonsense", None), ("", None)],
)
def test_the_version_is_read(text: str, version: Version | None) -> None:
    assert parse_version(text) == version


def test_the_installed_codex_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert codex_version() is None

    monkeypatch.setenv("PATH", install_codex(tmp_path, "0.105.0"))
    assert codex_version() == (0, 105)


def test_a_codex_that_cannot_be_run_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "codex").write_text("#!/nowhere\n")
    (tmp_path / "codex").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert codex_version() is None
