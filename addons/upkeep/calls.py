"""HTTP calls on the pool's own behalf: one request goes out, its whole answer or why there is none comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

USER_AGENT = "codex-cli"
"""What Codex calls itself when it asks for usage."""

MOST_ANSWER_BYTES = 4 << 20
"""The list of models has some hundred thousand bytes, every other answer a few thousand."""


class CallError(Exception):
    """There was no answer, or not all of it; the code is `timeout`, `unreachable` or `too_long`."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There was no answer: {code}.")
        self.code = code


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; its body may hold tokens. Names of headers may be written in any case."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


class Calls:
    """Each call has a connection of its own, so that none breaks because a server has just closed an idle one.

    Cookies are not kept: they would tell the upstream which accounts belong together.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, headers: Mapping[str, str], patience_seconds: float) -> Reply:
        """Raises CallError."""
        return await self._call("GET", url, headers, None, patience_seconds)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, patience_seconds: float) -> Reply:
        """Raises CallError."""
        return await self._call("POST", url, headers, body, patience_seconds)

    async def close(self) -> None:
        """End what is under way."""
        if self._session:
            await self._session.close()

    async def _call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, patience_seconds: float
    ) -> Reply:
        timeout = aiohttp.ClientTimeout(total=patience_seconds)
        try:
            async with self._opened().request(
                method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                return Reply(response.status, await _read(response), response.headers)
        except TimeoutError as error:
            raise CallError("timeout") from error
        except (aiohttp.ClientError, UnicodeError) as error:  # the latter for a host such as a..b
            raise CallError("unreachable") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": USER_AGENT},
            )
        return self._session


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for data in response.content.iter_any():
        body += data
        if len(body) > MOST_ANSWER_BYTES:
            raise CallError("too_long")
    return bytes(body)
