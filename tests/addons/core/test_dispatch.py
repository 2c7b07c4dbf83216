"""Hooks called from a table are called as mitmproxy itself calls them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from mitmproxy.addonmanager import AddonManager
from mitmproxy.exceptions import AddonHalt
from mitmproxy.hooks import DoneHook, RunningHook
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.layers.http import HttpResponseHook
from mitmproxy.proxy.server_hooks import ClientConnectedHook
from mitmproxy.test import tflow

from addons.core.dispatch import HookTable

Said = list[str]


class Defect(Exception):
    """What a defect raises."""


class Step:
    """An addon that says when it is called, and may hold others."""

    def __init__(self, name: str, said: Said, addons: Sequence[Any] = (), error: BaseException | None = None) -> None:
        self.name, self.addons = name, list(addons)

        def running() -> None:
            said.append(name)
            if error is not None:
                raise error

        self.running = running


class Later(Step):
    """The same, asynchronously: it goes on only when others had their turn."""

    def __init__(self, name: str, said: Said, error: BaseException | None = None) -> None:
        super().__init__(name, said)

        async def running() -> None:
            said.append(f"{name} begins")
            await asyncio.sleep(0)
            said.append(f"{name} ends")
            if error is not None:
                raise error

        self.running = running  # type: ignore[assignment]


class Silent:
    """An addon without the hook."""

    name = "silent"


def chains(said: Said) -> dict[str, list[Any]]:
    """Addons as a master gets them, by what is special about them."""
    return {
        "none": [],
        "order": [Step("a", said), Silent(), Step("b", said)],
        "container first": [Step("outer", said, [Step("a", said), Step("b", said)]), Step("c", said)],
        "asynchronous": [Later("a", said), Step("b", said)],
        "one raises": [Step("a", said, error=Defect()), Step("b", said)],
        "one of a container raises": [
            Step("outer", said, [Step("a", said, error=Defect()), Step("b", said)]),
            Step("c", said),
        ],
        "one raises later": [Step("outer", said, [Later("a", said, Defect()), Step("b", said)]), Step("c", said)],
        "one halts": [Step("a", said, error=AddonHalt()), Step("b", said)],
    }


async def calls(name: str, manager: Callable[[Master], AddonManager]) -> Said:
    """What the addons of a chain say when a hook is called twice."""
    said: Said = []
    master = Master(Options())
    master.addons = manager(master)
    master.addons.add(*chains(said)[name])
    for _ in range(2):
        await master.addons.trigger_event(RunningHook())
    return said


@pytest.mark.parametrize("name", chains([]))
async def test_the_same_functions_are_called_in_the_same_order(name: str, caplog: pytest.LogCaptureFixture) -> None:
    expected, logged = await calls(name, AddonManager), errors(caplog)
    caplog.clear()

    assert await calls(name, HookTable) == expected
    assert errors(caplog) == logged
    assert (not expected) is (name == "none")


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("name", chains([]))
async def test_a_hook_that_nobody_waits_in_is_called_at_once(name: str, caplog: pytest.LogCaptureFixture) -> None:
    said: Said = []
    addons = chains(said)[name]
    manager = HookTable(Master(Options()))
    manager.add(*addons)  # type: ignore[no-untyped-call]
    somebody_waits = name in ("asynchronous", "one raises later")

    assert manager.call_at_once(RunningHook()) is not somebody_waits
    assert said * 2 == ([] if somebody_waits else await calls(name, HookTable))


class OfFlows:
    """An addon that wants to know of flows."""

    name = "of flows"

    def __init__(self, *wanted: str) -> None:
        self.said: list[tuple[str, object]] = []
        for name in wanted:
            setattr(self, name, lambda subject, name=name: self.said.append((name, subject)))


@pytest.mark.parametrize("manager", [AddonManager, HookTable])
async def test_behind_a_hook_of_a_flow_all_are_told_that_it_has_changed(
    manager: Callable[[Master], AddonManager],
) -> None:
    addon, flow, client = OfFlows("response", "update", "client_connected"), tflow.tflow(), tflow.tclient_conn()
    master = Master(Options())
    master.addons = manager(master)
    master.addons.add(addon)
    for hook in (HttpResponseHook(flow), ClientConnectedHook(client)):
        await master.addons.handle_lifecycle(hook)

    assert addon.said == [("response", flow), ("update", [flow]), ("client_connected", client)]


async def test_an_addon_that_comes_later_is_called_too() -> None:
    said: Said = []
    master = Master(Options())
    master.addons = HookTable(master)
    master.addons.add(Step("a", said))  # type: ignore[no-untyped-call]
    await master.addons.trigger_event(RunningHook())

    master.addons.add(Step("b", said))  # type: ignore[no-untyped-call]
    await master.addons.trigger_event(RunningHook())
    await master.addons.trigger_event(DoneHook())

    assert said == ["a", "a", "b"]


async def test_a_cancelled_hook_stays_cancelled() -> None:
    said: Said = []
    master = Master(Options())
    master.addons = HookTable(master)
    master.addons.add(Later("a", said, asyncio.CancelledError()), Step("b", said))  # type: ignore[no-untyped-call]

    with pytest.raises(asyncio.CancelledError):
        await master.addons.trigger_event(RunningHook())
