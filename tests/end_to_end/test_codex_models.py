"""The real Codex CLI and the models of a pool: which it is shown, and what it says of one that nobody has."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from scripts.simulator.faults import Act, Fault
from scripts.simulator.models import catalog, etag
from tests.end_to_end.codex_cli import CodexHome, provider
from tests.end_to_end.lab import own_login
from tests.end_to_end.stage import Stage, stage

pytestmark = pytest.mark.codex

MODELS = "/models"
NOWHERE = "http://127.0.0.1:9"


def a_client(setting: Stage, codex: Path, name: str, has_login: bool = True) -> CodexHome:
    """A client that is configured as the README says."""
    client = CodexHome(codex, setting.folder / name, provider("OpenAI", setting.before.origin), NOWHERE)
    if has_login:
        client.log_in(own_login())
    return client


def cached(client: CodexHome) -> dict[str, Any]:
    """The list that the client has written down."""
    found: dict[str, Any] = json.loads((client.folder / ".codex" / "models_cache.json").read_text())
    return found


def slugs(models: list[dict[str, Any]]) -> list[str]:
    return [model["slug"] for model in models]


def listed(setting: Stage) -> list[tuple[Any, ...]]:
    """The ledger's rows of lists, oldest first."""
    found = [row for row in setting.rows() if row.kind == "models"]
    return [(row.outcome, row.status, row.error) for row in found]


def test_a_login_is_shown_the_models_of_who_sees_most(codex: Path, tmp_path: Path) -> None:
    """And the same while the upstream is down; a client without a login asks for none, and works."""
    of_pro = json.loads(catalog("pro"))["models"]
    with stage(tmp_path, "x:free,y:pro,z:plus") as setting:
        first = a_client(setting, codex, "first")
        turns = [first.turn("say one word")]
        setting.simulator.script(Fault(path=MODELS, act=Act.RESET, times=None))
        second = a_client(setting, codex, "second")
        turns.append(second.turn("say one word"))
        setting.simulator.clear_faults()
        setting.simulator.script(Fault(path=MODELS, act=Act.SILENCE, times=None))
        third = a_client(setting, codex, "third")
        turns.append(third.turn("say one word"))
        turns.append(a_client(setting, codex, "without", has_login=False).turn("say one word"))
        setting.proxy.stop()

        assert [(turn.exit_code, turn.complaints) for turn in turns] == [(0, [])] * 4
        for client in (first, second, third):
            assert slugs(cached(client)["models"]) == slugs(of_pro)
            assert cached(client)["etag"] == etag("pro")
        asked = [entry.account for entry in setting.simulator.log() if entry.path.endswith(MODELS)]
        assert asked[0] == "y"
        assert {row for row in listed(setting) if row[0] != "cancelled"} == {  # a client that is done waits for none
            ("completed", 200, None),
            ("completed", 200, "kept_list"),
        }


def test_a_model_that_nobody_has(codex: Path, tmp_path: Path) -> None:
    """It is told what there is, at once, and the next time without a word to the upstream."""
    with stage(tmp_path, "x:free,y:plus", listed_only=True) as setting:
        client = a_client(setting, codex, "client", has_login=False)
        unknown = client.turn("-m", "gpt-99", "say one word")
        address = f"{setting.before.origin}/backend-api/codex/models?client_version=0.169.0"
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.read() == catalog("plus")
        asked = len(setting.calls())
        known = client.turn("-m", "gpt-99", "say one word")
        larger = client.turn("-m", "gpt-6.1-sol-pro", "say one word")
        again = len(setting.calls())
        right = client.turn("-m", "gpt-6.1-sol", "say one word")
        setting.proxy.stop()
        attempts = [setting.attempts(row) for row in setting.rows() if row.kind == "turn"]

    there_is = "It has: gpt-6.1-sol, gpt-5.5, gpt-5.4-mini."
    assert unknown.seen == (1, "The model `gpt-99` does not exist or you do not have access to it."), "nothing is known"
    assert known.seen == (1, f"No account of this pool has the model 'gpt-99'. {there_is}")
    assert larger.seen == (1, f"No account of this pool has the model 'gpt-6.1-sol-pro'. {there_is}")
    assert (right.exit_code, right.complaints) == (0, [])
    assert (asked, again) == (2, 4)
    assert [len(tried) for tried in attempts[:3]] == [2, 0, 2]
    assert attempts[3][-1] == ("y", None)
