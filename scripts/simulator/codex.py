"""The endpoints below /backend-api/codex: turns, compactions, models, search, images; else an echo."""

from __future__ import annotations

import asyncio

from scripts.simulator import events, models
from scripts.simulator.account import Account
from scripts.simulator.cache import prefixes, prompt_parts
from scripts.simulator.call import Call, Handler
from scripts.simulator.faults import Moment
from scripts.simulator.refusals import (
    broken_body,
    foreign_content,
    not_with_this_account,
    unknown_model,
    upgrade_required,
)
from scripts.simulator.replies import ReplyMaker
from scripts.simulator.seals import owners, seal
from scripts.simulator.usage import Usage, usage_json
from scripts.simulator.world import World

TREE = "/backend-api/codex/"

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
"""The smallest picture there is, as PNG in base64."""


class CodexApi:
    """Answers a Codex client as the real service does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._replies = ReplyMaker(world)

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("POST", TREE + "responses"): self.responses,
            ("GET", TREE + "responses"): self.websocket,
            ("POST", TREE + "responses/compact"): self.compact,
            ("GET", TREE + "models"): self.models,
            ("POST", TREE + "alpha/search"): self.search,
            ("POST", TREE + "images/generations"): self.image,
            ("POST", TREE + "images/edits"): self.image,
        }

    async def responses(self, call: Call) -> None:
        """A turn or a compaction, streamed."""
        account, reply = self._begin(call)
        headers = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "openai-model": reply.model,
            "x-codex-turn-state": seal(account.seat.name, f"turn/{reply.response_id}"),
        }
        await call.start(200, {**self._headers(call, account), **headers})
        await self._stream(call, account, reply)
        await call.end()

    async def compact(self, call: Call) -> None:
        """A compaction as older clients ask for it: one JSON answer."""
        account, reply = self._begin(call)
        usage = usage_json(reply.usage) if reply.usage else None
        value: dict[str, object] = {
            "id": reply.response_id,
            "object": "response.compaction",
            "created_at": reply.created_at,
            "output": reply.items,
            "usage": usage,
        }
        await call.json(200, value, self._headers(call, account))
        self._book(call, account, reply)

    async def websocket(self, call: Call) -> None:
        """Not offered: a client then turns to POST without a word."""
        raise upgrade_required()

    async def models(self, call: Call) -> None:
        plan = self._world.admit(call.request.headers).seat.plan
        headers = {"content-type": "application/json", "etag": models.etag(plan)}
        unchanged = call.request.headers.get("if-none-match") == models.etag(plan)
        await call.whole(304 if unchanged else 200, b"" if unchanged else models.catalog(plan), headers)

    async def search(self, call: Call) -> None:
        self._world.admit(call.request.headers)
        value: dict[str, object] = {
            "id": call.body.get("id"),
            "output": "No results: this web is simulated.",
            "results": [],
        }
        await call.json(200, value)

    async def image(self, call: Call) -> None:
        self._world.admit(call.request.headers)
        await call.json(200, {"created": int(self._world.clock.now()), "data": [{"b64_json": PIXEL}]})

    async def echo(self, call: Call) -> None:
        """What arrived, for paths nobody has described."""
        self._world.admit(call.request.headers)
        entry = call.entry
        received = {
            "method": entry.method,
            "path": entry.path,
            "query": entry.query,
            "headers": entry.headers,
        }
        await call.json(200, {**received, "body": entry.body})

    def _begin(self, call: Call) -> tuple[Account, events.Reply]:
        """The account that answers and what it will say; raises Refusal."""
        account = self._world.admit(call.request.headers)
        account.count_request()
        self._require_model(account, call.body.get("model"))
        account.require_room()
        if account.rejects_foreign_content and owners(call.body.get("input")) - {account.seat.name}:
            raise foreign_content()
        prompt = prefixes(prompt_parts(call.body))
        reply = self._replies.make(call, account, prompt)
        account.remember(prompt)
        call.entry.response_id, call.entry.text = reply.response_id, "".join(reply.pieces)
        return account, reply

    def _require_model(self, account: Account, model: object) -> None:
        """Raises Refusal for a model that the account does not have."""
        if not isinstance(model, str):
            raise broken_body("The body names no model.")
        if not self._world.settings.listed_only or model in models.models_of(account.seat.plan):
            return
        raise not_with_this_account(model) if models.is_known(model) else unknown_model(model)

    def _headers(self, call: Call, account: Account) -> dict[str, str]:
        return {
            **account.headers(),
            "x-request-id": f"req_{call.entry.number:08}",
            "x-models-etag": models.etag(account.seat.plan),
        }

    def _book(self, call: Call, account: Account, reply: events.Reply) -> None:
        """The whole answer is on its way: its tokens are spent."""
        account.book(reply.usage or Usage())
        call.entry.completed, call.entry.usage = True, reply.usage

    async def _fail(self, call: Call, account: Account, reply: events.Reply, number: int) -> None:
        """The answer ends as failed; what it used all the same is told only if the fault says so."""
        usage = reply.usage if call.fault.usage else None
        await call.write(events.failed_event(reply, call.fault.error, number, usage))
        if usage:
            account.spend(usage)
            call.entry.usage = usage

    async def _stream(self, call: Call, account: Account, reply: events.Reply) -> None:
        fault, outputs = call.fault, 0
        pause = self._world.settings.delta_ms / 1000 if fault.delta_seconds is None else fault.delta_seconds
        if call.fails_at(Moment.HEAD):
            await self._fail(call, account, reply, 0)
            return
        for number, step in enumerate(events.steps(reply)):
            if step.is_output and pause:
                await asyncio.sleep(pause)
            await call.write(step.data)
            if step.reached is Moment.COMPLETED:
                self._book(call, account, reply)
            outputs += step.is_output
            is_moment = step.is_output and outputs == fault.after_deltas
            moment = Moment.OUTPUT if is_moment else step.reached
            if moment and call.fails_at(moment):
                await self._fail(call, account, reply, number + 1)
                return
            if moment:
                await call.reach(moment)
