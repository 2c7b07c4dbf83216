"""Request targets are routed exactly, and anything that could be read in two ways is refused."""

from __future__ import annotations

import pytest

from addons.wire.routes import Refusal, Route, known_host, route

TREE = "/backend-api/codex"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        pytest.param("POST", f"{TREE}/responses", Route.RESPONSES, id="turn"),
        pytest.param("POST", f"{TREE}/responses?x=%2e%2e%00", Route.RESPONSES, id="any query"),
        pytest.param("POST", f"{TREE}/responses/compact", Route.COMPACT, id="compact of old clients"),
        pytest.param("GET", f"{TREE}/models?client_version=0.169.0", Route.MODELS, id="models"),
        pytest.param("POST", f"{TREE}/alpha/search", Route.SEARCH, id="search"),
        pytest.param("POST", f"{TREE}/images/generations", Route.IMAGES, id="image"),
        pytest.param("POST", f"{TREE}/images/edits", Route.IMAGES, id="image edit"),
        pytest.param("GET", "/health", Route.HEALTH, id="health"),
        pytest.param("HEAD", "/health", Route.HEALTH, id="HEAD health"),
        # Pages of the proxy's own.
        pytest.param("HEAD", "/health/ready", Route.READY, id="ready"),
        pytest.param("GET", "/metrics", Route.METRICS, id="metrics"),
        pytest.param("GET", "/v1/usage", Route.USAGE, id="a key's own figures"),
        pytest.param("GET", "/backend-api/wham/usage", Route.POOL_USAGE, id="the pool's usage"),
        pytest.param("GET", "/api/codex/usage", Route.POOL_USAGE, id="the pool's usage, of another base URL"),
        pytest.param("GET", f"{TREE}/usage", Route.POOL_USAGE, id="the pool's usage, as the upstream has it, too"),
        pytest.param("GET", f"{TREE}/wham/usage", Route.POOL_USAGE, id="the pool's usage below the tree"),
        pytest.param("POST", f"{TREE}/usage", 405, id="nobody writes usage"),
        pytest.param("POST", "/api/codex/usage", 405, id="POST the pool's usage"),
        pytest.param("GET", "/backend-api/wham/usage/", 404, id="the pool's usage with a slash"),
        pytest.param("GET", "/dashboard", Route.DASHBOARD, id="dashboard"),
        pytest.param("GET", "/dashboard?x=1", Route.DASHBOARD, id="dashboard with parameters"),
        pytest.param("GET", "/dashboard/live", Route.DASHBOARD, id="live"),
        pytest.param("GET", "/dashboard/requests/0123abcd", Route.DASHBOARD, id="one request"),
        pytest.param("GET", "/dashboard/login", Route.LOGIN, id="login page"),
        pytest.param("POST", "/dashboard/login", Route.LOGIN, id="login"),
        pytest.param("POST", "/dashboard/logout", Route.LOGOUT, id="logout"),
        pytest.param("GET", "/dashboard/assets/dashboard.css", Route.ASSET, id="asset"),
        pytest.param("GET", "/api/v1/usage?by=day", Route.API, id="API"),
        pytest.param("GET", "/api/v1/%75sage", Route.API, id="API, escaped"),
        pytest.param("GET", "/api/v1/requests/0123abcd", Route.API, id="one request of the API"),
        pytest.param("POST", "/metrics", 405, id="POST metrics"),
        pytest.param("POST", "/dashboard", 405, id="POST dashboard"),
        pytest.param("GET", "/dashboard/logout", 405, id="GET logout"),
        pytest.param("DELETE", "/api/v1/requests/0123abcd", 405, id="DELETE a request"),
        pytest.param("POST", "/dashboard/assets/dashboard.css", 405, id="POST asset"),
        pytest.param("GET", "/dashboard/", 404, id="dashboard with a slash"),
        pytest.param("GET", "/dashboard/other", 404, id="no such page"),
        pytest.param("GET", "/dashboard/assets/", 404, id="no asset"),
        pytest.param("GET", "/dashboard/assets/a/b.css", 404, id="asset in a folder"),
        pytest.param("GET", "/dashboard/assets/.hidden", 404, id="hidden asset"),
        pytest.param("GET", "/dashboard/assets/../x", 400, id="asset outside"),
        pytest.param("GET", "/dashboard/requests/xyz", 404, id="no id"),
        pytest.param("GET", "/api/v1", 404, id="API itself"),
        pytest.param("GET", "/api/v2/usage", 404, id="another version"),
        pytest.param("GET", "/api/v1/usage/day", 404, id="below a page"),
        # Known by name, whatever else may come below some of them.
        pytest.param("POST", f"{TREE}/analytics-events/events", Route.ANALYTICS, id="events"),
        pytest.param("GET", f"{TREE}/analytics-events/events", 405, id="GET events"),
        pytest.param("POST", f"{TREE}/memories/trace_summarize", Route.MEMORIES, id="memories"),
        pytest.param("DELETE", f"{TREE}/memories/a%20b.c", Route.MEMORIES, id="memories, escaped space"),
        pytest.param("POST", f"{TREE}/safety/arc", Route.SAFETY, id="safety"),
        pytest.param("GET", f"{TREE}/safety/arc/1", Route.SAFETY, id="below safety"),
        pytest.param("TRACE", f"{TREE}/safety/arc", 405, id="TRACE below safety"),
        pytest.param("POST", f"{TREE}/files", Route.FILES, id="file"),
        pytest.param("POST", f"{TREE}/files/file_1-a/uploaded", Route.FILES, id="file confirmed"),
        pytest.param("POST", "/backend-api/files", Route.FILES, id="file beside the tree"),
        pytest.param("POST", "/backend-api/files/file_1/uploaded", Route.FILES, id="file confirmed beside the tree"),
        pytest.param("GET", "/backend-api/files", 405, id="GET files"),
        pytest.param("GET", "/backend-api/files/file_1", 404, id="a file that is nobody's here"),
        pytest.param("POST", "/backend-api/files/file_1/uploaded/", 404, id="file beside the tree with a slash"),
        pytest.param("POST", f"{TREE}/realtime/calls", Route.REALTIME, id="call"),
        pytest.param("POST", f"{TREE}/transcribe", Route.TRANSCRIBE, id="transcription"),
        pytest.param("GET", f"{TREE}/thread/goal/get", Route.GOALS, id="GET goal"),
        pytest.param("POST", f"{TREE}/thread/goal/get", Route.GOALS, id="POST goal"),
        pytest.param("POST", f"{TREE}/thread/goal/clear", Route.GOALS, id="no goal"),
        pytest.param("DELETE", f"{TREE}/thread/goal/set", 405, id="DELETE goal"),
        pytest.param("GET", f"{TREE}/agent-identities/jwks", Route.IDENTITIES, id="identities"),
        # Unknown paths below the Codex tree pass with any ordinary method.
        pytest.param("POST", f"{TREE}/realtime/sessions", Route.OTHER, id="unknown path"),
        pytest.param("DELETE", f"{TREE}/x/a%20b.c", Route.OTHER, id="escaped space"),
        pytest.param("GET", f"{TREE}/files/file_1", Route.OTHER, id="a file, another way"),
        pytest.param("GET", f"{TREE}/memories/", Route.OTHER, id="nothing below memories"),
        pytest.param("POST", f"{TREE}/..a/...", Route.OTHER, id="dots inside a name"),
        # `v1` is gone before a target comes here; what still reads like it does not pass.
        pytest.param("POST", f"{TREE}/v1/responses", 404, id="v1"),
        pytest.param("POST", f"{TREE}/v1", 404, id="v1 alone"),
        pytest.param("GET", f"{TREE}/v1?x", 404, id="v1 with parameters"),
        pytest.param("POST", f"{TREE}/%76%31/responses", 404, id="v1 escaped"),
        pytest.param("POST", f"{TREE}/v1%2fresponses", 404, id="v1 with an escaped slash"),
        pytest.param("POST", f"{TREE}/V1/responses", 404, id="v1 in capitals"),
        pytest.param("POST", f"{TREE}/v1;a/responses", 400, id="v1 with a parameter of its own"),
        pytest.param("POST", f"{TREE}/v1x/responses", Route.OTHER, id="a longer name"),
        pytest.param("POST", f"{TREE}/x/v1/y", Route.OTHER, id="v1 further down"),
        # The upstream decodes, so an escaped known path is that path.
        pytest.param("POST", f"{TREE}/%72esponses", Route.RESPONSES, id="escaped letter"),
        pytest.param("POST", f"{TREE}/responses%2Fcompact", Route.COMPACT, id="escaped slash"),
        # Wrong methods.
        pytest.param("GET", f"{TREE}/responses", 405, id="GET turn"),
        pytest.param("post", f"{TREE}/responses", 405, id="method in lower case"),
        pytest.param("POST", f"{TREE}/models", 405, id="POST models"),
        pytest.param("HEAD", f"{TREE}/models", 405, id="HEAD models"),
        pytest.param("POST", "/health", 405, id="POST health"),
        pytest.param("OPTIONS", f"{TREE}/responses", 405, id="OPTIONS turn"),
        pytest.param("OPTIONS", f"{TREE}/other", 405, id="OPTIONS"),
        pytest.param("delete", f"{TREE}/other", 405, id="another method in lower case"),
        pytest.param("BREW", f"{TREE}/other", 405, id="unknown method"),
        pytest.param("CONNECT", f"{TREE}/other", 405, id="CONNECT"),
        pytest.param("trace", f"{TREE}/other", 405, id="TRACE"),
        # Outside.
        pytest.param("GET", "/", 404, id="root"),
        pytest.param("POST", TREE, 404, id="the tree without a slash"),
        pytest.param("POST", f"{TREE}/", 404, id="the tree itself"),
        pytest.param("GET", "/backend-api/wham/tasks", 404, id="beside the tree"),
        pytest.param("POST", f"{TREE}/rate-limit-reset-credits/consume", 403, id="an account's saved resets"),
        pytest.param("GET", f"{TREE}/Rate-Limit-Reset-Credits/", 403, id="the same to a lax server"),
        pytest.param("GET", f"{TREE}/%77ham/tasks", 403, id="an account's tasks"),
        pytest.param("GET", f"{TREE}/accounts", 403, id="an account's workspaces"),
        pytest.param("GET", f"{TREE}/accounts-of-tomorrow", Route.OTHER, id="a longer name"),
        pytest.param("GET", "/backend-api/codexes/responses", 404, id="longer name"),
        pytest.param("GET", "/Backend-Api/codex/responses", 404, id="other case"),
        pytest.param("GET", "/health/", 404, id="health with a slash"),
        # Too long.
        pytest.param("GET", f"{TREE}/models?{'x' * 8192}", 414, id="too long"),
        # Two readings.
        pytest.param("GET", "http://evil.example/backend-api/codex/models", 400, id="absolute form"),
        pytest.param("OPTIONS", "*", 400, id="asterisk"),
        pytest.param("GET", "", 400, id="empty"),
        pytest.param("GET", f"/{TREE}/models", 400, id="two slashes"),
        pytest.param("GET", f"{TREE}/a%2f/b", 400, id="second slash escaped"),
        pytest.param("GET", f"{TREE}/../wham/usage", 400, id="dot dot"),
        pytest.param("GET", f"{TREE}/./models", 400, id="dot"),
        pytest.param("GET", f"{TREE}/..", 400, id="dot dot at the end"),
        pytest.param("GET", f"{TREE}/%2e%2E/wham/usage", 400, id="dot dot escaped"),
        pytest.param("GET", f"{TREE}/a%2f..%2fb", 400, id="dot dot between escaped slashes"),
        pytest.param("GET", f"{TREE}/..;/wham", 400, id="dot dot with a parameter"),
        pytest.param("POST", f"{TREE}/responses;a=b", 400, id="a parameter behind a name"),
        pytest.param("POST", f"{TREE}/;a/responses", 400, id="a segment that is but a parameter"),
        pytest.param("POST", f"{TREE}/alpha;a/search", 400, id="a parameter in the middle"),
        pytest.param("POST", f"{TREE}/alpha%3ba/search", 400, id="a parameter in the middle, escaped"),
        pytest.param("POST", f"{TREE}/responses%3fa", 400, id="query escaped"),
        pytest.param("POST", f"{TREE}/responses%23a", 400, id="fragment escaped"),
        pytest.param("GET", f"{TREE}/%252e%252e/wham", 400, id="dot dot escaped twice"),
        pytest.param("GET", f"{TREE}/a%zz", 400, id="broken escape"),
        pytest.param("GET", f"{TREE}\\models", 400, id="backslash"),
        pytest.param("GET", f"{TREE}/a%5cb", 400, id="backslash escaped"),
        pytest.param("GET", f"{TREE}/a%00", 400, id="NUL escaped"),
        pytest.param("GET", f"{TREE}/a%0d%0aX:1", 400, id="line end escaped"),
        pytest.param("GET", f"{TREE}/a\x00", 400, id="NUL"),
        pytest.param("GET", f"{TREE}/a?b\nc", 400, id="line end in the query"),
        pytest.param("GET", f"{TREE}/a b", 400, id="space"),
        pytest.param("GET", f"{TREE}/\udcff", 400, id="byte over 127"),
        pytest.param("GET", f"{TREE}/models#x", 400, id="fragment"),
        pytest.param("GET", f"{TREE}/models?a#x", 400, id="fragment behind the query"),
    ],
)
def test_route(method: str, path: str, expected: Route | int) -> None:
    found = route(method, path, upgrade=False)

    assert (found.status if isinstance(found, Refusal) else found) == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{TREE}/responses", 426),
        ("GET", f"{TREE}/realtime/calls", 426),
        ("GET", "/health", Route.HEALTH),
        ("POST", f"{TREE}/responses", Route.RESPONSES),
    ],
    ids=["WebSocket", "WebSocket elsewhere in the tree", "outside the tree", "offer of HTTP/2"],
)
def test_upgrades_of_the_codex_tree_fall_back_to_http(method: str, path: str, expected: Route | int) -> None:
    found = route(method, path, upgrade=True)

    assert (found.status if isinstance(found, Refusal) else found) == expected


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"{TREE}/responses", ("POST",)),
        ("/health", ("GET", "HEAD")),
        (f"{TREE}/other", ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")),
    ],
)
def test_a_refusal_says_which_methods_are_allowed(path: str, allowed: tuple[str, ...]) -> None:
    refusal = route("TRACE", path, upgrade=False)

    assert refusal == Refusal(405, "method_not_allowed", "This method is not allowed here.", allowed)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:2455", True),
        ("127.0.0.1", True),
        ("192.168.1.20:80", True),
        ("[::1]:2455", True),
        ("[fe80::1]", True),
        ("localhost:2455", True),
        ("LOCALHOST.", True),
        ("codex.localhost", True),
        ("Proxy.Home:2455", True),
        ("proxy.home.", True),
        (None, False),
        ("", False),
        (":2455", False),
        ("evil.example", False),
        ("evil.example:2455", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1:2455@evil.example", False),
        ("evillocalhost", False),
        ("127.1", False),
        ("0x7f.0.0.1", False),
        ("::1", False),
        ("[::1", False),
        ("[[::1]]", False),
        ("[::1]x", False),
        ("[127.0.0.1]", False),
        ("localhost:http", False),
        ("localhost:٣", False),
    ],
)
def test_known_host(host: str | None, expected: bool) -> None:
    assert known_host(host, frozenset({"proxy.home"})) is expected


@pytest.mark.parametrize(
    "name",
    [
        "responses/",
        "Responses",
        "RESPONSES/compact",
        "responses/compact/",
        "models/",
        "responses%2F",
        "responses%20",
        "Memories/trace_summarize",
        "files/",
        "FILES/file_1/uploaded",
        "files/file_1/uploaded/",
    ],
)
def test_another_spelling_of_a_known_path_is_no_way_around_what_its_route_is_held_to(name: str) -> None:
    """A server that takes it for the known path would see a turn that no rule and no limit was held against."""
    found = route("POST", f"{TREE}/{name}", upgrade=False)
    assert isinstance(found, Refusal)
    assert (found.status, found.code) == (404, "not_found")


@pytest.mark.parametrize("path", ["/v1/responses", "/responses", "/backend-api/wham/tasks", "/backend-api/codex", "/x"])
def test_who_asks_beside_the_tree_is_told_what_to_set(path: str) -> None:
    assert route("POST", path, upgrade=False) == Refusal(
        404,
        "not_found",
        "Nothing is served at this path: set base_url to this proxy's address followed by /backend-api/codex, and "
        "leave chatgpt_base_url as it is.",
    )
