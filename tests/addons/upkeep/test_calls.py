"""A call brings the whole answer, or says in one word why there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from addons.upkeep.calls import MOST_ANSWER_BYTES, USER_AGENT, CallError, Calls, Reply
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.server import Simulator

PATH = "/backend-api/wham/usage"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="plus") as running:
        yield running


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    calls = Calls()
    yield calls
    await calls.close()


async def test_an_answer_comes_whole_whatever_its_status(sim: Simulator, calls: Calls) -> None:
    sim.script(Fault(path=PATH, status=503, body="x" * MOST_ANSWER_BYTES))
    reply = await calls.get(sim.origin + PATH, {"x-one": "1"}, 10)

    assert reply == Reply(503, b"x" * MOST_ANSWER_BYTES)
    (entry,) = sim.log
    assert (entry.method, entry.header("x-one"), entry.header("user-agent")) == ("GET", "1", USER_AGENT)


async def test_a_body_is_sent_as_it_is(sim: Simulator, calls: Calls) -> None:
    reply = await calls.post(f"{sim.origin}/nowhere", {"content-type": "text/plain"}, b"hello", 10)

    assert reply.status == 404
    assert (sim.log[0].method, sim.log[0].body, sim.log[0].header("content-type")) == ("POST", b"hello", "text/plain")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(act=Act.SILENCE), "timeout"),
        (Fault(act=Act.SILENCE, at=Moment.HEAD), "timeout"),
        # the library itself asks once more for a page, never for tokens
        (Fault(act=Act.RESET, times=2), "unreachable"),
        (Fault(act=Act.RESET, at=Moment.ACCEPT, times=2), "unreachable"),
        (Fault(act=Act.CLOSE, at=Moment.HEAD), "unreachable"),
        (Fault(status=200, body="x" * (MOST_ANSWER_BYTES + 1)), "too_long"),
    ],
    ids=["silent", "silent after the head", "reset", "reset at once", "cut short", "too long"],
)
async def test_no_answer_has_a_reason(sim: Simulator, calls: Calls, fault: Fault, code: str) -> None:
    sim.script(fault)
    with pytest.raises(CallError) as caught:
        await calls.get(sim.origin + PATH, {}, 0.5 if code == "timeout" else 10)

    assert caught.value.code == code
    assert (await calls.get(sim.origin + PATH, {}, 10)).status == 401


async def test_what_may_have_taken_effect_is_not_sent_again(sim: Simulator, calls: Calls) -> None:
    sim.script(Fault(act=Act.RESET))
    with pytest.raises(CallError):
        await calls.post(f"{sim.origin}/oauth/token", {}, b"{}", 10)

    assert len(sim.log) == 1


@pytest.mark.parametrize("host", ["127.0.0.1:1", "a..b", "a" * 64 + ".com"], ids=["nobody", "no name", "too long"])
async def test_nobody_there(calls: Calls, host: str) -> None:
    with pytest.raises(CallError, match="unreachable"):
        await calls.get(f"http://{host}/", {}, 10)


async def test_a_redirect_is_an_answer(sim: Simulator, calls: Calls) -> None:
    """A token goes to no other place than it was meant for."""
    sim.script(Fault(path=PATH, status=302, headers={"location": sim.origin + "/elsewhere"}))

    assert (await calls.get(sim.origin + PATH, {"authorization": "Bearer x"}, 10)).status == 302
    assert [entry.path for entry in sim.log] == [PATH]


async def test_cookies_of_one_account_are_not_shown_with_the_next(sim: Simulator, calls: Calls) -> None:
    sim.script(Fault(path=PATH, headers={"set-cookie": "who=me; path=/"}))
    for _ in range(2):
        await calls.get(sim.origin + PATH, {}, 10)

    assert [entry.header("cookie") for entry in sim.log] == [None, None]


def test_a_body_is_never_shown() -> None:
    assert repr(Reply(200, b"secret")) == "Reply(status=200)"
