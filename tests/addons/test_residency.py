"""A workspace's requests go to the origin it demands and say where they may be handled; nobody else's do."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from codexlb_store.accounts import load_accounts, set_residency
from codexlb_store.exchanges import requests
from codexlb_store.schema import open_store
from scripts.simulator.account import AccountChange
from scripts.simulator.server import Simulator
from tests.addons.authority import Authority
from tests.addons.proxy import Proxy, Upstream, running, store_with
from tests.addons.residency_lab import EU, A, at, client_of, import_accounts, known_origins, lab, listening, seen_by
from tests.addons.samples import import_logins
from tests.addons.waiting import until

DEAD = "http://127.0.0.1:1"
USED_UP = b'{"error":{"type":"usage_limit_reached"}}'
LIMITED = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: %d\r\n\r\n%s" % (len(USED_UP), USED_UP)


def is_known(proxy: Proxy, demanded: str | None) -> bool:
    """Whether the proxy has heard what the workspace of its one account demands."""
    return known_origins(proxy) == [demanded]


BOTH_WAYS = pytest.mark.parametrize(("failing", "serving"), [("a", "eu"), ("eu", "a")])


async def test_each_account_is_served_where_its_workspace_wants_it(tmp_path: Path) -> None:
    """And what the client says of its own workspace goes nowhere."""
    async with lab(tmp_path) as stage:
        assert [await stage.client.turn(name) for name in ("a", "eu", "a")] == [200, 200, 200]

        assert seen_by(stage.here) == [at(stage.origin_here, "a")] * 2
        assert seen_by(stage.there) == [at(stage.origin_there, "eu", "us")]
        assert b"fedramp" not in b"".join(stage.here.requests + stage.there.requests).lower()


async def test_a_kept_connection_is_used_for_its_own_origin_alone(tmp_path: Path) -> None:
    """Six turns of one client connection, back and forth: one connection to each upstream."""
    async with lab(tmp_path) as stage:
        for name in ("a", "eu", "a", "eu", "eu", "a"):
            assert await stage.client.turn(name) == 200

        assert seen_by(stage.here) == [at(stage.origin_here, "a")] * 3
        assert seen_by(stage.there) == [at(stage.origin_there, "eu", "us")] * 3
        assert (stage.here.connections, stage.there.connections) == (1, 1)


@BOTH_WAYS
async def test_a_turn_that_moves_goes_where_the_next_account_is_served(
    tmp_path: Path, failing: str, serving: str
) -> None:
    """The connection that the first attempt left behind is not used for the second, nor for the turns that follow."""
    upstreams = {failing: Upstream(answer=LIMITED), serving: Upstream()}
    async with lab(tmp_path, upstreams["a"], upstreams["eu"]) as stage:
        expected = {"a": at(stage.origin_here, "a"), "eu": at(stage.origin_there, "eu", "us")}

        for _ in range(3):  # with the first one the session has moved
            assert await stage.client.turn(failing) == 200

        assert seen_by(upstreams[failing]) == [expected[failing]]
        assert seen_by(upstreams[serving]) == [expected[serving]] * 3
        assert (stage.here.connections, stage.there.connections) == (1, 1)


@BOTH_WAYS
async def test_an_origin_that_is_down_costs_its_own_accounts_alone(tmp_path: Path, failing: str, serving: str) -> None:
    settings: dict[str, Any] = {"codexlb_upstream": DEAD} if failing == "a" else {"demanded": DEAD}
    async with lab(tmp_path, **settings) as stage:
        assert await stage.client.turn(failing) == 200

        served = {"a": at(stage.origin_here, "a"), "eu": at(stage.origin_there, "eu", "us")}[serving]
        assert seen_by(stage.here) + seen_by(stage.there) == [served]


async def test_an_account_whose_demand_cannot_be_honoured_is_sent_nowhere(tmp_path: Path) -> None:
    """Above all not to the configured upstream; another account serves."""
    async with lab(tmp_path, demanded="https://eu.example/path") as stage:
        assert await stage.client.turn("eu") == 200

        assert seen_by(stage.here) == [at(stage.origin_here, "a")]
    with closing(open_store(tmp_path)) as db:
        (row,) = requests(db, 10)
    assert [(x.account_id, x.failure) for x in row.attempts] == [(EU, "no_origin"), (A, None)]


async def test_without_another_account_nothing_is_sent_at_all(tmp_path: Path) -> None:
    async with lab(tmp_path, demanded="eu.example", names=("eu",)) as stage:
        for _ in range(3):
            status, body = await stage.proxy.ask()
            assert (status, b"error" in body) == (503, True)

        assert stage.here.connections == 0


async def test_what_a_workspace_demands_from_now_on_counts_from_the_next_request_on(tmp_path: Path) -> None:
    """The client need not connect anew."""
    async with lab(tmp_path, names=("eu",)) as stage:
        for demanded, override in ((None, None), (stage.origin_there, "us_cr"), (None, "us")):
            with closing(open_store(tmp_path)) as db:
                set_residency(db, EU, demanded, override)
            await until(partial(is_known, stage.proxy, demanded))
            assert await stage.client.turn("eu") == 200

        assert seen_by(stage.here) == [at(stage.origin_here, "eu"), at(stage.origin_here, "eu", "us")]
        assert seen_by(stage.there) == [at(stage.origin_there, "eu", "us_cr")]


async def test_what_the_upstream_says_of_a_workspace_is_found_out(tmp_path: Path) -> None:
    """From then on its turns go there, and so do the questions for its usage."""
    there = Upstream()
    async with Simulator(accounts="plus") as simulator, listening(there) as port:
        origin = f"http://127.0.0.1:{port}"
        demand = AccountChange(workspace_backend_origin=origin, account_routing_override="us_cr")
        simulator.change("plus-1", demand)
        import_logins(tmp_path, simulator.auth_json("plus-1"))
        options: dict[str, Any] = {"codexlb_upstream": simulator.origin, "codexlb_issuer": simulator.origin}
        async with running(tmp_path, **options, codexlb_poll_seconds=300) as proxy, client_of(proxy) as client:
            await until(partial(is_known, proxy, origin))
            assert await client.turn("a") == 200
            await until(lambda: len(there.requests) == 2)

        assert [entry.path for entry in simulator.log] == ["/backend-api/wham/accounts/check"]
        assert {request.split(b" ")[1] for request in there.requests} == {
            b"/backend-api/wham/usage",
            b"/backend-api/codex/responses",
        }
        assert {seen.overrides for seen in seen_by(there)} == {("us_cr",)}


@pytest.mark.parametrize("mode", ["a dead end", "the configured upstream"])
async def test_each_origin_is_called_by_its_own_name(tmp_path: Path, mode: str) -> None:
    """Over TLS, with its certificate verified, whatever upstream mitmproxy itself was told of."""
    authority = Authority(tmp_path / "authority.pem")
    tls, here, there = authority.context(), Upstream(), Upstream()
    async with listening(here, tls) as port_here, listening(there, tls) as port_there:
        origin_here, origin_there = f"https://127.0.0.1:{port_here}", f"https://localhost:{port_there}"
        import_accounts(tmp_path, origin_there, "a", "eu")
        options: dict[str, Any] = {
            "codexlb_upstream": origin_here,
            "ssl_verify_upstream_trusted_ca": str(authority.file),
        }
        if mode == "the configured upstream":
            options |= {"codexlb_upstream": "", "mode": [f"reverse:{origin_here}@127.0.0.1:0"]}
        async with running(tmp_path, **options) as proxy, client_of(proxy) as client:
            assert [await client.turn(name) for name in ("a", "eu", "a", "eu")] == [200, 200, 200, 200]

    assert seen_by(here) == [at(origin_here, "a")] * 2
    assert seen_by(there) == [at(origin_there, "eu", "us")] * 2
    assert authority.names == [None, "localhost"]  # one connection each; an address is no name


async def test_nothing_goes_unencrypted_where_the_configured_upstream_is_encrypted(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority.pem")
    here, there = Upstream(), Upstream()
    async with listening(here, authority.context()) as port_here, listening(there) as port_there:
        origin_here = f"https://127.0.0.1:{port_here}"
        import_accounts(tmp_path, f"http://127.0.0.1:{port_there}", "a", "eu")
        options: dict[str, Any] = {"ssl_verify_upstream_trusted_ca": str(authority.file)}
        async with running(tmp_path, codexlb_upstream=origin_here, **options) as proxy, client_of(proxy) as client:
            assert await client.turn("eu") == 200

    assert seen_by(here) == [at(origin_here, "a")]
    assert there.connections == 0


async def test_an_origin_that_is_down_is_not_taken_for_all_the_others(tmp_path: Path) -> None:
    """After two accounts could not reach it none of its others is tried; who is served elsewhere is."""
    with closing(store_with(tmp_path, *(f"eu{number}" for number in range(8)))) as db:
        for account in load_accounts(db):
            set_residency(db, account.id, DEAD, None)
    async with lab(tmp_path, demanded=DEAD) as stage:
        assert await stage.client.turn("eu") == 200

        assert seen_by(stage.here) == [at(stage.origin_here, "a")]
    with closing(open_store(tmp_path)) as db:
        (row,) = requests(db, 10)
    assert len(row.attempts) <= 3
