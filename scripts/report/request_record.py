"""A single request as data: a row of the ledger goes in, an object for JSON or a row of a spreadsheet comes out.

Times are unix seconds, durations milliseconds, unknown is null.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from codexlb_store.exchanges import ExchangeRow
from codexlb_store.ledger import AttemptRow
from codexlb_store.usage import Dimension
from scripts.report.labels import Labels

CELLS = (
    "id", "opened_at", "ended_at", "outcome", "status", "kind", "model", "effort", "tier", "account", "account_name",
    "key", "key_name", "project", "project_name", "session", "thread", "client", "input_tokens", "cached_tokens",
    "output_tokens", "reasoning_tokens", "cost_usd", "estimated_input_tokens", "estimated_output_tokens",
    "estimated_cost_usd", "first_token_ms", "total_ms", "attempts", "tried_accounts", "moved",
    "expected_cached_tokens", "cache_loss", "request_bytes", "response_id", "error",
)  # fmt: skip
"""The columns of a spreadsheet."""


def request_record(row: ExchangeRow, names: Labels) -> dict[str, Any]:
    """One request as a JSON object; what was estimated stands under `estimate` alone."""
    record = asdict(row)
    tokens = record.pop("tokens")
    record["key"] = record.pop("key_id")
    record["expected_cached_tokens"] = record.pop("expected_cached")
    attempts = [_attempt_record(attempt, names) for attempt in row.attempts]
    del record["attempts"]
    return {
        **_with_account(record, names),
        "key_name": names.name(Dimension.KEY, row.key_id),
        "project_name": names.name(Dimension.PROJECT, row.project),
        **_tokens(tokens),
        "attempts": attempts,
    }


def request_cells(row: ExchangeRow, names: Labels) -> list[Any]:
    """The same as a row of a spreadsheet, with how many attempts there were and the accounts of them."""
    record = request_record(row, names)
    estimate = record["estimate"] or {}
    attempts = record["attempts"]
    found = {
        **record,
        **{f"estimated_{name}": value for name, value in estimate.items()},
        "attempts": len(attempts),
        "tried_accounts": " ".join(attempt["account_name"] or attempt["account"] or "-" for attempt in attempts),
    }
    return [found.get(name) for name in CELLS]


def _attempt_record(attempt: AttemptRow, names: Labels) -> dict[str, Any]:
    record = asdict(attempt)
    tokens = record.pop("tokens")
    return {**_with_account(record, names), **_tokens(tokens)}


def _tokens(tokens: dict[str, int | None]) -> dict[str, int | None]:
    return {f"{kind}_tokens": number for kind, number in tokens.items()}


def _with_account(record: dict[str, Any], names: Labels) -> dict[str, Any]:
    """The record with the account under the names reports use: its id as `account`, its name beside it."""
    account = record.pop("account_id")
    return {**record, "account": account, "account_name": names.name(Dimension.ACCOUNT, account)}
