"""Who connects has a while to say the first word; a timer is kept for that long and no longer."""

from __future__ import annotations

import asyncio

import pytest
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import ConnectionState
from mitmproxy.test import taddons, tflow

from addons.core.codex_core import CodexCore
from addons.core.doorway import Doorway
from addons.core.limits import Limits
from addons.exchange import Exchanges


@pytest.mark.parametrize("how", ["speaks", "leaves"])
async def test_who_speaks_or_leaves_is_not_waited_for(how: str) -> None:
    client, core = tflow.tclient_conn(), CodexCore(Exchanges(), Limits(greeting_seconds=3600))
    core.client_connected(client)
    (timer,) = core.doorway.waiting.values()

    if how == "speaks":
        core.greeted(client)
    else:
        await core.client_disconnected(client)

    assert (core.doorway.waiting, timer.cancelled()) == ({}, True)


async def test_a_client_that_rests_has_a_while_for_its_next_request() -> None:
    client, core = tflow.tclient_conn(), CodexCore(Exchanges())
    for _ in range(2):
        core.rests(client)
    (timer,) = core.doorway.waiting.values()
    core.greeted(client)
    assert (core.doorway.waiting, timer.cancelled()) == ({}, True)

    client.state = ConnectionState.CLOSED
    core.rests(client)
    assert core.doorway.waiting == {}


async def test_who_speaks_later_is_not_missed() -> None:
    Doorway().leave(tflow.tclient_conn())


async def test_who_has_gone_as_the_time_is_over_is_not_missed() -> None:
    listener, doorway = Proxyserver(), Doorway()
    with taddons.context(listener):
        doorway.enter(tflow.tclient_conn(), 0)
        while doorway.waiting:
            await asyncio.sleep(0)
    assert not doorway.closing
