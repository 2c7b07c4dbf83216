"""Who may see which page, by table."""

from __future__ import annotations

import pytest

from addons.wire.page_access import Access, Visit, access, cookie_of, is_here, is_same_origin
from addons.wire.peers import parse_networks, source_of
from addons.wire.routes import OWN_PAGES, Route

HERE, ELSEWHERE, PROXY = "127.0.0.1", "203.0.113.9", "10.0.0.1"

ALLOWED, KEY, LOGIN, ONLY_HERE = Access.ALLOWED, Access.NEEDS_KEY, Access.NEEDS_LOGIN, Access.HERE_ONLY

VISITORS = {
    # is_here, has_key, is_logged_in, has_password: machine pages, the dashboard
    "here": ((True, False, False, False), ALLOWED, ALLOWED),
    "here, with a key": ((True, True, False, False), ALLOWED, ALLOWED),
    "here, a password is set": ((True, False, False, True), ALLOWED, LOGIN),
    "here, with a key, a password is set": ((True, True, False, True), ALLOWED, LOGIN),
    "here, logged in": ((True, False, True, True), ALLOWED, ALLOWED),
    "elsewhere": ((False, False, False, False), KEY, ONLY_HERE),
    "elsewhere, with a key": ((False, True, False, False), ALLOWED, ONLY_HERE),
    "elsewhere, a password is set": ((False, False, False, True), KEY, LOGIN),
    "elsewhere, with a key, a password is set": ((False, True, False, True), ALLOWED, LOGIN),
    "elsewhere, logged in": ((False, False, True, True), ALLOWED, ALLOWED),
}


@pytest.mark.parametrize(("facts", "machines", "dashboard"), VISITORS.values(), ids=VISITORS.keys())
def test_access(facts: tuple[bool, bool, bool, bool], machines: Access, dashboard: Access) -> None:
    visit = Visit(*facts)

    assert {access(route, visit) for route in (Route.READY, Route.METRICS)} == {machines}
    assert {access(route, visit) for route in (Route.DASHBOARD, Route.API)} == {dashboard}
    assert {access(route, visit) for route in (Route.HEALTH, Route.ASSET, Route.LOGIN, Route.LOGOUT)} == {ALLOWED}


@pytest.mark.parametrize(
    "route",
    [*(route for route in Route if route not in OWN_PAGES), Route.USAGE, Route.POOL_USAGE],
    ids=lambda route: route.value,
)
def test_other_routes_have_other_rules(route: Route) -> None:
    with pytest.raises(ValueError, match="no page with rules"):
        access(route, Visit(is_here=True, has_key=True, is_logged_in=True, has_password=True))


@pytest.mark.parametrize(
    ("peer", "headers", "trusted", "expected"),
    [
        pytest.param(HERE, {}, "", True, id="loopback"),
        pytest.param("::1", {}, "", True, id="loopback of IPv6"),
        pytest.param(HERE, {b"accept": "x"}, "", True, id="other headers"),
        pytest.param(ELSEWHERE, {}, "", False, id="elsewhere"),
        pytest.param(ELSEWHERE, {b"x-forwarded-for": HERE}, "", False, id="elsewhere and says otherwise"),
        # A proxy that nobody told us of is on this machine, but who asks it may be anywhere.
        pytest.param(HERE, {b"x-forwarded-for": ELSEWHERE}, "", False, id="X-Forwarded-For"),
        pytest.param(HERE, {b"x-forwarded-for": HERE}, "", False, id="X-Forwarded-For of this machine"),
        pytest.param(HERE, {b"x-forwarded-host": "a"}, "", False, id="X-Forwarded-Host"),
        pytest.param(HERE, {b"forwarded": "for=1.2.3.4"}, "", False, id="Forwarded"),
        pytest.param(HERE, {b"x-real-ip": ELSEWHERE}, "", False, id="X-Real-IP"),
        pytest.param(HERE, {b"via": "1.1 proxy"}, "", False, id="Via"),
        pytest.param(HERE, {b"cf-connecting-ip": ELSEWHERE}, "", False, id="a tunnel"),
        pytest.param(HERE, {b"x-original-host": "pool"}, "", False, id="X-Original-Host"),
        pytest.param(HERE, {b"cdn-loop": "fastly"}, "", False, id="CDN-Loop"),
        # One that is trusted says who asks.
        pytest.param(HERE, {b"x-forwarded-for": HERE}, HERE, True, id="trusted, from here"),
        pytest.param(HERE, {b"x-forwarded-for": ELSEWHERE}, HERE, False, id="trusted, from elsewhere"),
        pytest.param(HERE, {b"via": "1.1 proxy"}, HERE, False, id="trusted, does not say"),
        pytest.param(HERE, {}, HERE, True, id="trusted network, nothing forwarded"),
        pytest.param(PROXY, {b"x-forwarded-for": HERE}, PROXY, False, id="a trusted proxy elsewhere"),
    ],
)
def test_who_is_on_this_machine(peer: str, headers: dict[bytes, str], trusted: str, expected: bool) -> None:
    networks = parse_networks(trusted)
    forwarded = [value for name, value in headers.items() if name == b"x-forwarded-for"]

    assert is_here(source_of(peer, forwarded, networks), peer, headers.keys(), networks, "HTTP/1.1") is expected


@pytest.mark.parametrize(("version", "expected"), [("HTTP/1.0", False), ("HTTP/1.1", True), ("HTTP/2.0", True)])
def test_a_proxy_that_says_nothing_is_known_by_its_old_http(version: str, expected: bool) -> None:
    """So nginx asks out of the box, also for those who come from elsewhere."""
    assert is_here(source_of(HERE, (), ()), HERE, (b"host",), (), version) is expected


@pytest.mark.parametrize(
    ("origin", "fetch_site", "expected"),
    [
        pytest.param("http://127.0.0.1:2455", None, True, id="old browser"),
        pytest.param("http://127.0.0.1:2455", "same-origin", True, id="browser"),
        pytest.param("https://127.0.0.1:2455", "same-origin", True, id="TLS ends before us"),
        pytest.param(None, "same-origin", True, id="no origin"),
        pytest.param("http://127.0.0.1:8081", None, False, id="another port"),
        pytest.param("http://evil.example", None, False, id="another site"),
        pytest.param("http://127.0.0.1:2455", "same-site", False, id="another port of the site"),
        pytest.param("http://127.0.0.1:2455", "cross-site", False, id="cross-site"),
        pytest.param("http://127.0.0.1:2455", "none", False, id="typed into the address line"),
        pytest.param("null", None, False, id="an origin that is hidden"),
        pytest.param("", None, False, id="empty"),
        pytest.param(None, None, False, id="nothing said"),
    ],
)
def test_same_origin(origin: str | None, fetch_site: str | None, expected: bool) -> None:
    assert is_same_origin("127.0.0.1:2455", origin, fetch_site) is expected


def test_who_names_no_host_has_no_origin() -> None:
    assert not is_same_origin("", "null", None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), None),
        (("a=1; s=x; b=2",), "x"),
        (("a=1", "s=x=y"), "x=y"),
        (("as=1; sx=2",), None),
        (("s",), ""),
    ],
    ids=["none", "one of three", "a second header", "similar names", "without a value"],
)
def test_cookie(values: tuple[str, ...], expected: str | None) -> None:
    assert cookie_of(values, "s") == expected
