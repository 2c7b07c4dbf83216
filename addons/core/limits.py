"""How much patience a client's connection is met with; without limits a few slow clients could hold every socket."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds. An honest client is far from all of them, on a slow line too."""

    greeting_seconds: float = 30.0
    """From the connection to its first byte, a TLS handshake included. Browsers open some connections ahead of need."""

    head_seconds: float = 10.0
    """From a head's first byte to its last: it is one packet or two."""

    body_seconds: float = 30.0
    """From the head to the last byte of the body, and longer by what came of it."""

    body_bytes_per_second: int = 4 * 1024
    """What counts as coming along: 20 MB over a line of 1 Mbit/s come thirty times faster."""

    quiet_seconds: float = 600.0
    """For an HTTP/2 connection between two requests, whatever else it says: what it was opened for may be long over."""

    linger_seconds: float = 3.0
    """For a client to read why it is cut off. Closed at once, the system would drop what it has not read yet."""

    ahead_bytes: int = 64 * 1024
    """Of further requests that a client sends before it has an answer; Codex sends none."""

    def body_allowance(self, received_bytes: int) -> float:
        """How long a body may have taken once so much of it is there."""
        return self.body_seconds + received_bytes / self.body_bytes_per_second


LIMITS = Limits()
