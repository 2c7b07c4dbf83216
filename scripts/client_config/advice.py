"""What to do next: what is configured now goes in, lines to type come out."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

from codexlb_store.home import home_folder
from codexlb_store.keys import load_keys
from codexlb_store.read_only import open_read_only
from codexlb_store.store_error import StoreError
from scripts.client_config.base_url import is_loopback
from scripts.client_config.provider import Asked, Provider

OURS = "codex-lb"
"""What the provider is called unless another id is asked for."""

OWN_PROVIDER = "openai"
"""What Codex uses where nothing is configured."""


def next_steps(provider: Provider, asked: Asked, profile: str | None, environ: Mapping[str, str]) -> list[str]:
    """Lines for a person to type, each with why."""
    if profile is not None:
        option = f"--profile {profile} "
    else:
        option = "" if asked.is_default else f"-c model_provider={asked.provider} "
    lines = [f'  codex exec {option}"say hi"']
    name = provider.env_key
    if name and not environ.get(name):
        there = "" if is_loopback(provider.base_url) else " there"
        lines.insert(0, f"  export {name}=sk-clb-...   # the key that `codexlb keys create` prints{there}")
    return lines


def retagging(before: str | None, asked: Asked) -> list[str]:
    """How sessions come along that were made with the provider used until now."""
    earlier = before or OWN_PROVIDER
    if not asked.is_default or earlier == asked.provider:
        return []
    return [
        f"Sessions made until now belong to {earlier}. For `codex resume` to find them:",
        f"  codexlb sessions retag --from {earlier} --to {asked.provider}",
    ]


def key_hint(provider: Provider, asked: Asked, profile: str | None, environ: Mapping[str, str]) -> list[str]:
    """What to say where the proxy of this machine wants a key and none is named."""
    if provider.env_key is not None or not is_loopback(provider.base_url) or not has_keys(environ):
        return []
    other = "" if asked.provider == OURS else f" --provider {asked.provider}"
    other += f" --profile {profile}" if profile else ""
    return [
        "Codex-LB has client keys here, and serves nobody without one: run "
        f"`codexlb client-config{other} --key-env CODEX_LB_API_KEY`, and put a key into that variable."
    ]


def has_keys(environ: Mapping[str, str]) -> bool:
    """Whether a key was ever made in the data folder of this machine; a store that cannot be read has none."""
    try:
        with closing(open_read_only(home_folder(environ))) as db:
            return bool(load_keys(db))
    except (StoreError, sqlite3.Error, OSError):
        return False
