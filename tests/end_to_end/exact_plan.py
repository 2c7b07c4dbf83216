"""What a crowd of clients will do, and what their calls will meet: a seed goes in, requests with their faults come out.

Each request has a name that everybody knows: it is the thread by which the simulator finds its faults, and the client
in its ledger row.
"""

from __future__ import annotations

import enum
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codexlb_store.ledger import Outcome
from scripts.simulator.faults import Act, Fault, Moment
from tests.addons.test_failover import error

MODELS = ("gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-0-without-a-price")
ALLOWED, FORBIDDEN = "gpt-5.5", "gpt-5.4"
"""For the client key that is refused."""

SESSIONS = 300
TOLD = {"input_tokens": 4_321, "cached_tokens": 1_234, "output_tokens": 56, "reasoning_tokens": 7}
"""What a failed answer says that it used all the same."""


class Leaves(enum.Enum):
    """When a client goes away."""

    NEVER = enum.auto()
    IN_ITS_UPLOAD = enum.auto()
    ONCE_CALLED = enum.auto()  # the upstream has the request, the client has nothing
    IN_THE_MIDDLE = enum.auto()  # it has seen some output, and there is more to come
    AT_THE_LAST_EVENT = enum.auto()  # the body has not ended


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to end: what the last calls of a request meet, how its client behaves, and what the ledger then says."""

    share: float
    outcome: Outcome
    faults: tuple[Fault, ...] = ()
    leaves: Leaves = Leaves.NEVER
    is_estimated: bool = False
    is_refused: bool = False


def fault(act: Act | None = None, at: Moment = Moment.REQUEST, **fields: Any) -> Fault:
    return Fault(path="/responses", act=act, at=at, **fields)


def failed(at: Moment, code: str, **fields: Any) -> Fault:
    return fault(Act.FAILED, at, after_deltas=2, error={"code": code, "message": "Simulated trouble."}, **fields)


MIDDLE: dict[str, Any] = {"at": Moment.OUTPUT, "after_deltas": 3, "deltas": 9}

KINDS = {
    "plain": Kind(50, Outcome.COMPLETED),
    "without usage": Kind(3, Outcome.COMPLETED, (fault(omit_usage=True),), is_estimated=True),
    "incomplete": Kind(5, Outcome.INCOMPLETE, (fault(incomplete="max_output_tokens"),)),
    # failed, for good
    "failed at once": Kind(2, Outcome.FAILED, (failed(Moment.CREATED, "context_length_exceeded"),)),
    "failed at once, and told": Kind(2, Outcome.FAILED, (failed(Moment.CREATED, "invalid_prompt", usage=TOLD),)),
    "failed after output": Kind(2, Outcome.FAILED, (failed(Moment.OUTPUT, "server_error"),), is_estimated=True),
    "failed after output, and told": Kind(2, Outcome.FAILED, (failed(Moment.OUTPUT, "server_error", usage=TOLD),)),
    "400": Kind(2, Outcome.FAILED, (fault(**error(400, "invalid_request_error")),)),
    "unreachable": Kind(1, Outcome.FAILED, (fault(Act.RESET), fault(Act.RESET))),
    # cut by the upstream
    "cut": Kind(3, Outcome.FAILED, (fault(Act.CLOSE, **MIDDLE),), is_estimated=True),
    "broken": Kind(2, Outcome.FAILED, (fault(Act.GARBAGE, **MIDDLE),), is_estimated=True),
    "cut at the end": Kind(3, Outcome.COMPLETED, (fault(Act.CLOSE, Moment.COMPLETED),)),
    # left by the client
    "left in its upload": Kind(2, Outcome.CANCELLED, leaves=Leaves.IN_ITS_UPLOAD),
    **{
        f"left at {at}": Kind(2, Outcome.CANCELLED, (fault(Act.SILENCE, at),), Leaves.ONCE_CALLED, is_estimated=True)
        for at in (Moment.REQUEST, Moment.HEAD, Moment.CREATED)
    },
    "left in the middle": Kind(
        6, Outcome.CANCELLED, (fault(Act.SILENCE, **MIDDLE),), Leaves.IN_THE_MIDDLE, is_estimated=True
    ),
    "left at the last event": Kind(
        4, Outcome.COMPLETED, (fault(Act.SILENCE, Moment.COMPLETED),), Leaves.AT_THE_LAST_EVENT
    ),
    "refused": Kind(4, Outcome.REFUSED, is_refused=True),
    # only while a proxy is killed
    "stays": Kind(0, Outcome.LOST, (fault(Act.SILENCE, **MIDDLE),)),
}

PASSING = (
    (10, fault(**error(503, "server_is_overloaded"))),
    (5, fault(**error(500, "server_error"))),
    (2, fault(**error(429, "rate_limit_exceeded", {"retry-after": "1"}))),
    (5, fault(Act.CLOSE, Moment.CREATED)),
    (5, failed(Moment.CREATED, "server_error")),
    (10, failed(Moment.CREATED, "server_is_overloaded", usage=TOLD)),
    (5, fault(Act.RESET)),
)
"""What a request gets over by another attempt, with how often; a limit's rest holds up everybody, so it is rare."""

NONE_ONE_TWO = (70, 20, 10)
"""How many of a hundred requests fail over not at all, once and twice."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One request: its name, how it ends, and what its calls meet one after the other."""

    name: str
    kind: Kind
    session: str
    model: str
    body: bytes
    faults: tuple[Fault, ...]

    @property
    def headers(self) -> Mapping[str, str]:
        own = {"user-agent": self.name, "thread-id": self.name, "session-id": self.session}
        return {**own, "content-type": "application/json", "accept": "text/event-stream", "originator": "codex_exec"}


def plan(seed: int, count: int) -> list[Planned]:
    """So many requests, the same for the same seed."""
    rng = random.Random(seed)
    shares = [kind.share for kind in KINDS.values()]
    names = rng.choices(list(KINDS), shares, k=count)
    return [planned(f"{number}: {name}", KINDS[name], rng) for number, name in enumerate(names)]


def held(prefix: str, count: int) -> list[Planned]:
    """So many requests whose answers do not end."""
    return [planned(f"{prefix} {number}", KINDS["stays"], random.Random(number)) for number in range(count)]


def planned(name: str, kind: Kind, rng: random.Random) -> Planned:
    """One request of a kind, all else by chance."""
    model = FORBIDDEN if kind.is_refused else rng.choice(MODELS)
    troubles = () if kind.is_refused or kind.leaves is Leaves.IN_ITS_UPLOAD else (*passing(rng, kind), *kind.faults)
    return Planned(
        name=name,
        kind=kind,
        session=f"session-{rng.randrange(SESSIONS)}",
        model=model,
        body=body(model, rng),
        faults=tuple(replace(trouble, thread=name) for trouble in troubles),
    )


def passing(rng: random.Random, kind: Kind) -> Iterable[Fault]:
    """What the calls before the last meet: an upstream that is not reached twice in one request is given up."""
    weights, troubles = zip(*PASSING, strict=True)
    [count] = rng.choices((0, 1, 2), NONE_ONE_TWO if kind.share else (1, 0, 0))
    found: list[Fault] = rng.choices(troubles, weights, k=count)
    is_unreachable = any(trouble.act is Act.RESET for trouble in kind.faults)
    resets = [trouble for trouble in found if trouble.act is Act.RESET]
    return [] if len(resets) + is_unreachable > 1 else found


def body(model: str, rng: random.Random) -> bytes:
    """A turn with a history of some kilobytes."""
    text = {"type": "input_text", "text": "x" * rng.randrange(200, 6_000)}
    fields: dict[str, Any] = {"model": model, "stream": True, "store": False}
    if rng.random() < 0.1:
        fields["service_tier"] = "priority"
    return json.dumps({**fields, "input": [{"type": "message", "role": "user", "content": [text]}]}).encode()
