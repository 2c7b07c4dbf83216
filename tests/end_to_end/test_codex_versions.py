"""Three releases of the real Codex CLI, set up by `codexlb client-config`: what works, with text and exit code each."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Fault
from tests.end_to_end.codex_cli import CodexHome
from tests.end_to_end.codex_proof import all_of, answers, assert_all_is_in_the_ledger, history, spent_for
from tests.end_to_end.codex_versions import CodexVersion, set_up
from tests.end_to_end.lab import own_login, secrets_in
from tests.end_to_end.session_server import SessionServer
from tests.end_to_end.stage import Stage, stage

pytestmark = pytest.mark.codex

FULL_CONTEXT = {"input_tokens": 90_000}
"""So much reported use makes the client compact its history before it goes on."""
COMPACT = ("-c", "model_auto_compact_token_limit=20000")


def commit_and_edit(folder: Path) -> None:
    """A repository with something to review."""
    mine = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    (folder / "word.txt").write_text("one\n")
    for line in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "one word")):
        subprocess.run(["git", *mine, *line], cwd=folder, check=True, timeout=60)
    (folder / "word.txt").write_text("two\n")


def play(setting: Stage, client: CodexHome, version: CodexVersion) -> list[tuple[str, int, str]]:
    """A day of somebody: what they did, and what they saw of it."""
    steps = (
        ("a turn", [answers("First.")], ("say one word",)),
        ("resumed", [answers("Second.", **FULL_CONTEXT)], ("resume", "--last", "another")),
        ("compacted", [Fault(path=version.compacts_at), answers("Third.")], (*COMPACT, "resume", "--last", "a third")),
        ("an account is spent", [spent_for(3600), answers("Fourth.")], ("resume", "--last", "a fourth")),
        ("reviewed", [answers("Fifth.")], ("review", "--uncommitted")),
    )
    seen = []
    for name, script, arguments in steps:
        setting.simulator.script(*script)
        turn = client.turn(*arguments)
        assert turn.complaints == [], name
        seen.append((name, *turn.seen))
    return seen


def test_a_day_with_the_client(version: CodexVersion, tmp_path: Path) -> None:
    with stage(tmp_path, "x:plus,y:plus") as setting:
        client = set_up(setting, version)
        commit_and_edit(client.work)
        seen = play(setting, client, version)
        calls, rows = all_of(setting)

    # What they did          exit  what they saw
    assert seen == [
        ("a turn",              0, "First."),
        ("resumed",             0, "Second."),
        ("compacted",           0, "Third."),
        ("an account is spent", 0, "Fourth."),
        ("reviewed",            0, "Fifth."),
    ]  # fmt: skip
    first, second = setting.in_turn
    assert [(row.kind, setting.attempts(row)) for row in rows] == [
        ("turn", [(first, None)]),
        ("turn", [(first, None)]),
        ("compact", [(first, None)]),
        ("turn", [(first, None)]),
        ("turn", [(first, "usage_limit_reached"), (second, None)]),
        ("turn", [(second, None)]),
    ]
    assert len({row.session for row in rows[:5]}) == 1
    assert_all_is_in_the_ledger(setting, rows, calls)
    assert history(calls[1]) == ["say one word", "First.", "another"]
    assert calls[2].path == f"/backend-api/codex{version.compacts_at}"
    assert any(item["type"] == "compaction" for item in json.loads(calls[3].body or b"")["input"])
    assert [entry.header("x-openai-subagent") for entry in calls[-2:]] == [None, "review"]


def test_a_compaction_takes_its_session_to_another_account(version: CodexVersion, tmp_path: Path) -> None:
    """Where the session's own is spent, and each reads only what it has sealed itself."""
    with stage(tmp_path, "x:plus,y:plus") as setting:
        for name in setting.in_turn:
            setting.simulator.change(name, AccountChange(rejects_foreign_content=True))
        client = set_up(setting, version)
        setting.simulator.script(answers("First.", **FULL_CONTEXT))
        client.turn("say one word")
        setting.simulator.script(spent_for(3600, version.compacts_at))
        second, third = client.turn(*COMPACT, "resume", "--last", "another"), client.turn("resume", "--last", "a third")
        calls, rows = all_of(setting)

    assert [(turn.exit_code, turn.complaints) for turn in (second, third)] == [(0, []), (0, [])]
    here, there = setting.in_turn
    assert [(row.kind, setting.attempts(row)) for row in rows] == [
        ("turn", [(here, None)]),
        ("compact", [(here, "usage_limit_reached"), (there, "invalid_encrypted_content"), (there, None)]),
        ("turn", [(there, None)]),
        ("turn", [(there, None)]),
    ]
    assert_all_is_in_the_ledger(setting, rows, calls)


def test_models_with_a_chatgpt_login(version: CodexVersion, tmp_path: Path) -> None:
    """0.105 asks chatgpt.com for them, which is out of reach here, and offers those that it knows itself."""
    model, login = "gpt-6.1-sol", own_login()
    with stage(tmp_path, "x:plus") as setting:
        client = set_up(setting, version)
        client.log_in(login)
        setting.simulator.script(answers("First."))
        turn = client.turn("-m", model, "say one word")
        with SessionServer(client) as server:
            offered = server.models()
        calls, rows = all_of(setting)
        sent = setting.before.exchanges()

    assert turn.seen == (0, "First.")
    told = [str(item["message"]).partition(". ")[0] for item in turn.complaints]
    assert told == ([] if version.lists_models else [f"Model metadata for `{model}` not found"])
    assert (offered == ["gpt-6.1-sol", "gpt-5.5", "gpt-5.4-mini"]) is version.lists_models
    assert {row.kind for row in rows} == ({"models", "turn"} if version.lists_models else {"turn"})
    assert any("authorization" in exchange.headers for exchange in sent) is version.sends_own_login
    values = [value for entry in calls for _, value in entry.headers]
    assert [value for value in values if any(secret in value for secret in secrets_in(login))] == []
    assert_all_is_in_the_ledger(setting, rows, calls)
