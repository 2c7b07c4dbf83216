"""What an upstream may quote and nobody may read: the pool's tokens go in, and what it said without them comes out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from addons.exchange import Exchange
from addons.wire.failures import Diagnosis
from addons.wire.redaction import code_without_quotes, text_without_quotes
from codexlb_store.credentials import Credential
from codexlb_store.pool import Pool


def secrets_of(pool: Pool, exchange: Exchange) -> set[str]:
    """Every token that is known, and the ids of the workspaces they are for."""
    known: list[Credential] = list(pool.credentials.values())
    if exchange.credential:
        known.append(exchange.credential)
    return {text for each in known for text in (each.access_token, each.refresh_token, each.chatgpt_account_id)}


def sayable(diagnosis: Diagnosis, secrets: Collection[str]) -> Diagnosis:
    """A diagnosis that may be written down and told to a client."""
    message = diagnosis.message and text_without_quotes(diagnosis.message, secrets)
    return replace(diagnosis, code=code_without_quotes(diagnosis.code, secrets), message=message)
