from __future__ import annotations

from dataclasses import replace

import pytest
from sqlite_utils import Database

from codexlb_store.account_views import account_views
from codexlb_store.accounts import AccountStatus, note_error, set_state
from codexlb_store.ledger import AttemptRow
from codexlb_store.logins import save_login
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, save_windows
from tests.codexlb_store.rows import CLOSING, LOGIN, OPENING, add, add_exchange


def test_accounts_are_shown_as_they_are_now(db: Database, vault: Vault) -> None:
    ann, _ = save_login(db, vault, LOGIN, now=1.0)
    bob, _ = save_login(db, vault, replace(LOGIN, user_id="bob", email="bob@example.com"), now=2.0)
    full = Window(ann.id, 300, 100.0, resets_at=500.0, read_at=90.0)
    save_windows(db, [full])
    for process, account_id in (("p1", ann.id), ("p2", ann.id), ("dead", ann.id), ("p1", None)):
        add(db, is_open=True, process=process, account_id=account_id)
    add(db, process="p1", account_id=ann.id)

    first, second = account_views(db, now=100.0, living={"p1", "p2"})

    assert (first.account, first.status, first.until) == (ann, AccountStatus.LIMITED, 500.0)
    assert (first.limited_by, second.limited_by) == (full, None)
    assert (first.token_refreshed_at, first.token_expires_at) == (400.0, 5000.0)
    assert (first.in_flight, first.windows) == (2, (full,))
    assert (second.account, second.status, second.until) == (bob, AccountStatus.ACTIVE, None)
    assert (second.in_flight, second.windows) == (0, ())


def test_an_account_that_is_not_limited_has_no_limit(db: Database, vault: Vault) -> None:
    ann, _ = save_login(db, vault, LOGIN, now=1.0)
    save_windows(db, [Window(ann.id, 300, 100.0, resets_at=500.0, read_at=90.0)])
    set_state(db, ann.id, AccountStatus.PAUSED, None)
    db.execute("DELETE FROM tokens")

    (view,) = account_views(db, now=100.0, living=())

    assert (view.status, view.limited_by) == (AccountStatus.PAUSED, None)
    assert (view.token_refreshed_at, view.token_expires_at) == (None, None)


@pytest.mark.parametrize(
    ("noted_at", "failures", "expected"),
    [
        pytest.param(None, [], (None, None), id="none"),
        pytest.param(50.0, [], ("issuer_timeout", 50.0), id="its own"),
        pytest.param(None, [(40.0, "overloaded")], ("overloaded", 40.0), id="a request's"),
        pytest.param(50.0, [(40.0, "overloaded")], ("issuer_timeout", 50.0), id="its own is later"),
        pytest.param(30.0, [(40.0, "overloaded")], ("overloaded", 40.0), id="a request's is later"),
        pytest.param(
            None, [(40.0, "overloaded"), (42.0, "server_error"), (41.0, "blocked")], ("server_error", 42.0),
            id="of several requests the newest",
        ),
        pytest.param(None, [(40.0, "a"), (40.0, "a")], ("a", 40.0), id="two at once"),
        pytest.param(None, [(40.0, "overloaded"), (60.0, None)], ("overloaded", 40.0), id="what went well"),
    ],
)  # fmt: skip
def test_what_went_wrong_last(
    noted_at: float | None,
    failures: list[tuple[float, str | None]],
    expected: tuple[str | None, float | None],
    db: Database,
    vault: Vault,
) -> None:
    ann, _ = save_login(db, vault, LOGIN, now=1.0)
    save_login(db, vault, replace(LOGIN, user_id="bob"), now=2.0)
    if noted_at is not None:
        note_error(db, ann.id, "issuer_timeout", noted_at)
    attempts = tuple(
        AttemptRow(number, ann.id, failure, None, None, at, 1.0) for number, (at, failure) in enumerate(failures)
    )
    add_exchange(db, OPENING, replace(CLOSING, attempts=attempts))

    first, second = account_views(db, now=100.0, living=())

    assert (first.last_error, first.last_error_at) == expected
    assert (second.last_error, second.last_error_at) == (None, None)
