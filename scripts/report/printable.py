"""Words that came from clients: any text goes in, a line that cannot steer a terminal comes out."""

from __future__ import annotations

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

LONGEST = 200
"""Characters of one name; nobody reads on, and one client must not fill the screen."""


def printable(text: str) -> str:
    """The text without line ends, control characters and marks that turn the direction of writing; never overlong."""
    if len(text) <= LONGEST and text.isprintable():
        return text
    shown = "".join(character if character.isprintable() else REPLACEMENT for character in text[: LONGEST + 1])
    return f"{shown[: LONGEST - 1]}…" if len(shown) > LONGEST else shown
