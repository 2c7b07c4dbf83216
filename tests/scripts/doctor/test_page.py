"""How findings look to people and to programs."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from scripts.doctor.examination import Step, examine
from scripts.doctor.finding import Finding, Section, Trouble, Verdict
from scripts.doctor.page import print_section, print_troubles, record

LONG = "The proxy at 127.0.0.1 says so much that it does not fit into one line of a narrow terminal."
KEY = 'export K="$(codexlb keys create codex)" # long enough'
FINDINGS = (
    Finding("proxy", Verdict.OK, "It answers.", covers=Trouble.REFUSED),
    Finding("client key", Verdict.ERROR, LONG, KEY, Trouble.UNAUTHORIZED),
    Finding("name", Verdict.NOTE, "It is so.", "codexlb client-config --name OpenAI", Trouble.WIRE),
    Finding("model", Verdict.WARNING, "Nobody \x1b[31mknows.", None, Trouble.MODEL),
)  # fmt: skip
SECTION = Section("Proxy", FINDINGS)


def shown(width: int = 40, color: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=color, highlight=False, markup=False)
    print_section(console, SECTION)
    print_troubles(console, FINDINGS)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_narrow_page() -> None:
    assert (
        shown()
        == """\
Proxy
✓ proxy  It answers.
✗ client key  The proxy at 127.0.0.1
  says so much that it does not fit into
  one line of a narrow terminal.
    → export K="$(codexlb keys create codex)" # long enough
• name  It is so.
    → codexlb client-config --name OpenAI
! model  Nobody \N{REPLACEMENT CHARACTER}[31mknows.

Known troubles
✓ Connection refused  no
✗ 401 Unauthorized  see client key
! Model not found  see model
? Sessions don't appear in codex resume
  could not be looked at
• Wire API errors  see name

Something is wrong: see what is marked with `✗`.
"""
    )


@pytest.mark.parametrize("width", [1, 20, 80, 200])
def test_any_width_will_do(width: int) -> None:
    assert "codexlb client-config --name OpenAI\n" in shown(width)


def test_colours_are_for_terminals() -> None:
    assert "\x1b[31m✗" in shown(color=True)
    assert "\x1b" not in shown()


def test_programs_get_the_same() -> None:
    found = json.loads(json.dumps(record([SECTION])))

    assert (found["version"], found["verdict"]) == (1, "error")
    assert found["troubles"] == {
        "Connection refused": "ok",
        "401 Unauthorized": "error",
        "Model not found": "warning",
        "Sessions don't appear in codex resume": None,
        "Wire API errors": "note",
    }
    assert found["findings"][2] == {
        "section": "Proxy",
        "check": "name",
        "subject": None,
        "verdict": "note",
        "sentence": "It is so.",
        "mend": "codexlb client-config --name OpenAI",
        "covers": "Wire API errors",
    }


def test_a_check_that_fails_is_a_finding_and_says_nothing_of_what_it_held() -> None:
    def fails() -> list[Finding]:
        raise ValueError("sk-clb-secret")

    steps = [Step("Proxy", "", (fails, lambda: [FINDINGS[0]])), Step("Data", "", (list,))]

    [section] = examine(steps, lambda _: io.StringIO())

    assert [one.verdict for one in section.findings] == [Verdict.ERROR, Verdict.OK]
    assert "ValueError at test_page.py:" in section.findings[0].sentence
    assert "sk-clb-secret" not in str(section)
