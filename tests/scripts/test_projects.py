from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codexlb_store.projects import ProjectUse, load_projects, name_project, project_id
from scripts.data_folder import DataFolder
from scripts.projects import command, projects_table
from tests.codexlb_store.rows import OPENING, add_exchange
from tests.scripts.accounts.people import refused
from tests.scripts.snapshots import printed, snapshot

NOW = 1_800_000_000.0
REMOTE = "https://ann:s3cret@github.com/ann/app.git"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with that remote."""
    (tmp_path / "app").mkdir()
    for arguments in (["init"], ["remote", "add", "origin", REMOTE]):
        subprocess.run(["git", "-C", tmp_path / "app", *arguments], check=True, capture_output=True)
    return tmp_path / "app"


def id_of(remote: str | None, path: str | None = None) -> str:
    found = project_id(remote, path)
    assert found
    return found


APP = id_of(REMOTE)


def codexlb_projects(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)))


def said(*arguments: str | Path) -> str:
    result = codexlb_projects(*arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    assert "s3cret" not in result.stdout
    return result.stdout


def use(folder: DataFolder, project: str) -> None:
    add_exchange(folder.db, replace(OPENING, id=project, project=project, opened_at=NOW))
    folder.db.conn.commit()


def test_without_projects_the_list_says_where_they_come_from() -> None:
    assert said("list").startswith("No projects yet: they come with the requests")
    assert json.loads(said("list", "--json")) == []


def test_the_list_as_data(folder: DataFolder) -> None:
    use(folder, APP)
    use(folder, "0123456789ab")
    name_project(folder.db, APP, "app")

    assert json.loads(said("list", "--json")) == [
        {"id": one, "name": name, "requests": 1, "last_used_at": NOW}
        for one, name in sorted([(APP, "app"), ("0123456789ab", None)])
    ]
    assert "app" in said("list")


@pytest.mark.parametrize("width", [80, 140])
def test_the_list_as_people_see_it(width: int) -> None:
    projects = [
        ProjectUse(APP, "app", 12_345, NOW - 900),
        ProjectUse("0123456789ab", None, 3, NOW - 9e5),
        ProjectUse("fedcba987654", "what the letters to all the customers are written with", 0, None),
    ]

    shown = printed(projects_table(projects, NOW), width)

    assert shown == snapshot(f"projects-{width}", shown)


def test_a_remote_is_hashed_as_the_proxy_does_it(folder: DataFolder) -> None:
    assert said("name", REMOTE, " app ") == f"github.com/ann/app ({APP}) is called app now.\n"
    assert load_projects(folder.db) == {APP: "app"}


def test_a_folder_is_hashed_as_the_proxy_does_it(folder: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()

    said("name", tmp_path / "work", "work")

    assert load_projects(folder.db) == {id_of(None, str(tmp_path / "work")): "work"}


def test_of_what_a_repository_may_be_known_by_the_one_that_was_seen_counts(
    folder: DataFolder, repository: Path
) -> None:
    """A client that did not tell the remote told the folder."""
    by_folder = id_of(None, str(repository))
    use(folder, by_folder)

    assert said("name", repository, "app") == f"{repository} ({by_folder}) is called app now.\n"
    use(folder, APP)
    assert said("name", repository, "the app") == f"github.com/ann/app ({APP}) is called the app now.\n"


@pytest.mark.parametrize("project", ["old name", "OLD", APP, APP[:5], REMOTE, "github.com/ann/app"])
def test_a_project_goes_by_its_name_its_id_or_its_remote(project: str, folder: DataFolder) -> None:
    name_project(folder.db, APP, "old name")

    said("name", project, "new")

    assert load_projects(folder.db) == {APP: "new"}


def test_an_id_that_was_never_seen_can_have_a_name() -> None:
    assert said("name", "0123456789AB", "later") == "Project (0123456789ab) is called later now.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("name", "nothing", "x"), "'nothing' means no project, or several: give one of app."),
        (("name", "0123456789ab", "APP"), "Another project is called 'APP' already: choose another name."),
        (("name", APP, " "), "The name '' does not do: give 1 to 64 printable characters that are no project's id."),
        (("forget", "app", "nothing"), "'nothing' means no project, or several: give one of app."),
    ],
    ids=["unknown", "taken", "empty", "one of two unknown"],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(
    arguments: tuple[str, ...], sentence: str, folder: DataFolder
) -> None:
    name_project(folder.db, APP, "app")

    assert refused(codexlb_projects(*arguments)) == sentence
    assert load_projects(folder.db) == {APP: "app"}


def test_where_there_is_none_a_message_says_so() -> None:
    assert refused(codexlb_projects("name", "nothing", "x")).startswith("There is no project 'nothing', nor any other")


def test_a_name_can_be_forgotten_and_what_was_used_stays(folder: DataFolder) -> None:
    use(folder, APP)
    name_project(folder.db, APP, "app")

    assert said("forget", "app") == f"app ({APP}) has no name any more.\n"
    assert said("forget", APP) == f"Project ({APP}) had no name.\n"
    assert [(one["id"], one["name"]) for one in json.loads(said("list", "--json"))] == [(APP, None)]
