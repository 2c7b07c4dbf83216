"""auth.openai.com's token endpoint: a refresh token or an authorization code in, new tokens out."""

from __future__ import annotations

from scripts.simulator.call import Call, Handler
from scripts.simulator.refusals import invalid_client, no_organization, unsupported_grant
from scripts.simulator.tokens import CLIENT_ID, Tokens
from scripts.simulator.world import World

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant, no secret


class OAuthApi:
    """Answers token requests, in JSON or as a form, one grant type at a time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {("POST", "/oauth/token"): self.token}

    async def token(self, call: Call) -> None:
        match call.body.get("grant_type"):
            case "refresh_token":
                await self._hand_out(call, self._world.issuer.refresh(str(call.body.get("refresh_token", ""))))
            case "authorization_code":
                await self._hand_out(call, self._redeem(call))
            case str(grant) if grant == TOKEN_EXCHANGE:
                raise no_organization()
            case grant:
                raise unsupported_grant(grant)

    def _redeem(self, call: Call) -> Tokens:
        if call.body.get("client_id") != CLIENT_ID:
            raise invalid_client(call.body.get("client_id"))
        code, redirect_uri, verifier = (
            str(call.body.get(field, "")) for field in ("code", "redirect_uri", "code_verifier")
        )
        return self._world.new_login(self._world.codes.redeem(code, redirect_uri, verifier))

    async def _hand_out(self, call: Call, tokens: Tokens) -> None:
        value = {
            "id_token": tokens.id_token,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "token_type": "Bearer",
            "expires_in": int(self._world.settings.token_seconds),
        }
        await call.json(200, value)
