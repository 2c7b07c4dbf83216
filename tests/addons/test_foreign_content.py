"""What one account sealed and another cannot open: whoever can is found, and when nobody may, the truth is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Fault
from scripts.simulator.seals import seal
from tests.addons.test_failover import LIMIT, Lab, error, lab

SEALED_BY_NOBODY_HERE = "codex-lb-has-never-seen-this"


def behind_a_compaction(owner: str) -> bytes:
    """A turn whose history is what this account has sealed."""
    held: list[dict[str, Any]] = [
        {"type": "compaction", "encrypted_content": seal(owner, "compaction/1")},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go on"}]},
    ]
    return json.dumps({"model": "gpt-5.5", "stream": True, "store": False, "input": held}).encode()


def picky(stage: Lab, *names: str) -> None:
    for name in names:
        stage.simulator.change(name, AccountChange(rejects_foreign_content=True))


def served(stage: Lab) -> list[str | None]:
    return [entry.account for entry in stage.simulator.log if entry.path.endswith("/responses")]


async def test_whoever_can_open_it_is_found_without_knowing_who_sealed_it(tmp_path: Path) -> None:
    """As after a restart, for a client that names no session."""
    async with lab(tmp_path, "x,y,z") as stage:
        picky(stage, "x", "y", "z")
        in_order = sorted(stage.ids, key=lambda name: stage.ids[name])

        status, body = await stage.turn("unknown", behind_a_compaction(in_order[2]))
        row = await stage.last_row()

        assert (status, b"response.completed" in body) == (200, True)
        assert served(stage) == in_order
        assert [attempt.failure for attempt in row.attempts] == ["invalid_encrypted_content"] * 2 + [None]
        assert {str(stage.status(name)) for name in stage.ids} == {"active"}


async def test_while_the_one_that_sealed_it_is_used_up_its_reset_is_told(tmp_path: Path) -> None:
    async with lab(tmp_path, "x,y,z") as stage:
        assert (await stage.turn("s1"))[0] == 200
        home = str(served(stage)[0])
        picky(stage, *stage.ids)
        stage.simulator.script(Fault(account=home, **error(429, **LIMIT)))

        status, body = await stage.turn("s1", behind_a_compaction(home))
        told = json.loads(body)["error"]
        row = await stage.last_row(2)

        assert (status, told["type"], told["resets_at"]) == (429, "usage_limit_reached", LIMIT["resets_at"])
        assert "sealed a part of this session" in told["message"]
        assert [attempt.failure for attempt in row.attempts] == [
            "usage_limit_reached", "invalid_encrypted_content", "invalid_encrypted_content",
        ]  # fmt: skip
        again, _ = await stage.turn("s1", behind_a_compaction(home))
        assert again == 429


async def test_what_nobody_can_open_is_the_upstreams_own_word(tmp_path: Path) -> None:
    """The account that sealed it is not in the pool."""
    async with lab(tmp_path, "x,y") as stage:
        picky(stage, "x", "y")

        status, body = await stage.turn("s1", behind_a_compaction(SEALED_BY_NOBODY_HERE))

        assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_encrypted_content")
        assert sorted(map(str, served(stage))) == ["x", "y"]
