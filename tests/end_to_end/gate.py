"""A gate before the issuer: connections come and wait in front of it until it is opened."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from tests.end_to_end.relay import RecordingRelay


class Gate(RecordingRelay):
    """Passes connections on to `origin` once it is open; who still waits at the end of the block is turned away."""

    def __init__(self, origin: str) -> None:
        where = urlsplit(origin)
        assert where.hostname and where.port
        super().__init__((where.hostname, where.port))
        self.arrived = 0
        self._is_open = False
        self._decided = threading.Event()

    def open(self) -> None:
        """Let all in, now and from now on."""
        self._is_open = True
        self._decided.set()

    def __exit__(self, *error: object) -> None:
        self._decided.set()
        super().__exit__(*error)

    def finish_request(self, request: Any, client_address: object) -> None:
        self.arrived += 1
        self._decided.wait()
        if self._is_open:
            super().finish_request(request, client_address)
