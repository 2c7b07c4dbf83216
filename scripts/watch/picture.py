"""What is on the screen: the store and keys go in, lines come out when there is something new to see."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Sequence

from rich.text import Text

from codexlb_store.processes import living
from scripts.data_folder import DataFolder
from scripts.watch.buckets import Buckets, step_of
from scripts.watch.choosing import Choosing, pressed
from scripts.watch.frame import frame
from scripts.watch.look import look
from scripts.watch.place import Place

LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 2.0, 60.0
SHARE = 0.01
"""Looking takes at most this part of a core: the more a look costs, the longer until the next one."""

CLOCK_SECONDS = 5.0
"""How often clocks and countdowns move while nothing else does."""

Mark = tuple[int, frozenset[str], float]


def pause_after(cpu_seconds: float) -> float:
    """How long to leave the store alone after a look that took so many seconds of a core."""
    return min(MOST_PAUSE_SECONDS, max(LEAST_PAUSE_SECONDS, cpu_seconds / SHARE))


class Picture:
    """The last look at the store, what was chosen, and the lines that show both."""

    def __init__(self, folder: DataFolder, zone: datetime.tzinfo | None, now: float) -> None:
        self.lines: Sequence[Text] = ()
        self._folder = folder
        self._zone = zone
        self._choosing = Choosing()
        self._buckets = Buckets()
        self._size = (0, 0)
        self._drawn_at = 0.0
        self._is_new = True
        self._look_at(now, self._mark(now))

    def refresh(self, now: float) -> None:
        """Look at the store again if it has changed, and the last look is long enough ago."""
        if now >= self._next_look_at and (mark := self._mark(now)) != self._seen:
            self._look_at(now, mark)

    def _mark(self, now: float) -> Mark:
        """Differs as soon as a look would: another wrote, a proxy came or went, or the next five minutes began."""
        version = self._folder.db.execute("PRAGMA data_version").fetchone()[0]
        return version, frozenset(living(self._folder.home)), step_of(now)

    def _look_at(self, now: float, mark: Mark) -> None:
        began = time.process_time()
        self._look = look(self._folder, self._buckets, now, self._zone)
        self._seen = mark
        self._next_look_at = now + pause_after(time.process_time() - began)
        self._is_new = True

    def press(self, keys: Iterable[str]) -> bool:
        """Choose what these keys mean; whether it goes on."""
        for key in keys:
            choosing = pressed(self._choosing, key)
            if choosing is None:
                return False
            self._is_new |= choosing != self._choosing
            self._choosing = choosing
        return True

    def draw(self, now: float, width: int, height: int) -> bool:
        """Make the lines of the screen anew where anything may have changed; whether something has."""
        is_resized = (width, height) != self._size
        if not (self._is_new or is_resized or now - self._drawn_at >= CLOCK_SECONDS):
            return False
        self._is_new, self._size, self._drawn_at = False, (width, height), now
        before, self.lines = self.lines, frame(self._look, self._choosing, Place(width, height, now, self._zone))
        return is_resized or self.lines != before
