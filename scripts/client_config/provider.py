"""The provider that makes Codex use Codex-LB: what was asked and what is there go in, the wanted values come out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tomlkit

from scripts.client_config.base_url import DEFAULT, mended
from scripts.client_config.editing import Data, EditError, value_at
from scripts.client_config.statements import KeyPath, written

NAMES = ("OpenAI", "openai")
"""The first switches on Codex's full wire format (compaction by the server, compressed bodies); both are served."""

BUILT_IN = ("openai", "ollama", "lmstudio", "amazon-bedrock")
"""Codex refuses a configuration that defines one of these itself (seen with 0.136 and 0.169)."""

PROVIDERS = "model_providers"
CHOICE = "model_provider"
KEY_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PROVIDER_ID = re.compile(r"[A-Za-z0-9_-]+")


class ProviderError(ValueError):
    """The provider cannot be as it was asked for; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for; None is what they left open."""

    provider: str
    base_url: str | None = None
    name: str | None = None
    key_env: str | None = None
    no_key: bool = False
    model: str | None = None
    is_default: bool = True


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as it is to be."""

    name: str
    base_url: str
    env_key: str | None


def checked_id(text: str) -> str:
    """An id that a provider may have; raises ProviderError."""
    if text in BUILT_IN:
        raise ProviderError(f"{text} is a provider of Codex's own and cannot be another: choose another id.")
    if not PROVIDER_ID.fullmatch(text):
        raise ProviderError(f"{text!r} is no id for a provider: use letters, digits, - and _.")
    return text


def checked_variable(text: str) -> str:
    """A name that an environment variable may have; raises ProviderError, which never repeats what may be a key."""
    if not KEY_ENV.fullmatch(text):
        raise ProviderError(
            "That is no name of an environment variable: give a name such as CODEX_LB_API_KEY, and put the key into "
            "that variable."
        )
    return text


def provider_of(data: Data, asked: Asked) -> Provider:
    """The provider that was asked for; what was left open stays as it is in the configuration, if that is any good.

    Raises ProviderError where another service's provider has this id.
    """
    table = value_at(data, (PROVIDERS, asked.provider))
    if table is not None and not isinstance(table, Mapping):
        raise EditError(f"{written((PROVIDERS, asked.provider))} is no table in it, so nothing can be set there.")
    there: Mapping[str, Any] = table or {}
    name = there.get("name")
    key = there.get("env_key")
    return Provider(
        asked.name or (name if name in NAMES else NAMES[0]),
        asked.base_url or _base_url(there.get("base_url"), asked.provider),
        None if asked.no_key else asked.key_env or (key if isinstance(key, str) and KEY_ENV.fullmatch(key) else None),
    )


def _base_url(there: Any, provider: str) -> str:
    if there is None:
        return DEFAULT
    found = mended(there) if isinstance(there, str) else None
    if found is None:
        raise ProviderError(
            f"The provider {provider} is there already and leads elsewhere: choose another one with --provider, or "
            "give --base-url to make it Codex-LB."
        )
    return found


def wanted_values(provider: Provider, asked: Asked, chooser: KeyPath) -> dict[KeyPath, str | None]:
    """Each value by its path, in the order in which they are written; None is one that must not be there.

    `chooser` leads to the table that says which provider is used: the root, or a profile.
    """
    table = (PROVIDERS, asked.provider)
    values: dict[KeyPath, str | None] = {}
    if asked.model is not None:
        values[*chooser, "model"] = asked.model
    if asked.is_default:
        values[*chooser, CHOICE] = asked.provider
    values[*table, "name"] = provider.name
    values[*table, "base_url"] = provider.base_url
    values[*table, "wire_api"] = "responses"
    values[*table, "env_key"] = provider.env_key
    return values


def raw(value: str) -> str:
    """A text as it is written in TOML."""
    return tomlkit.string(value).as_string()
