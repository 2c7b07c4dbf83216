"""Makes a conversation readable for another account: a request body in, the same without foreign reasoning out."""

from __future__ import annotations

import msgspec

from addons.wire.lenient import NULL, read_or_none

# Codex's names for an item that stands for the whole conversation before it, in newer and older versions.
_COMPACTIONS = frozenset({"compaction", "compaction_summary", "context_compaction"})


class _Body(msgspec.Struct):
    input: list[msgspec.Raw]


class _Item(msgspec.Struct):
    type: str | None = None
    encrypted_content: msgspec.Raw = NULL

    @property
    def is_foreign(self) -> bool:
        return self.type == "reasoning" and bytes(self.encrypted_content) != b"null"


_BODY = msgspec.json.Decoder(_Body)
_ITEM = msgspec.json.Decoder(_Item)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def without_foreign_reasoning(body: bytes) -> bytes | None:
    """Take the encrypted reasoning, which only the account that made it can read, out of a plain request body.

    Everything else keeps its bytes, so that the prompt cache holds. None if there is nothing to take out, or if a
    compaction is among the items: without it the conversation itself would be lost.
    """
    fields, whole = read_or_none(_FIELDS, body), read_or_none(_BODY, body)
    if fields is None or whole is None:
        return None
    heads = [read_or_none(_ITEM, item) or _Item() for item in whole.input]
    if any(head.type in _COMPACTIONS for head in heads) or not any(head.is_foreign for head in heads):
        return None
    items = [_plain(item) if head.is_foreign else item for item, head in zip(whole.input, heads, strict=True)]
    return msgspec.json.encode({**fields, "input": items})


def _plain(item: msgspec.Raw) -> dict[str, msgspec.Raw]:
    return {name: value for name, value in _FIELDS.decode(item).items() if name != "encrypted_content"}
