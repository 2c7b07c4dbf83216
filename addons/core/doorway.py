"""The time a client has to say its first word, or in HTTP/2 its next request; mitmproxy asks no layer of ours before
that, and waits ten minutes, or longer for who sends frames that mean nothing."""

from __future__ import annotations

import asyncio

from mitmproxy import ctx
from mitmproxy.connection import Client


class Doorway:
    """The clients that ask for nothing at the time, each with a timer that ends when they do."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.TimerHandle] = {}
        self.closing: set[asyncio.Task[None]] = set()

    def enter(self, client: Client, seconds: float) -> None:
        """A client has connected, or is done, and has so long to speak."""
        self.leave(client)
        loop = asyncio.get_running_loop()
        self.waiting[client.id] = loop.call_later(seconds, self.turn_out, client.id)

    def leave(self, client: Client) -> None:
        """It spoke, or it went away."""
        if timer := self.waiting.pop(client.id, None):
            timer.cancel()

    def turn_out(self, client_id: str) -> None:
        """Its time is over: close its connection as mitmproxy does with one that has been idle."""
        self.waiting.pop(client_id, None)
        handler = ctx.master.addons.get("proxyserver").connections.get(client_id)
        if handler is not None:
            task = asyncio.get_running_loop().create_task(handler.on_timeout())
            self.closing.add(task)
            task.add_done_callback(self.closing.discard)
