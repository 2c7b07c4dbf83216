"""Limits of keys through the real proxy: what is reserved, what is settled, and what a client is told."""

from __future__ import annotations

import asyncio
import datetime
import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from addons.budget_keeper import BudgetKeeper, BudgetsUnavailableError
from addons.exchange import Client, Exchanges
from addons.ledger import Ledger
from addons.limits import A_REQUEST, Limits
from addons.store_keeper import StoreKeeper
from codexlb_store.budgets import Reservation
from codexlb_store.exchanges import requests
from codexlb_store.grants import Move, Need, asked, give_back, top_up
from codexlb_store.key_changes import set_limits
from codexlb_store.ledger import Outcome, Tokens
from codexlb_store.limit_texts import parse_limit
from codexlb_store.limits import span_of
from codexlb_store.pricing import load_prices
from codexlb_store.processes import ProcessMark, living
from codexlb_store.schema import open_store
from codexlb_store.spends import NOTHING, spent
from codexlb_store.writer import Writer
from tests.addons.key_lab import TURN, a_key, bearer, key_named
from tests.addons.proxy import OK_HEAD, Proxy, Upstream, chunk, running, store_with
from tests.addons.samples import a_flow, an_exchange
from tests.addons.upstreams import DELTA, Holding
from tests.addons.waiting import until

TOKENS, COST_MICRO_USD = 120, 920
"""What one answer of the upstream uses (see COMPLETED): 60 fresh and 40 cached tokens in, 20 out, as gpt-5.5 costs."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with the accounts a and b."""
    store_with(tmp_path, "a", "b").close()
    return tmp_path


def limited(home: Path, *texts: str, name: str = "team") -> dict[str, str]:
    """The header of a new key with these limits."""
    return bearer(a_key(home, name, limits=tuple(map(parse_limit, texts))))


def used(home: Path) -> list[int]:
    """What is settled of each limit's windows, in order of limits."""
    with closing(open_store(home)) as db:
        return [row[0] for row in db.execute("SELECT used FROM budgets ORDER BY limit_id, starts_at")]


def outcomes(home: Path) -> list[Outcome | None]:
    with closing(open_store(home)) as db:
        return [row.outcome for row in requests(db, 1000)]


def ledger_tokens(home: Path) -> int:
    with closing(open_store(home)) as db:
        return int(db.execute("SELECT sum(input_tokens + output_tokens) FROM exchanges").fetchone()[0])


def keeper_of(proxy: Proxy) -> BudgetKeeper:
    (keeper,) = (addon for addon in proxy.chain.addons if isinstance(addon, StoreKeeper))
    return keeper.budgets


async def test_what_was_used_is_settled_of_every_limit_once(home: Path) -> None:
    key = limited(home, "1M-tokens/day", "1M-input/week", "1M-output/month", "1usd/7d", "9req/min", "3 concurrent")
    async with running(home) as proxy:
        for _ in range(3):
            assert (await proxy.ask(body=TURN, **key))[0] == 200
    assert used(home) == [3 * TOKENS, 300, 60, 3 * COST_MICRO_USD, 3, 0]


async def test_a_limit_that_is_used_up_is_named_with_the_time_when_it_starts_afresh(home: Path) -> None:
    key, other_key = limited(home, "2req/min", "1M-tokens/day"), limited(home, name="other")
    async with running(home) as proxy:
        assert [(await proxy.ask(body=TURN, **key))[0] for _ in range(2)] == [200, 200]
        status, body = await proxy.ask(body=TURN, **key)
        assert len(proxy.upstream.requests) == 2
        assert (await proxy.ask(body=TURN, **other_key))[0] == 200
    error = json.loads(body)["error"]
    assert (status, error["code"], error["type"]) == (429, "rate_limit_exceeded", "rate_limit_error")
    assert error["message"].startswith("This client key has used up its limit of 2req/min: it starts afresh at 20")
    assert 55 < error["resets_at"] - time.time() <= 61
    assert used(home) == [2, 2 * TOKENS], "what was reserved of the second limit is given back"


async def test_200_requests_at_a_time_use_what_there_is_and_no_token_is_lost(home: Path) -> None:
    """The key has budget for 50 of them; a request in flight may go over, and none is refused before."""
    key = limited(home, f"{50 * TOKENS}-tokens/day")
    async with running(home) as proxy:
        answers = await asyncio.gather(*(proxy.ask(body=TURN, **key) for _ in range(200)))
        statuses = [status for status, _ in answers]
        while (await proxy.ask(body=TURN, **key))[0] == 200:  # what the others reserved and did not use
            statuses.append(200)
    assert set(statuses) == {200, 429}
    (settled_tokens,) = used(home)
    assert settled_tokens == ledger_tokens(home) == statuses.count(200) * TOKENS
    assert 50 * TOKENS <= settled_tokens < 50 * TOKENS + TOKENS
    assert outcomes(home).count(Outcome.REFUSED) == statuses.count(429) + 1


async def test_a_concurrent_limit_gives_its_place_back(home: Path) -> None:
    key, upstream = limited(home, "2 concurrent"), Holding()
    async with running(home, upstream) as proxy:
        turns = [asyncio.create_task(proxy.ask(body=TURN, **key)) for _ in range(2)]
        await until(lambda: len(upstream.requests) == 2)
        status, body = await proxy.ask(body=TURN, **key)
        assert (status, json.loads(body)["error"]["resets_at"]) == (429, None)
        upstream.let_go.set()
        assert [status for status, _ in await asyncio.gather(*turns)] == [200, 200]
        assert (await proxy.ask(body=TURN, **key))[0] == 200


async def test_a_model_of_its_own_has_a_limit_of_its_own(home: Path) -> None:
    key = limited(home, "1req/day:gpt-5.5*")
    async with running(home) as proxy:
        statuses = [
            (await proxy.ask(body=b'{"model":"%s","input":[]}' % model, **key))[0]
            for model in (b"gpt-5.4", b"gpt-5.5-mini", b"gpt-5.4", b"gpt-5.5", b"gpt-5.4")
        ]
    assert statuses == [200, 200, 200, 429, 200]


class Silent(Upstream):
    """Answers nobody before it is let go."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(answer=answer)
        self.let_go = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        await self.let_go.wait()
        writer.write(self.answer)
        writer.close()


async def begin(proxy: Proxy, key: dict[str, str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A turn whose client reads nothing yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    head = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nauthorization: {key['authorization']}\r\n"
    writer.write(f"{head}content-length: {len(TURN)}\r\n\r\n".encode() + TURN)
    return reader, writer


async def test_of_a_stream_that_was_cancelled_the_estimate_counts(home: Path) -> None:
    key = limited(home, "1M-tokens/day", "1M-output/day", "9req/day")
    async with running(home, Holding()) as proxy:
        reader, writer = await begin(proxy, key)
        await reader.readuntil(b"output_text.delta")
        writer.close()
        await until(lambda: outcomes(home) == [Outcome.CANCELLED])
    assert used(home) == [-(-len(TURN) // 4) + 1, 1, 1]


async def test_what_never_reached_an_upstream_costs_nothing(tmp_path: Path) -> None:
    """No account, so no answer."""
    open_store(tmp_path).close()
    key = limited(tmp_path, "1M-tokens/day", "9req/day")
    async with running(tmp_path) as proxy:
        assert [(await proxy.ask(body=TURN, **key))[0] for _ in range(3)] == [400] * 3
    assert used(tmp_path) == [0, 0]


ERROR = b'HTTP/1.1 400 Bad Request\r\ncontent-length: 34\r\n\r\n{"error":{"message":"not like so"}}'


async def test_an_error_of_the_upstream_is_a_request_without_tokens(home: Path) -> None:
    key = limited(home, "1M-tokens/day", "9req/day")
    async with running(home, Upstream(answer=ERROR)) as proxy:
        assert (await proxy.ask(body=TURN, **key))[0] == 400
    assert used(home) == [0, 1]


async def test_what_uses_no_tokens_is_a_request(home: Path) -> None:
    key = limited(home, "10-tokens/day", "9req/day")
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    async with running(home, Upstream(answer=answer)) as proxy:
        for _ in range(3):
            assert (await proxy.ask("GET", "/backend-api/codex/models", b"", **key))[0] == 200
    assert used(home) == [0, 3]


ANSWERED = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"
USAGE = b'{"usage":{"input_tokens":50,"output_tokens":1000}}'


@pytest.mark.parametrize(
    ("path", "expected"), [("images/generations", 6240), ("alpha/search", 2048)], ids=["pictures", "searches"]
)
async def test_of_many_pictures_or_searches_at_a_time_only_those_start_that_the_limit_has_room_for(
    home: Path, path: str, expected: int
) -> None:
    """They hold what they are expected to use, as turns do, and what they did use counts."""
    key, upstream = limited(home, f"{3 * expected}-output/day"), Silent(ANSWERED % (len(USAGE), USAGE))
    async with running(home, upstream) as proxy:
        asking = [
            asyncio.create_task(
                proxy.ask(path=f"/backend-api/codex/{path}", body=b'{"model":"gpt-5.5","input":[]}', **key)
            )
            for _ in range(20)
        ]
        await until(lambda: sum(task.done() for task in asking) == 17)
        assert len(upstream.requests) == 3
        upstream.let_go.set()
        statuses = [status for status, _ in await asyncio.gather(*asking)]
    assert (statuses.count(200), statuses.count(429)) == (3, 17)
    assert used(home) == [3000]


async def test_a_limit_is_changed_while_it_is_used(home: Path) -> None:
    key = limited(home, "1req/day")
    async with running(home) as proxy:
        assert [(await proxy.ask(body=TURN, **key))[0] for _ in range(2)] == [200, 429]
        with closing(open_store(home)) as db:
            set_limits(db, key_named(home, "team").id, [parse_limit("3req/day")], time.time())
        deadline = time.monotonic() + 5
        while (await proxy.ask(body=TURN, **key))[0] != 200:
            assert time.monotonic() < deadline
        assert [(await proxy.ask(body=TURN, **key))[0] for _ in range(2)] == [200, 429]
    assert used(home) == [3]


async def test_nothing_is_waited_for_while_there_is_budget_in_memory(home: Path) -> None:
    limited(home, "100req/day")
    key = key_named(home, "team")
    async with running(home) as proxy:
        keeper = keeper_of(proxy)
        assert await keeper.reserve(key, A_REQUEST, None, lambda: True)  # brings the rest of the day
        with pytest.raises(StopIteration):  # it ends without giving control back
            keeper.reserve(key, A_REQUEST, None, lambda: True).send(None)


async def test_a_client_that_leaves_while_the_store_is_asked_holds_nothing_and_the_budget_comes_all_the_same(
    home: Path,
) -> None:
    key = limited(home, "5req/day")
    async with running(home) as proxy:
        with closing(open_store(home)) as db:
            db.execute("BEGIN IMMEDIATE")
            _, writer = await begin(proxy, key)
            await until(lambda: keeper_of(proxy).waiting)
            writer.close()
            await until(lambda: not keeper_of(proxy).waiting)
            db.execute("ROLLBACK")
        await until(lambda: outcomes(home) == [Outcome.CANCELLED])
        assert [(await proxy.ask(body=TURN, **key))[0] for _ in range(6)] == [200] * 5 + [429]
    assert used(home) == [5]


def other_holds(home: Path, amount: int) -> tuple[ProcessMark, Need]:
    """Another process that lives and asks for so much of the first limit's day."""
    other = ProcessMark.take(home)
    (limit,) = key_named(home, "team").limits
    starts_at, ends_at = span_of(limit, time.time(), datetime.UTC)
    need = Need(limit.id, amount, 1, starts_at, ends_at, is_rolling=False)
    with closing(open_store(home)) as db:
        top_up(db, other.id, [need], time.time(), lambda: living(home))
    return other, need


async def test_what_another_process_holds_is_waited_for_a_second(home: Path) -> None:
    key = limited(home, "5req/day")
    other, _ = other_holds(home, 5)
    async with running(home) as proxy:
        began = time.monotonic()
        assert (await proxy.ask(body=TURN, **key))[0] == 429
        assert time.monotonic() - began >= 0.5
    other.release()


async def test_what_another_process_gives_back_is_taken_at_once(home: Path) -> None:
    key = limited(home, "5req/day")
    other, need = other_holds(home, 5)
    async with running(home) as proxy:
        asking = asyncio.create_task(proxy.ask(body=TURN, **key))
        with closing(open_store(home)) as db:
            await until(lambda: asked(db, other.id, time.time()))
            give_back(db, other.id, [Move(need.limit_id, need.starts_at, 3)])
        assert (await asking)[0] == 200
        assert [(await proxy.ask(body=TURN, **key))[0] for _ in range(3)] == [200, 200, 429]
    other.release()


async def test_what_a_dead_process_held_is_free_at_the_next_start(home: Path) -> None:
    limited(home, "5req/day")
    other, _ = other_holds(home, 5)
    other.release()
    async with running(home):
        pass
    with closing(open_store(home)) as db:
        assert list(db["grants"].rows) == []


async def test_what_another_process_asks_for_is_given_back(home: Path) -> None:
    """This one was alone and holds the whole day."""
    key = limited(home, "5req/day")
    async with running(home) as proxy:
        assert (await proxy.ask(body=TURN, **key))[0] == 200
        other, _ = other_holds(home, 2)
        with closing(open_store(home)) as db:
            held = "SELECT sum(outstanding) FROM grants WHERE process != ?"
            await until(lambda: db.execute(held, (other.id,)).fetchone()[0] == 0)
    other.release()


async def test_a_proxy_that_ends_in_the_middle_settles_the_estimate(home: Path) -> None:
    key = limited(home, "1M-output/day")
    async with running(home, Holding()) as proxy:
        reader, writer = await begin(proxy, key)
        await reader.readuntil(b"output_text.delta")
        next(addon for addon in proxy.chain.addons if isinstance(addon, Ledger)).done()  # as at mitmproxy's end
        writer.close()
    assert used(home) == [1], "the one piece of output that came"


async def test_without_a_store_nothing_that_must_be_counted_is_sent(home: Path) -> None:
    limited(home, "5req/day")
    keeper = BudgetKeeper(home, "p1", Writer(home, capacity=0))
    flow = a_flow()
    exchange = an_exchange(client=Client("127.0.0.1", key_named(home, "team")), reservation=None)

    await Limits(Exchanges({flow: exchange}), keeper, load_prices()).request(flow)

    assert flow.response and flow.response.status_code == 503
    assert exchange.reservation is None
    with pytest.raises(BudgetsUnavailableError):
        await keeper.reserve(key_named(home, "team"), A_REQUEST, None, lambda: True)


async def test_a_top_up_that_breaks_is_told_at_once_and_may_be_tried_again(home: Path) -> None:
    limited(home, "5req/day")
    key = key_named(home, "team")
    writer = Writer(home)
    keeper = BudgetKeeper(home, "p1", writer)
    with closing(open_store(home)) as db:
        db.execute("ALTER TABLE grants RENAME TO hidden")
    writer.start()
    with pytest.raises(BudgetsUnavailableError):
        await keeper.reserve(key, A_REQUEST, None, lambda: True)
    with closing(open_store(home)) as db:
        db.execute("ALTER TABLE hidden RENAME TO grants")
    assert isinstance(await keeper.reserve(key, A_REQUEST, None, lambda: True), Reservation)
    writer.close()


async def test_of_a_cancelled_stream_of_the_priority_tier_its_own_price_counts(home: Path) -> None:
    body = TURN.replace(b"{", b'{"service_tier":"priority",', 1)
    key, upstream = limited(home, "100usd/day"), Holding()
    async with running(home, upstream) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        head = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nauthorization: {key['authorization']}"
        writer.write(f"{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await reader.readuntil(b"delta")
        writer.close()
        await until(lambda: outcomes(home) == [Outcome.CANCELLED])
    tokens = Tokens(-(-len(body) // 4), 0, 1, None)
    assert used(home) == [spent(load_prices(), "gpt-5.5", "priority", tokens, NOTHING).micro_usd]


async def test_of_a_long_stream_that_was_cancelled_what_was_read_counts(home: Path) -> None:
    """Who leaves just before the end has had the answer."""

    class Long(Upstream):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK_HEAD + chunk(DELTA * 5000))
            await reader.read()
            writer.close()

    key = limited(home, "1M-output/day")
    async with running(home, Long()) as proxy:
        reader, writer = await begin(proxy, key)
        await reader.readexactly(4900 * len(DELTA))
        writer.close()
        await until(lambda: outcomes(home) == [Outcome.CANCELLED])
    assert 4900 <= used(home)[0] <= 5000
