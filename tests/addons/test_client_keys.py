"""Who may ask, and that the client's credential ends here."""

from __future__ import annotations

import pytest

from addons.client_keys import ClientKeys, is_loopback, without_credentials
from addons.exchange import Client, Exchanges
from tests.addons.samples import a_flow, an_exchange


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("0:0:0:0:0:0:0:1", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),  # IPv4 on a socket for both
        ("::ffff:7f00:1", True),
        # other machines
        ("128.0.0.1", False),
        ("10.0.0.1", False),
        ("192.168.1.2", False),
        ("0.0.0.0", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("::127.0.0.1", False),
        ("2001:db8::1", False),
        # no addresses
        ("", False),
        ("localhost", False),
        ("127.1", False),
        ("127.0.0.1:80", False),
        ("127.0.0.01", False),
        (" 127.0.0.1", False),
        ("[::1]", False),
        ("2130706433", False),
        ("/run/codexlb.sock", False),
    ],
)
def test_only_an_address_of_this_machine_is_one(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        pytest.param(((b"authorization", b"Bearer sk"),), (), id="token"),
        pytest.param(((b"AUTHORIZATION", b"a"), (b"Authorization", b"b")), (), id="any case, every one"),
        pytest.param(((b"chatgpt-account-id", b"acct"), (b"cookie", b"c=1"), (b"x-api-key", b"k")), (), id="others"),
        pytest.param(((b"Proxy-Authorization", b"Basic eA=="),), (), id="proxy"),
        pytest.param(
            ((b"Session-Id", b"s"), (b"cookie", b""), (b"X-Y", b"\xff"), (b"x-y", b"2")),
            ((b"Session-Id", b"s"), (b"X-Y", b"\xff"), (b"x-y", b"2")),
            id="the rest stays as it came",
        ),
        pytest.param(((b"authorization ", b"sk"), (b"\tCookie", b"c=1")), (), id="blanks around the name"),
        pytest.param(
            ((b"x-folded", b"a\r\n authorization: Bearer sk"), (b"x-nul", b"a\x00b"), (b"x-y", b"1")),
            ((b"x-y", b"1"),),
            id="a header hidden in another's value",
        ),
        pytest.param(((b"x-authorization", b"1"), (b"cookies", b"2")), ((b"x-authorization", b"1"), (b"cookies", b"2")),
                     id="names that only look like it"),
    ],
)  # fmt: skip
def test_the_clients_credential_is_taken_off(
    fields: tuple[tuple[bytes, bytes], ...], kept: tuple[tuple[bytes, bytes], ...]
) -> None:
    assert without_credentials(fields) == kept


@pytest.mark.parametrize(
    ("peer", "served"),
    [(("127.0.0.1", 1), True), (("::1", 1, 0, 0), True), (("10.0.0.1", 1), False), (None, False)],
    ids=["IPv4", "IPv6", "another machine", "unknown"],
)
def test_only_peers_on_this_machine_are_served(peer: tuple[str, int] | None, served: bool) -> None:
    flow = a_flow((b"authorization", b"Bearer sk-client"))
    flow.client_conn.peername = peer  # type: ignore[assignment]
    exchanges = Exchanges({flow: an_exchange(client=None)})

    ClientKeys(exchanges).requestheaders(flow)

    assert "authorization" not in flow.request.headers
    if served and peer:
        assert (exchanges[flow].client, flow.response) == (Client(peer[0], key_id=None), None)
    else:
        assert exchanges[flow].client is None
        assert flow.response and flow.response.status_code == 401
        assert flow.response.headers["www-authenticate"] == "Bearer"


def test_a_request_that_is_turned_away_already_loses_its_credential_too() -> None:
    """The flow is shown and saved all the same."""
    flow = a_flow((b"authorization", b"Bearer sk-client"), (b"host", b"evil.example"))

    ClientKeys(Exchanges()).requestheaders(flow)

    assert flow.request.headers.fields == ((b"host", b"evil.example"),)
