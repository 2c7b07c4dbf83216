from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.real_codex import CodexError, answer, ask_codex

ANSWERED = [
    '{"type":"thread.started","thread_id":"t"}',
    "a word that is no event",
    '{"type":"item.completed","item":{"type":"reasoning","text":"hm"}}',
    '{"type":"item.completed","item":{"type":"agent_message","text":"Hello."}}',
    '{"type":"turn.completed","usage":{}}',
]


def test_the_answer_is_what_the_agent_said() -> None:
    assert answer(ANSWERED) == "Hello."


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "it said nothing."),
        (ANSWERED[:-1], "it said nothing."),
        ([json.dumps({"type": "error", "message": text}) for text in ("Reconnecting... 1/5", "gone")], "gone"),
    ],
)
def test_a_turn_that_did_not_complete_is_one_sentence(lines: list[str], reason: str) -> None:
    with pytest.raises(CodexError, match=f"^codex exec did not complete its turn: {reason}$"):
        answer(lines)


async def test_codex_lives_in_the_folder_it_is_given(tmp_path: Path) -> None:
    codex = tmp_path / "codex"
    events = "\n".join(ANSWERED)
    codex.write_text(f'#!/bin/sh\necho "$CODEX_HOME $HOME $PWD $*" >"$HOME/seen"\ncat <<"END"\n{events}\nEND\n')
    codex.chmod(0o755)
    folder = tmp_path / "home"

    said = await ask_codex(str(codex), "http://127.0.0.1:9", folder, "Hello?")

    assert said == "Hello."
    home, login_home, _, *arguments = (folder / "seen").read_text().split()
    assert home == login_home == str(folder)
    assert arguments[-3:] == ["-C", str(folder / "work"), "Hello?"]
    assert 'base_url = "http://127.0.0.1:9/backend-api/codex"' in (folder / "config.toml").read_text()
