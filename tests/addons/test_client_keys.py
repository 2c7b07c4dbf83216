"""Who may ask: by key, by address, and that the client's credential ends here."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from mitmproxy import ctx
from mitmproxy.test import taddons

from addons.browser_sessions import BrowserSessions
from addons.client_keys import NOTE_USE_SECONDS, ClientKeys
from addons.exchange import Exchanges
from addons.failed_tries import MOST_IN_A_WINDOW
from addons.settings.access import Auth
from addons.shown import bearer_of, without_credentials
from addons.wire.denials import Denial
from addons.wire.peers import parse_networks
from addons.wire.routes import Route
from codexlb_store.keyring import Keyring
from codexlb_store.keys import Key, Secret, digest_of
from codexlb_store.writer import Writer
from tests.addons.samples import a_flow, an_exchange

HERE, ELSEWHERE, PROXY = "127.0.0.1", "203.0.113.9", "10.0.0.1"


def a_secret(plain: str, valid_until: float | None = None) -> Secret:
    return Secret(digest_of(plain), plain[:15], 1.0, valid_until)


KEYS = [
    Key("good", 1.0, id="good", secrets=(a_secret("sk-clb-good"), a_secret("sk-clb-before", valid_until=2.0))),
    Key("late", 1.0, id="late", expires_at=2.0, secrets=(a_secret("sk-clb-late"),)),
    Key("off", 1.0, id="off", disabled_at=2.0, secrets=(a_secret("sk-clb-off"),)),
    Key("gone", 1.0, id="gone", revoked_at=2.0, secrets=(a_secret("sk-clb-gone"),)),
]


def client_keys(*keys: Key, auth: Auth = Auth.AUTO, writer: Writer | None = None) -> ClientKeys:
    step = ClientKeys(Exchanges(), Keyring(keys), BrowserSessions(), writer or Writer(Path("/nowhere")))
    step.auth = auth
    return step


def outcome(step: ClientKeys, peer: str | None, authorization: str | None, *forwarded: str) -> str:
    """What the step says: the id of the key, "no key" for one who needs none, else the message."""
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    flow = a_flow((b"host", b"h"), *headers, *([(b"authorization", authorization.encode())] if authorization else []))
    flow.client_conn.peername = (peer, 50_000) if peer else None  # type: ignore[assignment]
    flow.client_conn.timestamp_tls_setup = None
    exchange = step.exchanges[flow] = an_exchange(client=None)

    step.requestheaders(flow)

    assert "authorization" not in flow.request.headers
    if exchange.client:
        assert flow.response is None
        return exchange.client.key_id or "no key"
    assert flow.response and flow.response.content
    error = flow.response.json()["error"]
    return str(error["message"] if flow.response.status_code == 401 else error["code"])


OUTCOMES = {
    # without any key
    "no keys, here": (Auth.AUTO, (), HERE, None, "no key"),
    "no keys, here, with the client's own token": (Auth.AUTO, (), HERE, "Bearer eyJ", "no key"),
    "no keys, here, with a key of another proxy": (Auth.AUTO, (), HERE, "Bearer sk-clb-other", "no key"),
    "no keys, IPv6": (Auth.AUTO, (), "::1", None, "no key"),
    "no keys, another machine": (Auth.AUTO, (), ELSEWHERE, None, Denial.NO_KEYS_YET),
    "no keys, another machine with a key": (Auth.AUTO, (), ELSEWHERE, "Bearer sk-clb-other", Denial.NO_KEYS_YET),
    "no keys, nobody knows from where": (Auth.AUTO, (), None, None, Denial.NO_KEYS_YET),
    "no keys but required": (Auth.REQUIRED, (), HERE, None, Denial.NO_KEY),
    "no keys, local": (Auth.LOCAL, (), HERE, "Bearer sk-clb-other", "no key"),
    # with keys
    "good": (Auth.AUTO, KEYS, ELSEWHERE, "Bearer sk-clb-good", "good"),
    "good, here": (Auth.AUTO, KEYS, HERE, "bearer  sk-clb-good ", "good"),
    "good, required": (Auth.REQUIRED, KEYS, HERE, "BEARER sk-clb-good", "good"),
    "none": (Auth.AUTO, KEYS, ELSEWHERE, None, Denial.NO_KEY),
    "none, here": (Auth.AUTO, KEYS, HERE, None, Denial.NO_KEY),
    "only a revoked key is there": (Auth.AUTO, KEYS[3:], HERE, None, Denial.NO_KEY),
    "basic": (Auth.AUTO, KEYS, HERE, "Basic c2stY2xiLWdvb2Q=", Denial.NOT_BEARER),
    "bare": (Auth.AUTO, KEYS, HERE, "sk-clb-good", Denial.NOT_BEARER),
    "empty": (Auth.AUTO, KEYS, HERE, "Bearer ", Denial.NOT_BEARER),
    "unknown": (Auth.AUTO, KEYS, HERE, "Bearer sk-clb-other", Denial.UNKNOWN),
    "the beginning of one": (Auth.AUTO, KEYS, HERE, "Bearer sk-clb-goo", Denial.UNKNOWN),
    "its digest": (Auth.AUTO, KEYS, HERE, f"Bearer {digest_of('sk-clb-good')}", Denial.UNKNOWN),
    "replaced": (Auth.AUTO, KEYS, HERE, "Bearer sk-clb-before", Denial.REPLACED),
    "expired": (Auth.AUTO, KEYS, HERE, "Bearer sk-clb-late", Denial.EXPIRED),
    "disabled": (Auth.AUTO, KEYS, HERE, "Bearer sk-clb-off", Denial.DISABLED),
    "revoked": (Auth.AUTO, KEYS, HERE, "Bearer sk-clb-gone", Denial.REVOKED),
    # with keys, but not for this machine
    "local, none": (Auth.LOCAL, KEYS, HERE, None, "no key"),
    "local, the client's own token": (Auth.LOCAL, KEYS, HERE, "Bearer eyJ", "no key"),
    "local, good": (Auth.LOCAL, KEYS, HERE, "Bearer sk-clb-good", "good"),
    "local, revoked": (Auth.LOCAL, KEYS, HERE, "Bearer sk-clb-gone", Denial.REVOKED),
    "local, another machine": (Auth.LOCAL, KEYS, ELSEWHERE, None, Denial.NO_KEY),
    "local, another machine with a key": (Auth.LOCAL, KEYS, ELSEWHERE, "Bearer sk-clb-good", "good"),
}


@pytest.mark.parametrize(("auth", "keys", "peer", "shown", "expected"), OUTCOMES.values(), ids=OUTCOMES.keys())
def test_who_is_let_in(
    auth: Auth, keys: list[Key], peer: str | None, shown: str | None, expected: str | Denial
) -> None:
    said = outcome(client_keys(*keys, auth=auth), peer, shown)

    assert said == (expected.value if isinstance(expected, Denial) else expected)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        pytest.param(HERE, (ELSEWHERE,), "no key", id="a header on loopback means nothing"),
        pytest.param(ELSEWHERE, (HERE,), Denial.NO_KEYS_YET.value, id="nor does it elsewhere"),
        pytest.param(PROXY, (HERE,), Denial.NO_KEYS_YET.value, id="this machine is not the proxy's"),
        pytest.param(PROXY, (ELSEWHERE,), Denial.NO_KEYS_YET.value, id="another machine through the proxy"),
    ],
)
def test_a_forwarded_address_counts_from_a_trusted_proxy_alone(
    peer: str, forwarded: tuple[str, ...], expected: str
) -> None:
    step = client_keys()
    step.trusted = parse_networks(PROXY)

    assert outcome(step, peer, None, *forwarded) == expected


def test_a_proxy_on_this_machine_that_is_trusted_does_not_make_its_clients_local() -> None:
    step = client_keys()
    step.trusted = parse_networks(HERE)

    assert outcome(step, HERE, None, ELSEWHERE) == Denial.NO_KEYS_YET.value
    assert outcome(step, HERE, None) == "no key"


def test_who_is_in_no_allowed_network_is_turned_away_with_a_good_key_too() -> None:
    step = client_keys(*KEYS)
    step.allowed, step.trusted = parse_networks("192.0.2.0/24"), parse_networks(PROXY)

    assert outcome(step, "192.0.2.7", "Bearer sk-clb-good") == "good"
    assert outcome(step, ELSEWHERE, "Bearer sk-clb-good") == "address_not_allowed"
    assert outcome(step, PROXY, "Bearer sk-clb-good", "192.0.2.7") == "good"
    assert outcome(step, PROXY, "Bearer sk-clb-good", ELSEWHERE) == "address_not_allowed"
    assert outcome(step, HERE, "Bearer sk-clb-good") == "address_not_allowed"


def test_where_there_is_a_certificate_a_key_from_another_machine_does_not_come_in_the_clear() -> None:
    step = client_keys(*KEYS)
    step.has_certificate = True

    assert outcome(step, ELSEWHERE, "Bearer sk-clb-good") == "tls_required"
    assert outcome(step, HERE, "Bearer sk-clb-good") == "good"


def test_after_too_many_failures_an_address_is_told_to_wait_but_a_good_key_is_let_in() -> None:
    step = client_keys(*KEYS)

    said = [outcome(step, ELSEWHERE, f"Bearer sk-clb-{number}") for number in range(MOST_IN_A_WINDOW + 1)]

    assert said == [Denial.UNKNOWN.value] * MOST_IN_A_WINDOW + ["too_many_failures"]
    assert outcome(step, ELSEWHERE, "Bearer sk-clb-good") == "good"
    assert outcome(step, "203.0.113.10", None) == Denial.NO_KEY.value


async def test_health_is_for_everybody() -> None:
    step = client_keys(*KEYS, auth=Auth.REQUIRED)
    step.allowed = parse_networks("192.0.2.0/24")
    flow = a_flow(path="/health")
    flow.client_conn.peername = (ELSEWHERE, 1)
    exchange = step.exchanges[flow] = an_exchange(client=None, route=Route.HEALTH)

    step.requestheaders(flow)

    assert exchange.client and exchange.client.key is None


def test_that_a_key_is_in_use_is_noted_once_a_minute() -> None:
    writer = Writer(Path("/nowhere"))
    step = client_keys(*KEYS, writer=writer)

    for _ in range(3):
        outcome(step, HERE, "Bearer sk-clb-good")
    assert writer.backlog == 1

    step.noted["good"] = time.time() - NOTE_USE_SECONDS
    outcome(step, HERE, "Bearer sk-clb-good")
    assert writer.backlog == 2


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("codexlb_auth", "none", "codexlb_auth is 'none': give one of auto, required, local"),
        ("codexlb_trusted_proxies", "10.0.0.0/99", "codexlb_trusted_proxies: '10.0.0.0/99' is no network"),
        ("codexlb_allow", "example.com", "codexlb_allow: 'example.com' is no network"),
    ],
)
async def test_a_wrong_value_is_named(option: str, value: str, sentence: str) -> None:
    with taddons.context() as context, pytest.raises(Exception, match=sentence):
        step = client_keys()
        context.master.addons.add(step)
        context.configure(step, **{option: value})


async def test_options_are_taken_over(caplog: pytest.LogCaptureFixture) -> None:
    with taddons.context() as context:
        step = client_keys()
        context.master.addons.add(step)
        context.configure(
            step, codexlb_auth="required", codexlb_trusted_proxies=f"{PROXY}, ::1", codexlb_allow="10.0.0.0/8"
        )
        assert ctx.options.codexlb_auth == "required"
        assert (step.auth, len(step.trusted), len(step.allowed)) == (Auth.REQUIRED, 2, 1)
        step.running()
    assert "codexlb keys create NAME" in caplog.text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("", Denial.NO_KEY),
        ("  ", Denial.NO_KEY),
        ("Bearer", Denial.NOT_BEARER),
        ("Bearer k", "k"),
        ("bEaReR k", "k"),
        ("Digest k", Denial.NOT_BEARER),
        ("Bearer k, Bearer j", "k, Bearer j"),  # two headers: no key is called so
    ],
)
def test_a_key_is_shown_as_a_bearer_token(shown: str, expected: str | Denial) -> None:
    assert bearer_of(shown) == expected


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


def test_a_request_that_is_turned_away_already_loses_its_credential_too() -> None:
    """The flow is shown and saved all the same."""
    flow = a_flow((b"authorization", b"Bearer sk-client"), (b"host", b"evil.example"))

    client_keys().requestheaders(flow)

    assert flow.request.headers.fields == ((b"host", b"evil.example"),)


def test_a_key_that_was_changed_counts_as_it_is_now() -> None:
    step = client_keys(*KEYS)
    step.keyring.replace([replace(KEYS[0], disabled_at=3.0)])

    assert outcome(step, HERE, "Bearer sk-clb-good") == Denial.DISABLED.value
