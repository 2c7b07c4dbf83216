from __future__ import annotations

import pytest

from scripts.simulator import journal
from scripts.simulator.journal import Ending, Entry, Journal


def entry(number: int, body: bytes = b"x") -> Entry:
    return Entry(number, 1_000.0, "POST", "/p", "", (("Session-Id", "s"), ("session-id", "t")), body)


def test_entries_are_read_from_a_number_on() -> None:
    kept = Journal()
    for _ in range(3):
        kept.open(entry(kept.next_number()))

    assert [found.number for found in kept.since(1)] == [2, 3]
    assert [found.number for found in kept.since()] == [1, 2, 3]


def test_an_entry_ends_once() -> None:
    ended: list[Entry] = []
    kept, received = Journal(ended.append), entry(1)
    kept.end(received, Ending.CUT, 1_001.0)
    kept.end(received, Ending.LEFT, 1_002.0)

    assert (received.ending, received.ended_at) == (Ending.CUT, 1_001.0)
    assert ended == [received]


def test_the_oldest_bodies_are_forgotten_when_there_are_too_many() -> None:
    kept, half = Journal(), bytes(journal.KEPT_BODY_BYTES // 2)
    for _ in range(3):
        kept.open(entry(kept.next_number(), half))

    assert [found.body is None for found in kept.since()] == [True, False, False]


@pytest.mark.parametrize(("name", "value"), [("session-id", "s"), ("SESSION-ID", "s"), ("thread-id", None)])
def test_a_header_is_found_in_any_case(name: str, value: str | None) -> None:
    assert entry(1).header(name) == value
