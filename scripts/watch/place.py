"""Where and when a picture is drawn."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from codexlb_store.quantity import moment


@dataclass(frozen=True, slots=True)
class Place:
    """A screen of so many characters and lines, the moment (unix seconds), and the zone of its clock times."""

    width: int
    height: int
    now: float
    zone: datetime.tzinfo | None = None

    def clock(self, at: float) -> str:
        """A moment (unix seconds) as people read it here and now."""
        return moment(at, self.now, self.zone)
