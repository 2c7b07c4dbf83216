"""What a person changes with `codexlb accounts` while a proxy runs: it takes effect there, without a restart."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from codexlb_store.schema import open_store
from codexlb_store.usage import Dimension, usage
from scripts.simulator.account import AccountChange, WindowChange
from tests.end_to_end.crowd import Crowd, crowd
from tests.end_to_end.stage import Stage, codexlb, stage

SECONDS = 20
"""Changes are seen within half a second; a busy machine may take longer."""

IN_A_ROW = 4
"""So many sessions in turn do not go to one account unless the other is out."""


@dataclass(frozen=True, slots=True)
class Live:
    """A proxy before two accounts, x and y, that take turns; and clients of it."""

    setting: Stage
    clients: Crowd

    async def accounts(self, *words: str) -> str:
        """Runs `codexlb accounts WORDS` beside the proxy."""
        return await asyncio.to_thread(codexlb, self.setting.folder, "accounts", *words)

    async def served_by(self, session: str | None = None) -> str | None:
        """The account that serves a turn; of a new session, unless one is named."""
        said = await self.clients.turn(session)
        assert said.status == 200, said.body
        calls = await asyncio.to_thread(self.setting.calls)
        return calls[-1].account

    async def all_served_by(self, name: str, count: int = IN_A_ROW) -> bool:
        """Whether so many new sessions in a row go to this account."""
        for _ in range(count):
            if await self.served_by() != name:
                return False
        return True

    def origins(self) -> tuple[str, ...]:
        origin = self.setting.simulator.origin
        return ("--issuer", origin, "--upstream", origin)


@contextlib.asynccontextmanager
async def live(folder: Path, *settings: str) -> AsyncIterator[Live]:
    with stage(folder, "x:plus,y:plus", *settings) as setting:
        async with crowd(setting.proxy.origin) as clients:
            yield Live(setting, clients)


async def soon(holds: Callable[[], Awaitable[bool]]) -> None:
    """Tries until it is so; fails when that takes too long."""
    deadline = time.monotonic() + SECONDS
    while not await holds():
        assert time.monotonic() < deadline, "the proxy has not noticed"


async def test_a_paused_account_is_left_alone_until_it_is_resumed(tmp_path: Path) -> None:
    async with live(tmp_path) as it:
        await it.accounts("pause", "x")
        await soon(lambda: it.all_served_by("y"))
        assert await it.all_served_by("y")

        await it.accounts("resume", "x")
        await soon(lambda: _is(it.served_by(), "x"))


async def test_a_draining_account_keeps_its_warm_sessions_and_takes_no_new_one(tmp_path: Path) -> None:
    async with live(tmp_path) as it:
        homes = {await it.served_by(session): session for session in ("one", "two")}
        assert homes.keys() == {"x", "y"}

        await it.accounts("drain", "x")
        await soon(lambda: it.all_served_by("y"))

        assert [await it.served_by(homes["x"]) for _ in range(2)] == ["x", "x"]
        assert await it.all_served_by("y")


async def test_a_removed_account_is_gone_and_what_it_used_is_not(tmp_path: Path) -> None:
    async with live(tmp_path) as it:
        served = {await it.served_by() for _ in range(2)}
        assert served == {"x", "y"}

        await it.accounts("remove", "x", "--yes")
        await soon(lambda: it.all_served_by("y"))

        assert [record["email"] for record in json.loads(await it.accounts("list", "--json"))] == ["y@example.com"]
        it.setting.proxy.stop()
        with contextlib.closing(open_store(it.setting.home)) as db:
            assert len(usage(db, (Dimension.ACCOUNT,))) == 2


async def test_a_weight_moves_the_new_sessions(tmp_path: Path) -> None:
    async with live(tmp_path, "codexlb_strategy=capacity_weighted") as it:
        await it.accounts("weight", "x", "100")
        await it.accounts("weight", "y", "0.001")

        await soon(lambda: it.all_served_by("x", count=20))


async def test_tokens_that_the_command_refreshed_are_the_proxys_too(tmp_path: Path) -> None:
    """One refresh is made, by whoever comes first; the old access tokens are no good any more."""
    async with live(tmp_path) as it:
        await asyncio.to_thread(it.setting.simulator.change, "x", AccountChange(access_tokens="revoked"))

        said = await it.accounts("refresh", "x", *it.origins()[:2])
        assert said.startswith("Refreshed x@example.com")

        assert {await it.served_by() for _ in range(4)} == {"x", "y"}
        entries = await asyncio.to_thread(it.setting.simulator.log)
        assert [entry.account for entry in entries if entry.path == "/oauth/token"] == ["x"]


async def test_what_a_check_found_is_known_to_the_proxy(tmp_path: Path) -> None:
    """It never asks the account whose window is full."""
    async with live(tmp_path) as it:
        full = WindowChange(minutes=300, used_percent=100, resets_in_seconds=7200)
        await asyncio.to_thread(it.setting.simulator.change, "x", AccountChange(windows=(full,)))

        shown = await it.accounts("check", *it.origins())
        assert "limited (5 h) until" in shown

        await soon(lambda: it.all_served_by("y"))
        assert await it.all_served_by("y")


async def _is(found: Awaitable[str | None], name: str) -> bool:
    return await found == name
