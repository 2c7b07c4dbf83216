"""auth.openai.com's token endpoint: refresh tokens in, new tokens out."""

from __future__ import annotations

from scripts.simulator.call import Call, Handler
from scripts.simulator.refusals import unsupported_grant
from scripts.simulator.world import World


class OAuthApi:
    """Answers token requests, one grant type at a time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {("POST", "/oauth/token"): self.token}

    async def token(self, call: Call) -> None:
        match call.body.get("grant_type"):
            case "refresh_token":
                await self._refresh(call)
            case grant:
                raise unsupported_grant(grant)

    async def _refresh(self, call: Call) -> None:
        tokens = self._world.issuer.refresh(str(call.body.get("refresh_token", "")))
        value = {
            "id_token": tokens.id_token,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "token_type": "Bearer",
            "expires_in": int(self._world.settings.token_seconds),
        }
        await call.json(200, value)
