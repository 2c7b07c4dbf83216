"""How a window goes, in words: its pace goes in, short remarks come out."""

from __future__ import annotations

import datetime

from rich.text import Text

from codexlb_store.forecast import Pace, PaceState
from codexlb_store.quantity import moment


def pace_words(pace: Pace) -> Text:
    """What is used against an even pace; how far it is off in percent of the window."""
    points = "" if pace.ahead_percent is None else f" {abs(pace.ahead_percent):.0f}%"
    match pace.state:
        case PaceState.ON_TRACK:
            return Text("on track", "green")
        case PaceState.AHEAD:
            return Text(f"ahead{points}", "yellow")
        case PaceState.BEHIND:
            return Text(f"behind{points}", "dim")
        case PaceState.NOT_STARTED:
            return Text("not started", "dim")
        case PaceState.UNKNOWN:
            return Text("n/a", "dim")


def end_words(pace: Pace, used_percent: float, now: float, zone: datetime.tzinfo | None) -> Text:
    """When the window runs out, or that it lasts until it resets; nothing where that is not known."""
    if used_percent >= 100:
        return Text("used up", "red")
    if pace.runs_out_at is not None:
        return Text(moment(pace.runs_out_at, now, zone), "yellow")
    return Text("lasts", "dim") if pace.lasts else Text("")
