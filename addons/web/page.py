"""What a page is made from, and what it is made of: a Reading goes in, a Page of parts comes out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from addons.web.recall import Recall

LOADING_REST, LIVE_REST = 20.0, 500.0
"""For how many times as long as it took to read a figure is good: who loads a page waits for it and wants it as it is
now; what is sent to those who only look on must not slow down what the proxy is for."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class View:
    """What a browser asks for: the path as it is routed, its parameters (the last of each), and the time (unix
    seconds); `is_logged_in`: there is a login to end."""

    path: str
    now: float
    parameters: Mapping[str, str] = field(default_factory=dict)
    is_logged_in: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What is asked for, the store to read it from (for this once), and what is remembered of earlier readings.

    A figure is good for `rest` times as long as it took to read; `read_at` notes when each was read, by the clock of
    `recall`.
    """

    db: Database
    view: View
    home: Path
    recall: Recall
    rest: float = LOADING_REST
    read_at: list[float] = field(default_factory=list)

    @property
    def now(self) -> float:
        """The time of it all, in unix seconds."""
        return self.view.now

    def figure(self, name: Hashable, query: Callable[[], _Value]) -> _Value:
        """What a query finds; what takes long to find is not looked up at every second."""
        figure = self.recall.of((self.view.path, name), query, self.rest)
        self.read_at.append(figure.read_at)
        return figure.value


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page: its id, its template, and what goes into it; a live one is sent anew when it changes."""

    id: str
    template: str
    values: Mapping[str, Any]
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its title, its parts from top to bottom, and the HTTP status."""

    title: str
    parts: tuple[Part, ...]
    status: int = 200
