"""The rules of a new key: what a person wrote of it goes in, its draft comes out, or one sentence why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codexlb_store.keys import Key
from codexlb_store.limit_texts import limit_text
from codexlb_store.limits import Limit
from scripts.keys.rule_texts import Enforcement


class RulesError(ValueError):
    """The rules contradict each other; the message is one sentence for the person who wrote them."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a person wrote of a new key; None is no such rule."""

    expires: int | None
    models: tuple[str, ...] | None
    efforts: tuple[str, ...] | None
    limits: tuple[Limit, ...]
    concurrency: Limit | None
    enforce: Enforcement | None
    time_zone: str


def draft(name: str, rules: Rules, account_ids: tuple[str, ...] | None, now: float) -> Key:
    """The key that these rules make; raises RulesError where they contradict each other."""
    enforced = rules.enforce or Enforcement()
    key = Key(
        name,
        now,
        expires_at=None if rules.expires is None else now + rules.expires,
        time_zone=rules.time_zone,
        enforced_model=enforced.model,
        enforced_effort=enforced.effort,
        enforced_tier=enforced.tier,
        models=rules.models,
        efforts=rules.efforts,
        accounts=account_ids,
        limits=one_of_each([*rules.limits, *([rules.concurrency] if rules.concurrency else [])]),
    )
    if key.enforced_model and not key.allows_model(key.enforced_model):
        raise RulesError(f"The key would enforce the model {key.enforced_model}, which its --models do not allow.")
    if key.enforced_effort and not key.allows_effort(key.enforced_effort):
        raise RulesError(f"The key would enforce the effort {key.enforced_effort}, which its --efforts do not allow.")
    return key


def sort_of(limit: Limit) -> tuple[str, ...]:
    """What tells limits of one key apart; two of one sort differ in nothing but the amount."""
    return limit.kind, limit.span or "", limit.model or ""


def one_of_each(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """The limits, if no two are of one sort; raises RulesError, because nobody can say which is meant."""
    known: dict[tuple[str, ...], Limit] = {}
    for limit in limits:
        first = known.setdefault(sort_of(limit), limit)
        if first is not limit:
            raise RulesError(
                f"The limits {limit_text(first)} and {limit_text(limit)} are of the same: give one of them."
            )
    return tuple(known.values())
