"""What queries found a moment ago: a name and a query go in, its figure comes out, if need be a little old.

Whoever asks says for how many times as long as it took to read a figure is good: so no figure takes more than that part
of a thread, whoever looks on and however large the store is, and what costs next to nothing is read every time.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

MOST_SECONDS = 60.0
"""None is older."""

MOST_FIGURES = 200
"""Past it the one that was asked for longest ago goes."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Figure(Generic[_Value]):
    """What a query found, when it began and when it ended, by the clock that Recall goes by."""

    value: _Value
    read_at: float
    ended_at: float


class Recall:
    """The figures by name; for threads. `clock` tells seconds that only go on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.known: OrderedDict[Hashable, Figure[Any]] = OrderedDict()
        self.lock = threading.Lock()

    def of(self, name: Hashable, query: Callable[[], _Value], rest: float) -> Figure[_Value]:
        """The figure of this name, read anew unless the one that is known is good: for `rest` times its reading."""
        began = self.clock()
        with self.lock:
            known = self.known.get(name)
        if known and began < known.ended_at + min(MOST_SECONDS, rest * (known.ended_at - known.read_at)):
            return known
        figure = Figure(query(), began, self.clock())
        with self.lock:
            self.known[name] = figure
            self.known.move_to_end(name)
            while len(self.known) > MOST_FIGURES:
                self.known.popitem(last=False)
        return figure
