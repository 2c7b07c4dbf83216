"""Codex's saved sessions: how many each provider has goes in, which of them Codex does not show comes out."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass

from scripts.doctor.finding import Finding, Trouble, Verdict


@dataclass(frozen=True, slots=True)
class Counted:
    """Sessions by provider; all of them, unless there were too many to be counted in time."""

    by_provider: Counter[str]
    is_all: bool


def check_sessions(seen: Counted, provider: str) -> list[Finding]:
    """Whether `codex resume` shows every session with the provider that is used now; one finding for each other one."""
    own = seen.by_provider[provider]
    others = [(name, count) for name, count in seen.by_provider.most_common() if name != provider]
    least = "" if seen.is_all else "at least "
    found = [_others(name, f"{least}{_sessions(count)}", count, provider) for name, count in others]
    if not seen.by_provider:
        return [Finding("sessions", Verdict.OK, "Codex has no saved sessions here.", covers=Trouble.SESSIONS)]
    if not found:
        sentence = f"`codex resume` shows {least}{_sessions(own)} of {provider}, and no other provider has any."
        found.append(Finding("sessions", Verdict.OK, sentence, covers=Trouble.SESSIONS))
    return found


def _others(name: str, sessions: str, count: int, provider: str) -> Finding:
    belong = "belongs" if count == 1 else "belong"
    sentence = f"{sessions} {belong} to {name}: `codex resume` does not show them with {provider}."
    # Of several providers side by side each may keep its own, so this is no warning.
    mend = f"codexlb sessions retag --from {shlex.quote(name)} --to {shlex.quote(provider)}"
    return Finding("sessions", Verdict.NOTE, sentence[0].upper() + sentence[1:], mend, Trouble.SESSIONS)


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"
