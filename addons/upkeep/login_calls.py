"""What a login asks the issuer: a code goes in and tokens come out, a device is announced and asked about."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from addons.upkeep.calls import CallError, Calls, Reply
from addons.wire.device_logins import (
    DEVICE_CODE_PATH,
    DEVICE_TOKEN_PATH,
    DeviceCode,
    Grant,
    Wait,
    device_code_request,
    device_token_request,
    read_device_answer,
    read_device_code,
)
from addons.wire.logins import TOKEN_PATH, LoginProblem, redemption
from addons.wire.origins import Origin
from addons.wire.tokens import NewTokens, RefreshProblem, read_refresh_answer

ISSUER_SECONDS = 10.0
"""How long an answer may take."""

FORM, JSON = "application/x-www-form-urlencoded", "application/json"

WHY = {
    "timeout": "did not answer in time",
    "unreachable": "could not be reached",
    "too_long": "gave an answer that is too long",
}
"""What became of a call, in words."""


class LoginError(Exception):
    """A login came to nothing; the message is one whole sentence without any secret."""


class LoginCalls:
    """Asks one issuer, while it is entered."""

    def __init__(self, issuer: Origin, issuer_seconds: float = ISSUER_SECONDS) -> None:
        self.issuer = issuer
        self.issuer_seconds = issuer_seconds
        self.calls = Calls()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.calls.close()

    async def redeem(self, code: str, redirect_uri: str, verifier: str) -> NewTokens:
        """The tokens for a code; raises LoginError."""
        reply = await self.ask(TOKEN_PATH, redemption(code, redirect_uri, verifier), FORM)
        answer = read_refresh_answer(reply.status, reply.body)
        if isinstance(answer, RefreshProblem):  # in no more words: the issuer's could hold the code
            raise LoginError(f"{self.issuer.url} gave no tokens for this login ({answer.code}): log in again.")
        return answer

    async def device_code(self) -> DeviceCode:
        """Begin a device login; raises LoginError."""
        reply = await self.ask(DEVICE_CODE_PATH, device_code_request(), JSON)
        answer = read_device_code(reply.status, reply.body)
        if isinstance(answer, LoginProblem):
            raise LoginError(f"{self.issuer.url} gives no code for a device ({answer}): log in with a browser instead.")
        return answer

    async def device_answer(self, device: DeviceCode) -> Grant | Wait:
        """What the person has decided; no answer may be one later. Raises LoginError when it is over."""
        try:
            reply = await self.post(DEVICE_TOKEN_PATH, device_token_request(device), JSON)
        except CallError:
            return Wait.PENDING
        answer = read_device_answer(reply.status, reply.body)
        if isinstance(answer, LoginProblem):
            raise LoginError(f"The login was refused ({answer}): nothing was changed.")
        return answer

    async def ask(self, path: str, body: bytes, kind: str) -> Reply:
        """As `post`; raises LoginError when there is no answer."""
        try:
            return await self.post(path, body, kind)
        except CallError as error:
            raise LoginError(
                f"{self.issuer.url} {WHY[error.code]}, so the login was not finished: log in again."
            ) from error

    async def post(self, path: str, body: bytes, kind: str) -> Reply:
        """The issuer's answer; raises CallError."""
        return await self.calls.post(self.issuer.url + path, {"content-type": kind}, body, self.issuer_seconds)
