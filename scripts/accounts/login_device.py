"""A login from another device: a code is shown and counted down, the issuer is asked until somebody has decided."""

from __future__ import annotations

import asyncio
import contextlib
import math

from rich.console import Console

from addons.upkeep.login_calls import LoginCalls, LoginError
from addons.wire.device_logins import DEVICE_CALLBACK_PATH, DEVICE_PAGE_PATH, DeviceCode, Grant, Wait
from addons.wire.tokens import NewTokens

LIMIT_SECONDS = 900.0
"""How long such a code is good."""

SLOWER_SECONDS = 5.0
"""What RFC 8628 adds to the interval each time the issuer finds that we ask too often."""

REFRESH_SECONDS, LINE_SECONDS = 0.5, 60.0
"""How often the countdown is drawn anew; how often there is a line where nothing can be drawn over."""


def left(seconds: float) -> str:
    """A countdown as people read it: 14:32."""
    whole = max(0, math.ceil(seconds))
    return f"{whole // 60}:{whole % 60:02}"


def longer(pause_seconds: float, answer: Wait) -> float:
    """How long to wait before the next question, after one with this answer."""
    match answer:
        case Wait.PENDING:
            return pause_seconds
        case Wait.SLOW_DOWN:
            return pause_seconds + SLOWER_SECONDS


class DeviceLogin:
    """One login, shown on a console."""

    def __init__(self, calls: LoginCalls, console: Console, limit_seconds: float = LIMIT_SECONDS) -> None:
        self.calls = calls
        self.console = console
        self.limit_seconds = limit_seconds

    async def run(self) -> NewTokens:
        """The tokens; raises LoginError."""
        device = await self.calls.device_code()
        self.invite(device)
        counting = asyncio.create_task(self.count_down(asyncio.get_running_loop().time() + self.limit_seconds))
        try:
            grant = await self.decision(device)
        finally:
            counting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await counting
        return await self.calls.redeem(grant.code, self.calls.issuer.url + DEVICE_CALLBACK_PATH, grant.verifier)

    def invite(self, device: DeviceCode) -> None:
        """Say what to do."""
        self.console.print("Open this on any device and log in:")
        self.console.print(f"\n{self.calls.issuer.url}{DEVICE_PAGE_PATH}\n", soft_wrap=True)
        self.console.print("Type this code there, and give it to nobody:")
        self.console.print(f"\n{device.user_code}\n", style="bold")

    async def decision(self, device: DeviceCode) -> Grant:
        """Ask until there is one; raises LoginError."""
        pause = device.interval_seconds
        try:
            async with asyncio.timeout(self.limit_seconds):
                while not isinstance(answer := await self.calls.device_answer(device), Grant):
                    pause = longer(pause, answer)
                    await asyncio.sleep(pause)
                return answer
        except TimeoutError:
            waited = f"{self.limit_seconds / 60:g} minutes"
            raise LoginError(
                f"Nobody typed the code within {waited}: run `codexlb accounts login --device` for a new one."
            ) from None

    async def count_down(self, deadline: float) -> None:
        """Show what is left until cancelled; `deadline` is the event loop's time."""
        loop = asyncio.get_running_loop()
        if not self.console.is_interactive:
            while True:
                self.console.print(f"Waiting, {left(deadline - loop.time())} left.")
                await asyncio.sleep(LINE_SECONDS)
        with self.console.status("") as status:
            while True:
                status.update(f"Waiting for you to log in there, {left(deadline - loop.time())} left")
                await asyncio.sleep(REFRESH_SECONDS)
