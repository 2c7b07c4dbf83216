from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from sqlite_utils import Database

from codexlb_store.projects import (
    PROJECT_ID,
    ProjectNameError,
    ProjectUse,
    find_project,
    forget_project,
    load_projects,
    name_project,
    normal_remote,
    project_id,
    project_uses,
    unknown_project,
)
from tests.codexlb_store.rows import OPENING, add_exchange

REMOTE = "https://github.com/ann/app.git"
APP, SITE = "0123456789ab", "fedcba987654"


@pytest.mark.parametrize(
    ("remote", "normal"),
    [
        pytest.param("https://github.com/ann/app.git", "github.com/ann/app", id="https"),
        pytest.param("https://ann:s3cret@github.com/ann/app.git", "github.com/ann/app", id="with a password"),
        pytest.param("https://s3cret-token@GitHub.com/ann/app", "github.com/ann/app", id="with a token"),
        pytest.param("http://github.com:8080/ann/app/", "github.com/ann/app", id="with a port"),
        pytest.param("git@github.com:ann/app.git", "github.com/ann/app", id="as scp writes it"),
        pytest.param("github.com:ann/app", "github.com/ann/app", id="as scp writes it, nobody named"),
        pytest.param("ssh://git@github.com:22/ann/app.git/", "github.com/ann/app", id="ssh"),
        pytest.param("git+ssh://git@github.com/ann/app", "github.com/ann/app", id="git+ssh"),
        pytest.param("git@github.com:/ann/app.git", "github.com/ann/app", id="scp with a whole path"),
        pytest.param("git@[::1]:ann/app.git", "::1/ann/app", id="an address"),
        pytest.param("ssh://git@[::1]:22/ann/app.git", "::1/ann/app", id="an address in a URL"),
        pytest.param("  git@github.com:ann/app.git\n", "github.com/ann/app", id="blanks around"),
        pytest.param("https://github.com/Ann/App", "github.com/Ann/App", id="the case of a path counts"),
        pytest.param("file:///srv/git/app.git", "/srv/git/app", id="file"),
        pytest.param("/srv/git/app.git", "/srv/git/app", id="a path"),
        pytest.param("../app.git", "../app", id="a path from here"),
        pytest.param("C:/git/app.git", "C:/git/app", id="a drive"),
        pytest.param("", "", id="nothing"),
        pytest.param("https://github.com", "", id="a host alone"),
        pytest.param("https://[broken/ann/app.git", "[broken/ann/app", id="no address in brackets"),
    ],
)
def test_two_clones_have_one_remote_without_secrets(remote: str, normal: str) -> None:
    assert normal_remote(remote) == normal
    assert "s3cret" not in normal


@pytest.mark.parametrize(
    ("remote", "path", "hashed"),
    [
        pytest.param(REMOTE, "/home/ann/app", "github.com/ann/app", id="the remote counts"),
        pytest.param("git@github.com:ann/app", None, "github.com/ann/app", id="however it is written"),
        pytest.param(None, "/home/ann/app", "/home/ann/app", id="no remote: the folder"),
        pytest.param("", "/home/ann/app/", "/home/ann/app", id="an empty remote; a slash at the end"),
        pytest.param(None, "/", "/", id="the root"),
        pytest.param(None, r"C:\work\app", r"C:\work\app", id="a folder of Windows"),
    ],
)
def test_the_id_is_a_hash(remote: str | None, path: str | None, hashed: str) -> None:
    assert project_id(remote, path) == hashlib.sha256(hashed.encode()).hexdigest()[:12]


@pytest.mark.parametrize(("remote", "path"), [(None, None), ("", ""), (" ", None)], ids=["none", "empty", "blank"])
def test_nothing_known_is_no_project(remote: str | None, path: str | None) -> None:
    assert project_id(remote, path) is None


def test_names_are_given_changed_and_taken_away(db: Database) -> None:
    name_project(db, APP, " app ")
    name_project(db, SITE, "site")
    name_project(db, APP, "App")

    assert load_projects(db) == {APP: "App", SITE: "site"}
    assert forget_project(db, APP)
    assert not forget_project(db, APP)
    assert load_projects(db) == {SITE: "site"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("  ", "does not do", id="empty"),
        pytest.param("x" * 65, "does not do", id="too long"),
        pytest.param("a\nb", "does not do", id="two lines"),
        pytest.param("0123456789AB", "does not do", id="an id"),
        pytest.param("SITE", "Another project is called 'SITE' already", id="taken"),
    ],
)
def test_a_name_that_does_not_do_is_refused(name: str, sentence: str, db: Database) -> None:
    name_project(db, SITE, "site")

    with pytest.raises(ProjectNameError, match=sentence):
        name_project(db, APP, name)
    assert load_projects(db) == {SITE: "site"}


def test_projects_are_those_used_and_those_named(db: Database) -> None:
    for number, (project, opened_at) in enumerate(((APP, 1000.0), (APP, 5000.0), (SITE, 9000.0), (None, 9500.0))):
        add_exchange(db, replace(OPENING, id=f"x{number}", project=project, opened_at=opened_at))
    name_project(db, APP, "app")
    name_project(db, "aaaaaaaaaaaa", "gone")

    assert project_uses(db) == [
        ProjectUse(SITE, None, 1, 9000),
        ProjectUse(APP, "app", 2, 4500),
        ProjectUse("aaaaaaaaaaaa", "gone", 0, None),
    ]


KNOWN = {APP: "app", SITE: "Site of ann", "0123aaaaaaaa": None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(APP, APP, id="id"),
        pytest.param("app", APP, id="name"),
        pytest.param(" SITE of ann", SITE, id="name in another case"),
        pytest.param("site", SITE, id="beginning of a name"),
        pytest.param("fed", SITE, id="beginning of an id that has a name"),
        pytest.param("0123a", "0123aaaaaaaa", id="beginning of an id that has none"),
        pytest.param("0123", None, id="beginning of two"),
        pytest.param("other", None, id="of none"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_project_is_found_by_name_or_id(text: str, found: str | None) -> None:
    assert find_project(KNOWN, text) == found


def test_who_names_an_unknown_one_is_told_which_there_are() -> None:
    many = {f"{number:012x}": f"p{number}" for number in range(12)}

    assert str(unknown_project(KNOWN, "x")) == (
        "'x' means no project, or several: give one of app, Site of ann, 0123aaaaaaaa."
    )
    assert str(unknown_project(many, "x")).endswith("p8, p9 and 2 more.")
    assert str(unknown_project({}, "x")).startswith("There is no project 'x', nor any other")


def test_an_id_is_told_from_a_name() -> None:
    found = project_id(REMOTE, None)

    assert found and PROJECT_ID.fullmatch(found)
    assert not PROJECT_ID.fullmatch("app")
