"""Calls hooks without looking for them each time: mitmproxy asks every addon for every hook, twice a request.

Same order, same rules: an addon that raises is logged and its siblings in the same container are skipped.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from mitmproxy import exceptions, hooks
from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.master import Master

Group = list[Callable[..., Any]]
"""The functions for one hook of one addon and those below it, in order."""


class HookTable(AddonManager):
    """mitmproxy's addon manager, but it remembers who wants which hook: for a chain that stays as it was built."""

    def __init__(self, master: Master) -> None:
        super().__init__(master)  # type: ignore[no-untyped-call]
        self.table: dict[str, list[Group]] = {}

    def register(self, addon: Any) -> Any:
        """Called by mitmproxy for each addon that is added."""
        self.table.clear()
        return super().register(addon)  # type: ignore[no-untyped-call]

    def groups(self, event: hooks.Hook) -> list[Group]:
        """Who wants this hook."""
        if event.name not in self.table:
            found = ([function for _, function in self._iter_hooks(addon, event)] for addon in self.chain)
            self.table[event.name] = [group for group in found if group]
        return self.table[event.name]

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Called by mitmproxy for each hook."""
        arguments = event.args()
        for group in self.groups(event):
            try:
                with safecall():
                    for function in group:
                        result = function(*arguments)
                        if result is not None and inspect.isawaitable(result):
                            await result
            except exceptions.AddonHalt:
                return
