"""What is on the screen follows the store, no more often than it may."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import closing

import pytest

from codexlb_store.accounts import load_accounts
from codexlb_store.ledger import Tokens
from codexlb_store.read_only import open_read_only
from codexlb_store.usage import Filters, series
from scripts.data_folder import DataFolder
from scripts.watch.buckets import MOST_STEPS, STEP_SECONDS, Buckets, step_of
from scripts.watch.picture import CLOCK_SECONDS, LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS, Picture, pause_after
from tests.scripts.sample_ledger import NOW, add_request


@pytest.mark.parametrize(
    ("cpu_seconds", "pause"),
    [(0.0, LEAST_PAUSE_SECONDS), (0.001, LEAST_PAUSE_SECONDS), (0.05, 5.0), (10.0, MOST_PAUSE_SECONDS)],
    ids=["nothing", "cheap", "dear", "never longer"],
)
def test_the_dearer_a_look_the_longer_until_the_next(cpu_seconds: float, pause: float) -> None:
    assert pause_after(cpu_seconds) == pytest.approx(pause)


@pytest.fixture
def picture(used: DataFolder) -> Iterator[Picture]:
    """A picture of a store that another connection writes to."""
    with closing(open_read_only(used.home)) as db:
        yield Picture(DataFolder(used.home, db), datetime.UTC, NOW)


def text(picture: Picture) -> str:
    return "\n".join(line.plain for line in picture.lines)


def test_it_is_drawn_when_there_is_something_new_to_see(picture: Picture) -> None:
    assert picture.draw(NOW, 80, 24), "first"
    assert not picture.draw(NOW + 1, 80, 24), "nothing happened"
    assert picture.press(["s"])
    assert picture.draw(NOW + 1, 80, 24), "a key"
    assert picture.draw(NOW + 1, 100, 24), "another size"
    assert picture.press(["x"])
    assert not picture.draw(NOW + 2, 100, 24), "a key that does nothing"
    assert picture.draw(NOW + 1 + 60, 100, 24), "clocks"
    assert not picture.draw(NOW + 1 + 60 + CLOCK_SECONDS, 100, 24), "clocks that show the same minute"
    assert not picture.press(["q"])


def test_what_others_write_is_seen_once_it_is_time(picture: Picture, used: DataFolder) -> None:
    picture.draw(NOW, 80, 24)
    before = text(picture)
    add_request(used, load_accounts(used.db)[0], at=-1, tokens=Tokens(5_000_000, 0, 1, 0), session="new-session")
    used.db.conn.commit()

    picture.refresh(NOW + LEAST_PAUSE_SECONDS / 2)
    assert not picture.draw(NOW + LEAST_PAUSE_SECONDS / 2, 80, 24)
    picture.refresh(NOW + MOST_PAUSE_SECONDS)
    assert picture.draw(NOW + MOST_PAUSE_SECONDS, 80, 24)
    assert "new-session" not in before
    assert "new-session" in text(picture)


def test_a_proxy_that_has_ended_is_seen_although_nothing_was_written(used: DataFolder, picture: Picture) -> None:
    picture.draw(NOW, 80, 24)
    assert "1 in flight" in text(picture)
    for lock in (used.home / "processes").iterdir():
        lock.unlink()

    picture.refresh(NOW + MOST_PAUSE_SECONDS)
    picture.draw(NOW + MOST_PAUSE_SECONDS, 80, 24)
    assert "no proxy runs" in text(picture)


def test_steps_are_those_of_the_store_however_often_they_are_read(used: DataFolder) -> None:
    """Requests that end after their step is over are taken over, too."""
    buckets = Buckets()
    for later in range(0, 40 * 60, 170):
        now = NOW + later
        add_request(used, load_accounts(used.db)[0], at=later - 400, tokens=Tokens(1000, 0, 10, 0))
        add_request(used, load_accounts(used.db)[1], at=later, tokens=Tokens(10, 0, 10, 0))
        buckets.read(used.db, now)
    buckets.read(used.db, NOW + 3000)

    found = buckets.last(MOST_STEPS, NOW + 3000)
    first = step_of(NOW + 3000) - (MOST_STEPS - 1) * STEP_SECONDS
    wanted = dict(series(used.db, Filters(since=first), STEP_SECONDS))
    assert {first + place * STEP_SECONDS: sums for place, sums in enumerate(found) if sums.requests} == wanted
