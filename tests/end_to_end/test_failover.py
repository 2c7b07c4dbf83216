"""The real Codex CLI while accounts fail: as long as one of them serves, a person sees nothing of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from codexlb_store.ledger import Outcome
from scripts.simulator.account import AccountChange, WindowChange
from scripts.simulator.faults import Act, Fault, Moment
from tests.addons.test_failover import error
from tests.end_to_end.lab import own_login
from tests.end_to_end.scenes import SCENES, Played, at, play
from tests.end_to_end.stage import stage

pytestmark = pytest.mark.codex

AT_A_TIME = 4
"""Scenes that play side by side: each keeps about one processor busy."""

Play = Callable[[str], Played]


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Plays every scene that a test of this run asks for, some at a time; then hands out what was seen.

    All are over before the first test: tests change the environment that processes are started in.
    """
    found = shutil.which("codex")
    assert found
    wanted = {item.callspec.params.get("scene") for item in request.session.items if hasattr(item, "callspec")}
    results: dict[str, Future[Played]] = {}
    with ThreadPoolExecutor(AT_A_TIME) as workers:
        for number, (name, scene) in enumerate(SCENES.items()):
            if name in wanted:
                folder = tmp_path_factory.mktemp(f"scene-{number}")
                results[name] = workers.submit(play, scene, folder, Path(found))
    return lambda name: results[name].result()


@pytest.mark.parametrize("scene", SCENES)
def test_nothing_is_seen_of_one_accounts_trouble(scene: str, played: Play) -> None:
    """The turn is whole, asked for once and in the ledger once; A and B were sent what the client sent."""
    script, seen = SCENES[scene], played(scene)

    assert (seen.turn.exit_code, seen.turn.complaints) == (0, [])
    [sent] = seen.sent
    [answer] = [call for call in seen.calls if call.completed]
    assert seen.turn.text == answer.text
    assert answer.account == (seen.a if script.served_by_a else seen.b)
    assert seen.attempts == [[*((seen.a, failure) for failure in script.failures), (answer.account, None)]]
    assert seen.outcomes == [Outcome.COMPLETED]
    assert seen.status == script.status
    assert {call.body for call in seen.calls} == {sent.body}


def test_a_compressed_body_reaches_every_account_as_it_was_sent(codex: Path, tmp_path: Path) -> None:
    with stage(tmp_path) as setting:
        setting.simulator.script(Fault(path="/responses", **error(503)))
        client = setting.codex(codex)
        client.log_in(own_login())

        turn = client.turn("say one word")

        assert (turn.exit_code, turn.complaints) == (0, [])
        [sent] = [exchange for exchange in setting.before.exchanges() if exchange.method == "POST"]
        assert sent.headers["content-encoding"] == "zstd"
        assert [call.body for call in setting.calls()] == [sent.body, sent.body]


def test_resting_accounts_are_waited_for_unseen(codex: Path, tmp_path: Path) -> None:
    """Both ask for a second of rest: the client's request is held that long."""
    with stage(tmp_path) as setting:
        a, b = setting.in_turn
        burst = Fault(**error(429, "rate_limit_exceeded", {"retry-after": "1"}))
        setting.simulator.script(*at(a, burst), *at(b, burst))

        turn = setting.codex(codex).turn("say one word")
        setting.proxy.stop()

        assert (turn.exit_code, turn.complaints) == (0, [])
        assert len(setting.before.exchanges()) == 1
        [row] = setting.rows()
        tried, served = setting.attempts(row)[:2], setting.attempts(row)[2:]
        assert tried == [(a, "rate_limit_exceeded"), (b, "rate_limit_exceeded")]
        assert served in ([(a, None)], [(b, None)])


def test_a_cut_in_the_middle_is_one_visible_line_and_the_other_account(codex: Path, tmp_path: Path) -> None:
    """What was shown cannot be taken back: the client itself asks again, and the next account answers."""
    with stage(tmp_path) as setting:
        a, b = setting.in_turn
        setting.simulator.script(*at(a, Fault(act=Act.CLOSE, at=Moment.OUTPUT, after_deltas=2, deltas=5)))

        turn = setting.codex(codex).turn("say one word")
        setting.proxy.stop()

        assert turn.exit_code == 0
        [line] = turn.complaints
        assert line["message"].startswith("Reconnecting... 1/5")
        assert turn.text == setting.calls()[-1].text
        rows = setting.rows()
        assert [row.outcome for row in rows] == [Outcome.FAILED, Outcome.COMPLETED]
        assert [[account for account, _ in setting.attempts(row)] for row in rows] == [[a], [b]]


def test_a_pool_that_is_used_up_says_when_it_is_back(codex: Path, tmp_path: Path) -> None:
    """The client's own words for a limit, with the soonest reset; it does not ask again."""
    with stage(tmp_path) as setting:
        for name, seconds in zip(setting.in_turn, (7200, 3600), strict=True):
            full = WindowChange(minutes=300, used_percent=100.0, resets_in_seconds=seconds)
            setting.simulator.change(name, AccountChange(windows=(full,)))
        client = setting.codex(codex)
        client.variables["TZ"] = "UTC"

        turn = client.turn("say one word")

        assert turn.exit_code == 1
        [sent] = setting.before.exchanges()
        soonest = min(window.resets_at or 0 for seat in setting.simulator.accounts() for window in seat.windows[:1])
        back = json.loads(sent.answer)["error"]["resets_at"]
        assert 0 <= back - soonest < 1
        hour = f"{datetime.fromtimestamp(back, UTC):%I:%M %p}".removeprefix("0")
        [message] = {event["message"] for event in turn.complaints if event["type"] == "error"}
        assert message.startswith("You\u2019ve hit your usage limit.")
        assert message.endswith(f"{hour}.")
        setting.wait_for(1)
        assert {record["status"] for record in setting.listed().values()} == {"limited"}
        assert min(record["until"] for record in setting.listed().values()) == back


def test_a_pool_without_accounts_says_how_to_add_one(codex: Path, tmp_path: Path) -> None:
    with stage(tmp_path, "") as setting:
        turn = setting.codex(codex).turn("say one word")

        assert turn.exit_code == 1
        [message] = {event["message"] for event in turn.complaints if event["type"] == "error"}
        assert "codexlb accounts login" in message
        assert len(setting.before.exchanges()) == 1
        assert setting.calls() == []
