"""What three releases of the real Codex CLI show a person who made a mistake: the text and the exit code."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from addons.wire.denials import Denial
from codexlb_store.ledger import Outcome
from tests.addons.key_lab import a_key
from tests.end_to_end.codex_proof import all_of, answers, assert_all_is_in_the_ledger, not_had
from tests.end_to_end.codex_versions import CodexVersion, set_up
from tests.end_to_end.stage import Stage, stage
from tests.end_to_end.test_codex_keys import wait_until_known

pytestmark = pytest.mark.codex

VARIABLE = "CODEXLB_TEST_KEY"
RIGHT = "the key that was made"
TRIES = 6
"""So often a client asks for what it is refused with 401 or, before 0.169, with 404; it takes some six seconds."""


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody did, and what they saw; {not_found} is how the release begins a sentence that came with 404."""

    key: str | None
    model: str
    exit_code: int
    text: str


CASES = (
    Case(None, "gpt-5.5", 1, f"Missing environment variable: `{VARIABLE}`."),
    Case("sk-clb-wrong", "gpt-5.5", 1, f"unexpected status 401 Unauthorized: {Denial.UNKNOWN.value}, url: {{url}}"),
    Case(RIGHT, "gpt-99", 1, "{not_found}No account of this pool has the model 'gpt-99'. It has: {models}.{at}"),
    Case(RIGHT, "gpt-5.5", 0, "Let in."),
)


def models_known(setting: Stage, key: str) -> str:
    """The models to choose from, by the README's command, which has the proxy learn them, too."""
    url = f"{setting.proxy.origin}/backend-api/codex/models?client_version=0.169.0"
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        models = json.load(answer)["models"]
    return ", ".join(model["slug"] for model in models if model["visibility"] == "list")


def played(setting: Stage, version: CodexVersion, key: str) -> list[tuple[int, str]]:
    """What they saw: each has a home of their own, and they do it at the same time."""

    def play(number: int) -> tuple[int, str]:
        case = CASES[number]
        client = set_up(setting, version, "--key-env", VARIABLE, name=f"client-{number}")
        if case.key:
            client.variables[VARIABLE] = key if case.key == RIGHT else case.key
        return client.turn("-m", case.model, "say one word").seen

    with ThreadPoolExecutor() as people:
        return list(people.map(play, range(len(CASES))))


def test_what_a_person_sees(version: CodexVersion, tmp_path: Path) -> None:
    tries = TRIES if version.retries_404 else 1
    with stage(tmp_path, "x:plus,y:plus") as setting:
        key = a_key(setting.home, "laptop")
        wait_until_known(setting, key)
        models = models_known(setting, key)
        setting.simulator.script(not_had("gpt-99"), answers("Let in."))
        seen = played(setting, version, key)
        calls, rows = all_of(setting)
        sent = setting.before.exchanges()

    url = f"{setting.before.origin}/backend-api/codex/responses"
    around = {"not_found": "unexpected status 404 Not Found: ", "at": f", url: {url}"}
    words = around if version.retries_404 else dict.fromkeys(around, "")
    assert seen == [(case.exit_code, case.text.format(url=url, models=models, **words)) for case in CASES]
    assert Counter(exchange.status for exchange in sent) == {200: 1, 401: TRIES, 404: tries}
    of_unknown = [row for row in rows if row.model == "gpt-99"]
    assert [row.status for row in of_unknown] == tries * [404]
    assert {name for name, _ in setting.attempts(of_unknown[0])} == set(setting.in_turn)
    assert [row.attempts for row in of_unknown[1:]] == (tries - 1) * [()]
    assert [row.outcome for row in rows if row.model == "gpt-5.5"] == [Outcome.COMPLETED]
    assert_all_is_in_the_ledger(setting, rows, calls)
