"""Which account a request gets, who waits for one, and in what order."""

from __future__ import annotations

import asyncio
import gzip
import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from mitmproxy import ctx, http
from mitmproxy.connection import ConnectionState

from addons.balancer import LONGEST_REST_AWAITED_SECONDS, Balancer
from addons.exchange import Affinity, Client, Exchanges
from addons.wire.failures import Diagnosis, Failure
from codexlb_store.accounts import AccountStatus
from codexlb_store.exchanges import requests
from codexlb_store.keys import Key
from codexlb_store.pool import Pool, Snapshot
from codexlb_store.pricing import load_prices
from codexlb_store.schema import open_store
from codexlb_store.selection import Strategy
from tests.addons.proxy import Proxy, running, store_with
from tests.addons.samples import ACCOUNT, a_flow, a_pool, an_exchange
from tests.addons.upstreams import Holding
from tests.addons.waiting import settled, until

NOW = 1000.0
PAUSED, DRAINING = AccountStatus.PAUSED, AccountStatus.DRAINING
A, B, C = (replace(ACCOUNT, id=name) for name in "abc")
PRICES = load_prices()
BURST = Diagnosis(Failure.RATE_LIMITED, "rate_limit_exceeded", None)
BROKEN = Diagnosis(Failure.OVERLOADED, "http_503", None)


def a_balancer(pool: Pool, most: int = 0) -> Balancer:
    balancer = Balancer(Exchanges(), pool, PRICES, random.Random(1))
    balancer.most, balancer.strategy = most, Strategy.FILL_FIRST
    return balancer


@pytest.mark.parametrize(
    ("pool", "home", "tried", "expected"),
    [
        pytest.param(a_pool(A, B), "b", {}, "b", id="home"),
        pytest.param(a_pool(A, replace(B, state=DRAINING)), "b", {}, "b", id="draining home"),
        pytest.param(a_pool(A, replace(B, state=PAUSED)), "b", {}, "a", id="paused home"),
        pytest.param(a_pool(A, replace(B, cooling_until=1e12)), "b", {}, "a", id="cooling home"),
        pytest.param(a_pool(A), "gone", {}, "a", id="removed home"),
        pytest.param(a_pool(A, B, C), None, {}, "abc", id="no home"),
        pytest.param(a_pool(replace(A, state=DRAINING), B), None, {}, "b", id="draining takes nothing new"),
        pytest.param(a_pool(), None, {}, "", id="no account"),
        # once more elsewhere
        pytest.param(a_pool(A, B, C), "b", {"b": BROKEN}, "ac", id="home failed"),
        pytest.param(a_pool(A, B, C), None, {"a": BROKEN, "c": BROKEN}, "b", id="two failed"),
        pytest.param(a_pool(A, B), None, {"a": BROKEN, "b": BROKEN}, "", id="all failed"),
        pytest.param(a_pool(A, B), None, {"a": BURST, "b": BROKEN}, "a", id="one was asked too often and has rested"),
    ],
)
def test_a_session_stays_at_home_else_all_that_can_serve_are_asked_for(
    pool: Pool, home: str | None, tried: dict[str, Diagnosis], expected: str
) -> None:
    exchange = an_exchange(affinity=Affinity("s1", home), tried=set(tried), diagnoses=list(tried.items()))

    able = a_balancer(pool).able(exchange, NOW)

    assert [candidate.account_id for candidate in able] == list(expected)


@pytest.mark.parametrize(
    ("cooling_until", "expected"),
    [
        pytest.param([], None, id="nobody rests"),
        pytest.param([NOW + 9, NOW + 5], NOW + 5, id="the first"),
        pytest.param([NOW + LONGEST_REST_AWAITED_SECONDS], NOW + LONGEST_REST_AWAITED_SECONDS, id="just soon enough"),
        pytest.param([NOW + LONGEST_REST_AWAITED_SECONDS + 1], None, id="too far away"),
    ],
)
def test_a_request_waits_for_an_account_that_is_back_soon(cooling_until: list[float], expected: float | None) -> None:
    accounts = [replace(ACCOUNT, id=str(number), cooling_until=until) for number, until in enumerate(cooling_until)]

    assert a_balancer(a_pool(*accounts)).first_back(an_exchange(), NOW) == expected


@pytest.mark.parametrize(
    ("scope", "home", "expected"),
    [
        pytest.param(("a", "c"), None, "ac", id="only those it is bound to"),
        pytest.param(("a", "c"), "b", "ac", id="a home that it is not bound to"),
        pytest.param(("a", "c"), "c", "c", id="a home that it is bound to"),
        pytest.param(("gone",), "b", "", id="none of them is there"),
        pytest.param(None, "b", "b", id="bound to none"),
    ],
)
def test_a_key_is_served_by_the_accounts_that_it_is_bound_to(
    scope: tuple[str, ...] | None, home: str | None, expected: str
) -> None:
    client = Client("10.0.0.7", Key("team", 1.0, accounts=scope))
    exchange = an_exchange(client=client, affinity=Affinity("s1", home))

    able = a_balancer(a_pool(A, B, C)).able(exchange, NOW)

    assert [candidate.account_id for candidate in able] == list(expected)


def test_a_key_does_not_wait_for_an_account_that_it_is_not_bound_to() -> None:
    pool = a_pool(A, replace(B, cooling_until=NOW + 5))
    exchange = an_exchange(client=Client("10.0.0.7", Key("team", 1.0, accounts=("a",))))

    assert a_balancer(pool).first_back(exchange, NOW) is None


async def test_a_lease_is_counted_once_and_taken_back_once() -> None:
    pool = a_pool(A)
    balancer, flow = a_balancer(pool), a_flow()
    exchange = balancer.exchanges[flow] = an_exchange(lease=None, opened_at=time.time())

    await balancer.request(flow)
    assert (exchange.lease and exchange.lease.account_id, pool.in_flight["a"]) == ("a", 1)
    balancer.response(flow)
    balancer.error(flow)

    assert pool.in_flight["a"] == 0


def test_a_lease_that_was_never_counted_is_not_taken_back() -> None:
    pool = a_pool(A)
    balancer, flow = a_balancer(pool), a_flow()
    balancer.exchanges[flow] = an_exchange()

    balancer.error(flow)

    assert pool.in_flight["a"] == 0


class Queue:
    """Requests before accounts with one slot each; `served` names them as they get a lease."""

    def __init__(self, pool: Pool) -> None:
        self.balancer = a_balancer(pool, most=1)
        self.served: list[str] = []
        self.flows: dict[str, http.HTTPFlow] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def arrive(
        self, name: str, home: str | None = None, key: Key | None = None, body: bytes = b"{}", encoding: str = ""
    ) -> None:
        flow = self.flows[name] = a_flow(body=body)
        flow.request.headers["content-encoding"] = encoding
        self.balancer.exchanges[flow] = an_exchange(
            id=name, opened_at=time.time(), lease=None, affinity=Affinity(name, home), client=Client("10.0.0.7", key)
        )
        self.tasks[name] = asyncio.create_task(self.ask(name))

    async def ask(self, name: str) -> None:
        await self.balancer.request(self.flows[name])
        if self.balancer.exchanges[self.flows[name]].lease:
            self.served.append(name)

    def leave(self, name: str) -> None:
        """The client hangs up: mitmproxy says so and lets a running hook run on."""
        self.flows[name].client_conn.state = ConnectionState.CLOSED
        self.balancer.client_disconnected(self.flows[name].client_conn)

    async def end(self, name: str) -> None:
        self.balancer.response(self.flows[name])
        await settled()


async def test_who_waits_is_served_in_order_of_arrival() -> None:
    queue = Queue(a_pool(A))
    for name in "1234":
        queue.arrive(name)
    await settled()
    assert queue.served == ["1"]

    for ended, expected in (("1", "12"), ("2", "123"), ("3", "1234")):
        await queue.end(ended)
        assert queue.served == list(expected)


async def test_a_key_that_asks_for_little_is_served_next_however_many_wait_of_another() -> None:
    greedy, small = Key("greedy", 1.0, id="k1"), Key("small", 1.0, id="k2")
    queue = Queue(a_pool(A))
    for name in ("g1", "g2", "g3", "g4"):
        queue.arrive(name, key=greedy)
    await settled()
    queue.arrive("s1", key=small)
    queue.arrive("s2", key=small)
    await settled()

    for _ in range(5):
        await queue.end(queue.served[-1])

    assert queue.served == ["g1", "s1", "g2", "s2", "g3", "g4"]


async def test_what_costs_more_has_fewer_turns() -> None:
    """Two keys wait; each has had the same cost when the dear one has had one turn and the cheap one four."""
    dear, cheap = Key("dear", 1.0, id="k1"), Key("cheap", 1.0, id="k2")
    queue = Queue(a_pool(A))
    queue.balancer.prices = replace(PRICES, models=())  # every token costs the same
    queue.arrive("first")
    await settled()
    for number in range(3):
        queue.arrive(f"d{number}", key=dear, body=b"x" * 4 * (4 * 4096 - 2048))
    for number in range(6):
        queue.arrive(f"c{number}", key=cheap, body=b"x" * 4 * 2048)
    await settled()

    for _ in range(9):
        await queue.end(queue.served[-1])

    assert queue.served[1:] == ["d0", "c0", "c1", "c2", "c3", "d1", "c4", "c5", "d2"]


async def test_who_has_an_account_to_itself_holds_up_nobody_at_another_one() -> None:
    """A newcomer is served next, however much has been served elsewhere since those began to wait who wait there."""
    alone, many, newcomer = (Key(name, 1.0, id=name) for name in ("alone", "many", "newcomer"))
    queue = Queue(a_pool(A, B))
    for number in range(5):
        queue.arrive(f"m{number}", home="a", key=many)
    for number in range(20):
        queue.arrive(f"a{number}", home="b", key=alone)
    await settled()
    for number in range(20):
        await queue.end(f"a{number}")
    assert queue.served == ["m0", *(f"a{number}" for number in range(20))]

    for number in range(2):
        queue.arrive(f"n{number}", home="a", key=newcomer)
    await settled()
    for name in ("m0", "n0", "m1", "n1", "m2", "m3"):
        await queue.end(name)

    assert queue.served[21:] == ["n0", "m1", "n1", "m2", "m3", "m4"]


async def test_a_packed_turn_costs_what_it_holds() -> None:
    """Two keys send turns of the same size on the wire; one of them has packed a hundred times as much."""
    packed, plain = Key("packed", 1.0, id="k1"), Key("plain", 1.0, id="k2")
    queue = Queue(a_pool(A))
    queue.arrive("first")
    await settled()
    for number in range(2):
        queue.arrive(f"z{number}", key=packed, body=gzip.compress(b"x" * 1_000_000), encoding="gzip")
    for number in range(4):
        queue.arrive(f"p{number}", key=plain, body=b"x" * 1000)
    await settled()

    for _ in range(6):
        await queue.end(queue.served[-1])

    assert queue.served[1:] == ["z0", "p0", "p1", "p2", "p3", "z1"]


async def test_a_client_that_leaves_while_waiting_gives_its_place_to_the_next() -> None:
    queue = Queue(a_pool(A))
    for name in "1234":
        queue.arrive(name)
    await settled()

    queue.leave("2")
    await settled()
    assert queue.tasks["2"].done()
    assert queue.flows["2"].response is None
    await queue.end("1")
    await queue.end("3")

    assert queue.served == ["1", "3", "4"]
    assert queue.balancer.pool.in_flight["a"] == 1


async def test_who_waits_for_its_home_does_not_hold_up_those_who_need_another() -> None:
    queue = Queue(a_pool(A, B))
    queue.arrive("1", home="a")
    queue.arrive("2", home="a")
    queue.arrive("3", home="b")
    await settled()

    assert queue.served == ["1", "3"]
    await queue.end("3")
    assert queue.served == ["1", "3"]
    await queue.end("1")
    assert queue.served == ["1", "3", "2"]


async def test_who_waits_is_refused_once_no_account_can_serve_any_more() -> None:
    queue = Queue(a_pool(A))
    queue.arrive("1")
    queue.arrive("2")
    await settled()

    queue.balancer.pool.replace(Snapshot({}, {}, {}, {}))
    await queue.end("1")

    response = queue.flows["2"].response
    assert response and response.status_code == 400


async def test_nobody_overtakes_who_waits() -> None:
    queue = Queue(a_pool(A))
    queue.arrive("1")
    queue.arrive("2")
    await settled()

    queue.arrive("3")  # its turn comes before that of "2", which the next line serves
    await queue.end("1")

    assert queue.served == ["1", "2"]
    await queue.end("2")


async def test_a_wait_that_is_cancelled_does_not_stop_those_behind_it() -> None:
    """So it is when the proxy ends."""
    queue = Queue(a_pool(A))
    for name in "123":
        queue.arrive(name)
    await settled()

    queue.tasks["2"].cancel()
    await settled()
    await queue.end("1")

    assert queue.served == ["1", "3"]


async def test_who_has_waited_for_too_long_is_told_that_all_are_busy() -> None:
    queue = Queue(a_pool(A))
    queue.arrive("1")
    await settled()
    queue.balancer.budget_seconds = 0  # as much as is left after so many minutes

    queue.arrive("2")
    await queue.tasks["2"]

    response = queue.flows["2"].response
    assert response and response.status_code == 503


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data folder with one account."""
    store_with(tmp_path, "a").close()
    yield tmp_path


async def until_waiting(proxy: Proxy, count: int) -> None:
    """Until so many requests wait for an account."""
    balancer = balancer_of(proxy)
    await until(lambda: len(balancer.line) == count)


def balancer_of(proxy: Proxy) -> Balancer:
    (balancer,) = (addon for addon in proxy.chain.addons if isinstance(addon, Balancer))
    return balancer


async def test_a_client_that_hangs_up_while_waiting_is_cancelled_and_the_next_one_served(home: Path) -> None:
    upstream = Holding()
    async with running(home, upstream, codexlb_account_concurrency=1) as proxy:
        first = asyncio.create_task(proxy.ask(body=b'{"model":"m","input":[]}', session_id="first"))
        await until(lambda: upstream.requests)
        _, leaver = await asyncio.open_connection("127.0.0.1", proxy.port)
        leaver.write(b"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nsession-id: leaver\r\n")
        leaver.write(b'content-length: 24\r\n\r\n{"model":"m","input":[]}')
        await until_waiting(proxy, 1)
        last = asyncio.create_task(proxy.ask(body=b'{"model":"m","input":[]}', session_id="last"))
        await until_waiting(proxy, 2)

        leaver.close()
        await leaver.wait_closed()
        await until_waiting(proxy, 1)
        upstream.let_go.set()

        assert [status for status, _ in await asyncio.gather(first, last)] == [200, 200]
    with closing(open_store(home)) as db:
        assert {row.session: row.outcome for row in requests(db, 9)} == {
            "first": "completed",
            "leaver": "cancelled",
            "last": "completed",
        }


async def test_an_account_that_is_imported_meanwhile_serves_who_waits(home: Path) -> None:
    upstream = Holding()
    async with running(home, upstream, codexlb_account_concurrency=1) as proxy:
        turns = [asyncio.create_task(proxy.ask(body=b'{"model":"m","input":[]}')) for _ in range(2)]
        try:
            await until_waiting(proxy, 1)
            store_with(home, "b").close()
            balancer = balancer_of(proxy)
            await until(lambda: len(balancer.pool.accounts) == 2)
            await settled()

            assert not balancer.line
        finally:
            upstream.let_go.set()
            await asyncio.gather(*turns)


@pytest.mark.parametrize("most", [0, 2], ids=["no limit", "a higher one"])
async def test_raising_the_limit_lets_who_waits_go_on(home: Path, most: int) -> None:
    upstream = Holding()
    async with running(home, upstream, codexlb_account_concurrency=1) as proxy:
        turns = [asyncio.create_task(proxy.ask(body=b'{"model":"m","input":[]}')) for _ in range(2)]
        await until_waiting(proxy, 1)

        ctx.options.update(codexlb_account_concurrency=most)

        await until_waiting(proxy, 0)
        upstream.let_go.set()
        assert [status for status, _ in await asyncio.gather(*turns)] == [200, 200]
