"""What a browser is told of a page depends on what it has of it, and on nothing else."""

from __future__ import annotations

import json

from addons.web.snapshot import NOTHING_NEW, Snapshot

OLD = Snapshot.of({"accounts": "<p>ann</p>", "usage": "<p>1 request</p>"})
NEW = Snapshot.of({"accounts": "<p>ann</p>", "usage": "<p>2\nrequests é</p>"})


def test_only_the_parts_that_have_changed_are_sent() -> None:
    assert NEW.changed(OLD.version) == {"usage": "<p>2\nrequests é</p>"}
    assert NEW.changed("") == NEW.changed("x.y.z") == NEW.changed("x.y") == dict(NEW.parts)


def test_who_lacks_nothing_is_told_nothing() -> None:
    assert OLD.event(OLD.version) is None
    assert Snapshot.of({}).event("") is None
    assert b"data:" not in NOTHING_NEW


def test_an_event_is_of_three_lines_with_the_version_to_ask_with_next() -> None:
    event = NEW.event(OLD.version)
    assert event is not None
    retry, version, data, *rest = event.decode().split("\n")

    assert retry == "retry: 300"
    assert version == f"id: {NEW.version}"
    assert json.loads(data.removeprefix("data: ")) == {"usage": "<p>2\nrequests é</p>"}
    assert rest == ["", ""]
    assert NEW.event(NEW.version) is None
