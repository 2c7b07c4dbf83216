from __future__ import annotations

import datetime

import pytest

from codexlb_store.accounts import AccountStatus
from scripts.accounts.advice import advice, all_advice
from tests.scripts.accounts.views import HOUR, NOW, view


@pytest.mark.parametrize(
    ("status", "reason", "expires_at", "sentence"),
    [
        (AccountStatus.ACTIVE, None, NOW + HOUR, None),
        (AccountStatus.PAUSED, None, NOW + HOUR, None),
        (AccountStatus.LIMITED, None, NOW + HOUR, None),
        (
            AccountStatus.NEEDS_LOGIN,
            "token_expired",
            NOW - HOUR,
            "ann@example.com needs a login: run `codexlb accounts login --account ann`.",
        ),
        (
            AccountStatus.DEACTIVATED,
            "account_deactivated",
            NOW + HOUR,
            "ann@example.com is deactivated by the upstream: run `codexlb accounts check ann` when it should be back.",
        ),
        # still serving or paused, but with a dead refresh token
        (
            AccountStatus.ACTIVE,
            "refresh_token_reused",
            NOW + HOUR,
            "The login of ann@example.com is good until 18:20 (refresh_token_reused): "
            "run `codexlb accounts login --account ann`.",
        ),
        (
            AccountStatus.PAUSED,
            "refresh_token_reused",
            NOW - HOUR,
            "The login of ann@example.com is no good (refresh_token_reused): "
            "run `codexlb accounts login --account ann`.",
        ),
    ],
)
def test_an_account_that_needs_a_person_names_the_command(
    status: AccountStatus, reason: str | None, expires_at: float, sentence: str | None
) -> None:
    shown = view("ann@example.com", status, reason=reason, token_expires_at=expires_at)

    assert advice(shown, "ann", NOW, datetime.UTC) == sentence


def test_only_who_needs_a_person_is_spoken_of() -> None:
    views = [view("ann@example.com"), view("bob@example.com as the work", AccountStatus.NEEDS_LOGIN)]

    [sentence] = all_advice(views, NOW)

    assert sentence.endswith("run `codexlb accounts login --account 'the work'`.")
