"""A store with something of everything, and the dashboard's pages of it as a browser reads them."""

from __future__ import annotations

import datetime
import html
import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from addons.web.renderer import Renderer, View, kind_of
from codexlb_store.pricing import load_prices
from codexlb_store.read_only import open_read_only
from codexlb_store.schema import open_store

NOW = datetime.datetime(2026, 1, 14, 12).timestamp()
"""Noon on this machine: a Wednesday."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its status, its HTML, and the words that can be read on it."""

    status: int
    html: str

    @property
    def words(self) -> str:
        bare = re.sub(r"<[^>]*>", " ", re.sub(r"<svg.*?</svg>", " ", self.html, flags=re.DOTALL))
        return re.sub(r"\s+(?=,)", "", re.sub(r"\s+", " ", html.unescape(bare)).strip())

    def section(self, name: str) -> Shown:
        """One part of it."""
        found = re.search(rf'<section id="{name}" class="part">(.*?)</section>', self.html, re.DOTALL)
        assert found, f"there is no part {name!r}"
        return Shown(self.status, found[1])


def show(home: Path, path: str = "/dashboard", **parameters: str) -> Shown:
    """The page of this path at NOW."""
    open_store(home).close()
    with closing(open_read_only(home)) as db:
        kind = kind_of(path)
        assert kind
        document = Renderer(home, load_prices(home)).render(db, View(path, NOW, parameters), kind)
    return Shown(document.status, document.body.decode())
