"""What a client may be told of models: its key and the lists that are kept go in, an answer to it comes out."""

from __future__ import annotations

from collections.abc import Container

from addons.exchange import Exchange
from addons.wire.answers import JSON, Answer, error_body
from addons.wire.routes import Route
from codexlb_store.keys import Key
from codexlb_store.model_lists import KeptList, available, stand_in
from codexlb_store.pool import Pool
from codexlb_store.sight import sight

MOST_NAMED = 20
"""Models in one sentence; the upstream has some ten."""

MOST_MODEL_CHARACTERS = 80

OF_THE_LIST = frozenset({Route.RESPONSES, Route.COMPACT, Route.SEARCH})
"""Where a model of the list is asked for; those of pictures stand in none."""


def is_bound(key: Key) -> bool:
    """Whether a key may be used for some models only."""
    return key.models is not None or key.enforced_model is not None


def is_usable(key: Key, model: str) -> bool:
    """Whether a request for this model would be served with it."""
    return model == key.enforced_model if key.enforced_model else key.allows_model(model)


def key_of(exchange: Exchange) -> Key | None:
    """The client's key, if it showed one."""
    return exchange.client.key if exchange.client else None


def kept_for(exchange: Exchange, pool: Pool, client_version: str) -> KeptList | None:
    """The list for a client that is to see none from the upstream."""
    key = key_of(exchange)
    lists = pool.lists.of({account_id for account_id in pool.accounts if key is None or key.allows_account(account_id)})
    return stand_in(lists, client_version, lambda account_id: sight(pool.accounts[account_id].plan))


def kept_answer(kept: KeptList, now: float) -> Answer:
    """A list as the upstream gave it, with its age; not yet without what the key may not be used for."""
    headers = [("content-type", kept.content_type), ("age", str(max(0, round(now - kept.read_at))))]
    etag = [("etag", kept.etag)] if kept.etag else []
    return Answer(200, (*headers, *etag), kept.body)


def no_such_model(exchange: Exchange, pool: Pool, working: Container[str]) -> Answer | None:
    """Say that none of the accounts that work has the model, and what they have; None where the upstream has said all
    that is known."""
    model = exchange.ask.model if exchange.ask else None
    lists = pool.lists.of(working) if exchange.route in OF_THE_LIST else []
    if model is None or (not lists and exchange.diagnoses):
        return None
    is_whole = all(account_id in working for account_id in pool.accounts)
    of_those = "" if is_whole else " that may serve you now"
    message = f"No account of this pool{of_those} has the model {model[:MOST_MODEL_CHARACTERS]!r}."
    if lists:
        key = key_of(exchange)
        others = [name for name in available(lists) if name != model and (key is None or is_usable(key, name))]
        message = f"{message} {offer(others)}"
    return Answer(404, (JSON,), error_body("model_not_found", message))


def offer(models: list[str]) -> str:
    """A sentence that names what there is."""
    if not models:
        return "It has none that may be used instead."
    more = f" and {len(models) - MOST_NAMED} more" if len(models) > MOST_NAMED else ""
    return f"It has: {', '.join(models[:MOST_NAMED])}{more}."
