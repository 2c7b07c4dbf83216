"""A login that the real Codex CLI made is one that the pool can use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.alone import alone, why_not_alone
from tests.end_to_end.login_scene import FLOWS, SCENE_SECONDS, Played

pytestmark = pytest.mark.codex

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def _alone() -> None:
    if reason := why_not_alone():
        pytest.skip(reason)


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("flow", FLOWS)
def test_a_login_of_the_real_client_serves_a_turn(flow: str, codex: Path, tmp_path: Path) -> None:
    """`codex login` writes an auth.json, `codexlb accounts import` takes it, the pool answers with its account."""
    scene = [sys.executable, "-m", "tests.end_to_end.login_scene", flow, str(codex), str(tmp_path)]
    done = subprocess.run(
        alone(*scene), cwd=ROOT, capture_output=True, text=True, timeout=2 * SCENE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    played = Played(**json.loads(done.stdout))

    assert "Successfully logged in" in played.said
    assert [(account["email"], account["plan"]) for account in played.listed] == [("ann@example.com", "team")]
    assert (played.exit_code, played.complaints) == (0, [])
    assert played.text == "".join(text or "" for text in played.answers)
    assert played.asked_as == ["ann@acme"]
    assert played.with_that_token
