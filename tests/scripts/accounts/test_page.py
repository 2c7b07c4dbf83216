from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from codexlb_store.account_views import account_views
from codexlb_store.accounts import AccountStatus, account_id, set_state
from codexlb_store.windows import Window, save_windows
from scripts.accounts.page import last_error, open_dossier, page, residency, token
from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import codexlb_accounts, refused
from tests.scripts.accounts.views import DAY, HOUR, NOW, view
from tests.scripts.sample_ledger import use
from tests.scripts.snapshots import printed, snapshot

BOB = account_id("bob@work.example.org", "acct")


@pytest.fixture(autouse=True)
def in_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clock times and days are this machine's: here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def lived(folder: DataFolder) -> DataFolder:
    """Bob's windows were read every half hour for a week, before the days of use that the other tests know."""
    for half_hours in range(336, 0, -1):
        read_at = NOW - half_hours * HOUR / 2
        short = Window(BOB, 300, half_hours * 7 % 100, read_at + HOUR, read_at)
        long = Window(BOB, 10_080, 80 - half_hours / 6, NOW + 5 * DAY, read_at)
        save_windows(folder.db, [short, long])
    use(folder, "dead")
    return folder


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_page_of_an_account(lived: DataFolder, width: int) -> None:
    shown = next(view for view in account_views(lived.db, NOW, []) if view.account.id == BOB)

    text = printed(page(open_dossier(lived.db, shown, NOW), NOW, width), width)

    assert text == snapshot(f"account-{width}", text)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_of_an_account_that_was_never_asked_about_there_is_a_page_too(folder: DataFolder, width: int) -> None:
    text = printed(page(open_dossier(folder.db, view("ann@example.com"), NOW), NOW, width), width)

    assert "unknown" in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(
    ("origin", "routing", "fedramp", "text"),
    [
        (None, None, False, "none demanded"),
        ("https://eu.chatgpt.com", None, False, "https://eu.chatgpt.com"),
        ("https://eu.chatgpt.com", "us", True, "https://eu.chatgpt.com, routing us, FedRAMP"),
    ],
)
def test_residency_in_words(origin: str | None, routing: str | None, fedramp: bool, text: str) -> None:
    account = view("ann@example.com").account

    assert residency(replace(account, origin=origin, routing_override=routing, fedramp=fedramp)) == text


@pytest.mark.parametrize(
    ("refreshed_at", "expires_at", "text"),
    [
        (None, None, "of unknown age"),
        (NOW - 3 * HOUR, None, "refreshed 3 h ago"),
        (NOW - 3 * HOUR, NOW + 2 * DAY, "refreshed 3 h ago, good 2 d 0 h, to Tue 17:20"),
        (None, NOW - HOUR, "expired 1 h ago, at 16:20"),
    ],
)
def test_a_token_has_an_age_and_an_end(refreshed_at: float | None, expires_at: float | None, text: str) -> None:
    shown = view("ann@example.com", token_refreshed_at=refreshed_at, token_expires_at=expires_at)

    assert token(shown, NOW, datetime.UTC) == text


@pytest.mark.parametrize(
    ("code", "at", "text"),
    [(None, None, "none"), ("issuer_timeout", NOW - 90, "issuer_timeout, 1 min ago (17:18)")],
)
def test_the_last_error_has_an_age(code: str | None, at: float | None, text: str) -> None:
    assert last_error(view("ann@example.com", last_error=code, last_error_at=at), NOW, datetime.UTC) == text


def test_show_takes_the_beginning_of_a_name(used: DataFolder) -> None:
    result = codexlb_accounts("show", "bob")

    assert result.exit_code == 0
    assert result.stdout.startswith("bob@work.example.org\n")


def test_show_ends_with_what_a_person_should_do(used: DataFolder) -> None:
    set_state(used.db, BOB, AccountStatus.NEEDS_LOGIN, "refresh_token_reused")

    assert codexlb_accounts("show", "bob").stdout.endswith(
        "\n\nbob@work.example.org needs a login: run `codexlb accounts login --account bob@work.example.org`.\n"
    )


def test_show_as_json_has_what_the_list_has_and_more(used: DataFolder) -> None:
    record = json.loads(codexlb_accounts("show", "bob", "--json").stdout)
    [listed] = [one for one in json.loads(codexlb_accounts("list", "--json").stdout) if one["id"] == BOB]

    assert {name: record[name] for name in listed} == listed
    assert record.keys() - listed.keys() == {"usage", "readings"}
    assert record["usage"]["today"].keys() >= {
        *("requests", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd"),
    }


def test_a_name_that_means_nobody_or_several_is_one_sentence(used: DataFolder) -> None:
    assert refused(codexlb_accounts("show", "dora")).startswith("There is no account 'dora'")
