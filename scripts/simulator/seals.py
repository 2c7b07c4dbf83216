"""Opaque strings that belong to one account: encrypted content and turn states."""

from __future__ import annotations

import base64
import binascii

MARK = b"simulated"


def seal(account: str, serial: str) -> str:
    """A string that looks like a cipher text and tells the simulator whose it is."""
    return base64.urlsafe_b64encode(b"/".join((MARK, account.encode(), serial.encode()))).decode()


def owner_of(text: str) -> str | None:
    """The account a sealed string was made for, None for anything else."""
    try:
        mark, account, _ = base64.urlsafe_b64decode(text).split(b"/", 2)
    except (binascii.Error, ValueError):
        return None
    return account.decode(errors="replace") if mark == MARK else None


def owners(items: object) -> set[str]:
    """The accounts whose encrypted content stands in the input of a request."""
    sealed = (
        [item.get("encrypted_content") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    )
    return {owner for text in sealed if isinstance(text, str) and (owner := owner_of(text)) is not None}
