"""Where the dashboard's password is tried."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from addons.browser_sessions import BrowserSessions
from addons.login_desk import MOST_TRIES, LoginDesk, LoginError, password_in
from addons.store_reader import ReadError, StoreReader
from codexlb_store.dashboard_password import hash_password

PASSWORD = "correct horse"


@pytest.fixture
def desk() -> Iterator[LoginDesk]:
    sessions = BrowserSessions()
    sessions.take_over(hash_password(PASSWORD, 1.0))
    reader = StoreReader(Path("/nowhere"))
    yield LoginDesk(sessions, reader)
    reader.close()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (b"password=correct+horse", PASSWORD),
        (b"a=1&password=Gl%C3%BCck%26", "Glück&"),
        (b"password=", ""),
        (b"", ""),
        (b"password=%FF", "\ufffd"),
        (b"\xff\xfe", ""),
        (b"&".join(b"password=x" for _ in range(9)), ""),
    ],
    ids=["plain", "escaped", "empty", "no form", "broken", "bytes", "many"],
)
def test_the_password_in_a_form(form: bytes, expected: str) -> None:
    assert password_in(form) == expected


async def test_a_good_password_is_a_login_and_what_failed_before_is_forgotten(desk: LoginDesk) -> None:
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(LoginError, match="That is not the password"):
            await desk.log_in("wrong", "home")
    for _ in range(MOST_TRIES + 1):
        assert desk.sessions.is_open(await desk.log_in(PASSWORD, "home"), time.time())
    assert len(desk.tries) == 0


async def test_after_too_many_tries_the_good_one_waits_too(desk: LoginDesk) -> None:
    for _ in range(MOST_TRIES):
        with pytest.raises(LoginError):
            await desk.log_in("wrong", "home")
    with pytest.raises(LoginError, match="Too many tries") as caught:
        await desk.log_in(PASSWORD, "home")

    assert caught.value.status == 429
    assert caught.value.wait_seconds and 0 < caught.value.wait_seconds <= 60
    assert await desk.log_in(PASSWORD, "another home")


async def test_many_at_once_do_not_pile_up(desk: LoginDesk) -> None:
    """Each try takes memory and a processor: they go one after the other, and most are turned away."""
    tries = await asyncio.gather(*(desk.log_in("wrong", str(n)) for n in range(40)), return_exceptions=True)

    assert sum(isinstance(outcome, ReadError) for outcome in tries) >= 30
    assert all(isinstance(outcome, ReadError | LoginError) for outcome in tries)


async def test_a_password_that_is_changed_meanwhile_lets_nobody_in(desk: LoginDesk) -> None:
    trying = asyncio.create_task(desk.log_in(PASSWORD, "home"))
    await asyncio.sleep(0)
    desk.sessions.take_over(hash_password(PASSWORD, 2.0))

    with pytest.raises(LoginError, match="That is not the password"):
        await trying


async def test_without_a_password_there_is_no_login(desk: LoginDesk) -> None:
    desk.sessions.take_over(None)
    with pytest.raises(LoginError, match="codexlb dashboard password"):
        await desk.log_in(PASSWORD, "home")
