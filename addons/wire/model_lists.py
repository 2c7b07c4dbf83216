"""The list of models as a key may see it: the upstream's answer goes in, the same without other models comes out."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from addons.wire.lenient import read_or_none

_LISTS = ("models", "data")
"""Codex's own list, and OpenAI's."""


class _Model(msgspec.Struct):
    slug: str | None = None
    id: str | None = None


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MODELS = msgspec.json.Decoder(list[msgspec.Raw])
_MODEL = msgspec.json.Decoder(_Model)


def with_models(body: bytes, is_allowed: Callable[[str], bool]) -> bytes | None:
    """The list without models that are not allowed; entries keep their bytes. None where no list can be read."""
    fields = read_or_none(_FIELDS, body) or {}
    kept: dict[str, object] = {}
    for name in _LISTS:
        if name in fields:
            entries = read_or_none(_MODELS, fields[name])
            if entries is None:
                return None
            kept[name] = [entry for entry in entries if _is_kept(entry, is_allowed)]
    return msgspec.json.encode({**fields, **kept}) if kept else None


def _is_kept(entry: msgspec.Raw, is_allowed: Callable[[str], bool]) -> bool:
    model = read_or_none(_MODEL, entry)
    name = (model.slug or model.id) if model else None
    return name is not None and is_allowed(name)
