"""What an answer will say: a request, its fault and its account -> a Reply with text, items and usage."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from scripts.simulator.account import Account
from scripts.simulator.cache import Prefixes
from scripts.simulator.call import Call
from scripts.simulator.events import Reply, compaction_item, message_item, reasoning_item, text_pieces
from scripts.simulator.seals import seal
from scripts.simulator.usage import Usage, tokens_in
from scripts.simulator.world import World

REASONING_STEP, REASONING_STEPS = 8, 8
"""Reasoning tokens come in steps of 8, from 8 to 64: enough to see them in a report."""


def is_compaction(path: str, body: Mapping[str, Any]) -> bool:
    """Whether a compaction is asked for: by the path (older clients) or by the last input item."""
    items = body.get("input")
    last = items[-1] if isinstance(items, list) and items else None
    return path.endswith("/compact") or (isinstance(last, dict) and last.get("type") == "compaction_trigger")


def output_chars(item: Mapping[str, Any]) -> int:
    """The characters a model wrote for an item; reasoning is counted apart."""
    match item.get("type"):
        case "reasoning":
            return 0
        case "message":
            return sum(len(part["text"]) for part in item["content"])
        case _:
            return len(msgspec.json.encode(item))


class ReplyMaker:
    """Makes the answers, numbered and the same for the same seed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0

    def make(self, call: Call, account: Account, prompt: Prefixes) -> Reply:
        """The next answer."""
        self._count += 1
        rng = random.Random(f"{self._world.settings.seed}/{self._count}")
        compacting = is_compaction(call.entry.path, call.body)
        pieces = () if compacting or call.fault.items is not None else self._pieces(call, rng)
        items = self._items(call, account.seat.name, "".join(pieces), compacting)
        reasoning = 0 if compacting else REASONING_STEP * rng.randint(1, REASONING_STEPS)
        usage = Usage(
            input_tokens=prompt[-1][1] if prompt else 0,
            cached_tokens=account.cached_tokens(prompt),
            output_tokens=tokens_in(sum(map(output_chars, items))) + reasoning,
            reasoning_tokens=reasoning,
        )
        return Reply(
            response_id=f"resp_{rng.randbytes(12).hex()}",
            model=call.body["model"],
            tier="priority" if call.body.get("service_tier") == "priority" else "default",
            created_at=int(self._world.clock.now()),
            items=items,
            pieces=pieces,
            usage=None if call.fault.omit_usage else replace(usage, **call.fault.usage),
            incomplete=call.fault.incomplete,
        )

    def _pieces(self, call: Call, rng: random.Random) -> tuple[str, ...]:
        fault, settings = call.fault, self._world.settings
        if fault.text is not None:
            return tuple(fault.text.splitlines(keepends=True))
        deltas = settings.deltas if fault.deltas is None else fault.deltas
        chars = settings.delta_chars if fault.delta_chars is None else fault.delta_chars
        return text_pieces(rng, self._count, deltas, chars)

    def _items(self, call: Call, owner: str, text: str, compacting: bool) -> tuple[Mapping[str, Any], ...]:
        serial = f"{self._count:08}"
        if compacting:
            return (compaction_item(f"cmp_{serial}", seal(owner, f"compaction/{serial}")),)
        reasoning = reasoning_item(f"rs_{serial}", seal(owner, f"reasoning/{serial}"))
        if call.fault.items is not None:
            return (reasoning, *call.fault.items)
        return reasoning, message_item(f"msg_{serial}", text)
