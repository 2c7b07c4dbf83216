"""The answers that browsers get: pages, files and redirections, each with the headers that keep others out."""

from __future__ import annotations

from addons.wire.answers import JSON, Answer, error_body

HTML = "text/html; charset=utf-8"

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing comes from elsewhere and nothing stands in the page itself: what an account or a client is called cannot
become a script."""

GUARDS = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    # Not `no-referrer`: with it browsers send `Origin: null` with a page's own forms, so nobody could log in. Other
    # sites are told as little by this one.
    ("referrer-policy", "same-origin"),
)
NO_STORE = ("cache-control", "no-store")

LOGIN_PATH = "/dashboard/login"
DASHBOARD_PATH = "/dashboard"


def page(body: bytes, status: int = 200, content_type: str = HTML, *headers: tuple[str, str]) -> Answer:
    """A page that is kept nowhere."""
    return Answer(status, (("content-type", content_type), NO_STORE, *GUARDS, *headers), body)


def redirection(path: str) -> Answer:
    """Send a browser to another of our pages."""
    return Answer(303, (("location", path), NO_STORE, *GUARDS), b"")


def asset(body: bytes, content_type: str, etag: str, known: str | None) -> Answer:
    """A file of the package; a browser that has it already (`known`: its If-None-Match) need not fetch it again."""
    headers = (("etag", etag), ("cache-control", "no-cache"), *GUARDS)
    if known is not None and etag in (part.strip() for part in known.split(",")):
        return Answer(304, headers, b"")
    return Answer(200, (("content-type", content_type), *headers), body)


def document(body: bytes) -> Answer:
    """JSON for machines; kept nowhere."""
    return Answer(200, (JSON, NO_STORE, *GUARDS), body)


def event(body: bytes) -> Answer:
    """Server-sent events; kept nowhere."""
    return Answer(200, (("content-type", "text/event-stream"), NO_STORE, *GUARDS), body)


def session_cookie(name: str, token: str, seconds: int, is_https: bool) -> bytes:
    """What Set-Cookie says to make a browser keep a login; `seconds` 0 makes it forget it."""
    secure = "; Secure" if is_https else ""
    return f"{name}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}".encode()


def _error(status: int, code: str, message: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status, (JSON, NO_STORE, *GUARDS, *headers), error_body(code, message))


def login_needed() -> Answer:
    """Say that only who has given the password sees this."""
    return _error(401, "login_required", f"This needs the dashboard's password: log in at {LOGIN_PATH}.")


def here_only() -> Answer:
    """Say that nobody elsewhere can be let in yet."""
    message = (
        "The dashboard has no password, so it is shown on the proxy's own machine only: set one there with "
        "`codexlb dashboard password`."
    )
    return _error(403, "no_dashboard_password", message)


def foreign_form() -> Answer:
    """Say that a form was not sent by a page of ours."""
    message = "A form of the dashboard is taken from its own pages only: load the page again and send it from there."
    return _error(403, "cross_site", message)


def no_page() -> Answer:
    """Say that nothing is there."""
    return _error(404, "not_found", "Nothing is served here.")


def bad_parameter(message: str) -> Answer:
    """Say what is wrong with a request's parameters."""
    return _error(400, "invalid_parameter", message)


def not_now(message: str) -> Answer:
    """Say that a page cannot be read now."""
    return Answer(503, (JSON, NO_STORE, ("retry-after", "5")), error_body("busy", message, "server_error"))
