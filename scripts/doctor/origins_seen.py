"""The servers that the proxy needs, asked for their front page without any credential, each for a few seconds."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import partial

import certifi

from addons.wire.origins import Origin
from scripts.doctor.bounded import together
from scripts.doctor.http_call import Said, UnheardError, answer_of
from scripts.doctor.origins import Reached

ANSWER_SECONDS = 5.0
ALL_SECONDS = 12.0
"""For a slow look-up of names, which nothing else bounds, and the rest."""

CALLS_ITSELF = {"user-agent": "codex-cli"}
"""As the proxy does when it asks for usage."""

Wanted = tuple[str, Origin]


def see_origins(wanted: Sequence[Wanted]) -> list[Reached]:
    """How far each of these servers, by what it is for, is reached."""
    answers = together(ALL_SECONDS, [partial(_answer, *each) for each in wanted])
    return [Reached(purpose, origin, answer) for (purpose, origin), answer in zip(wanted, answers, strict=True)]


def _answer(purpose: str, origin: Origin) -> Said | UnheardError:
    # mitmproxy trusts certifi's list; what asks the issuer trusts the system's.
    trust = ssl.create_default_context(cafile=certifi.where()) if purpose == "upstream" else None
    return answer_of(f"{origin.url}/", ANSWER_SECONDS, CALLS_ITSELF, trust)
