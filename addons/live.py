"""Tells browsers what has changed in the pages they show: one event for each time they ask, which may take a while.

All of them look through one pair of eyes: a look at the store each second, and after a change each page is written
once, however many show it. Where nobody looks on nothing is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import partial

from mitmproxy.connection import Client

from addons.store_reader import ReadError, StoreReader
from addons.store_revision import StoreRevision
from addons.web.renderer import Renderer, View, kind_of
from addons.web.snapshot import NOTHING_NEW, Snapshot

MOST_VIEWERS = 50

WAIT_SECONDS = 20.0
"""So long a browser waits for something new; then it asks again."""

LOOK_SECONDS = 1.0
"""Nothing is written more often, whatever happens."""

REST = 4
"""Nor in more than a fifth of the time, however many pages are shown."""

STALE_SECONDS = 15.0
"""Without a change a page is written anew so often: time alone makes countdowns shorter and ends limits."""


@dataclass(eq=False, slots=True)
class Viewer:
    """A browser that waits: for which page, what it has of it, and what it will be told."""

    page: Hashable
    view: View
    known: str
    client: Client
    told: asyncio.Future[bytes]

    def hear(self, event: bytes | None) -> None:
        """End the waiting, unless it has ended or there is nothing to say."""
        if event is not None and not self.told.done():
            self.told.set_result(event)


@dataclass(frozen=True, slots=True)
class Shot:
    """A page as it was, and until when that is good enough if nothing changes (monotonic seconds)."""

    snapshot: Snapshot
    good_until: float


class Live:
    """The browsers that wait, and the pages as they were seen last."""

    def __init__(self, reader: StoreReader, renderer: Renderer) -> None:
        self.reader = reader
        self.renderer = renderer
        self.revision = StoreRevision(reader.home)
        self.viewers: list[Viewer] = []
        self.shots: dict[Hashable, Shot] = {}
        self.seen, self.changed_at = 0, 0.0
        """The revision of the store at the last look, and the first look at which it was that (monotonic seconds)."""
        self.looking: asyncio.Task[None] | None = None
        self.closed = False

    async def event(self, view: View, known: str, client: Client) -> bytes:
        """What a browser lacks that has the version `known` of a page, as soon as there is anything, or nothing new.

        Raises ReadError when too many wait.
        """
        if self.closed or len(self.viewers) >= MOST_VIEWERS:
            raise ReadError("Too many look on at once: try again in a moment.")
        page = (view.path, *sorted(view.parameters.items()))
        viewer = Viewer(page, view, known, client, asyncio.get_running_loop().create_future())
        self.viewers.append(viewer)
        if self.looking is None or self.looking.done():
            self.looking = asyncio.create_task(self.look_on())
        try:
            await asyncio.wait([viewer.told], timeout=WAIT_SECONDS)
        finally:
            self.viewers.remove(viewer)
        return viewer.told.result() if viewer.told.done() else NOTHING_NEW

    async def look_on(self) -> None:
        """As long as anybody waits: look, tell, rest."""
        while self.viewers:
            began = time.monotonic()
            with contextlib.suppress(ReadError):  # too busy, or the proxy ends: who waits asks again
                await self.look(began)
            await asyncio.sleep(max(LOOK_SECONDS, REST * (time.monotonic() - began)))

    async def look(self, now: float) -> None:
        """Write the pages that may have changed, and tell those who lack something of them."""
        revision = await self.reader.work("live", self.revision.read)
        if revision != self.seen:
            self.seen, self.changed_at = revision, now
        self.shots = {page: shot for page, shot in self.shots.items() if now < shot.good_until}
        pages = {viewer.page: viewer.view for viewer in self.viewers}
        for page, view in pages.items():
            shot = self.shots.get(page)
            if shot is None or shot.snapshot.read_at < self.changed_at:
                shot = self.shots[page] = await self.take(view)
            self.tell(page, shot)

    async def take(self, view: View) -> Shot:
        """Write one page, in a thread."""
        kind = kind_of(view.path)
        assert kind, "only pages are watched"
        query = partial(self.renderer.snapshot, view=replace(view, now=time.time()), kind=kind)
        return Shot(await self.reader.read(kind, query), time.monotonic() + STALE_SECONDS)

    def tell(self, page: Hashable, shot: Shot) -> None:
        """Tell those who show this page and lack something of it: mostly all lack the same."""
        events: dict[str, bytes | None] = {}
        for viewer in self.viewers:
            if viewer.page == page:
                if viewer.known not in events:
                    events[viewer.known] = shot.snapshot.event(viewer.known)
                viewer.hear(events[viewer.known])

    def leave(self, client: Client) -> None:
        """Who has gone does not wait on."""
        for viewer in self.viewers:
            if viewer.client is client:
                viewer.hear(NOTHING_NEW)

    def close(self) -> None:
        """The proxy ends: nobody waits on."""
        self.closed = True
        if self.looking:
            self.looking.cancel()
        for viewer in self.viewers:
            viewer.hear(NOTHING_NEW)
        self.revision.close()
