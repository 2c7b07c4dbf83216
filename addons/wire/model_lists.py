"""Lists of models: the upstream's answer goes in, the models in it or the same answer without some of them come out."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl

import msgspec

from addons.wire.lenient import read_or_none

_LISTS = ("models", "data")
"""Codex's own list, and OpenAI's."""

_SHOWN = "list"
"""How Codex's list marks a model that people may pick; others serve its own ends."""

MOST_NAME_CHARACTERS = 80

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,31}")


class _Model(msgspec.Struct):
    slug: str | None = None
    id: str | None = None


class _Entry(_Model):
    visibility: object = _SHOWN


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MODELS = msgspec.json.Decoder(list[msgspec.Raw])
_MODEL = msgspec.json.Decoder(_Model)
_ENTRY = msgspec.json.Decoder(_Entry)
_NOTHING = b"[]"


def client_version_of(target: str) -> str | None:
    """The version that a client names when it asks for its list; empty where it names none, None where it asks for
    something else as well, so that its answer is not what others would get."""
    asked = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    if not asked:
        return ""
    (name, version), *more = asked
    return version if name == "client_version" and not more and _VERSION.fullmatch(version) else None


def models_to_pick(body: bytes) -> tuple[str, ...] | None:
    """The models of a list that people may pick, in its order, each once; None where this is no list with a model."""
    fields = read_or_none(_FIELDS, body) or {}
    found = [entry for name in _LISTS for entry in read_or_none(_MODELS, fields.get(name, _NOTHING)) or ()]
    entries = [entry for raw in found if (entry := read_or_none(_ENTRY, raw)) and _name_of(entry)]
    shown = [_name_of(entry) for entry in entries if entry.visibility == _SHOWN]
    return tuple(dict.fromkeys(name for name in shown if _is_sayable(name))) if entries else None


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
    name = _name_of(model) if model else ""
    return bool(name) and is_allowed(name)


def _name_of(model: _Model) -> str:
    return model.slug or model.id or ""


def _is_sayable(name: str) -> bool:
    return len(name) <= MOST_NAME_CHARACTERS and name.isprintable()
