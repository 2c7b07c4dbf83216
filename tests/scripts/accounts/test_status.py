from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from codexlb_store.accounts import AccountStatus
from codexlb_store.windows import Window
from scripts.accounts.status import status_phrases, status_style
from tests.scripts.accounts.views import NOW, view

WEEK = Window("a", 10_080, 100.0, NOW + 3600, NOW)


@pytest.mark.parametrize("status", list(AccountStatus))
def test_every_status_has_a_colour(status: AccountStatus) -> None:
    assert status_style(status) in {"green", "yellow", "red", "dim"}


@pytest.mark.parametrize(
    ("status", "reason", "until", "phrases"),
    [
        (AccountStatus.ACTIVE, None, None, ("active",)),
        (AccountStatus.ACTIVE, "token_expired", None, ("active", "(token_expired)")),
        (AccountStatus.LIMITED, None, NOW + 3600, ("limited (week)", "until 18:20")),
        # what follows from the windows has another reason than what was decided
        (AccountStatus.LIMITED, "token_expired", NOW + 3600, ("limited (week)", "until 18:20")),
        (AccountStatus.COOLING, None, NOW + 40, ("cooling", "until 17:20")),
        (AccountStatus.NEEDS_LOGIN, "token_expired", None, ("needs login", "(token_expired)")),
        (AccountStatus.PAUSED, None, None, ("paused",)),
    ],
    ids=lambda value: getattr(value, "value", None),
)
def test_a_status_says_why_and_until_when(
    status: AccountStatus, reason: str | None, until: float | None, phrases: tuple[str, ...]
) -> None:
    shown = replace(view("ann@example.com", status, reason=reason, until=until), limited_by=WEEK)

    assert status_phrases(shown, NOW, datetime.UTC) == phrases
