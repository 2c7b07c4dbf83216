"""Questions that `codexlb accounts` asks at a real terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codexlb_store.accounts import Account
from tests.scripts.accounts.people import stored
from tests.scripts.at_terminal import Answer, asked, interrupts, types
from tests.scripts.logins import auth_json


@pytest.mark.parametrize(
    ("answer", "code", "left", "said"),
    [
        pytest.param(types("y\n"), 0, 0, "Removed ann@example.com", id="yes"),
        pytest.param(types("n\n"), 1, 1, "Aborted!", id="no"),
        pytest.param(types("\n"), 1, 1, "Aborted!", id="nothing"),
        pytest.param(types("\x04"), 1, 1, "Aborted!", id="the end of input"),
        pytest.param(interrupts, 1, 1, "Aborted!", id="Ctrl-C"),
    ],
)
def test_only_a_yes_is_one(answer: Answer, code: int, left: int, said: str, ann: Account) -> None:
    exit_code, shown = asked(answer, "accounts", "remove", "ann")

    assert (exit_code, len(stored())) == (code, left), shown
    assert said in shown
    assert "Traceback" not in shown


def test_codex_own_login_goes_in_when_the_person_agrees() -> None:
    file = Path(os.environ["CODEX_HOME"]) / "auth.json"
    file.parent.mkdir()
    file.write_text(auth_json())

    exit_code, shown = asked(types("y\n"), "accounts", "import")

    assert exit_code == 0
    assert shown.startswith(f"{file} is the login that Codex itself uses.")
    assert [account.email for account in stored()] == ["ann@example.com"]
