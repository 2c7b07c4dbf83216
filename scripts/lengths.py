"""Lengths of time as people write them: `90d`, `24h` or `30min` go in, seconds come out."""

from __future__ import annotations

import re

from codexlb_store.quantity import DAY, HOUR, MINUTE, WEEK

SECONDS_OF_UNIT = {"m": MINUTE, "min": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}

LENGTH = re.compile(rf"([0-9]{{1,9}}) ?({'|'.join(SECONDS_OF_UNIT)})")


def parse_length(text: str) -> int | None:
    """The seconds meant by a whole number and a unit; None for anything else."""
    found = LENGTH.fullmatch(text.strip().lower())
    return int(found[1]) * SECONDS_OF_UNIT[found[2]] if found else None
