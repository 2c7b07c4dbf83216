"""What the real Codex CLI shows its user when a key is missing, wrong or used up."""

from __future__ import annotations

import contextlib
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from addons.wire.denials import Denial
from codexlb_store.limit_texts import parse_limit
from tests.addons.key_lab import a_key
from tests.end_to_end.codex_cli import CodexHome, Turn, provider
from tests.end_to_end.stage import Stage, stage

pytestmark = pytest.mark.codex

NOWHERE = "http://127.0.0.1:9"


def turn(setting: Stage, codex: Path, name: str, key: str | None) -> Turn:
    """One turn of a client that is configured as the README says."""
    extra = 'env_key = "CODEXLB_KEY"' if key else ""
    client = CodexHome(codex, setting.folder / name, provider("OpenAI", setting.proxy.origin, extra), NOWHERE)
    if key:
        client.variables["CODEXLB_KEY"] = key
    return client.turn("say one word")


def wait_until_known(setting: Stage, key: str) -> None:
    """The proxy runs already when the first key is made."""
    request = urllib.request.Request(f"{setting.proxy.origin}/v1/usage", headers={"authorization": f"Bearer {key}"})
    deadline = time.monotonic() + 10
    while True:
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=10):
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def last_message(played: Turn) -> str:
    return str(played.complaints[-1]["error"]["message"])


def test_a_person_reads_what_is_wrong_with_the_key(codex: Path, tmp_path: Path) -> None:
    with stage(tmp_path, "x:pro") as setting:
        day = a_key(setting.home, "day", limits=(parse_limit("1req/day"),))
        model = a_key(setting.home, "model", models=("gpt-4",))
        other = a_key(setting.home, "other", enforced_model="gpt-5.4", enforced_effort="low")
        wait_until_known(setting, other)
        none, wrong = turn(setting, codex, "none", None), turn(setting, codex, "wrong", "sk-clb-wrong")
        first, second = turn(setting, codex, "first", day), turn(setting, codex, "second", day)
        forbidden, enforced = turn(setting, codex, "model", model), turn(setting, codex, "other", other)

    assert f"401 Unauthorized: {Denial.NO_KEY.value}" in last_message(none)
    assert f"401 Unauthorized: {Denial.UNKNOWN.value}" in last_message(wrong)
    assert first.exit_code == 0
    assert "hit your usage limit. Try again at" in last_message(second)
    assert "403 Forbidden: This client key may be used for gpt-4 only" in last_message(forbidden)
    assert (enforced.exit_code, enforced.complaints) == (0, [])
