"""The control API under /_simulator/: the journal, the accounts, waiting devices and the faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from scripts.simulator.account import AccountChange, view
from scripts.simulator.faults import parse_faults
from scripts.simulator.world import World

PREFIX = "/_simulator/"


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


@web.middleware
async def mistakes_as_400(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A control request that makes no sense is answered with the sentence that says why."""
    try:
        return await handler(request)
    except (ValueError, KeyError) as error:
        return web.Response(status=400, text=str(error.args[0]))


class ControlApi:
    """Looks into the simulated service and changes it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def application(self) -> web.Application:
        app = web.Application(middlewares=[mistakes_as_400])
        app.router.add_get("/log", self.log)
        app.router.add_get("/accounts", self.accounts)
        app.router.add_post("/accounts/{name}", self.change)
        app.router.add_get("/auth/{name}", self.auth)
        app.router.add_post("/device/{user_code}", self.approve)
        app.router.add_delete("/device/{user_code}", self.refuse)
        app.router.add_get("/faults", self.faults)
        app.router.add_post("/faults", self.script)
        app.router.add_delete("/faults", self.clear)
        return app

    async def log(self, request: web.Request) -> web.Response:
        return _json(self._world.journal.since(int(request.query.get("since", "0"))))

    async def accounts(self, request: web.Request) -> web.Response:
        return _json([view(account) for account in self._world.accounts.values()])

    async def change(self, request: web.Request) -> web.Response:
        change = msgspec.json.decode(await request.read(), type=AccountChange)
        name = request.match_info["name"]
        self._world.change(name, change)
        return _json(view(self._world.account(name)))

    async def auth(self, request: web.Request) -> web.Response:
        expires_in = request.query.get("expires_in")
        login = self._world.login(request.match_info["name"], None if expires_in is None else float(expires_in))
        return web.Response(text=login, content_type="application/json")

    async def approve(self, request: web.Request) -> web.Response:
        account = msgspec.json.decode(await request.read(), type=dict[str, str]).get("account", "")
        self._world.approve_device(request.match_info["user_code"], account)
        return _json({})

    async def refuse(self, request: web.Request) -> web.Response:
        self._world.devices.refuse(request.match_info["user_code"])
        return _json({})

    async def faults(self, request: web.Request) -> web.Response:
        return _json(self._world.faults.pending())

    async def script(self, request: web.Request) -> web.Response:
        self._world.faults.script(*parse_faults(await request.read()))
        return _json(self._world.faults.pending())

    async def clear(self, request: web.Request) -> web.Response:
        self._world.faults.clear()
        return _json([])
