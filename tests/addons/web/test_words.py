"""How figures are put into words; and that the words of others can do no harm."""

from __future__ import annotations

import dataclasses

import pytest

from addons.web.words import (
    LONGEST,
    Tone,
    clock,
    end_said,
    failure_words,
    outcome_tone,
    pace_said,
    printable,
    status_said,
    term_words,
    use_tone,
)
from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from codexlb_store.forecast import Pace, PaceState
from codexlb_store.ledger import AttemptRow, Outcome
from codexlb_store.phrases import reason_words
from codexlb_store.windows import Window
from tests.codexlb_store.rows import ANN


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("gpt-5.5", "gpt-5.5", id="plain"),
        pytest.param("a\nb\x1b[31m", "a�b�[31m", id="control characters"),
        pytest.param("a\u202eb\u2066", "a�b�", id="marks that turn the direction of writing"),
        pytest.param("a\ud800", "a�", id="half a character"),
        pytest.param("é 漢 <b>", "é 漢 <b>", id="what is escaped elsewhere"),
        pytest.param("x" * LONGEST, "x" * LONGEST, id="just as long as may be"),
        pytest.param("x" * 100_000, "x" * (LONGEST - 1) + "…", id="too long"),
    ],
)
def test_words_of_others_are_printable_and_bounded(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("status", "reason", "until", "limited_by", "said", "tone"),
    [
        pytest.param(AccountStatus.ACTIVE, None, None, None, "active", Tone.GOOD, id="active"),
        pytest.param(
            AccountStatus.NEEDS_LOGIN, "token_expired", None, None, "needs login (token_expired)", Tone.BAD, id="login"
        ),
        pytest.param(AccountStatus.LIMITED, None, None, 300, "limited (5 h)", Tone.WARN, id="limited"),
        pytest.param(AccountStatus.PAUSED, None, None, None, "paused", Tone.QUIET, id="paused"),
    ],
)
def test_a_status_says_why(
    status: AccountStatus, reason: str | None, until: float | None, limited_by: int | None, said: str, tone: Tone
) -> None:
    state = AccountStatus.ACTIVE if status is AccountStatus.LIMITED else status
    account = dataclasses.replace(ANN, state=state, state_reason=reason)
    window = Window(ANN.id, limited_by, 100.0, 5000.0, 1.0) if limited_by else None
    found = status_said(AccountView(account, status, until, 0, (), window), now=1000.0)

    assert (found.text, found.tone) == (said, tone)


def test_a_status_says_until_when() -> None:
    found = status_said(AccountView(ANN, AccountStatus.COOLING, 1060.0, 0, ()), now=1000.0)

    assert found.text.startswith("cooling until ")


@pytest.mark.parametrize(
    ("pace", "used", "words", "end"),
    [
        pytest.param(Pace(50, 20, PaceState.AHEAD, 1300.0, False, 0), 70, "ahead 20%", "runs out ", id="ahead"),
        pytest.param(Pace(50, -20, PaceState.BEHIND, None, True, 0), 30, "behind 20%", "lasts", id="behind"),
        pytest.param(Pace(50, 0, PaceState.ON_TRACK, None, None, 0), 50, "on track", None, id="on track"),
        pytest.param(Pace(50, 50, PaceState.AHEAD, 1000.0, False, 0), 100, "ahead 50%", "used up", id="full"),
        pytest.param(Pace(None, None, PaceState.NOT_STARTED, None, None, 0), 0, "not started", None, id="not started"),
        pytest.param(Pace(None, None, PaceState.UNKNOWN, None, None, 0), 9, "pace n/a", None, id="unknown"),
    ],
)
def test_how_a_window_goes(pace: Pace, used: float, words: str, end: str | None) -> None:
    found = end_said(pace, used, now=1000.0)

    assert pace_said(pace).text == words
    assert (found is None) if end is None else (found is not None and found.text.startswith(end))


def test_tones() -> None:
    assert [use_tone(used) for used in (0, 69.9, 70, 89.9, 90, 100)] == [
        *(Tone.GOOD, Tone.GOOD, Tone.WARN, Tone.WARN, Tone.BAD, Tone.BAD)
    ]
    assert [outcome_tone(outcome) for outcome in (*Outcome, None)] == [
        *(Tone.GOOD, Tone.WARN, Tone.BAD, Tone.WARN, Tone.WARN, Tone.BAD, Tone.BUSY)
    ]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("warm home", "it has the session's prompt cache, still warm"),
        ("capacity_weighted", "chosen by capacity weighted"),
        ("capacity_weighted, waited", "chosen by capacity weighted, after a wait"),
    ],
)
def test_why_an_account_was_chosen(reason: str, words: str) -> None:
    assert reason_words(reason) == words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("long_used_percent", 47.0, "long used 47%"),
        ("long_reset_seconds", 273_600.0, "long reset 3 d 4 h"),
        ("capacity", 15_604.4, "capacity 15,604"),
        ("room", 0.25, "room 0.25"),
    ],
)
def test_a_term_has_its_unit(name: str, value: float, words: str) -> None:
    assert term_words(name, value) == words


def test_an_attempt_says_why_it_failed() -> None:
    assert failure_words(AttemptRow(1, "a1", "rate_limited", 429, None, 1.0, 1.0)) == "rate limited 429"
    assert failure_words(AttemptRow(1, "a1", "connect", None, None, 1.0, 1.0)) == "connect"
    assert failure_words(AttemptRow(1, "a1", None, 200, None, 1.0, 1.0)) is None


def test_today_is_told_to_the_second() -> None:
    noon = 1_767_182_400.0

    assert (clock(noon, noon)[2], len(clock(noon, noon))) == (":", 8)
    assert len(clock(noon - 3 * 86_400, noon)) == len("Wed 18:40")
