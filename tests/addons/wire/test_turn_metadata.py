"""A turn's project is known by its first workspace, as a hash; strange metadata costs nobody a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from addons.wire.asks import parse_ask
from addons.wire.routes import Route
from addons.wire.turn_metadata import MOST_BYTES
from codexlb_store.projects import project_id
from tests.captures import captured

REMOTE, PATH = "git@github.com:ann/things.git", "/home/ann/things"
BY_REMOTE, BY_PATH = project_id(REMOTE, None), project_id(None, PATH)


def remotes(**urls: Any) -> dict[str, Any]:
    return {"workspaces": {PATH: {"associated_remote_urls": urls, "has_changes": True}}}


def project(header: Any = None, client: Any = None) -> str | None:
    headers = {} if header is None else {"x-codex-turn-metadata": header if isinstance(header, str) else dumps(header)}
    return parse_ask(Route.RESPONSES, headers, dumps({"input": [], "client_metadata": client}).encode()).project


def dumps(value: object) -> str:
    return json.dumps(value)


@pytest.mark.parametrize(
    ("header", "client", "expected"),
    [
        pytest.param(remotes(origin=REMOTE), None, BY_REMOTE, id="origin"),
        pytest.param(remotes(upstream="git@github.com:eve/x.git", origin=REMOTE), None, BY_REMOTE, id="origin first"),
        pytest.param(remotes(fork=REMOTE, other="https://e.example/y"), None, BY_REMOTE, id="the first there is"),
        pytest.param(remotes(origin=None, fork=REMOTE), None, BY_REMOTE, id="an empty origin"),
        pytest.param(remotes(), None, BY_PATH, id="no remote"),
        pytest.param({"workspaces": {PATH: {}, "/other": {"x": 1}}}, None, BY_PATH, id="the first workspace"),
        pytest.param(None, {"x-codex-turn-metadata": dumps(remotes(origin=REMOTE))}, BY_REMOTE, id="in the body"),
        pytest.param({"turn_id": "t"}, {"x-codex-turn-metadata": dumps(remotes(origin=REMOTE))}, BY_REMOTE,
                     id="in the body alone"),
        pytest.param(remotes(), {"x-codex-turn-metadata": dumps(remotes(origin=REMOTE))}, BY_PATH, id="header first"),
        # Nothing told
        pytest.param(None, None, None, id="nothing"),
        pytest.param({"session_id": "s"}, {"session_id": "s"}, None, id="no workspaces"),
        pytest.param({"workspaces": {}}, None, None, id="none of them"),
        # Strange
        pytest.param({"workspaces": {PATH: None}}, None, BY_PATH, id="a workspace that is null"),
        pytest.param({"workspaces": {PATH: [1]}}, None, BY_PATH, id="a workspace that is a list"),
        pytest.param(remotes(origin=7), None, BY_PATH, id="a remote that is a number"),
        pytest.param(remotes(origin="http://[broken"), None, project_id("http://[broken", None), id="a broken URL"),
        pytest.param({"workspaces": {PATH: {"associated_remote_urls": "x"}}}, None, BY_PATH, id="remotes in a text"),
        pytest.param({"workspaces": [PATH]}, None, None, id="workspaces in a list"),
        pytest.param({"workspaces": 7}, None, None, id="workspaces by number"),
        pytest.param("{not json", None, None, id="no JSON"),
        pytest.param('{"workspaces":{"\\ud800":{}}}', None, None, id="half a character"),
        pytest.param(None, {"x-codex-turn-metadata": {"workspaces": {PATH: {}}}}, None, id="not in a text"),
        pytest.param(None, {"x-codex-turn-metadata": "{"}, None, id="a text that is no JSON"),
        pytest.param({"workspaces": {"p" * MOST_BYTES: {}}}, None, None, id="endless"),
        pytest.param(None, {"x-codex-turn-metadata": " " * MOST_BYTES}, None, id="endless in the body"),
    ],
)  # fmt: skip
def test_the_project_of_a_turn(header: Any, client: Any, expected: str | None) -> None:
    assert project(header, client) == expected


def test_strange_workspaces_cost_no_session() -> None:
    headers = {"x-codex-turn-metadata": dumps({"session_id": "s", "workspaces": [[[]]]})}

    assert parse_ask(Route.RESPONSES, headers, b"{}").session == "s"


def test_only_a_hash_leaves() -> None:
    ask = parse_ask(Route.RESPONSES, {"x-codex-turn-metadata": dumps(remotes(origin=REMOTE))}, b"{}")

    assert ask.project == BY_REMOTE and "things" not in repr(ask)


def test_a_real_client_tells_its_project() -> None:
    (request,) = captured("review_subagent")

    assert parse_ask(Route.RESPONSES, dict(request.headers), request.body).project == project_id(
        None, "/home/dev/project"
    )
