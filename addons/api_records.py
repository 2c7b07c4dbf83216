"""The store's rows as machines get them: a row goes in, a JSON object comes out. Times are unix seconds, unknown is
null. `account`, `key` and `project` are ids, `..._name` what people call them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from codexlb_store.accounts import load_accounts
from codexlb_store.choices import ChoiceRow
from codexlb_store.conversations import Conversation
from codexlb_store.exchanges import ExchangeRow
from codexlb_store.key_usage import limit_figures
from codexlb_store.keyring import problem_of
from codexlb_store.keys import Key, load_keys
from codexlb_store.ledger import AttemptRow
from codexlb_store.limit_uses import LimitUse
from codexlb_store.projects import load_projects
from codexlb_store.usage import Dimension, Sums, UsageRow

NAMED = (Dimension.ACCOUNT, Dimension.KEY, Dimension.PROJECT)


@dataclass(frozen=True, slots=True)
class Names:
    """What people call accounts, keys and projects, by their ids."""

    accounts: Mapping[str, str]
    keys: Mapping[str, str]
    projects: Mapping[str, str]

    def of(self, dimension: Dimension, value: str | None) -> str | None:
        """The name of an id; None where it has none any more."""
        tables = {Dimension.ACCOUNT: self.accounts, Dimension.KEY: self.keys, Dimension.PROJECT: self.projects}
        return tables[dimension].get(value or "")


def load_names(db: Database) -> Names:
    """The names as they are now."""
    return Names(
        {account.id: account.name for account in load_accounts(db)},
        {key.id: key.name for key in load_keys(db)},
        load_projects(db),
    )


def sums_record(sums: Sums) -> dict[str, Any]:
    """What requests add up to."""
    return dataclasses.asdict(sums)


def usage_record(row: UsageRow, by: Sequence[Dimension], names: Names) -> dict[str, Any]:
    """What one group used."""
    found: dict[str, Any] = {}
    for dimension, value in zip(by, row.groups, strict=True):
        found[dimension.value] = value
        if dimension in NAMED:
            found[f"{dimension.value}_name"] = names.of(dimension, value)
    return found | sums_record(row.sums)


def key_record(key: Key, uses: Sequence[LimitUse], now: float) -> dict[str, Any]:
    """A key with its limits; nothing in it lets anybody in."""
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.secrets[-1].prefix,
        "status": problem_of(key, key.secrets[-1], now) or "active",
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "disabled_at": key.disabled_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "models": key.models,
        "efforts": key.efforts,
        "accounts": key.accounts,
        "enforced": {"model": key.enforced_model, "effort": key.enforced_effort, "tier": key.enforced_tier},
        "time_zone": key.time_zone,
        "limits": [limit_figures(use) for use in uses],
    }


def request_record(row: ExchangeRow, names: Names) -> dict[str, Any]:
    """One row of the ledger with its attempts; `outcome` is null while it runs."""
    plain = ("id", "opened_at", "ended_at", "kind", "path", "outcome", "status", "error", "model", "effort", "tier")
    times = ("first_token_ms", "total_ms", "request_bytes", "client", "response_id", "moved", "cache_loss")
    return {
        **{name: getattr(row, name) for name in (*plain, *times)},
        "account": row.account_id,
        "account_name": names.of(Dimension.ACCOUNT, row.account_id),
        "key": row.key_id,
        "key_name": names.of(Dimension.KEY, row.key_id),
        "project": row.project,
        "project_name": names.of(Dimension.PROJECT, row.project),
        "session": row.session,
        "thread": row.thread,
        **tokens_record(row),
        "expected_cached_tokens": row.expected_cached,
        "estimate": None if row.estimate is None else dataclasses.asdict(row.estimate),
        "attempts": [attempt_record(attempt, names) for attempt in row.attempts],
    }


def tokens_record(row: ExchangeRow | AttemptRow) -> dict[str, Any]:
    """What was used, as the upstream counted it."""
    return {
        "input_tokens": row.tokens.input,
        "cached_tokens": row.tokens.cached,
        "output_tokens": row.tokens.output,
        "reasoning_tokens": row.tokens.reasoning,
        "cost_usd": row.cost_usd,
    }


def attempt_record(attempt: AttemptRow, names: Names) -> dict[str, Any]:
    """One try at an account; `failure` is null for the one that served."""
    return {
        "number": attempt.number,
        "account": attempt.account_id,
        "account_name": names.of(Dimension.ACCOUNT, attempt.account_id),
        "failure": attempt.failure,
        "status": attempt.status,
        "upstream_request_id": attempt.upstream_request_id,
        "started_at": attempt.started_at,
        "milliseconds": attempt.milliseconds,
        **tokens_record(attempt),
    }


def choice_record(choice: ChoiceRow, names: Names) -> dict[str, Any]:
    """Why an attempt went where it did: every account that was considered, with its weight or why it was out."""
    return {
        "number": choice.number,
        "chosen_at": choice.chosen_at,
        "account": choice.account_id,
        "account_name": names.of(Dimension.ACCOUNT, choice.account_id),
        "reason": choice.reason,
        "candidates": [
            {
                "account": one.account_id,
                "account_name": names.of(Dimension.ACCOUNT, one.account_id),
                "weight": one.weight,
                "excluded": one.excluded,
                "terms": dict(one.terms),
            }
            for one in choice.candidates
        ],
    }


def conversation_record(found: Conversation, names: Names) -> dict[str, Any]:
    """One thread: when, by which accounts and models, and what it used."""
    return {
        "thread": found.thread,
        "first_at": found.first_at,
        "last_at": found.last_at,
        "accounts": [{"account": one, "account_name": names.of(Dimension.ACCOUNT, one)} for one in found.accounts],
        "models": found.models,
        **sums_record(found.sums),
    }
