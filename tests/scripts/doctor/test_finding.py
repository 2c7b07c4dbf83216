"""Verdicts, the worst of them, and what shows itself as which trouble."""

from __future__ import annotations

import pytest

from scripts.doctor.finding import EXIT_CODES, Finding, Trouble, Verdict, causes, worst

OK, NOTE, WARNING, ERROR = (Finding(verdict, verdict, "So it is.", covers=Trouble.WIRE) for verdict in Verdict)


@pytest.mark.parametrize(
    ("findings", "verdict", "code"),
    [
        ([], Verdict.OK, 0),
        ([OK, OK], Verdict.OK, 0),
        ([OK, NOTE], Verdict.NOTE, 0),
        ([WARNING, NOTE], Verdict.WARNING, 3),
        ([ERROR, WARNING, OK], Verdict.ERROR, 1),
    ],
    ids=["nothing", "ok", "note", "warning", "error"],
)
def test_the_worst_verdict_counts(findings: list[Finding], verdict: Verdict, code: int) -> None:
    assert worst(findings) is verdict
    assert EXIT_CODES[worst(findings)] == code


def test_a_trouble_has_its_causes_with_the_worst_first() -> None:
    assert causes(Trouble.WIRE, [OK, WARNING, ERROR, NOTE]) == [ERROR, WARNING, NOTE]
    assert causes(Trouble.MODEL, [ERROR]) == []
