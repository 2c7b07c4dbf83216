"""Joined pieces: fewer of them, with the same bytes in the same order."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from mitmproxy.connection import Server
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import ReceiveHttp, ResponseData, ResponseEndOfMessage
from mitmproxy.test import tflow

from addons.core.joining import MOST_JOINED_BYTES, Commands, Flush, Joined, join_writes

CLIENT = tflow.tclient_conn()
SERVER, OTHER = (Server(address=("127.0.0.1", port)) for port in (1, 2))
LOG = commands.Log("said")
DIAL = commands.OpenConnection(OTHER)
END = ReceiveHttp(ResponseEndOfMessage(1))
LARGE = b"x" * (MOST_JOINED_BYTES + 1)


def to(connection: Any, data: bytes) -> commands.Command:
    return commands.SendData(connection, data)


def of(stream_id: int, data: bytes) -> commands.Command:
    return ReceiveHttp(ResponseData(stream_id, data))


def told(found: Iterable[commands.Command]) -> list[object]:
    """Commands as values: bytes with where they go; everything else is itself."""
    return [value(command) for command in found]


def value(command: Any) -> object:
    match command:
        case commands.SendData():
            return command.connection, command.data
        case ReceiveHttp(event=ResponseData()):
            return command.event.stream_id, command.event.data  # type: ignore[attr-defined]
        case _:
            return command


def source(found: Iterable[commands.Command]) -> Commands:
    yield from found


READ = events.DataReceived(SERVER, b"what was read")


class Child:
    """A layer that makes these of whatever comes."""

    def __init__(self, made: Iterable[commands.Command]) -> None:
        self.made = made

    def handle_event(self, event: events.Event) -> Commands:
        assert event is READ
        yield from self.made


def joined(found: Iterable[commands.Command]) -> list[commands.Command]:
    return list(Joined(Child(found)).handle_event(READ))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([to(CLIENT, b"a")], [(CLIENT, b"a")], id="one"),
        pytest.param([to(CLIENT, b"a"), to(CLIENT, b"b"), to(CLIENT, b"c")], [(CLIENT, b"abc")], id="all to one"),
        pytest.param(
            [to(CLIENT, b"a"), to(SERVER, b"b"), to(CLIENT, b"c")],
            [(CLIENT, b"a"), (SERVER, b"b"), (CLIENT, b"c")],
            id="each to another",
        ),
        pytest.param(
            [to(CLIENT, b"a"), LOG, to(CLIENT, b"b"), to(CLIENT, b"c")],
            [(CLIENT, b"a"), LOG, (CLIENT, b"bc")],
            id="nothing is moved past another command",
        ),
        pytest.param([LOG, to(CLIENT, b"a"), DIAL], [LOG, (CLIENT, b"a"), DIAL], id="written before it waits"),
        pytest.param(
            [to(CLIENT, b"a"), to(CLIENT, LARGE), to(CLIENT, b"b"), to(CLIENT, b"c")],
            [(CLIENT, b"a"), (CLIENT, LARGE), (CLIENT, b"bc")],
            id="a large one stays as it is",
        ),
        pytest.param([to(CLIENT, b""), to(CLIENT, b"a")], [(CLIENT, b"a")], id="empty"),
        pytest.param([to(CLIENT, b"a"), Flush(), to(CLIENT, b"b")], [(CLIENT, b"a"), (CLIENT, b"b")], id="flushed"),
        pytest.param([Flush(), to(CLIENT, b"a"), Flush()], [(CLIENT, b"a")], id="nothing to flush"),
    ],
)
def test_consecutive_writes_to_one_connection_become_one(
    written: list[commands.Command], expected: list[object]
) -> None:
    assert told(join_writes(source(written))) == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([of(1, b"a"), of(1, b"b"), END], [(1, b"ab"), END], id="one answer"),
        pytest.param([of(1, b"a"), of(3, b"b"), of(1, b"c")], [(1, b"a"), (3, b"b"), (1, b"c")], id="two answers"),
        pytest.param([of(1, b"a"), LOG, of(1, b"b")], [(1, b"a"), LOG, (1, b"b")], id="nothing is moved"),
        pytest.param([END, of(1, b"a"), of(1, LARGE)], [END, (1, b"a" + LARGE)], id="a large one too"),
    ],
)
def test_consecutive_pieces_of_one_answer_become_one(read: list[commands.Command], expected: list[object]) -> None:
    assert told(joined(read)) == expected


def test_a_reply_reaches_who_asked() -> None:
    """The layer that dials waits for how it went; what it wrote before goes out first."""
    heard = []

    def asking() -> Commands:
        yield to(CLIENT, b"a")
        heard.append((yield DIAL))
        heard.append((yield to(CLIENT, b"b")))
        heard.append((yield LOG))
        heard.append((yield DIAL))
        yield to(CLIENT, b"c")

    writes = join_writes(asking())
    passed = [next(writes), next(writes), writes.send("refused"), writes.send(None), writes.send(None)]
    passed.append(writes.send("open"))

    assert told(passed) == [(CLIENT, b"a"), DIAL, (CLIENT, b"b"), LOG, DIAL, (CLIENT, b"c")]
    assert heard == ["refused", None, None, "open"]
    with pytest.raises(StopIteration):
        next(writes)


PIECES = [b"", b"a", b"bc", b"\xff" * 100, LARGE, LARGE[:-1]]


def random_command(rng: random.Random) -> commands.Command:
    """A piece of a burst, mostly, or something that can stand between two."""
    match rng.randrange(11):
        case 0:
            return rng.choice([LOG, DIAL, END])
        case 1:
            return to(SERVER, rng.choice(PIECES))
        case 2:
            return of(3, rng.choice(PIECES))
        case odd if odd % 2:
            return to(CLIENT, rng.choice(PIECES))
        case _:
            return of(1, rng.choice(PIECES))


def whole(found: Iterable[commands.Command], kind: type) -> list[Any]:
    """What must not change: the commands in order, with all consecutive bytes for one place taken together."""
    merged: list[Any] = []
    for command in found:
        item: Any = value(command)
        is_bytes = isinstance(item, tuple) and isinstance(command, kind)
        if is_bytes and merged and isinstance(merged[-1], list) and merged[-1][0] is item[0]:
            merged[-1][1] += item[1]
        else:
            merged.append(list(item) if is_bytes else item)
    return merged


@pytest.mark.parametrize("seed", range(100))
def test_whatever_comes_bytes_and_order_stay(seed: int) -> None:
    rng = random.Random(seed)
    given = [random_command(rng) for _ in range(rng.randrange(60))]

    written, read = list(join_writes(source(given))), joined(given)

    assert whole(written, commands.SendData) == whole(given, commands.SendData)
    assert whole(read, ReceiveHttp) == whole(given, ReceiveHttp)
    assert len(read) == len(whole(given, ReceiveHttp))
    assert len(written) <= len(given)
