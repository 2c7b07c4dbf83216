"""The real Codex CLI through `codexlb serve` to a simulated ChatGPT, every byte of the way recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.simulator.faults import Fault
from tests.end_to_end.codex_cli import CodexHome, builtin, provider
from tests.end_to_end.conftest import BuildLab
from tests.end_to_end.lab import Lab, answered, asked, leaks, own_login, secrets_in, spent

pytestmark = pytest.mark.codex

Client = Callable[[str], CodexHome]

FULL_CONTEXT = 90_000
"""Reported input tokens that make the client compact its history before it goes on."""
COMPACT = ("-c", "model_auto_compact_token_limit=20000")


def answers_with(text: str, **usage: int) -> Fault:
    """Makes the next answer of the simulator say this."""
    return Fault(path="/responses", text=text, usage=usage)


def assert_nothing_was_changed(lab: Lab) -> None:
    """What the client sent is what the upstream got, what the upstream answered is what the client got."""
    assert asked(lab.sent()) == asked(lab.passed())
    assert answered(lab.sent()) == answered(lab.passed())
    for exchange in lab.sent():
        assert exchange.whole or b'"response.completed"' in exchange.answer


def assert_every_request_has_its_row(lab: Lab) -> None:
    """As many rows as requests, with the tokens that the upstream itself has in its books."""
    rows = lab.rows()

    assert len(rows) == len(lab.sent())
    assert {row["outcome"] for row in rows} == {"completed"}
    assert sorted(spent(rows)) == sorted(lab.served())


@pytest.mark.parametrize("login", [False, True], ids=["no login", "ChatGPT login"])
@pytest.mark.parametrize("name", ["OpenAI", "openai"])
def test_two_turns_and_a_compaction(lab: BuildLab, client: Client, name: str, login: bool) -> None:
    """A session as people have it: a turn, another one after a restart, a third that compacts first."""
    stage = lab()
    codex = client(provider(name, stage.before.origin))
    if login:
        codex.log_in(own_login())
    stage.simulator.script(answers_with("First."), answers_with("Second.", input_tokens=FULL_CONTEXT))

    first = codex.turn("say one word")
    second = codex.turn("resume", "--last", "and another")
    third = codex.turn(*COMPACT, "resume", "--last", "and a third")
    stage.proxy.stop()

    assert [turn.complaints for turn in (first, second, third)] == [[], [], []]
    assert [turn.exit_code for turn in (first, second, third)] == [0, 0, 0]
    assert (first.text, second.text) == ("First.", "Second.")
    assert third.text
    assert_nothing_was_changed(stage)
    assert_every_request_has_its_row(stage)
    turns = [x for x in stage.sent() if x.method == "POST"]
    assert len(turns) == 4
    compressed = {x.headers.get("content-encoding") for x in turns}
    assert compressed == ({"zstd"} if login and name == "OpenAI" else {None})
    of_session = [row for row in stage.rows() if row["kind"] != "models"]
    assert [row["kind"] for row in of_session] == ["turn", "turn", "compact", "turn"]
    assert len({(row["session"], row["account"]) for row in of_session}) == 1


def test_credentials_stay_where_they_belong(
    lab: BuildLab, client: Client, accounts: list[Path], tmp_path: Path
) -> None:
    """The client's own never reach the upstream; the pool's are on the wire there and nowhere else."""
    saved, login = tmp_path / "flows", own_login()
    stage = lab("-w", str(saved))
    codex = client(provider("OpenAI", stage.before.origin, 'env_key = "LB_KEY"'))
    codex.variables["LB_KEY"] = "sk-key-of-the-client"
    codex.log_in(login)

    turn = codex.turn("say one word")
    stage.proxy.stop()

    assert (turn.exit_code, turn.complaints) == (0, [])
    clients = [*secrets_in(login), json.loads(login)["tokens"]["account_id"], "sk-key-of-the-client"]
    pools = [secret for path in accounts for secret in secrets_in(path.read_text())]
    sent = b"".join(bytes(recording.sent) for recording in stage.behind.recordings)
    got = b"".join(bytes(recording.received) for recording in stage.before.recordings)
    assert [secret for secret in clients if secret.encode() in sent] == []
    assert any(secret.encode() in sent for secret in pools)
    assert [secret for secret in pools if secret.encode() in got] == []
    assert saved.stat().st_size > 0
    kept = [saved, stage.proxy.log_file, tmp_path / "codexlb-home", tmp_path / "client"]
    assert leaks(pools, kept) == []
    assert leaks(["sk-key-of-the-client"], kept[:3]) == []


def test_the_builtin_provider_falls_back_from_its_websocket_unseen(lab: BuildLab, client: Client) -> None:
    """Only `openai_base_url` is set: the client tries a WebSocket, is told 426 and goes on over HTTP."""
    stage = lab()
    stage.simulator.script(answers_with("Over HTTP."))

    turn = client(builtin(stage.before.origin)).turn("say one word")
    stage.proxy.stop()

    assert (turn.exit_code, turn.complaints, turn.text) == (0, [], "Over HTTP.")
    upgrades = [x for x in stage.sent() if x.headers.get("upgrade") == "websocket"]
    others = [x for x in stage.sent() if x not in upgrades]
    assert {x.status for x in upgrades} == {426}
    assert asked(others) == asked(stage.passed())
    assert spent(stage.rows()) == stage.served()
