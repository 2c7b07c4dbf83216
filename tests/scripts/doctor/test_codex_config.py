"""How a configuration of Codex leads to Codex-LB, or does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.doctor.codex_config import Config, Way, check_config, way_of
from scripts.doctor.codex_seen import codex_folder, see_config
from scripts.doctor.finding import Finding, Verdict
from tests.scripts.client_config.people import home, write

URL = "http://127.0.0.1:2455/backend-api/codex"
TABLE = {"name": "OpenAI", "base_url": URL, "wire_api": "responses"}


def data(chosen: str | None = "codex-lb", **tables: Any) -> dict[str, Any]:
    found = {"model_providers": {name.replace("_", "-"): table for name, table in tables.items()}}
    return found if chosen is None else {"model_provider": chosen, **found}


def way(table: dict[str, Any], **environ: str) -> Way | None:
    return way_of(data(codex_lb=table), environ)


def bad(config: dict[str, Any], **environ: str) -> list[Finding]:
    """What is more than a note."""
    seen = Config(Path("config.toml"), config)
    found = check_config(seen, way_of(config, environ), environ)
    return [one for one in found if one.verdict in (Verdict.WARNING, Verdict.ERROR)]


@pytest.mark.parametrize(
    ("config", "url"),
    [
        (data(codex_lb=TABLE), URL),
        (data(codex_lb={**TABLE, "base_url": "http://localhost:99/v1"}), "http://localhost:99/backend-api/codex"),
        (data(codex_lb={**TABLE, "base_url": "https://lb.example.com/backend-api/codex/v1"}),
         "https://lb.example.com/backend-api/codex/v1"),
        ({"openai_base_url": URL}, URL),
        (data("corp", corp={**TABLE, "base_url": "https://api.example.com/v1"}), None),
        (data("corp", codex_lb=TABLE), None),
        (data(codex_lb={"name": "OpenAI"}), None),
        (data(codex_lb=3), None),
        (data(codex_lb={**TABLE, "base_url": 7}), None),
        ({"model_provider": ["x"], "model_providers": 3}, None),
        ({}, None),
    ],
    ids=[
        *("usual", "wrong path", "remote with v1", "built-in provider", "elsewhere", "not there", "no URL"),
        *("no table", "no text", "nonsense", "empty"),
    ],
)  # fmt: skip
def test_where_codex_goes(config: dict[str, Any], url: str | None) -> None:
    found = way_of(config, {})

    assert (found and found.url) == url


@pytest.mark.parametrize(
    ("more", "environ", "key", "is_odd"),
    [
        ({}, {}, None, False),
        ({"env_key": "K"}, {"K": "sk-clb-1"}, "sk-clb-1", False),
        ({"env_key": "K"}, {}, None, False),
        ({"env_key": "K"}, {"K": ""}, None, False),
        ({"env_key": "K"}, {"K": "sk-clb-1\n"}, None, True),
        ({"experimental_bearer_token": "t"}, {}, "t", False),
        ({"env_key": "K", "experimental_bearer_token": "t"}, {}, None, False),
    ],
    ids=["none", "variable", "unset", "empty", "line end", "in the file", "the variable counts"],
)
def test_the_key_that_codex_shows(more: dict[str, str], environ: dict[str, str], key: str | None, is_odd: bool) -> None:
    found = way({**TABLE, **more}, **environ)

    assert found is not None
    assert (found.key, found.is_key_odd) == (key, is_odd)
    assert "sk-clb-1" not in repr(found)


@pytest.mark.parametrize(
    ("config", "check", "verdict", "words", "mend"),
    [
        (data("corp"), "codex config", "error", "the provider corp, which is not in it", "codexlb client-config"),
        (
            {"model_provider": ["x"], "model_providers": {}},
            *("codex config", "error", "the provider ['x'], which is not in it", "codexlb client-config"),
        ),
        (
            data("corp", corp={"base_url": "https://api.example.com/v1"}),
            *("codex config", "error", "which is not Codex-LB.", "codexlb client-config"),
        ),
        (data(None), "codex config", "error", "chooses the provider openai", "codexlb client-config"),
        (
            data(None, office=TABLE),
            *("codex config", "warning", "it is there as office", "codexlb client-config --provider office"),
        ),
        (
            data(codex_lb={**TABLE, "name": 7}),
            *("name", "warning", 'has name = "7"', "codexlb client-config --name OpenAI"),
        ),
        (data("a b", **{"a b": {**TABLE, "wire_api": "chat"}}),
         "wire_api", "error", 'has wire_api = "chat"', "codexlb client-config --provider 'a b'"),
        ({**data(codex_lb=TABLE), "chatgpt_base_url": "http://x"}, "bypass", "warning", "chatgpt_base_url is", None),
        (
            data(codex_lb={**TABLE, "requires_openai_auth": True}),
            *("bypass", "warning", "requires_openai_auth is set", None),
        ),
    ],
    ids=["no such provider", "no text", "elsewhere", "none", "another one", "name", "wire_api", "bypass", "own login"],
)  # fmt: skip
def test_what_is_wrong(config: dict[str, Any], check: str, verdict: str, words: str, mend: str | None) -> None:
    [found] = bad(config)

    assert (found.check, found.verdict, found.mend) == (check, verdict, mend)
    assert words.replace("it is there", "Codex-LB is there") in found.sentence


def test_a_proxy_in_the_way_is_told() -> None:
    [found] = bad(data(codex_lb=TABLE), HTTP_PROXY="http://127.0.0.1:3128")

    assert "set NO_PROXY=127.0.0.1" in found.sentence
    assert bad(data(codex_lb=TABLE), HTTP_PROXY="http://127.0.0.1:3128", NO_PROXY="127.0.0.1") == []


def test_files_that_cannot_be_read() -> None:
    assert see_config(home()).data is None
    write("model = gpt\n")
    assert "is not TOML (line 1, column 9: Invalid value)" in (see_config(home()).problem or "")
    (home() / "config.toml").unlink()
    (home() / "config.toml").mkdir()
    [found] = check_config(see_config(home()), None, {})
    assert (found.verdict, "cannot be read" in found.sentence) == (Verdict.ERROR, True)


def test_the_folder_of_codex(tmp_path: Path) -> None:
    assert codex_folder(tmp_path, {"CODEX_HOME": "/elsewhere"}) == tmp_path
    assert codex_folder(None, {"CODEX_HOME": "/elsewhere"}) == Path("/elsewhere")
    assert codex_folder(None, {}) == Path.home() / ".codex"
