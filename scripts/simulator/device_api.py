"""auth.openai.com's device logins: what the device asks for, and the page where its person decides."""

from __future__ import annotations

from datetime import UTC, datetime

from scripts.simulator.call import Call, Handler
from scripts.simulator.pages import HTML, device_page, message_page
from scripts.simulator.refusals import invalid_client
from scripts.simulator.tokens import CLIENT_ID
from scripts.simulator.world import World

ENDPOINTS, PAGE = "/api/accounts/deviceauth", "/codex/device"

CALLBACK = "/deviceauth/callback"
"""Nobody is ever sent there: it only stands in the redemption of a device's code, below the issuer's origin."""

ISSUER = "https://auth.openai.com"


class DeviceApi:
    """Answers devices that wait for a person, and that person."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("POST", f"{ENDPOINTS}/usercode"): self.user_code,
            ("POST", f"{ENDPOINTS}/token"): self.token,
            ("GET", PAGE): self.page,
            ("POST", PAGE): self.decide,
        }

    async def user_code(self, call: Call) -> None:
        """The code to show, and how often to ask (seconds, as text)."""
        if call.body.get("client_id") != CLIENT_ID:
            raise invalid_client(call.body.get("client_id"))
        device = self._world.devices.start()
        value = {
            "device_auth_id": device.device_auth_id,
            "user_code": device.user_code,
            "interval": str(self._world.settings.device_interval),
            "expires_at": datetime.fromtimestamp(device.expires_at, UTC).isoformat(),
        }
        await call.json(200, value)

    async def token(self, call: Call) -> None:
        """The authorization code once the person has approved."""
        own = f"http://{call.request.host}{CALLBACK}"
        asked = str(call.body.get("device_auth_id", "")), str(call.body.get("user_code", ""))
        approval = self._world.devices.collect(*asked, (ISSUER + CALLBACK, own))
        call.entry.account = self._world.codes.holder(approval.authorization_code)
        await call.json(200, approval)

    async def page(self, call: Call) -> None:
        seats = [account.seat for account in self._world.accounts.values()]
        await call.whole(200, device_page(PAGE, seats), HTML)

    async def decide(self, call: Call) -> None:
        """The person has typed the code and pressed a button."""
        user_code = str(call.body.get("user_code", "")).strip().upper()
        try:
            if call.body.get("decision") == "approve":
                self._world.approve_device(user_code, str(call.body.get("account", "")))
            else:
                self._world.devices.refuse(user_code)
        except KeyError as error:
            await call.whole(400, message_page("That did not work", str(error.args[0])), HTML)
            return
        await call.whole(200, message_page("Done", "You can go back to your device."), HTML)
