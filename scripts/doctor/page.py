"""What was found, as people read it: sections go in, coloured lines come out; a command stands on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from scripts.doctor.finding import Finding, Section, Trouble, Verdict, causes, worst
from scripts.report.printable import REPLACEMENT

VERSION = 1

SIGNS = {
    Verdict.OK: ("✓", "green"),
    Verdict.NOTE: ("•", "cyan"),
    Verdict.WARNING: ("!", "yellow"),
    Verdict.ERROR: ("✗", "red"),
}
UNSEEN = ("?", "dim")

INDENT, NARROWEST = 2, 20
"""Characters."""

CONCLUSIONS = {
    Verdict.OK: "All is well.",
    Verdict.NOTE: "All is well.",
    Verdict.WARNING: "It works, but see what is marked with `!`.",
    Verdict.ERROR: "Something is wrong: see what is marked with `✗`.",
}


def print_section(console: Console, section: Section) -> None:
    """A heading, and below it a line or more for each finding."""
    console.print(Text(section.title, "bold underline"))
    for finding in section.findings:
        sign, style = SIGNS[finding.verdict]
        _print_line(console, (sign, style), finding.head, _clean(finding.sentence))
        if finding.mend is not None:
            # Not folded: somebody is going to copy it.
            console.print(Text.assemble(("    → ", "dim"), (_clean(finding.mend), style)), soft_wrap=True)
    console.print()


def _print_line(console: Console, sign: tuple[str, str], head: str, rest: str) -> None:
    """A sign, and a text that is folded beside it."""
    text = Text.assemble((_clean(head), "bold"), "  ", rest)
    first, *others = text.wrap(console, max(console.width - INDENT, NARROWEST))
    for start, line in [(Text(*sign), first), *((Text(" "), other) for other in others)]:
        line.rstrip()
        console.print(Text.assemble(start, " ", line), soft_wrap=True)


def print_troubles(console: Console, findings: Sequence[Finding]) -> None:
    """The troubles that people meet first, each with what causes it here; and a last word."""
    console.print(Text("Known troubles", "bold underline"))
    for trouble in Trouble:
        found = causes(trouble, findings)
        verdict = verdict_of(trouble, findings)
        sign = UNSEEN if verdict is None else SIGNS[verdict]
        checks = ", ".join(dict.fromkeys(one.check for one in found))
        rest = "could not be looked at" if verdict is None else f"see {checks}" if found else "no"
        _print_line(console, sign, trouble.value, rest)
    console.print()
    console.print(Text(CONCLUSIONS[worst(findings)], "bold"), soft_wrap=True)


def verdict_of(trouble: Trouble, findings: Iterable[Finding]) -> Verdict | None:
    """How it stands with a trouble; None where nothing that would show itself as it was looked at."""
    found = [one for one in findings if one.covers is trouble]
    return worst(found) if found else None


def record(sections: Sequence[Section]) -> dict[str, Any]:
    """Everything as a JSON object."""
    findings = [finding for section in sections for finding in section.findings]
    return {
        "version": VERSION,
        "verdict": worst(findings),
        "troubles": {trouble.value: verdict_of(trouble, findings) for trouble in Trouble},
        "findings": [
            {
                "section": section.title,
                "check": one.check,
                "subject": one.subject,
                "verdict": one.verdict,
                "sentence": one.sentence,
                "mend": one.mend,
                "covers": one.covers,
            }
            for section in sections
            for one in section.findings
        ],
    }


def _clean(text: str) -> str:
    """Without what could steer a terminal: much of it comes from files and servers."""
    return "".join(character if character.isprintable() else REPLACEMENT for character in text)
