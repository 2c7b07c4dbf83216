"""What people see, kept as text files: a change of the look is a change of a file that can be read."""

from __future__ import annotations

import io
import os
from pathlib import Path

from rich.console import Console, RenderableType

FOLDER = Path(__file__).with_name("pages")

REWRITE = "CODEXLB_WRITE_SNAPSHOTS"
"""Set it to 1 to keep what is shown now; then read the difference."""


def printed(renderable: RenderableType, width: int) -> str:
    """What a terminal of this many characters shows, without colours and trailing blanks."""
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    with console.capture() as capture:
        console.print(renderable)
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())


def snapshot(name: str, text: str) -> str:
    """The text kept under this name."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get(REWRITE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")
