"""Where a workspace wants its requests handled: the answer of `wham/accounts/check` in, its residency out."""

from __future__ import annotations

import dataclasses
import functools
import re

import msgspec

from addons.wire.lenient import NULL, read_or_none
from addons.wire.origins import Origin, parse_origin

NO_CONSTRAINT = "NO_CONSTRAINT"
"""How the page says that a workspace demands nothing."""

COMMON_ORIGIN = "https://chatgpt.com"
"""Most workspaces name it; it demands no more than the configured upstream."""

MOST_ORIGIN_CHARACTERS = 300
"""A host has 253 characters at most."""

# It becomes a header's value. Codex knows us and us_cr.
_OVERRIDE = re.compile(r"[a-z0-9_-]{1,32}")

_parsed = functools.lru_cache(maxsize=256)(parse_origin)


@dataclasses.dataclass(frozen=True, slots=True)
class Residency:
    """What a workspace demands of its requests; None where it demands nothing."""

    origin: str | None
    routing_override: str | None


class _Id(msgspec.Struct):
    id: msgspec.Raw = NULL
    account_id: msgspec.Raw = NULL


class _Entry(msgspec.Struct):
    workspace_backend_origin: str | None = None
    account_routing_override: str | None = None


class _Envelope(msgspec.Struct):
    account: msgspec.Raw = NULL


class _Page(msgspec.Struct):
    """Codex reads both: a list of entries, and an object of entries in envelopes."""

    accounts: list[msgspec.Raw] | dict[str, _Envelope]


_TEXT = msgspec.json.Decoder(str)
_ID = msgspec.json.Decoder(_Id)
_ENTRY = msgspec.json.Decoder(_Entry)
_PAGE = msgspec.json.Decoder(_Page)


def residency_of(page: bytes, chatgpt_account_id: str) -> Residency:
    """Read what a workspace demands; raises ValueError when the page does not say it clearly."""
    entry = read_or_none(_ENTRY, _entry_of(page, chatgpt_account_id))
    if entry is None:
        raise ValueError("The workspace's origin or its routing override is no text: what it demands is unknown.")
    return Residency(_origin(entry.workspace_backend_origin), _override(entry.account_routing_override))


def origin_for(demanded: str | None, upstream: Origin) -> Origin:
    """Where an account's requests go: to the origin its workspace demands, else to the configured upstream.

    Raises ValueError for one that cannot be honoured; then they may go nowhere.
    """
    if demanded is None:
        return upstream
    origin = _parsed(demanded)
    if origin.scheme == "http" and upstream.scheme == "https":
        raise ValueError(f"{origin.url} is not encrypted, and the configured upstream {upstream.url} is.")
    return origin


def _entry_of(page: bytes, chatgpt_account_id: str) -> msgspec.Raw:
    """The one entry of the workspace."""
    found = read_or_none(_PAGE, page)
    if found is None:
        raise ValueError("The answer is no page of workspaces: no JSON object with accounts in it.")
    accounts = found.accounts
    entries = accounts if isinstance(accounts, list) else [envelope.account for envelope in accounts.values()]
    ours = [entry for entry in entries if chatgpt_account_id in _ids_of(entry)]
    if len(ours) != 1:
        raise ValueError(f"The page names the workspace {chatgpt_account_id!r} {len(ours)} times instead of once.")
    return ours[0]


def _ids_of(entry: msgspec.Raw) -> tuple[str | None, str | None]:
    found = read_or_none(_ID, entry) or _Id()
    return read_or_none(_TEXT, found.id), read_or_none(_TEXT, found.account_id)


def _origin(text: str | None) -> str | None:
    if text is None or text == NO_CONSTRAINT:
        return None
    if len(text) > MOST_ORIGIN_CHARACTERS:
        raise ValueError(f"The workspace's origin is {len(text)} characters long: no host is.")
    url = parse_origin(text.removesuffix("/")).url
    return None if url == COMMON_ORIGIN else url


def _override(text: str | None) -> str | None:
    if text is None or text == NO_CONSTRAINT:
        return None
    if not _OVERRIDE.fullmatch(text):
        raise ValueError(f"The workspace's routing override {text[:40]!r} is not a short name in lower case.")
    return text
