from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codexlb_store.projects import project_id
from scripts.place import Place, place_of


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a folder in it."""
    (tmp_path / "app" / "src").mkdir(parents=True)
    git(tmp_path / "app", "init")
    return tmp_path / "app"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("https://ann:s3cret@github.com/ann/app.git", Place("github.com/ann/app", None), id="URL"),
        pytest.param("git@github.com:ann/app", Place("github.com/ann/app", None), id="as scp writes it"),
        pytest.param("github.com/ann/app", Place("github.com/ann/app", None), id="as messages say it"),
        pytest.param("/no/such/folder", Place(None, "/no/such/folder"), id="a folder of another machine"),
        pytest.param("app", None, id="a word"),
        pytest.param("ann/app", None, id="two words"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_text_is_a_remote_or_a_folder_or_none(text: str, place: Place | None) -> None:
    assert place_of(text) == place


def test_a_folder_without_git_is_itself(tmp_path: Path) -> None:
    assert place_of(str(tmp_path)) == Place(None, str(tmp_path))


def test_a_folder_below_ones_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home" / "app").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert place_of("~/app") == Place(None, str(tmp_path / "home" / "app"))
    assert place_of("~/other") == Place(None, str(tmp_path / "home" / "other"))


def test_a_repository_without_a_remote_is_its_topmost_folder(repository: Path) -> None:
    assert place_of(str(repository / "src")) == Place(None, str(repository))


def test_of_a_repository_its_remote_counts(repository: Path) -> None:
    git(repository, "remote", "add", "upstream", "https://github.com/bob/app.git")
    assert place_of(str(repository)) == Place("github.com/bob/app", str(repository))

    git(repository, "remote", "add", "origin", "git@github.com:ann/app.git")
    assert place_of(str(repository / "src")) == Place("github.com/ann/app", str(repository))


def test_without_git_a_folder_is_itself(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "remote", "add", "origin", "git@github.com:ann/app.git")
    monkeypatch.setenv("PATH", "")

    assert place_of(str(repository / "src")) == Place(None, str(repository / "src"))


def test_with_a_git_that_does_not_run_a_folder_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_bytes(b"\0not a program")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert place_of(str(tmp_path)) == Place(None, str(tmp_path))


def test_the_ids_are_those_that_requests_carry() -> None:
    place = Place("github.com/ann/app", "/home/ann/app")
    remote, folder = project_id("git@github.com:ann/app.git", None), project_id(None, "/home/ann/app")
    assert remote and folder

    assert place.ids == [remote, folder]
    assert (place.said_of(remote), place.said_of(folder)) == ("github.com/ann/app", "/home/ann/app")
