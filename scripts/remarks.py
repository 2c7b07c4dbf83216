"""What is said of something beside its name: remarks go in, lines that end only between them come out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said in one colour: phrases that a line may end between, never within."""

    phrases: tuple[str, ...]
    style: str


def folded(remarks: Iterable[Remark], width: int) -> Text:
    """Remarks with dots between them, as many in a line of this many characters as fit in whole."""
    found, column = Text(), 0
    for remark in remarks:
        needed = cell_len(" ".join(remark.phrases))
        for place, phrase in enumerate(remark.phrases):
            glue = " " if place else " · "
            if not column or column + cell_len(glue) + (cell_len(phrase) if place else needed) > width:
                glue, column = "\n" if found else "", 0
            found.append(glue, "dim").append(phrase, remark.style)
            column += cell_len(glue.strip("\n") + phrase)
    return found
