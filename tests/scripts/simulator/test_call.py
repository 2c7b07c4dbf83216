"""Scripted trouble as a client meets it on the wire."""

from __future__ import annotations

import asyncio
import json

import pytest

from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.journal import Ending
from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import RESPONSES, ask, credentials, turn, until

OVERLOADED = {"code": "server_is_overloaded", "message": "overloaded"}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(act=Act.RESET, at=Moment.ACCEPT), id="reset before the request is read"),
        pytest.param(Fault(act=Act.RESET), id="reset after the request is read"),
        pytest.param(Fault(act=Act.CLOSE), id="closed without an answer"),
        pytest.param(Fault(act=Act.GARBAGE), id="an answer that is no HTTP"),
    ],
)
async def test_no_answer_at_all(sim: Simulator, fault: Fault) -> None:
    sim.script(fault)

    assert (await ask(sim)).status == 0
    assert (await ask(sim)).whole


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        pytest.param(Fault(act=Act.CLOSE, at=Moment.HEAD), None, id="closed after the head"),
        pytest.param(Fault(act=Act.CLOSE, at=Moment.CREATED), "response.in_progress", id="closed before output"),
        pytest.param(Fault(act=Act.CLOSE, at=Moment.OUTPUT), "response.output_text.delta", id="closed after output"),
        pytest.param(Fault(act=Act.CLOSE, after_bytes=0), None, id="cut before the first byte"),
        pytest.param(Fault(act=Act.CLOSE, after_bytes=900), "response.in_progress", id="cut inside an event"),
    ],
)
async def test_a_stream_that_breaks(sim: Simulator, fault: Fault, last: str | None) -> None:
    sim.script(fault)
    answer = await ask(sim)

    assert (answer.status, answer.whole) == (200, False)
    assert answer.types()[-1:] == ([last] if last else [])
    if fault.after_bytes is not None:
        assert len(answer.body) == fault.after_bytes
    await until(lambda: sim.log[-1].ending is Ending.CUT)
    assert sim.books()["plus-1"].completed == 0


async def test_a_stream_whose_chunks_break(sim: Simulator) -> None:
    sim.script(Fault(act=Act.GARBAGE, at=Moment.OUTPUT))
    reader, writer = await connect(sim)
    received = await reader.read(-1)
    writer.close()

    assert received.endswith(b"}\n\n\r\nthis is no chunk\r\n")
    assert received.count(b"event: response.output_text.delta") == 1


async def test_a_stream_that_is_reset(sim: Simulator) -> None:
    """What was sent before a reset may be lost with it."""
    sim.script(Fault(act=Act.RESET, at=Moment.OUTPUT))

    assert not (await ask(sim)).whole


@pytest.mark.parametrize(
    ("fault", "before"),
    [
        pytest.param(Fault(act=Act.FAILED, at=Moment.HEAD, error=OVERLOADED), [], id="as the first event"),
        pytest.param(
            Fault(act=Act.FAILED, at=Moment.CREATED, error=OVERLOADED),
            ["response.created", "response.in_progress"],
            id="after response.created",
        ),
    ],
)
async def test_a_response_that_fails_before_output(sim: Simulator, fault: Fault, before: list[str]) -> None:
    sim.script(fault)
    answer = await ask(sim)

    assert answer.types() == [*before, "response.failed"]
    assert answer.last()["error"] == OVERLOADED
    assert answer.events()[-1]["sequence_number"] == len(before)
    assert answer.whole
    assert not sim.log[-1].completed


async def test_a_response_that_fails_after_some_output(sim: Simulator) -> None:
    sim.script(Fault(act=Act.FAILED, at=Moment.OUTPUT, after_deltas=3))
    types = (await ask(sim)).types()

    assert types.count("response.output_text.delta") == 3
    assert types[-1] == "response.failed"


@pytest.mark.parametrize(
    ("fault", "status", "kind", "body"),
    [
        (Fault(status=503, body="busy", headers={"retry-after": "1"}), 503, "text/plain", b"busy"),
        (Fault(status=403, body="<html>cf</html>"), 403, "text/html", b"<html>cf</html>"),
        (Fault(status=429, body={"error": {}}), 429, "application/json", b'{"error":{}}'),
        (Fault(status=500), 500, "application/json", b"{}"),
        (Fault(status=502, body="x", act=Act.SILENCE, seconds=0.01), 502, "text/plain", b"x"),
    ],
    ids=["text", "a page", "JSON", "nothing", "after a silence"],
)
async def test_another_answer(sim: Simulator, fault: Fault, status: int, kind: str, body: bytes) -> None:
    sim.script(fault)
    answer = await ask(sim)

    assert (answer.status, answer.headers["content-type"].split(";")[0], answer.body) == (status, kind, body)
    assert {name: answer.headers[name] for name in fault.headers} == fault.headers
    assert sim.log[-1].fault == fault


async def test_another_answer_can_be_cut_too(sim: Simulator) -> None:
    sim.script(Fault(status=500, body="something went wrong", act=Act.CLOSE, after_bytes=9))
    answer = await ask(sim)

    assert (answer.status, answer.body, answer.whole) == (500, b"something", False)


@pytest.mark.parametrize(
    ("moment", "sign"),
    [
        pytest.param(Moment.HEAD, b"\r\n\r\n", id="after the head"),
        pytest.param(Moment.CREATED, b"response.in_progress", id="before the first token"),
        pytest.param(Moment.OUTPUT, b"response.output_text.delta", id="in the middle"),
        pytest.param(Moment.COMPLETED, b"event: response.completed", id="a body that never ends"),
    ],
)
async def test_silence_comes_after_everything_before_it_was_sent(sim: Simulator, moment: Moment, sign: bytes) -> None:
    """Each event is sent at once: nothing waits for the next one. And the journal notices who leaves."""
    sim.script(Fault(act=Act.SILENCE, at=moment))
    reader, writer = await connect(sim)
    await asyncio.wait_for(reader.readuntil(sign), 5)

    assert sim.log[-1].ending is None
    writer.close()
    await until(lambda: sim.log[-1].ending is Ending.LEFT)
    assert sim.log[-1].ended_at is not None
    assert sim.log[-1].completed is (moment is Moment.COMPLETED)


async def test_silence_before_the_head(sim: Simulator) -> None:
    sim.script(Fault(act=Act.SILENCE))
    _, writer = await connect(sim)
    await until(lambda: len(sim.log) == 1)

    assert (sim.log[0].status, sim.log[0].ending) == (None, None)
    writer.close()
    await until(lambda: sim.log[0].ending is Ending.LEFT)


async def test_silence_may_begin_inside_an_event(sim: Simulator) -> None:
    sim.script(Fault(act=Act.SILENCE, after_bytes=100, seconds=0.01))
    answer = await ask(sim)

    assert (answer.whole, answer.types()[-1]) == (True, "response.completed")


@pytest.mark.parametrize("moment", [Moment.REQUEST, Moment.HEAD, Moment.CREATED, Moment.OUTPUT])
async def test_silence_may_end(sim: Simulator, moment: Moment) -> None:
    sim.script(Fault(act=Act.SILENCE, at=moment, seconds=0.01))
    answer = await ask(sim)

    assert (answer.whole, answer.types()[-1]) == (True, "response.completed")


async def connect(sim: Simulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A turn on a bare socket, sent and not answered yet."""
    host, _, port = sim.origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(turn()).encode()
    headers = {**credentials(sim.auth_json("plus-1")), "host": host, "content-length": str(len(body))}
    lines = [f"POST {RESPONSES} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + body)
    return reader, writer
