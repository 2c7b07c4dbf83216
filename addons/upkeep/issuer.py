"""The issuer of tokens, auth.openai.com by default: a refresh token goes there, new tokens or the problem come back."""

from __future__ import annotations

from addons.settings.upstream import DEFAULT_ISSUER
from addons.upkeep.calls import CallError, Calls
from addons.wire.origins import Origin, parse_origin
from addons.wire.tokens import NewTokens, RefreshProblem, RefreshReason, read_refresh_answer, refresh_request
from codexlb_store.credentials import Credential

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path

ISSUER_SECONDS = 10.0
"""How long the issuer may take."""

JSON = {"content-type": "application/json"}


class Issuer:
    """The token endpoint below `origin`."""

    def __init__(self, origin: Origin | None = None) -> None:
        self.origin = origin or parse_origin(DEFAULT_ISSUER)
        self.patience_seconds = ISSUER_SECONDS
        self._calls = Calls()

    async def refresh(self, stale: Credential, reason: RefreshReason) -> NewTokens | RefreshProblem:
        """Ask once; no answer is a passing problem, though the refresh token may be used up by then."""
        url, body = self.origin.url + TOKEN_PATH, refresh_request(stale.refresh_token, reason)
        try:
            reply = await self._calls.post(url, JSON, body, self.patience_seconds)
        except CallError as error:
            return RefreshProblem(permanent=False, code=f"issuer_{error.code}")
        return read_refresh_answer(reply.status, reply.body, stale.access_token)

    async def close(self) -> None:
        """End what is under way."""
        await self._calls.close()
