"""Thousands of requests through three proxies on one data folder, of which two are killed: what was planned goes in,
what everybody wrote down comes out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from codexlb_store.schema import open_store
from tests.addons.key_lab import a_key, bearer
from tests.end_to_end.crowd import crowd, until
from tests.end_to_end.exact_crowd import Calls, Clients, Killed
from tests.end_to_end.exact_plan import ALLOWED, Planned, held
from tests.end_to_end.stage import Serve, Stage, another_proxy
from tests.end_to_end.test_limits import known

AT_A_TIME = 48
HELD = 10
"""Requests that stream at a kill for certain, beside those that happen to."""

KILLS = 2
PATIENCE_SECONDS = 60


def streaming(setting: Stage, requests: Sequence[Planned]) -> int:
    """How many of these have a row that is open."""
    names = [request.name for request in requests]
    question = f"SELECT count(*) FROM exchanges WHERE outcome IS NULL AND client IN ({', '.join('?' * len(names))})"
    with contextlib.closing(open_store(setting.home)) as db:
        return int(db.execute(question, names).fetchone()[0])


async def make_keys(setting: Stage) -> tuple[str, str]:
    """A client key that may ask for all, and one for a single model, known to the proxy."""
    keys = a_key(setting.home, "good"), a_key(setting.home, "narrow", models=(ALLOWED,))
    for key in keys:
        async with crowd(setting.proxy.origin) as clients:
            clients.session.headers.update(bearer(key))
            await known(clients)
    return keys


async def run_until_killed(setting: Stage, clients: Clients, proxy: Serve, over: int, staying: list[Planned]) -> Killed:
    """Kill the proxy when so many are over, while these stream and all others are at whatever they are at."""
    before = len(clients.seen)
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        running = group.create_task(clients.run(proxy, AT_A_TIME))
        assert await until(lambda: len(clients.seen) >= over, PATIENCE_SECONDS)
        await clients.hold(staying, group)
        assert await until(lambda: streaming(setting, staying) == len(staying)), "a request that streams has no row"
        assert not running.done(), "all was over before the kill"
        at = clients.kill()
    return Killed([seen.request.name for seen in clients.seen[before:]], at)


async def play(setting: Stage, planned: Sequence[Planned]) -> tuple[Clients, list[Killed]]:
    """All that is planned, to the end of the last proxy."""
    stays = [held(f"held at kill {number}", HELD) for number in range(KILLS)]
    setting.simulator.script(*(fault for requests in (planned, *stays) for one in requests for fault in one.faults))
    calls = Calls(setting.simulator)
    clients, killed, proxy = Clients(planned, await make_keys(setting), calls), [], setting.proxy
    with contextlib.ExitStack() as started:
        async with calls.watched():
            for number, staying in enumerate(stays, 1):
                over = number * len(planned) // (KILLS + 1)
                killed.append(await run_until_killed(setting, clients, proxy, over, staying))
                proxy = started.enter_context(another_proxy(setting))
            await clients.run(proxy, AT_A_TIME)
        proxy.stop()
    return clients, killed
