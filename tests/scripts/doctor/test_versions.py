"""Which programs fit together, and the real ones of the Python that runs the tests."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from scripts.doctor.finding import Trouble, Verdict
from scripts.doctor.versions import Versions, check_versions
from scripts.doctor.versions_seen import core_drift, installed, see_versions

GOOD = Versions((3, 13, 1), "0.1.0", "12.2.3", (), (0, 169), has_codex=True)


@pytest.mark.parametrize(
    ("seen", "check", "verdict", "words", "mend"),
    [
        (replace(GOOD, python=(3, 10, 2)), "python", "error", "3.10.2 is too old", None),
        (replace(GOOD, codexlb=None), "codex-lb", "warning", "without being installed", None),
        (replace(GOOD, mitmproxy=None, drift=None), "mitmproxy", "error", "is not there", "mitmproxy==12.2.3"),
        (replace(GOOD, drift=None), "mitmproxy", "error", "12.2.3 cannot be loaded", "mitmproxy==12.2.3"),
        (
            replace(GOOD, python=(3, 11, 9), mitmproxy="11.9", drift=("X.y is gone",)),
            *("mitmproxy", "error", "11.9 is not one that Codex-LB can be built into (X.y is gone)"),
            "mitmproxy==11.0.2",
        ),
        (replace(GOOD, codex=None, has_codex=False), "codex cli", "note", "no `codex` on PATH", None),
        (replace(GOOD, codex=None), "codex cli", "warning", "does not say its version", "codex --version"),
        (replace(GOOD, codex=(0, 42)), "codex cli", "warning", "0.42 is older", "@openai/codex@latest"),
    ],
    ids=["python", "codex-lb", "no mitmproxy", "broken mitmproxy", "drift", "no codex", "silent codex", "old codex"],
)
def test_what_does_not_fit(seen: Versions, check: str, verdict: str, words: str, mend: str | None) -> None:
    [found] = [one for one in check_versions(seen) if one.verdict is not Verdict.OK]

    assert (found.check, found.verdict) == (check, verdict)
    assert words in found.sentence
    assert found.mend is None if mend is None else mend in (found.mend or "")
    assert found.covers is (Trouble.WIRE if check == "codex cli" else None)


def test_what_fits_is_named() -> None:
    found = check_versions(GOOD)

    assert {one.verdict for one in found} == {Verdict.OK}
    assert [one.sentence for one in found] == [
        "Python 3.13.1.",
        "Codex-LB 0.1.0.",
        "mitmproxy 12.2.3, with the core that Codex-LB builds on.",
        "Codex CLI 0.169.",
    ]


def test_the_programs_of_these_tests_fit() -> None:
    seen = see_versions()

    assert seen.python == sys.version_info[:3]
    assert seen.mitmproxy == installed("mitmproxy") is not None
    assert (seen.drift, core_drift()) == ((), ())
    assert installed("no-such-package-anywhere") is None
