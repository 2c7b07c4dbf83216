"""Heads as they pass from one hop to the next: what belongs to this hop, to the client or to the pool stays behind."""

from __future__ import annotations

from copy import copy
from typing import TypeVar

from mitmproxy import http

from addons.wire.headers import (
    CLIENT_CREDENTIALS,
    FEDRAMP,
    OF_HOPS,
    OF_ITS_SENDER,
    OF_THE_POOL,
    OF_THE_WORKSPACE,
    OF_THIS_HOP,
    ROUTING_OVERRIDE,
    TURN_STATE,
    Fields,
)
from codexlb_store.credentials import Credential

Head = TypeVar("Head", http.Request, http.Response)
NOT_FORWARDED = OF_THIS_HOP | OF_ITS_SENDER | CLIENT_CREDENTIALS | OF_THE_WORKSPACE
"""The flow keeps what its client's connection depends on."""

NOT_PASSED_ON = OF_THIS_HOP | OF_THE_POOL

NAMES_NOTHING = frozenset({b"close", b"keep-alive", b"keep-alive, te", b"te", b"upgrade"})
"""What Connection mostly says: no header beside those that never pass."""

LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
"""Whoever names them in Connection would have a body without an end."""


def one_line(*texts: bytes) -> bool:
    """Whether none of these would begin another line in a head of HTTP/1; in HTTP/2 they would not."""
    joined = b"".join(texts)
    return not (b"\n" in joined or b"\r" in joined or b"\0" in joined)


def is_sendable(credential: Credential) -> bool:
    """Whether a credential would be that in a head, and nothing else."""
    parts = (credential.access_token, credential.chatgpt_account_id, credential.routing_override or "")
    return all(part.isascii() for part in parts) and one_line("".join(parts).encode())


def passing(fields: Fields, dropped: frozenset[bytes]) -> Fields:
    """The fields of a head that go on to the next hop."""
    found, listed = [], []
    for field in fields:
        name = field[0].lower()
        if name not in dropped and not name.startswith(OF_HOPS):
            found.append(field)
        elif name == b"connection" and (names := field[1].lower()) not in NAMES_NOTHING:
            listed += [listed_name.strip() for listed_name in names.split(b",")]
    if listed:
        found = [field for field in found if field[0].lower() in LENGTHS or field[0].lower() not in listed]
    if not one_line(*[part for field in found for part in field]):
        found = [field for field in found if one_line(*field)]
    return tuple(found)


def with_fields(head: Head, fields: Fields) -> Head:
    """A copy of a head that has these fields and no body."""
    made = copy(head)
    made.data = copy(head.data)  # mitmproxy's own copy would check and convert every field again
    made.data.headers = headers = http.Headers()
    headers.fields = fields
    made.data.content = None
    return made


def head_on_wire(request: http.Request, credential: Credential, foreign_turn_state: bool = False) -> http.Request:
    """The request head as the upstream gets it: a copy, with the account's token and without this hop's headers."""
    dropped = NOT_FORWARDED | {TURN_STATE.encode()} if foreign_turn_state else NOT_FORWARDED
    fields = [
        *passing(request.headers.fields, dropped),
        (b"authorization", f"Bearer {credential.access_token}".encode()),
        (b"chatgpt-account-id", credential.chatgpt_account_id.encode()),
    ]
    if request.raw_content and not LENGTHS & {name.lower() for name, _ in fields}:
        fields.append((b"content-length", str(len(request.raw_content)).encode()))  # an HTTP/2 client need not say it
    if credential.fedramp:
        fields.append((FEDRAMP.encode(), b"true"))
    if credential.routing_override:
        fields.append((ROUTING_OVERRIDE.encode(), credential.routing_override.encode()))
    return with_fields(request, tuple(fields))


def head_for_client(response: http.Response) -> http.Response:
    """The answer's head as the client gets it. The upstream's own is left as it came: its connection depends on it."""
    return with_fields(response, passing(response.headers.fields, NOT_PASSED_ON))


def hide_credentials(request: http.Request) -> None:
    """Whatever became of a request: what its client is known by is not shown with it."""
    fields = request.headers.fields
    if any(name.lower() in CLIENT_CREDENTIALS for name, _ in fields):
        request.headers.fields = tuple([field for field in fields if field[0].lower() not in CLIENT_CREDENTIALS])
