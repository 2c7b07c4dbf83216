"""Who has given the dashboard's password, and for how long."""

from __future__ import annotations

from addons.browser_sessions import MOST_SESSIONS, SESSION_SECONDS, BrowserSessions
from codexlb_store.dashboard_password import PasswordHash

NOW = 1000.0
OLD = PasswordHash(b"salt", 16, 1, 1, b"hash", 1.0)
NEW = PasswordHash(b"pepper", 16, 1, 1, b"hash", 2.0)


def test_a_login_lasts_twelve_hours() -> None:
    sessions = BrowserSessions()
    token = sessions.begin(NOW)

    assert [sessions.is_open(token, NOW + s) for s in (0, SESSION_SECONDS - 1, SESSION_SECONDS)] == [True, True, False]
    assert not sessions.is_open(token, NOW - 60), "a clock that is set back does not lengthen it"


def test_tokens_are_long_and_differ_and_nothing_else_is_one() -> None:
    sessions = BrowserSessions()
    first, second = sessions.begin(NOW), sessions.begin(NOW)

    assert first != second
    assert len(first) >= 43
    assert not any(sessions.is_open(other, NOW) for other in (None, "", first[:-1], first + "x", "\udcff"))


def test_who_logs_out_is_out_and_others_are_not() -> None:
    sessions = BrowserSessions()
    first, second = sessions.begin(NOW), sessions.begin(NOW)
    sessions.end(first)
    sessions.end(None)
    sessions.end("unknown")

    assert (sessions.is_open(first, NOW), sessions.is_open(second, NOW)) == (False, True)


def test_another_password_or_none_ends_all_logins() -> None:
    sessions = BrowserSessions()
    for password, is_open in ((OLD, False), (OLD, True), (NEW, False), (NEW, True), (None, False)):
        token = sessions.begin(NOW)
        sessions.take_over(password)
        assert (sessions.password, sessions.is_open(token, NOW)) == (password, is_open)


def test_of_too_many_logins_the_oldest_ends() -> None:
    sessions = BrowserSessions()
    first, second = sessions.begin(NOW), sessions.begin(NOW)
    for _ in range(MOST_SESSIONS - 1):
        sessions.begin(NOW)

    assert len(sessions) == MOST_SESSIONS
    assert (sessions.is_open(first, NOW), sessions.is_open(second, NOW)) == (False, True)


def test_no_token_is_kept() -> None:
    sessions = BrowserSessions()
    token = sessions.begin(NOW)

    assert token not in repr(vars(sessions))
