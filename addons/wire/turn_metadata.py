"""What Codex tells of a turn beside its input: the metadata in a header or in the body in, ids and the project out."""

from __future__ import annotations

import msgspec

from addons.wire.lenient import NULL, read_or_none
from codexlb_store.projects import project_id

MOST_BYTES = 64 * 1024
"""A Codex with many workspaces tells some thousand bytes of them; more is not looked through."""


class Metadata(msgspec.Struct):
    """The ids of a turn; what is read only sometimes, and may be anything, is Raw.

    The header holds these fields. The body's `client_metadata` holds the ids, and the header's text once more.
    """

    session_id: str | None = None
    thread_id: str | None = None
    request_kind: str | None = None
    workspaces: msgspec.Raw = NULL
    header: msgspec.Raw = msgspec.field(default=NULL, name="x-codex-turn-metadata")


class _Workspace(msgspec.Struct):
    associated_remote_urls: msgspec.Raw = NULL


_METADATA = msgspec.json.Decoder(Metadata)
_WORKSPACE = msgspec.json.Decoder(_Workspace)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


def read_metadata(data: bytes | msgspec.Raw) -> Metadata:
    """The metadata in this JSON; nothing is known of what cannot be read."""
    return read_or_none(_METADATA, data) or Metadata()


def project_of(header: Metadata, client: Metadata) -> str | None:
    """The id of the project that a turn works on: its first workspace's git remote, else its path, as a hash."""
    told = header.workspaces if _is_told(header.workspaces) else _copied(client).workspaces
    if not _is_told(told):
        return None
    path, about = next(iter((read_or_none(_MEMBERS, told) or {}).items()), (None, NULL))
    return project_id(_remote(about), path)


def _is_told(raw: msgspec.Raw) -> bool:
    return raw != NULL and len(memoryview(raw)) <= MOST_BYTES


def _copied(client: Metadata) -> Metadata:
    """The header as the body repeats it: JSON in a text."""
    text = read_or_none(_TEXT, client.header) if _is_told(client.header) else None
    return read_metadata(text.encode()) if text else Metadata()


def _remote(about: msgspec.Raw) -> str | None:
    """The remote called origin, else the first that there is."""
    workspace = read_or_none(_WORKSPACE, about) or _Workspace()
    remotes = read_or_none(_MEMBERS, workspace.associated_remote_urls) or {}
    urls = [read_or_none(_TEXT, url) for url in (remotes.get("origin", NULL), *remotes.values())]
    return next((url for url in urls if url), None)
