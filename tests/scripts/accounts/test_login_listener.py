"""Where the browser comes back to: it answers the right one, tells strangers nothing, and is gone afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from scripts.accounts.login_listener import CallbackListener
from scripts.accounts.login_pages import failed, succeeded
from scripts.proxy_process import free_port
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Fault
from tests.codexlb_store.rows import wait_until
from tests.scripts.accounts.login_process import INVITED, LoginProcess, Seen, browse, chosen, is_free, visit
from tests.scripts.accounts.people import stored

TOKEN = "/oauth/token"
RIGHT, WRONG = "code=right", "code=wrong"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("ann:plus") as running:
        yield running


@pytest.fixture
def login(simulator: SimulatorProcess) -> Iterator[LoginProcess]:
    with LoginProcess(simulator.origin) as process:
        yield process


@pytest.fixture
async def listener() -> AsyncIterator[CallbackListener]:
    """One that waits for RIGHT."""
    async with CallbackListener(lambda query: query == RIGHT, [free_port()]) as listener:
        yield listener


@contextlib.contextmanager
def half_way(url: str) -> Iterator[socket.socket]:
    """A connection on which that address was asked for, and whose answer nobody has read yet."""
    parts = urlsplit(url)
    with contextlib.closing(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)) as browser:
        browser.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nhost: {parts.netloc}\r\n\r\n".encode())
        yield browser


async def seen(listener: CallbackListener, target: str, method: str = "GET", host: str | None = None) -> Seen:
    return await asyncio.to_thread(visit, f"http://127.0.0.1:{listener.port}{target}", method, host)


@pytest.mark.parametrize(
    ("target", "method", "host", "status"),
    [
        pytest.param(f"/auth/callback?{WRONG}", "GET", None, 400, id="another login's"),
        pytest.param("/auth/callback", "GET", None, 400, id="nothing"),
        pytest.param(f"/auth/callback?{RIGHT}", "POST", None, 404, id="no GET"),
        pytest.param(f"/auth/callback?{RIGHT}", "HEAD", None, 404, id="HEAD"),
        pytest.param(f"/auth/callback/?{RIGHT}", "GET", None, 404, id="another path"),
        pytest.param(f"/auth/%63allback?{RIGHT}", "GET", None, 404, id="escaped path"),
        pytest.param("/success", "GET", None, 404, id="success before there is any"),
        pytest.param("/cancel", "GET", None, 404, id="what another client's login asks for"),
        pytest.param("/", "GET", None, 404, id="root"),
        # A page of another site whose name leads here.
        pytest.param(f"/auth/callback?{RIGHT}", "GET", "evil.example:{port}", 404, id="another name"),
        pytest.param(f"/auth/callback?{RIGHT}", "GET", "127.0.0.1", 404, id="without the port"),
        pytest.param(f"/auth/callback?{RIGHT}", "GET", "127.0.0.1:{port}.evil.example", 404, id="longer name"),
    ],
)
async def test_a_stranger_changes_nothing(
    listener: CallbackListener, target: str, method: str, host: str | None, status: int
) -> None:
    answer = await seen(listener, target, method, host and host.format(port=listener.port))

    assert (answer.status, answer.location) == (status, None)
    assert (listener.came_back, listener.outcome.done()) == (False, False)
    assert "right" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "LOCALHOST:{port}"])
async def test_the_right_one_waits_for_the_outcome(listener: CallbackListener, host: str) -> None:
    waiting = asyncio.create_task(seen(listener, f"/auth/callback?{RIGHT}", host=host.format(port=listener.port)))
    while not listener.came_back:
        await asyncio.sleep(0.005)
    listener.tell(succeeded("Added <ann>."))
    listener.tell(failed("too late"))

    answer = await waiting
    assert (answer.status, answer.location) == (302, f"http://127.0.0.1:{listener.port}/success")
    assert "Added &lt;ann&gt;." in (await seen(listener, "/success")).text


async def test_a_failure_is_said_at_once(listener: CallbackListener) -> None:
    listener.tell(failed("No tokens."))
    answer = await seen(listener, f"/auth/callback?{RIGHT}")

    assert (answer.status, answer.location) == (400, None)
    assert "No tokens." in answer.text
    assert (await seen(listener, "/success")).status == 404


async def test_no_other_machine_is_listened_to(listener: CallbackListener) -> None:
    assert listener.listening
    assert [bound.getsockname()[0] for bound in listener.listening.sockets] == ["127.0.0.1"]


async def test_the_first_port_that_is_free_is_taken() -> None:
    first, second = free_port(), free_port()
    with socket.create_server(("127.0.0.1", first)):
        async with CallbackListener(bool, [first, second]) as listener:
            assert listener.port == second
            assert not is_free(second)
        async with CallbackListener(bool, [first]) as deaf:
            assert deaf.port is None
    async with CallbackListener(bool, [first, second]) as listener:
        assert listener.port == first


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "silent"])
async def test_a_connection_that_stays_open_does_not_keep_the_port(answered: bool) -> None:
    """Browsers open some to have them at hand."""
    async with CallbackListener(bool, [free_port()]) as listener:
        port = listener.port or 0
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if answered:
            writer.write(f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert await reader.readline() == b"HTTP/1.1 404 Not Found\r\n"

    assert is_free(port)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def test_the_browser_is_sent_on_so_that_it_does_not_keep_the_code(login: LoginProcess) -> None:
    location = visit(chosen(login.address(), "ann")).location

    assert location == f"http://127.0.0.1:{login.port}/success"
    assert visit(location).status == 200
    assert login.ended().exit_code == 0


def test_a_browser_that_does_not_follow_does_not_keep_the_login_from_ending(login: LoginProcess) -> None:
    visit(chosen(login.address(), "ann"))

    assert login.ended().exit_code == 0
    assert (len(stored()), is_free(login.port)) == (1, True)


def test_after_strangers_the_right_one_still_counts(login: LoginProcess) -> None:
    right = chosen(login.address(), "ann")
    base = right.partition("?")[0]
    strange = [f"{right}x", f"{base}?code=ac_1", f"{base}?error=access_denied&state=other", base]

    assert [visit(url).status for url in strange] == [400] * 4
    assert "does not belong to the login that waits here" in visit(strange[0]).text
    assert login.process.poll() is None
    assert browse(right).status == 200
    assert login.ended().exit_code == 0


def test_a_page_that_is_loaded_twice_is_one_login(simulator: SimulatorProcess, login: LoginProcess) -> None:
    before = len(simulator.log())
    simulator.script(Fault(path=TOKEN, act=Act.SILENCE, seconds=0.5))
    right = chosen(login.address(), "ann")
    with half_way(right):
        second = browse(right)

    assert second.status == 200
    assert login.ended().exit_code == 0
    assert [entry.path for entry in simulator.log(before)].count(TOKEN) == 1


def test_strangers_make_no_noise(login: LoginProcess) -> None:
    """Whatever is sent to the listener, the terminal stays clean and the login goes on."""
    right = chosen(login.address(), "ann")
    for junk in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET * HTTP/1.1\r\n\r\n", b"A" * 20_000, b""):
        address = ("127.0.0.1", login.port)
        with socket.create_connection(address, timeout=30) as stranger, contextlib.suppress(ConnectionError):
            stranger.sendall(junk)
            stranger.shutdown(socket.SHUT_WR)
            stranger.recv(65536)

    assert browse(right).status == 200
    ended = login.ended()
    assert (ended.exit_code, ended.stderr) == (0, "")


def test_ctrl_c_ends_it_quietly(login: LoginProcess) -> None:
    login.says(INVITED)
    login.interrupt()
    ended = login.ended()

    assert (ended.exit_code, ended.stderr, stored(), is_free(login.port)) == (130, "", [], True)


def test_ctrl_c_while_the_browser_waits_tells_it(simulator: SimulatorProcess, login: LoginProcess) -> None:
    before = len(simulator.log())
    simulator.script(Fault(path=TOKEN, act=Act.SILENCE))
    with half_way(chosen(login.address(), "ann")) as browser:
        wait_until(lambda: any(entry.path == TOKEN for entry in simulator.log(before)), "the code was redeemed")
        login.interrupt()
        told = browser.recv(65536).decode()

    ended = login.ended()
    assert told.startswith("HTTP/1.1 400 ")
    assert "ended before it was finished" in told
    assert (ended.exit_code, ended.stderr, stored(), is_free(login.port)) == (130, "", [], True)
