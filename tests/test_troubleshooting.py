"""The messages that the README's troubleshooting quotes are those that the proxy sends, word for word."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest

from addons.empty_pool import nobody_can_serve
from addons.gate import admit
from addons.wire import answers, denials
from addons.wire.answers import Answer
from addons.wire.denials import Denial
from addons.wire.request_heads import read_head
from addons.wire.routes import Refusal, route
from codexlb_store.model_lists import KeptList
from tests.addons.samples import ACCOUNT, ASK, a_flow, a_pool, an_exchange
from tests.sources import ROOT

README = (ROOT / "README.md").read_text()
NOW = 1_795_383_139.0
RESET = 1_795_392_000.0

OF_CODEX = "Reconnecting... waiting for network (Connection failed: error sending request)"
"""Nothing of ours can say that."""

ONLY_OF_PAGES = {Denial.NO_KEY_FOR_PAGE}


def quoted(heading: str) -> list[str]:
    """The messages under a heading of the troubleshooting, one on each line."""
    chapter = README.partition("\n## Troubleshooting\n")[2].partition("\n## ")[0]
    section = chapter.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    (block,) = re.findall(r"^```text\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return str(block).splitlines()


def message(answer: Answer | Refusal | None) -> str:
    """What an answer says."""
    if isinstance(answer, Refusal):
        return answer.message
    assert answer is not None
    return str(msgspec.json.decode(answer.body)["error"]["message"])


def model_is_nowhere(*models: str) -> Answer | None:
    """What is said of it where these are known to be there."""
    pool = a_pool(ACCOUNT)
    pool.health.bar(ACCOUNT.id, "gpt-99", NOW + 60)
    if models:
        pool.lists.note(KeptList("", ACCOUNT.id, b"", "application/json", None, models, NOW))
    return nobody_can_serve(an_exchange(ask=replace(ASK, model="gpt-99")), pool, NOW)


def refused(found: object) -> Refusal:
    assert isinstance(found, Refusal)
    return found


SAID: dict[str, list[Answer | Refusal | None]] = {
    "401 Unauthorized": [denials.unauthorized(denial) for denial in Denial if denial not in ONLY_OF_PAGES],
    "403 Forbidden": [
        denials.model_not_allowed("o9", ["gpt-5.5", "gpt-5.4*"]),
        denials.model_not_allowed(None, ["gpt-5.5"]),
        denials.model_unnamed(),
        denials.effort_not_allowed("high", ["low", "medium"]),
        denials.wrong_address("203.0.113.9"),
        denials.needs_tls(),
    ],
    "429 Too Many Requests": [
        denials.limit_reached("5M-tokens/day", RESET, NOW),
        denials.limit_reached("4 concurrent", None, NOW),
        denials.too_many_failures(41),
        answers.usage_limit("plus", RESET, NOW),
    ],
    "Model not found": [model_is_nowhere("gpt-5.5", "gpt-5.4"), model_is_nowhere()],
    "Wire API errors": [
        refused(route("POST", "/v1/responses", upgrade=False)),
        refused(read_head(b"GET http://example.com/ HTTP/1.1\r\n")),
        refused(admit(a_flow((b"host", b"codex.example.com")).request, frozenset())),
    ],
}


@pytest.mark.parametrize(("heading", "said"), SAID.items(), ids=SAID.keys())
def test_the_readme_quotes_what_is_said_and_nothing_else(heading: str, said: list[Answer | Refusal | None]) -> None:
    assert quoted(heading) == [message(answer) for answer in said]


SESSIONS = "Sessions don't appear in codex resume"
"""Codex says nothing at all there."""


def test_every_heading_is_held_against_the_code() -> None:
    chapter = README.partition("\n## Troubleshooting\n")[2].partition("\n## ")[0]

    found = re.findall(r"^### (.+)$", chapter, re.MULTILINE)
    assert [heading for heading in found if heading not in SAID] == ["Connection refused", SESSIONS]
    assert [heading for heading in found if heading in SAID] == [*SAID]
    assert quoted("Connection refused") == [OF_CODEX]
