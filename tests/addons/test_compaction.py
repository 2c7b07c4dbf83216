"""Compaction as each version of Codex asks for it: at home, whole, recorded as such, and elsewhere when home fails."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from codexlb_store.limit_texts import parse_limit
from scripts.simulator.faults import Act, Fault, Moment
from tests.addons.codex_sender import calls, send
from tests.addons.key_lab import a_key
from tests.addons.test_failover import LIMIT, Lab, error, lab
from tests.captures import CapturedRequest, captured


@dataclass(frozen=True, slots=True)
class Form:
    """A turn as it was captured, the compaction behind it, and what follows."""

    turn: CapturedRequest
    compaction: CapturedRequest

    @property
    def path(self) -> str:
        return self.compaction.path


def form(name: str) -> Form:
    turn, compaction = captured(name)[:2]
    return Form(turn, compaction)


def inside_responses() -> Form:
    """0.169 asks for it as for a turn; the captured ones are the compaction and the turn behind it."""
    compaction, turn = captured("compact_in_responses")
    return Form(turn, compaction)


FORMS = {
    "0.169, inside of /responses": inside_responses(),
    "0.136, an endpoint of its own": form("legacy_0_136"),
    "0.105, without a session": form("legacy_0_105"),
    "0.105 with a login": form("legacy_0_105_chatgpt_login"),
}
TROUBLE: dict[str, dict[str, Any]] = {
    "none": {},
    "429 usage limit": error(429, **LIMIT),
    "429": error(429),
    "500 each time": {**error(500, "server_error"), "times": 2},
    "401 each time": {**error(401, "token_invalidated"), "times": 9},
    "no connection": {"act": Act.RESET, "times": 1},
}


async def other_sessions(stage: Lab, count: int) -> None:
    """Have the round robin go on: by chance alone, whatever comes next is sent to the other account."""
    for number in range(count):
        assert (await stage.turn(f"another {number}"))[0] == 200


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("name", FORMS)
async def test_a_compaction_is_served_at_home_or_where_one_can(tmp_path: Path, name: str, trouble: str) -> None:
    """Each attempt has the path and the bytes that the client sent; the ledger has one row, of a compaction."""
    asked = FORMS[name]
    async with lab(tmp_path) as stage:
        assert (await send(stage, asked.turn))[0] == 200
        home = calls(stage, "/responses")[0].account
        away = next(account for account in stage.ids if account != home)
        await other_sessions(stage, 1)
        before = len(stage.simulator.log)
        if fault := TROUBLE[trouble]:
            stage.simulator.script(Fault(account=home, path=asked.path, **fault))

        status, body = await send(stage, asked.compaction)

        assert status == 200
        assert b"encrypted_content" in body
        row = await stage.last_row(3)
        made = [entry for entry in stage.simulator.log[before:] if entry.path != "/oauth/token"]
        assert {(entry.method, entry.path, entry.body) for entry in made} == {
            ("POST", asked.path, asked.compaction.body)
        }
        assert [entry.account for entry in made][:1] == [home]
        assert made[-1].account == (away if fault else home)
        assert (row.kind, row.path, row.outcome, row.status) == ("compact", asked.path, "completed", 200)
        assert row.account_id == stage.ids[str(made[-1].account)]
        assert len([one for one in stage.rows() if one.kind == "compact"]) == 1
        assert row.tokens.input


@pytest.mark.parametrize("name", FORMS)
async def test_a_compaction_belongs_to_its_session(tmp_path: Path, name: str) -> None:
    """Of the two versions that do not say which one it is, the transcript tells."""
    asked = FORMS[name]
    async with lab(tmp_path) as stage:
        assert (await send(stage, asked.turn))[0] == 200
        await other_sessions(stage, 3)
        assert (await send(stage, asked.compaction))[0] == 200
        row = await stage.last_row(5)
        first = stage.rows()[-1]

    assert first.session
    assert (row.session, row.account_id) == (first.session, first.account_id)


@pytest.mark.parametrize("name", [name for name in FORMS if name != "0.105 with a login"])
async def test_what_follows_a_compaction_stays_where_that_was_served(tmp_path: Path, name: str) -> None:
    """Its account alone can open what it sealed."""
    asked = FORMS[name]
    async with lab(tmp_path) as stage:
        assert (await send(stage, asked.turn))[0] == 200
        home = calls(stage, "/responses")[0].account
        stage.simulator.script(Fault(account=home, path=asked.path, **error(429, "slow_down", {"retry-after": "1"})))
        assert (await send(stage, asked.compaction))[0] == 200
        assert (await send(stage, asked.turn))[0] == 200
        sent = stage.simulator.log

    assert [entry.account == home for entry in sent] == [True, True, False, False]


async def test_a_compaction_that_goes_on_from_nothing_known_is_served_all_the_same(tmp_path: Path) -> None:
    """After a restart, say: of the turns before only their homes are left."""
    asked = FORMS["0.105, without a session"]
    async with lab(tmp_path) as stage:
        assert (await send(stage, asked.compaction))[0] == 200
        row = await stage.last_row()

    assert (row.kind, row.session, row.outcome) == ("compact", None, "completed")


async def test_a_compaction_never_belongs_to_the_session_of_another_key(tmp_path: Path) -> None:
    """Whoever sends the same transcript must not have a part in it, nor move it to where it is not cached."""
    asked = FORMS["0.105, without a session"]
    mine, other = (a_key(tmp_path, name) for name in ("mine", "other"))
    async with lab(tmp_path) as stage:
        assert (await send(stage, with_key(asked.turn, mine)))[0] == 200
        await stage.last_row()
        assert (await send(stage, with_key(asked.compaction, other)))[0] == 200
        await stage.last_row(2)
        assert (await send(stage, with_key(asked.compaction, mine)))[0] == 200
        await stage.last_row(3)
        by_key = [row.session for row in reversed(stage.rows())]

    assert by_key[0] and by_key == [by_key[0], None, by_key[0]]


async def test_a_compaction_that_fails_in_the_middle_of_its_stream_is_not_sent_again(tmp_path: Path) -> None:
    asked = FORMS["0.169, inside of /responses"]
    async with lab(tmp_path) as stage:
        stage.simulator.script(Fault(act=Act.CLOSE, at=Moment.OUTPUT, deltas=3))
        _, body = await send(stage, asked.compaction)
        row = await stage.last_row()

        assert len(stage.simulator.log) == 1
    assert b"response.completed" not in body
    assert (row.kind, row.outcome) == ("compact", "failed")


def with_key(request: CapturedRequest, plain: str) -> CapturedRequest:
    others = [header for header in request.headers if header[0].lower() != "authorization"]
    return replace(request, headers=(*others, ("authorization", f"Bearer {plain}")))


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "another model": ({"models": ("o9",)}, "model_not_allowed"),
    "another effort": ({"efforts": ("none",)}, "reasoning_effort_not_allowed"),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["0.169, inside of /responses", "0.136, an endpoint of its own"])
async def test_a_keys_rules_hold_for_a_compaction(tmp_path: Path, name: str, rule: str) -> None:
    rules, code = RULES[rule]
    plain = a_key(tmp_path, **rules)
    async with lab(tmp_path) as stage:
        status, body = await send(stage, with_key(FORMS[name].compaction, plain))

        assert (status, json.loads(body)["error"]["code"]) == (403, code)
        assert stage.simulator.log == []
        row = await stage.last_row()
    assert (row.kind, row.outcome) == ("compact", "refused")


@pytest.mark.parametrize("name", FORMS)
async def test_a_compaction_counts_against_its_keys_limits(tmp_path: Path, name: str) -> None:
    asked = with_key(FORMS[name].compaction, a_key(tmp_path, limits=(parse_limit("1tokens/day"),)))
    async with lab(tmp_path) as stage:
        assert (await send(stage, asked))[0] == 200
        await stage.last_row()
        status, body = await send(stage, asked)
        assert len(stage.simulator.log) == 1

    assert (status, json.loads(body)["error"]["code"]) == (429, "rate_limit_exceeded")
