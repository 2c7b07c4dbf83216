"""What IDE extensions do through three releases of `codex app-server`: models, sessions, and a turn by the pool."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.addons.key_lab import a_key
from tests.end_to_end.codex_proof import all_of, answers, assert_all_is_in_the_ledger, history, spent_for
from tests.end_to_end.codex_versions import CodexVersion, configure, set_up
from tests.end_to_end.session_server import Answered, SessionServer
from tests.end_to_end.stage import stage
from tests.end_to_end.test_codex_keys import wait_until_known

pytestmark = pytest.mark.codex

VARIABLE = "CODEXLB_TEST_KEY"


def test_an_extension_starts_a_session_and_goes_on_with_it(version: CodexVersion, tmp_path: Path) -> None:
    """When it comes back clients need a key, and the account that served it is spent."""
    with stage(tmp_path, "x:plus,y:plus") as setting:
        client = set_up(setting, version)
        setting.simulator.script(answers("First."), spent_for(3600), answers("Second."))
        with SessionServer(client) as server:
            introduced, models, none = server.introduced["userAgent"], server.models(), server.threads()
            thread = server.start()
            first = server.turn(thread, "say one word")
        key = a_key(setting.home, "laptop")
        wait_until_known(setting, key)
        configure(setting, client, "--key-env", VARIABLE)
        client.variables[VARIABLE] = key
        with SessionServer(client) as server:
            listed, said = server.threads(), server.said(thread)
            server.call("thread/resume", threadId=thread)
            second = server.turn(thread, "another")
        calls, rows = all_of(setting)

    assert introduced.startswith(f"codex_vscode/{version.name}.")
    assert models  # its own: without a ChatGPT login it asks nobody
    assert (none, listed, said) == ([], [thread], ["say one word"])
    assert (first, second) == (Answered("completed", "First.", ()), Answered("completed", "Second.", ()))
    assert history(calls[-1]) == ["say one word", "First.", "another"]
    here, there = setting.in_turn
    assert [(row.kind, setting.attempts(row)) for row in rows] == [
        ("turn", [(here, None)]),
        ("turn", [(here, "usage_limit_reached"), (there, None)]),
    ]
    assert {(row.session, row.client) for row in rows} == {(thread, introduced)}
    assert [row.key_id is not None for row in rows] == [False, True]
    assert {entry.header("originator") for entry in calls} == {"codex_vscode"}
    assert_all_is_in_the_ledger(setting, rows, calls)
