"""What is said of an account, by how it stands."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import Account, AccountStatus, status_of
from codexlb_store.windows import Window
from scripts.doctor.accounts import check_accounts
from scripts.doctor.finding import Finding, Verdict

NOW = datetime.datetime(2026, 11, 22, 17, 20, tzinfo=datetime.UTC).timestamp()
HOUR = 3600.0
USED = (Window("a1", 300, 20.0, NOW + HOUR, NOW - 60), Window("a1", 10_080, 41.0, NOW + 90 * HOUR, NOW - 60))
FULL = (Window("a1", 300, 100.0, NOW + HOUR, NOW - 60),)
READ_LONG_AGO = (Window("a1", 300, 20.0, NOW + HOUR, NOW - 3 * HOUR),)


def view(email: str = "ann@example.com", state: str = "active", reason: str | None = None, **more: Any) -> AccountView:
    """An account whose token is good for nine hours."""
    account = Account("a1", None, email, "plus", "u", "w", False, AccountStatus(state), reason, None, 1.0, NOW)
    windows = more.get("windows", USED)
    status, until = status_of(account, windows, NOW)
    return AccountView(
        account, status, until, 0, windows, FULL[0] if windows is FULL else None,
        token_refreshed_at=more.get("refreshed_at", NOW - HOUR),
        token_expires_at=more.get("expires_at", NOW + 9 * HOUR),
        last_error=more.get("error"), last_error_at=more.get("error") and NOW - 120,
    )  # fmt: skip


def checked(*views: AccountView, is_served: bool = True) -> list[Finding]:
    return check_accounts(views, is_served, NOW, datetime.UTC)


@pytest.mark.parametrize(
    ("seen", "is_served", "verdict", "sentence", "mend"),
    [
        (view(), True, "ok", "active; token refreshed 1 h ago, good for 9 h 0 min; 5 h 20%, week 41% used.", None),
        (
            view(state="needs_login", reason="refresh_token_reused"),
            *(True, "error"),
            "needs login (refresh_token_reused); token refreshed 1 h ago, good for 9 h 0 min; 5 h 20%, week 41% used.",
            "codexlb accounts login --account ann@example.com",
        ),
        (
            view(state="deactivated"),
            *(True, "error"),
            "deactivated; token refreshed 1 h ago, good for 9 h 0 min; 5 h 20%, week 41% used.",
            "codexlb accounts check ann@example.com",
        ),
        (
            view(state="paused"),
            *(True, "note"),
            "paused; token refreshed 1 h ago, good for 9 h 0 min; 5 h 20%, week 41% used.",
            "codexlb accounts resume ann@example.com",
        ),
        (
            view(reason="refresh_token_expired"),
            *(True, "warning"),
            "active (refresh_token_expired); token refreshed 1 h ago, good for 9 h 0 min; 5 h 20%, week 41% used; "
            "the refresh token has expired (refresh_token_expired).",
            "codexlb accounts login --account ann@example.com",
        ),
        (
            view(expires_at=NOW - 60, error="issuer_timeout"),
            *(True, "warning"),
            "active; token refreshed 1 h ago, expired 1 min ago; 5 h 20%, week 41% used; "
            "the issuer did not answer in time (issuer_timeout) 2 min ago.",
            "codexlb accounts refresh ann@example.com",
        ),
        (
            view(expires_at=NOW - 60),
            *(False, "note"),
            "active; token refreshed 1 h ago, expired 1 min ago; 5 h 20%, week 41% used.",
            "codexlb accounts refresh ann@example.com",
        ),
        (
            view(windows=FULL),
            *(True, "note"),
            "limited (5 h) until 18:20; token refreshed 1 h ago, good for 9 h 0 min; 5 h 100% used.",
            None,
        ),
        (
            view(windows=READ_LONG_AGO),
            *(True, "note"),
            "active; token refreshed 1 h ago, good for 9 h 0 min; 5 h 20% used, read 3 h ago.",
            "codexlb accounts check ann@example.com",
        ),
        (
            view(windows=(), refreshed_at=None, expires_at=None),
            *(False, "ok", "active; token of unknown age; usage never read.", None),
        ),
    ],
    ids=[
        *("well", "needs login", "deactivated", "paused", "login about to end", "not refreshed"),
        *("old token without a proxy", "limited", "old reading", "nothing known"),
    ],
)
def test_an_account(seen: AccountView, is_served: bool, verdict: str, sentence: str, mend: str | None) -> None:
    [_, found] = checked(seen, is_served=is_served)

    assert (found.check, found.head, found.verdict) == ("account", "account ann@example.com", verdict)
    assert (found.sentence, found.mend) == (sentence, mend)


@pytest.mark.parametrize(
    ("views", "verdict", "words", "mend"),
    [
        ([], "error", "There is no account yet.", "codexlb accounts login"),
        ([view()], "ok", "The account can serve.", None),
        ([view(), view("bob@example.com", "paused")], "ok", "1 of 2 accounts can serve.", None),
        ([view("b@b.c", "paused")], "error", "No account can serve: see", "codexlb accounts resume b@b.c"),
        (
            [view(windows=FULL)],
            "error",
            "No account can serve now; the first is back at 18:20",
            "codexlb accounts login",
        ),
    ],
    ids=["none", "one", "one of two", "all paused", "all limited"],
)
def test_all_accounts_together(views: list[AccountView], verdict: str, words: str, mend: str | None) -> None:
    found = checked(*views)[0]

    assert (found.check, found.verdict, found.mend) == ("accounts", verdict, mend)
    assert found.sentence.startswith(words)
    assert found.verdict in Verdict
