"""Ports for the programs that tests start; tests run side by side, and none may meet another's program."""

from __future__ import annotations

import contextlib
import random
import socket
from collections import deque

FIRST_PORT, LAST_PORT = 10_000, 19_999
"""Below those that the system gives to outgoing connections, and those that the project's own programs choose."""

HELD = 64
"""More than one process hands out before the first of them is listened on."""

_holders: deque[socket.socket] = deque()


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on, and that no other process is given for as long as it is held here.

    It is bound, but not listened on: connections to it are refused, and a program that asks to reuse its address, as
    servers do, may listen there.
    """
    while len(_holders) >= HELD:
        _holders.popleft().close()
    while True:
        with contextlib.suppress(OSError), contextlib.ExitStack() as undo:
            holder = undo.enter_context(socket.socket())
            # Whoever else is looking for a port does not ask to reuse it at first, and is told that it is taken.
            holder.bind(("127.0.0.1", random.randint(FIRST_PORT, LAST_PORT)))
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            undo.pop_all()
            _holders.append(holder)
            port: int = holder.getsockname()[1]
            return port
