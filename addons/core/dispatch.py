"""Calls hooks without looking for them each time: mitmproxy asks every addon for every hook, twice a request.

Same order, same rules: an addon that raises is logged and its siblings in the same container are skipped.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from mitmproxy import exceptions, hooks
from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.flow import Flow
from mitmproxy.master import Master

Group = list[Callable[..., Any]]
"""The functions for one hook of one addon and those below it, in order."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who wants a hook, the names of what it brings, and whether none of them can make the caller wait."""

    groups: tuple[Group, ...]
    arguments: tuple[str, ...]
    is_swift: bool

    def arguments_of(self, event: hooks.Hook) -> list[Any]:
        """What it brings; mitmproxy's own way to say so goes through the fields of the class each time."""
        return [getattr(event, name) for name in self.arguments]


class HookTable(AddonManager):
    """mitmproxy's addon manager, but it remembers who wants which hook: for a chain that stays as it was built."""

    def __init__(self, master: Master) -> None:
        super().__init__(master)  # type: ignore[no-untyped-call]
        self.table: dict[str, Audience] = {}

    def register(self, addon: Any) -> Any:
        """Called by mitmproxy for each addon that is added."""
        self.table.clear()
        return super().register(addon)  # type: ignore[no-untyped-call]

    def audience(self, event: hooks.Hook) -> Audience:
        """Who wants this hook."""
        if event.name not in self.table:
            groups = tuple(self._groups(event))
            is_swift = not any(inspect.iscoroutinefunction(function) for group in groups for function in group)
            arguments = tuple(field.name for field in fields(event))  # type: ignore[arg-type] # each hook is a dataclass
            self.table[event.name] = Audience(groups, arguments, is_swift)
        return self.table[event.name]

    def _groups(self, event: hooks.Hook) -> Iterator[Group]:
        for addon in self.chain:
            if group := [function for _, function in self._iter_hooks(addon, event)]:
                yield group

    def call_at_once(self, event: hooks.Hook) -> bool:
        """Call a hook without a task of its own, which costs more than most hooks do; False where somebody who wants
        it may wait for something, and then nothing is called."""
        audience = self.audience(event)
        if not audience.is_swift:
            return False
        arguments = audience.arguments_of(event)
        for group in audience.groups:
            try:
                for function in group:
                    function(*arguments)
            except exceptions.AddonHalt:
                break
            except Exception:
                with safecall():  # it has the words for it
                    raise
        return True

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Called by mitmproxy for most hooks; behind those of a flow it tells everybody that the flow has changed."""
        await self.trigger_event(event)
        [subject] = event.args()
        if isinstance(subject, Flow) and self.audience(update := hooks.UpdateHook([subject])).groups:
            await self.trigger_event(update)

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Called by mitmproxy for each hook."""
        if self.call_at_once(event):
            return
        audience = self.audience(event)
        arguments = audience.arguments_of(event)
        for group in audience.groups:
            try:
                with safecall():
                    for function in group:
                        result = function(*arguments)
                        if result is not None and inspect.isawaitable(result):
                            await result
            except exceptions.AddonHalt:
                return
