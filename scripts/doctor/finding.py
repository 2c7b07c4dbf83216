"""What a look at something came to: a verdict, one sentence, and the command that mends it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Verdict(enum.StrEnum):
    """How good it is, the best first."""

    OK = "ok"
    NOTE = "note"
    """Nothing is wrong; somebody who wonders about something may want to know."""
    WARNING = "warning"
    """It works, but not as well or as long as it could."""
    ERROR = "error"
    """It does not work."""


GRAVITY = {verdict: place for place, verdict in enumerate(Verdict)}


class Trouble(enum.StrEnum):
    """What people meet first, in the words they meet it in: each has its heading in the README's troubleshooting."""

    REFUSED = "Connection refused"
    UNAUTHORIZED = "401 Unauthorized"
    MODEL = "Model not found"
    SESSIONS = "Sessions don't appear in codex resume"
    WIRE = "Wire API errors"


EXIT_CODES = {Verdict.OK: 0, Verdict.NOTE: 0, Verdict.WARNING: 3, Verdict.ERROR: 1}
"""2 is what a wrong command line ends with, as everywhere."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its name, the verdict, and a sentence; `mend` is a command line.

    `covers` is the trouble that this would show itself as; `subject` is which one of several it was, an account's name.
    """

    check: str
    verdict: Verdict
    sentence: str
    mend: str | None = None
    covers: Trouble | None = None
    subject: str | None = None

    @property
    def head(self) -> str:
        """What was looked at, in a few words."""
        return f"{self.check} {self.subject}" if self.subject else self.check


@dataclass(frozen=True, slots=True)
class Section:
    """What was found in one place."""

    title: str
    findings: tuple[Finding, ...]


def worst(findings: Iterable[Finding]) -> Verdict:
    """The worst verdict; nothing is ok."""
    return max((finding.verdict for finding in findings), key=GRAVITY.__getitem__, default=Verdict.OK)


def causes(trouble: Trouble, findings: Iterable[Finding]) -> list[Finding]:
    """What of the findings would show itself as this trouble, the worst first."""
    found = [one for one in findings if one.covers is trouble and one.verdict is not Verdict.OK]
    return sorted(found, key=lambda one: -GRAVITY[one.verdict])
