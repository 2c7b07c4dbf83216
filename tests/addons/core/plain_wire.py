"""The chain's part in the layer's tests: a fake that lets everything pass, unless it is told otherwise."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.proxy import commands

from addons.core.limits import LIMITS

LONG_SECONDS = 3600.0


class PlainWire:
    """What a chain would answer the layer: everything may leave, and no limit is near."""

    def __init__(self) -> None:
        self.limit(LONG_SECONDS)
        self.refusals: deque[http.Response | None] = deque()
        self.withheld: http.Response | None = None
        self.credentials: deque[bool] = deque()
        self.sent = 0
        self.small_body_bytes = 0
        self.limits = LIMITS
        self.greetings = 0
        self.clients = 0
        self.rested = 0
        self.quotable: tuple[bytes, ...] = ()
        self.whole_is_due: float | None = None
        self.at_once: Callable[[commands.StartHook], bool] | None = None

    def limit(self, seconds: float) -> None:
        """How long every wait may take from now on; with 0 all have taken too long."""
        self.hold_seconds = self.idle_seconds = self.wait_seconds = seconds

    def joined(self, client: Client) -> None:
        self.clients += 1

    def parted(self, client: Client) -> None:
        self.clients -= 1

    def greeted(self, client: Client) -> None:
        self.greetings += 1

    def rests(self, client: Client) -> None:
        self.rested += 1

    def take_in(self, flow: http.HTTPFlow, size: int) -> http.Response | None:
        return None

    def dial_seconds(self, flow: http.HTTPFlow) -> float:
        return self.wait_seconds

    def head_seconds(self, flow: http.HTTPFlow) -> float:
        return self.wait_seconds

    def whole_seconds(self, flow: http.HTTPFlow) -> float | None:
        return self.whole_is_due

    def refuse(self, flow: http.HTTPFlow) -> http.Response | None:
        return self.refusals.popleft() if self.refusals else None

    def has_credential(self, flow: http.HTTPFlow) -> bool:
        return self.credentials.popleft() if self.credentials else True

    def on_wire(self, flow: http.HTTPFlow) -> http.Request:
        self.sent += 1
        head = flow.request.copy()
        head.data.content = None
        head.headers["authorization"] = f"Bearer {self.sent}"
        return head

    def withhold(self, flow: http.HTTPFlow) -> http.Response | None:
        return self.withheld

    def secrets(self, flow: http.HTTPFlow) -> tuple[bytes, ...]:
        return self.quotable

    def call(self, hook: commands.StartHook) -> bool:
        return self.at_once is not None and self.at_once(hook)

    def cookie(self, flow: http.HTTPFlow) -> bytes | None:
        return None

    def explain(self, status: int, message: str) -> http.Response:
        return http.Response.make(status, f'{{"explained":"{message}"}}', {"content-type": "application/json"})
