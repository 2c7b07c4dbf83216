"""Keeps a list of models that the upstream gave: in memory at once, in the store when it is news."""

from __future__ import annotations

from functools import partial

from addons.upkeep.round_trip import hand_over
from addons.wire.model_lists import models_to_pick
from codexlb_store.model_lists import KeptList, save_list
from codexlb_store.pool import Pool
from codexlb_store.writer import Writer

MOST_KEPT_BYTES = 4 << 20
"""The upstream's list has some hundred thousand bytes; a larger one is not kept."""

MOST_HEADER_CHARACTERS = 256
JSON = "application/json"


def header_to_keep(text: str | None) -> str | None:
    """A header as it may be sent once more."""
    return text if text and len(text) <= MOST_HEADER_CHARACTERS and text.isascii() and text.isprintable() else None


def read_list(
    client_version: str, account_id: str, body: bytes, headers: tuple[str | None, str | None], now: float
) -> KeptList | None:
    """A list to keep, from plain JSON and the headers Content-Type and ETag; None for what is no list with a model."""
    models = models_to_pick(body) if len(body) <= MOST_KEPT_BYTES else None
    if models is None:
        return None
    content_type, etag = map(header_to_keep, headers)
    return KeptList(client_version, account_id, body, content_type or JSON, etag, models, now)


def keep(pool: Pool, writer: Writer, fresh: KeptList) -> None:
    """Take over a list, unless its account was removed meanwhile; what the store does not take now it gets later.

    A model that is new in it is asked for again, whatever was said of it before.
    """
    if fresh.account_id not in pool.accounts:
        return
    before = {model for kept in pool.lists.of({fresh.account_id}) for model in kept.models}
    pool.health.unbar(fresh.account_id, set(fresh.models) - before)
    if pool.lists.note(fresh):
        hand_over(writer, partial(save_list, kept=fresh))
