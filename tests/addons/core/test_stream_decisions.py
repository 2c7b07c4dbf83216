"""What the chain is told of a failed attempt, what it may decide, and what the client gets then."""

from __future__ import annotations

import json

import pytest
from mitmproxy import http
from mitmproxy.proxy import commands

from addons.core.attempt import Attempt
from addons.wire.failures import Break
from tests.addons.core.clients import Answer
from tests.addons.core.machine import DIAL, FAILED, Machine, pass_on
from tests.addons.core.upstreams import JSON
from tests.addons.core.words import (
    CREATED,
    GOOD,
    LIMIT,
    PAIRS,
    STREAM,
    TROUBLE,
    a_machine,
    limit_reached,
    serve,
)

REPLY = b'{"error":"all accounts rest"}'
SERVED = Answer(200, GOOD, whole=True)

every_pair = pytest.mark.parametrize("pair", PAIRS)


def a_reply(status: int = 503) -> http.Response:
    return http.Response.make(status, REPLY, {"content-type": JSON})


def reply(attempt: Attempt) -> None:
    """A chain that has no account left."""
    attempt.decided = True
    attempt.reply = a_reply()


def explained(machine: Machine) -> str:
    """The one answer is the layer's own word."""
    (answer,) = machine.client.answers
    assert answer.status == 502
    return str(json.loads(answer.body)["explained"])


@every_pair
def test_a_good_answer_passes_and_the_chain_is_not_asked(pair: str) -> None:
    machine = a_machine(pair)
    serve(machine)
    assert machine.client.answers == [SERVED]
    assert machine.called == ["requestheaders", "request", DIAL, "responseheaders", "response"]
    assert machine.is_idle


@every_pair
def test_the_client_has_its_answer_before_the_chain_closes_its_books(pair: str) -> None:
    """Also where hooks are called at once, and not in a task that begins later."""
    machine, had = a_machine(pair), dict[str, bytes]()

    def at_once(hook: commands.StartHook) -> bool:
        had[hook.name] = b"".join(answer.body for answer in machine.client.answers)
        return hook.name == "response"

    machine.wire.at_once = at_once
    upstream = machine.upstream
    upstream.send(upstream.whole(*STREAM))
    assert had == {"responseheaders": b"", "response": GOOD}
    assert machine.client.answers == [SERVED]
    assert machine.is_idle


@every_pair
def test_the_chain_is_told_all_of_an_error(pair: str) -> None:
    machine = a_machine(pair)
    limit_reached(machine)
    serve(machine)
    (attempt,) = machine.attempts
    assert (attempt.number, attempt.how, attempt.body, attempt.error) == (1, Break.STATUS, LIMIT, None)
    assert attempt.response is not None
    assert attempt.response.status_code == 429
    assert machine.client.answers == [SERVED]


@every_pair
def test_the_chain_is_told_the_error_of_a_failed_stream(pair: str) -> None:
    machine = a_machine(pair)
    serve(machine, CREATED, TROUBLE)
    serve(machine)
    (attempt,) = machine.attempts
    assert (attempt.how, attempt.body) == (Break.STREAM, b"")
    assert attempt.error is not None
    assert attempt.error.code == "server_error"
    assert machine.client.answers == [SERVED]


@every_pair
def test_many_attempts_are_counted(pair: str) -> None:
    machine = a_machine(pair)
    for _ in range(3):
        limit_reached(machine)
    serve(machine)
    assert [attempt.number for attempt in machine.attempts] == [1, 2, 3]
    assert machine.client.answers == [SERVED]
    assert machine.is_idle


@every_pair
def test_an_error_that_the_chain_passes_on_reaches_the_client_as_it_came(pair: str) -> None:
    machine = a_machine(pair)
    machine.hooks[FAILED] = pass_on
    limit_reached(machine)
    assert machine.client.answers == [Answer(429, LIMIT, whole=True)]
    assert (machine.requests, machine.is_idle) == (1, True)


@every_pair
def test_a_failed_stream_that_the_chain_passes_on_reaches_the_client_as_it_came(pair: str) -> None:
    machine = a_machine(pair)
    machine.hooks[FAILED] = pass_on
    serve(machine, CREATED, TROUBLE)
    assert machine.client.answers == [Answer(200, CREATED + TROUBLE, whole=True)]
    assert (machine.requests, machine.is_idle) == (1, True)


@every_pair
def test_an_error_without_an_end_is_passed_on_as_far_as_it_came_and_what_follows_too(pair: str) -> None:
    machine = a_machine(pair)
    machine.hooks[FAILED] = pass_on
    upstream = machine.upstream
    upstream.send(upstream.head(500, JSON) + upstream.data(b"so far"))
    machine.wire.hold_seconds = 0
    machine.tick()
    assert [(answer.status, answer.body) for answer in machine.client.answers] == [(500, b"so far")]
    upstream.send(upstream.data(b", and on") + upstream.end())
    assert machine.client.answers == [Answer(500, b"so far, and on", whole=True)]
    assert machine.breaks == [Break.STATUS]


@every_pair
@pytest.mark.parametrize("finished", [True, False], ids=["finished", "unfinished"])
def test_the_chain_may_answer_itself_and_nothing_of_the_upstream_passes(pair: str, finished: bool) -> None:
    machine = a_machine(pair)
    machine.hooks[FAILED] = reply
    upstream = machine.upstream
    upstream.send(upstream.head(429, JSON) + upstream.data(LIMIT))
    if finished:
        upstream.send(upstream.end())
    else:
        late = upstream.data(b"late")
        machine.wire.limit(0)
        machine.tick()
        upstream.send(late)
    assert machine.client.answers == [Answer(503, REPLY, whole=True)]
    assert upstream.cancelled == (not finished or pair == "2 to 1")  # that pair closes after every answer
    assert (machine.requests, machine.is_idle) == (1, True)


@every_pair
def test_a_chain_that_fails_to_decide_passes_nothing_on(pair: str) -> None:
    """An addon raised: what the ones before it wanted does not count."""
    machine = a_machine(pair)
    machine.hooks[FAILED] = lambda attempt: setattr(attempt, "retry", True)
    limit_reached(machine)
    (answer,) = machine.client.answers
    assert (answer.status, b"could not decide" in answer.body, answer.whole) == (503, True, True)
    assert (machine.requests, machine.is_idle) == (1, True)


@every_pair
def test_a_refused_request_never_leaves(pair: str) -> None:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    machine.wire.refusals.append(a_reply())
    machine.client.ask()
    assert machine.client.answers == [Answer(503, REPLY, whole=True)]
    assert DIAL not in machine.called
    assert machine.is_idle


@every_pair
def test_a_request_may_be_refused_after_a_failed_attempt(pair: str) -> None:
    machine = a_machine(pair)
    machine.wire.refusals.append(a_reply())
    limit_reached(machine)
    assert machine.client.answers == [Answer(503, REPLY, whole=True)]
    assert (machine.requests, machine.is_idle) == (1, True)


@every_pair
def test_without_a_credential_there_is_no_dial_but_a_failed_attempt(pair: str) -> None:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    machine.wire.credentials.extend([False, True])
    machine.client.ask()
    assert machine.breaks == [Break.CREDENTIAL]
    assert machine.called == ["requestheaders", "request", FAILED, DIAL]
    serve(machine)
    assert machine.client.answers == [SERVED]


@every_pair
def test_a_dial_that_fails_twice_at_one_address_is_made_a_third_time(pair: str) -> None:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    machine.dials.extend(["refused", "unreachable"])
    machine.client.ask()
    assert [(attempt.how, attempt.message) for attempt in machine.attempts] == [
        (Break.CONNECT, "refused"),
        (Break.CONNECT, "unreachable"),
    ]
    serve(machine)
    assert machine.client.answers == [SERVED]
    assert machine.is_idle


@every_pair
def test_an_upstream_that_cannot_be_reached_is_explained(pair: str) -> None:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    machine.hooks[FAILED] = pass_on
    machine.dials.append("refused")
    machine.client.ask()
    assert explained(machine) == "refused"
    assert machine.is_idle


@every_pair
@pytest.mark.parametrize("begun", [True, False], ids=["after its head", "before its head"])
def test_an_upstream_that_breaks_off_is_explained(pair: str, begun: bool) -> None:
    machine = a_machine(pair)
    machine.hooks[FAILED] = pass_on
    upstream = machine.upstream
    if begun:
        upstream.send(upstream.head() + upstream.data(CREATED))
    upstream.hang_up()
    assert explained(machine)
    assert machine.client.answers[0].whole
    assert machine.is_idle


SECRET = b"upstream_token"


@every_pair
@pytest.mark.parametrize("cut", [1, 20, 30], ids=["before it", "within it", "behind it"])
def test_an_error_that_is_passed_on_does_not_quote_what_was_sent(pair: str, cut: int) -> None:
    """Wherever the upstream cuts its body into pieces."""
    machine = a_machine(pair)
    machine.wire.quotable = (SECRET,)
    said = b"I do not know " + SECRET + b", nor this."
    machine.hooks[FAILED] = pass_on
    upstream = machine.upstream
    for words in (upstream.head(400, JSON), upstream.data(said[:cut]), upstream.data(said[cut:]), upstream.end()):
        upstream.send(words)
    assert machine.client.answers == [Answer(400, said.replace(SECRET, b"*" * len(SECRET)), whole=True)]
    assert machine.is_idle
