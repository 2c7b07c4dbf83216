from __future__ import annotations

import datetime
from typing import Any

import pytest

from codexlb_store.keyring import KeyProblem
from codexlb_store.keys import Key
from scripts.keys.status import date, expiry, problem_now, remarks, status_style, status_text
from tests.scripts.keys.views import DAY, HOUR, NOW, everybody, secret, view

KEYS = {shown.key.name: shown.key for shown in everybody()}


@pytest.mark.parametrize(
    ("name", "problem", "text", "style"),
    [
        ("ci", None, "active", "green"),
        ("guest", KeyProblem.EXPIRED, "expired 1 h ago", "yellow"),
        ("night build", KeyProblem.DISABLED, "disabled 2 h ago", "dim"),
        ("former laptop", KeyProblem.REVOKED, "revoked 3 d ago", "dim"),
    ],
)
def test_a_status_in_words_and_its_colour(name: str, problem: KeyProblem | None, text: str, style: str) -> None:
    assert problem_now(KEYS[name], NOW) is problem
    assert status_text(KEYS[name], NOW) == text
    assert status_style(problem) == style


def key(**rules: Any) -> Key:
    return view("laptop", **rules).key


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        pytest.param(key(), ["active", "sk-clb-AbCdEfGh", "never used"], id="new"),
        pytest.param(
            key(last_used_at=NOW - 65, expires_at=NOW + DAY),
            ["active", "sk-clb-AbCdEfGh", "used 1 min ago", "expires in 1 d"],
            id="used",
        ),
        pytest.param(
            key(secrets=(secret("Gone", NOW), secret("Old", NOW + HOUR), secret("New"))),
            ["active", "sk-clb-New", "sk-clb-Old until 18:20", "never used"],
            id="rotated",
        ),
        pytest.param(
            key(secrets=(secret("Old", NOW + HOUR), secret("New")), revoked_at=NOW, expires_at=NOW + DAY),
            ["revoked 0 s ago", "sk-clb-New"],
            id="revoked",
        ),
    ],
)
def test_what_is_said_of_a_key(shown: Key, said: list[str]) -> None:
    assert [" ".join(remark.phrases) for remark in remarks(shown, NOW, datetime.UTC)] == said


@pytest.mark.parametrize(("days", "style"), [(6.9, "yellow"), (7, "dim")])
def test_an_end_that_is_near_is_yellow(days: float, style: str) -> None:
    assert remarks(key(expires_at=NOW + days * DAY), NOW)[-1].style == style


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (None, "never"),
        (0.5, "Mon 05:20, in 12 h 0 min"),
        (89, "19 Feb 17:20, in 89 d 0 h"),
        (730, "21 Nov 2028 17:20, in 730 d 0 h"),
        (-2, "Fri 17:20, 2 d ago"),
    ],
)
def test_an_end_in_words(days: float | None, text: str) -> None:
    assert expiry(key(expires_at=None if days is None else NOW + days * DAY), NOW, datetime.UTC) == text


def test_a_moment_a_century_away_can_be_shown() -> None:
    assert date(NOW + 36_500 * DAY, NOW, datetime.UTC) == "29 Oct 2126 17:20"
