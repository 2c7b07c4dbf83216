"""A client's key as it is now: a request takes its time, and people change keys meanwhile."""

from __future__ import annotations

from addons.exchange import Client
from addons.wire.denials import Denial
from codexlb_store.keyring import KeyProblem, Keyring
from codexlb_store.keys import Key


def present_key(keyring: Keyring, client: Client, now: float) -> Key | Denial | None:
    """The key with its present rules, or why it is not good any more at `now` (unix seconds); None for a client without
    one. A key counts only with the secret that was shown, which may have been replaced."""
    if client.key is None:
        return None
    found = keyring.look_up(client.digest or "", now)
    return Denial[found.name] if isinstance(found, KeyProblem) else found
