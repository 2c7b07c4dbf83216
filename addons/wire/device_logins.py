"""A login from a device without a browser: the bodies of what it asks the issuer, and what the answers mean.

As the Codex CLI does it at auth.openai.com: like RFC 8628, but for JSON, and for PKCE whose verifier the issuer makes.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import re

import msgspec

from addons.wire.lenient import read_or_none
from addons.wire.logins import NAME, LoginProblem, problem_of
from addons.wire.tokens import CLIENT_ID

DEVICE_CODE_PATH, DEVICE_TOKEN_PATH = "/api/accounts/deviceauth/usercode", "/api/accounts/deviceauth/token"

DEVICE_PAGE_PATH = "/codex/device"
"""Where the person types the code, below the issuer's origin."""

DEVICE_CALLBACK_PATH = "/deviceauth/callback"
"""Likewise, the address that stands in the redemption; nobody is ever sent there."""

DEFAULT_INTERVAL_SECONDS, SHORTEST_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS = 5.0, 1.0, 60.0
"""How often to ask: what RFC 8628 says when the answer does not, and what is sane when it does."""

# The real service answers 403 to a device that nobody has decided about yet, and to one whose code has expired.
_OVER = re.compile(r"expired|denied|declined")


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceCode:
    """A login under way: the code for its person, and how often to ask for the decision."""

    device_auth_id: str = dataclasses.field(repr=False)
    user_code: str = dataclasses.field(repr=False)
    interval_seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """The person has said yes: what to redeem for tokens."""

    code: str = dataclasses.field(repr=False)
    verifier: str = dataclasses.field(repr=False)


class Wait(enum.Enum):
    """The person has not decided yet."""

    PENDING = enum.auto()
    SLOW_DOWN = enum.auto()
    """And we ask too often."""


class _DeviceCode(msgspec.Struct):
    device_auth_id: str
    user_code: str
    interval: str | float | None = None


class _Grant(msgspec.Struct):
    authorization_code: str
    code_verifier: str


_DEVICE_CODE = msgspec.json.Decoder(_DeviceCode)
_GRANT = msgspec.json.Decoder(_Grant)


def device_code_request() -> bytes:
    """Write the JSON body that begins a login."""
    return msgspec.json.encode({"client_id": CLIENT_ID})


def read_device_code(status: int, body: bytes) -> DeviceCode | LoginProblem:
    """Read the answer to it; a code that a terminal should not print is none."""
    answer = read_or_none(_DEVICE_CODE, body) if 200 <= status < 300 else None
    if answer is None or not NAME.fullmatch(answer.user_code):
        return problem_of(status, body)
    return DeviceCode(answer.device_auth_id, answer.user_code, _interval_seconds(answer.interval))


def device_token_request(device: DeviceCode) -> bytes:
    """Write the JSON body that asks for the decision."""
    return msgspec.json.encode({"device_auth_id": device.device_auth_id, "user_code": device.user_code})


def read_device_answer(status: int, body: bytes) -> Grant | Wait | LoginProblem:
    """Read the answer to it: 403 and 404 mean "not yet" unless they say that it is over, 5xx may pass."""
    if 200 <= status < 300:
        answer = read_or_none(_GRANT, body)
        return Grant(answer.authorization_code, answer.code_verifier) if answer else problem_of(status, body)
    problem = problem_of(status, body)
    if status == 429 or problem.code == "slow_down":
        return Wait.SLOW_DOWN
    if status >= 500 or problem.code.endswith("authorization_pending"):
        return Wait.PENDING
    is_over = _OVER.search(f"{problem.code} {problem.words}".lower())
    return Wait.PENDING if status in (403, 404) and not is_over else problem


def _interval_seconds(said: str | float | None) -> float:
    try:
        seconds = float(said or "")
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds):
        return DEFAULT_INTERVAL_SECONDS
    return min(max(seconds, SHORTEST_INTERVAL_SECONDS), LONGEST_INTERVAL_SECONDS)
