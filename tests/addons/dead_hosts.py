"""Hosts that are there for nobody: origins whose dial hangs."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

FILLERS = 4


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """A listener whose queue is full drops what comes: the system itself would wait for minutes."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(FILLERS):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def mute() -> Iterator[str]:
    """A listener that nobody serves: the connection stands, and the TLS handshake gets no answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


HANGING: dict[str, Callable[[], AbstractContextManager[str]]] = {"the connection": black_hole, "TLS": mute}
"""What a dial may hang in."""
