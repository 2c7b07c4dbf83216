"""Work that may take for ever, for so many seconds at most: each in a thread that nobody has to wait for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Result = TypeVar("Result")


def together(seconds: float, works: Sequence[Callable[[], Result]]) -> list[Result | None]:
    """The results of all, in their order; None of what was not done in time, or raised OSError.

    A name that cannot be looked up keeps its thread for longer than anybody waits, so the threads are left behind.
    """
    results: list[Result | None] = [None] * len(works)

    def run(place: int, work: Callable[[], Result]) -> None:
        with contextlib.suppress(OSError):
            results[place] = work()

    threads = [threading.Thread(target=run, args=each, daemon=True) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return list(results)
