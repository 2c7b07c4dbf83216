"""Joins what one read from the upstream brought, so that a burst of events costs as much as one.

Nothing waits: all commands of one read are made before the loop turns, so a joined piece leaves at the same time as
the last of its parts would have. The bytes and their order stay; only the lengths of HTTP chunks differ.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import http as core
from mitmproxy.proxy.layers.http import ReceiveHttp

MOST_JOINED_BYTES = 16 * 1024
"""A larger write is worth a system call of its own; to join it would copy it once more."""

Commands: TypeAlias = Generator[commands.Command, Any, None]


def discreet(log: commands.Log) -> commands.Log:
    """mitmproxy logs the bytes of a head that never ended, credentials and all."""
    message, quoted, _ = log.message.partition(": b'")
    return commands.Log(message + " (not shown)", log.level) if quoted else log


class Flush(commands.Command):
    """What was written leaves before anything else is done."""


def join_writes(source: Commands) -> Commands:
    """Pass commands on; consecutive writes to one connection become one."""
    parts: list[bytes] = []
    target: Any = None
    reply = None
    while True:
        try:
            command = source.send(reply)
        except StopIteration:
            break
        reply = None
        is_write = type(command) is commands.SendData and len(command.data) <= MOST_JOINED_BYTES
        if target is not None and not (is_write and command.connection is target):  # type: ignore[attr-defined]
            yield commands.SendData(target, b"".join(parts))
            target, parts = None, []
        if is_write:
            target = command.connection  # type: ignore[attr-defined]
            parts.append(command.data)  # type: ignore[attr-defined]
        elif type(command) is not Flush:
            reply = yield (discreet(command) if type(command) is commands.Log else command)
    if target is not None:
        yield commands.SendData(target, b"".join(parts))


def is_data(command: commands.Command) -> bool:
    """Whether a command carries a piece of an answer's body."""
    return type(command) is ReceiveHttp and type(command.event) is core.ResponseData


def join_data(child: Any, event: events.Event) -> Commands:
    """What a layer makes of an event; consecutive pieces of one answer become one."""
    held: Any = None
    parts: list[bytes] = []
    for command in child.handle_event(event):
        if held is not None and is_data(command) and command.event.stream_id == held.stream_id:
            parts.append(command.event.data)
            continue
        if held is not None:
            yield ReceiveHttp(core.ResponseData(held.stream_id, b"".join(parts)))
            held = None
        if is_data(command):
            held = command.event
            parts = [held.data]
        else:
            yield command
    if held is not None:
        yield ReceiveHttp(core.ResponseData(held.stream_id, b"".join(parts)))


class Joined:
    """Stands before an upstream connection's layer and joins the pieces it makes of one read."""

    def __init__(self, child: Any) -> None:
        self.child = child

    def handle_event(self, event: events.Event) -> Commands:
        """As the layer's own."""
        return join_data(self.child, event)
