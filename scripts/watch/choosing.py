"""What a person chose to see: keys come in one by one, the order and the filter come out."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

ESCAPE, ENTERS, BACKSPACES = "\x1b", ("\n", "\r"), ("\x08", "\x7f")
"""As terminals send them; which of two is a matter of their settings."""

LONGEST_FILTER = 40
"""Characters; the last line must hold it."""


class Sort(enum.Enum):
    """What comes first; usual: the sessions with the most tokens, accounts as they were added."""

    USUAL = "usual"
    TOKENS = "tokens"
    COST = "cost"
    REQUESTS = "requests"
    NAME = "name"


_NEXT = dict(zip(Sort, [*list(Sort)[1:], Sort.USUAL], strict=True))


@dataclass(frozen=True, slots=True)
class Choosing:
    """The order, and of which rows something is to be seen; `is_typing` while the filter is being written."""

    sort: Sort = Sort.USUAL
    filter: str = ""
    is_typing: bool = False

    def shows(self, *words: str | None) -> bool:
        """Whether every word of the filter is in one of these, in capitals or not."""
        text = "\n".join(word for word in words if word).casefold()
        return all(word in text for word in self.filter.casefold().split())


def pressed(choosing: Choosing, key: str) -> Choosing | None:
    """What is chosen after this key; None is the end."""
    return _typed(choosing, key) if choosing.is_typing else _commanded(choosing, key)


def _commanded(choosing: Choosing, key: str) -> Choosing | None:
    match key:
        case "q" | "Q":
            return None
        case "s" | "S":
            return replace(choosing, sort=_NEXT[choosing.sort])
        case "/":
            return replace(choosing, is_typing=True)
        case "\x1b":
            return replace(choosing, filter="")
        case _:
            return choosing


def _typed(choosing: Choosing, key: str) -> Choosing:
    if key in ENTERS:
        return replace(choosing, is_typing=False)
    if key == ESCAPE:
        return replace(choosing, filter="", is_typing=False)
    if key in BACKSPACES:
        return replace(choosing, filter=choosing.filter[:-1])
    if key.isprintable() and len(choosing.filter) < LONGEST_FILTER:
        return replace(choosing, filter=choosing.filter + key)
    return choosing
