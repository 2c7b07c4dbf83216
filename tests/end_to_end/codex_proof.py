"""What a proof with the real Codex CLI is made of: scripted answers, and the upstream's journal held to the ledger."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from codexlb_store.exchanges import ExchangeRow
from codexlb_store.ledger import Tokens
from scripts.simulator.faults import Fault
from scripts.simulator.journal import Entry
from tests.end_to_end.stage import Stage


def answers(text: str, **usage: int) -> Fault:
    """The next answer to a turn."""
    return Fault(path="/responses", text=text, usage=usage)


def spent_for(seconds: float, path: str = "/responses") -> Fault:
    """The account that is asked next has used up its limit."""
    resets_at = int(time.time() + seconds)
    error = {"type": "usage_limit_reached", "message": "The usage limit has been reached", "resets_at": resets_at}
    return Fault(path=path, status=429, body={"error": error})


def not_had(model: str) -> Fault:
    """No account has this model, as the upstream says it."""
    detail = f"The '{model}' model is not supported when using Codex with a ChatGPT account."
    return Fault(path="/responses", model=model, times=None, status=400, body={"detail": detail})


def asked(setting: Stage) -> list[Entry]:
    """All that an account was asked for, but for what the proxy asks by itself."""
    return [entry for entry in setting.simulator.log() if entry.path.startswith("/backend-api/codex/")]


def history(entry: Entry) -> list[str]:
    """What was said in a session so far, as the model got it, without what the client adds."""
    items: list[dict[str, Any]] = json.loads(entry.body or b"")["input"]
    found = [item["content"][0]["text"] for item in items if item.get("role") in ("user", "assistant")]
    return [text for text in found if not text.startswith(("<", "# AGENTS.md"))]


def all_of(setting: Stage) -> tuple[list[Entry], list[ExchangeRow]]:
    """End the proxy: what the upstream was asked by then, and the ledger."""
    setting.proxy.stop()
    return asked(setting), setting.rows()


def assert_all_is_in_the_ledger(setting: Stage, rows: Sequence[ExchangeRow], calls: Sequence[Entry]) -> None:
    """Each attempt of a row is one request at the upstream: of the same account, answered and used alike."""
    assert Counter(row.path for row in rows for _ in row.attempts) == Counter(entry.path for entry in calls)
    # Codex 0.136 asks for the models once more when it ends, and may be gone before they come.
    tried = [
        (setting.names[attempt.account_id or ""], attempt.status, attempt.tokens)
        for row in rows
        for attempt in row.attempts
        if row.kind != "models"
    ]
    known = [entry for entry in calls if not entry.path.endswith("/models")]
    assert Counter(tried) == Counter((entry.account, entry.status, tokens_of(entry)) for entry in known)


def tokens_of(entry: Entry) -> Tokens:
    """What the upstream says it used, by its own books."""
    used = entry.usage
    if used is None:
        return Tokens(None, None, None, None)
    return Tokens(used.input_tokens, used.cached_tokens, used.output_tokens, used.reasoning_tokens)
