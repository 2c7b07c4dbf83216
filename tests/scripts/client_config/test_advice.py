from __future__ import annotations

import os

import pytest

from codexlb_store.home import home_folder
from scripts.client_config.advice import has_keys, key_hint, next_steps, retagging
from scripts.client_config.base_url import DEFAULT
from scripts.client_config.provider import Asked, Provider
from scripts.data_folder import DataFolder
from tests.scripts.keys.people import codexlb_keys

REMOTE = "https://lb.example.com/backend-api/codex"
SAY = '"say hi"'


@pytest.mark.parametrize(
    ("provider", "asked", "profile", "environ", "lines"),
    [
        pytest.param(Provider("", DEFAULT, None), Asked("p"), None, {}, [f"codex exec {SAY}"], id="no key"),
        pytest.param(
            Provider("", DEFAULT, "K"), Asked("p"), None, {},
            ["export K=sk-clb-...   # the key that `codexlb keys create` prints", f"codex exec {SAY}"], id="a key",
        ),
        pytest.param(
            Provider("", REMOTE, "K"), Asked("p"), None, {},
            ["export K=sk-clb-...   # the key that `codexlb keys create` prints there", f"codex exec {SAY}"],
            id="a key of another machine",
        ),
        pytest.param(
            Provider("", DEFAULT, "K"), Asked("p"), None, {"K": "x"}, [f"codex exec {SAY}"], id="the key is there"
        ),
        pytest.param(
            Provider("", DEFAULT, None), Asked("p", is_default=False), None, {},
            [f"codex exec -c model_provider=p {SAY}"], id="not the default",
        ),
        pytest.param(
            Provider("", DEFAULT, None), Asked("p"), "work", {}, [f"codex exec --profile work {SAY}"], id="a profile"
        ),
    ],
)  # fmt: skip
def test_what_to_type_next(
    provider: Provider, asked: Asked, profile: str | None, environ: dict[str, str], lines: list[str]
) -> None:
    assert [line.strip() for line in next_steps(provider, asked, profile, environ)] == lines


@pytest.mark.parametrize(
    ("before", "asked", "command"),
    [
        (None, Asked("p"), "codexlb sessions retag --from openai --to p"),
        ("x", Asked("p"), "codexlb sessions retag --from x --to p"),
        ("p", Asked("p"), None),
        (None, Asked("p", is_default=False), None),
    ],
    ids=["from Codex's own", "from another", "from itself", "not the default"],
)
def test_sessions_come_along(before: str | None, asked: Asked, command: str | None) -> None:
    assert [line.strip() for line in retagging(before, asked)][1:] == ([command] if command else [])


def test_a_key_is_asked_for_where_the_proxy_of_this_machine_wants_one(folder: DataFolder) -> None:
    local, asked = Provider("", DEFAULT, None), Asked("p")
    assert key_hint(local, asked, None, os.environ) == []

    assert codexlb_keys("create", "laptop").exit_code == 0

    [in_profile] = key_hint(local, asked, "work", os.environ)
    assert "--provider p --profile work --key-env" in in_profile
    [hint] = key_hint(local, asked, None, os.environ)
    assert "`codexlb client-config --provider p --key-env CODEX_LB_API_KEY`" in hint
    assert key_hint(Provider("", DEFAULT, "K"), asked, None, os.environ) == []
    assert key_hint(Provider("", REMOTE, None), asked, None, os.environ) == []


def test_without_a_data_folder_there_are_no_keys_and_none_is_made() -> None:
    assert not has_keys(os.environ)
    assert not has_keys({"CODEXLB_HOME": "~nobody-there/x"})
    assert not home_folder(os.environ).exists()


def test_a_store_of_another_version_has_none(folder: DataFolder) -> None:
    with folder.db.conn:
        folder.db.execute("ALTER TABLE keys RENAME TO other")

    assert not has_keys(os.environ)
