"""The dashboard in the browser: its pages and files, what changes in them, and logging in and out. Who may see what is
decided before."""

from __future__ import annotations

import time
import urllib.parse
from functools import partial

from mitmproxy import http
from mitmproxy.connection import Client

from addons.browser_sessions import COOKIE, SESSION_SECONDS
from addons.exchange import Exchange, Exchanges, Visitor
from addons.live import Live
from addons.login_desk import MOST_FORM_BYTES, LoginDesk, LoginError, password_in
from addons.replies import reply
from addons.store_reader import ReadError, StoreReader
from addons.web.assets_folder import read_assets
from addons.web.links import LIVE
from addons.web.renderer import FOLDER, Document, Renderer, View, kind_of
from addons.wire import answers, page_answers
from addons.wire.answers import Answer
from addons.wire.page_access import is_same_origin
from addons.wire.page_answers import DASHBOARD_PATH, LOGIN_PATH
from addons.wire.routes import Refusal, Route
from addons.wire.targets import path_of

FORMS = frozenset({Route.LOGIN, Route.LOGOUT})
PAGES = FORMS | {Route.DASHBOARD, Route.ASSET}

TOO_LARGE = answers.refused(Refusal(413, "request_too_large", "The form is too large."))

MOST_PARAMETERS = 20


def parameters_of(query: str) -> dict[str, str]:
    """The parameters of a URL, the last of each name; none of more than any form of ours has."""
    try:
        return dict(urllib.parse.parse_qsl(query, max_num_fields=MOST_PARAMETERS))
    except ValueError:
        return {}


def is_from_our_page(request: http.Request) -> bool:
    """Whether a form was sent by a page of ours."""
    host = request.authority or request.headers.get("host", "")
    return is_same_origin(host, request.headers.get("origin"), request.headers.get("sec-fetch-site"))


def answer_of(document: Document, *headers: tuple[str, str]) -> Answer:
    """A rendered page as an answer."""
    return page_answers.page(document.body, document.status, document.content_type, *headers)


class Dashboard:
    """Answers what browsers ask for."""

    def __init__(self, exchanges: Exchanges, desk: LoginDesk, renderer: Renderer, reader: StoreReader) -> None:
        self.exchanges = exchanges
        self.desk = desk
        self.renderer = renderer
        self.reader = reader
        self.live = Live(reader, renderer)
        self.assets = read_assets(FOLDER / "assets")

    def done(self) -> None:
        self.live.close()
        self.reader.close()

    def client_disconnected(self, client: Client) -> None:
        """Whoever has left waits for nothing any more."""
        self.live.leave(client)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Nobody sends a large form: it is turned away by its head."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.route not in FORMS:
            return
        length = flow.request.headers.get("content-length", "0")
        if "transfer-encoding" in flow.request.headers or not length.isdigit() or int(length) > MOST_FORM_BYTES:
            flow.response = reply(TOO_LARGE)

    async def request(self, flow: http.HTTPFlow) -> None:
        """Answer if the path is one of these; what a form says is shown nowhere from here on."""
        form = flow.request.raw_content or b""
        if path_of(flow.request.path) == LOGIN_PATH:
            flow.request.data.content = None
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None or exchange.visitor is None:
            return
        if exchange.route in FORMS and len(form) > MOST_FORM_BYTES:  # in HTTP/2 its head need not say so
            flow.response = reply(TOO_LARGE)
        elif exchange.route in PAGES:
            if path_of(flow.request.path) == LIVE:
                flow.response = reply(await self.event(flow, exchange.visitor))
            else:
                flow.response = reply(await self.answer(exchange, exchange.visitor, flow.request, form))

    async def event(self, flow: http.HTTPFlow, visitor: Visitor) -> Answer:
        """What has changed on a page since a browser looked last, as soon as anything has."""
        if flow.request.method == "HEAD":
            return page_answers.event(b"")
        parameters = parameters_of(flow.request.path.partition("?")[2])
        known = flow.request.headers.get("last-event-id") or parameters.pop("known", "")
        view = View(parameters.pop("page", ""), time.time(), parameters)
        if kind_of(view.path) is None:
            return page_answers.no_page()
        try:
            event = await self.live.event(view, known, flow.client_conn)
        except ReadError as error:
            return page_answers.not_now(str(error))
        if self.desk.sessions.password and not self.desk.sessions.is_open(visitor.session, time.time()):
            return page_answers.login_needed()  # the login has ended meanwhile
        return page_answers.event(event)

    async def answer(self, exchange: Exchange, visitor: Visitor, request: http.Request, form: bytes) -> Answer:
        """What a page, a file or a form is answered with."""
        path = path_of(request.path)
        if exchange.route is Route.ASSET:
            return self.asset(path.rpartition("/")[2], request.headers.get("if-none-match"))
        if request.method == "POST" and not is_from_our_page(request):
            return page_answers.foreign_form()
        try:
            if exchange.route is Route.LOGOUT:
                return self.log_out(exchange, visitor)
            if exchange.route is Route.LOGIN:
                return await self.log_in(exchange, visitor, form if request.method == "POST" else None)
            return await self.page(path, request.path.partition("?")[2], visitor)
        except ReadError as error:
            return page_answers.not_now(str(error))

    def asset(self, name: str, known: str | None) -> Answer:
        """A file of the package."""
        found = self.assets.get(name)
        if found is None:
            return page_answers.no_page()
        return page_answers.asset(found.body, found.content_type, found.etag, known)

    async def page(self, path: str, query: str, visitor: Visitor) -> Answer:
        """A page, rendered in a thread from what the store holds now."""
        now = time.time()
        is_logged_in = self.desk.sessions.is_open(visitor.session, now)
        view = View(path, now, parameters_of(query), is_logged_in)
        kind = kind_of(path)
        if kind is None:
            return page_answers.no_page()
        try:
            document = await self.reader.read(kind, partial(self.renderer.render, view=view, kind=kind))
        except ReadError as error:
            if not visitor.is_browser:
                raise
            return answer_of(self.renderer.sorry_page(view, "Not now", str(error), 503), ("retry-after", "5"))
        return answer_of(document)

    async def log_in(self, exchange: Exchange, visitor: Visitor, form: bytes | None) -> Answer:
        """The page where the password is given, or what became of one that a form brought."""
        if self.desk.sessions.password is None:
            return page_answers.redirection(DASHBOARD_PATH) if visitor.is_here else page_answers.here_only()
        if form is None:
            return answer_of(self.renderer.login_page())
        try:
            token = await self.desk.log_in(password_in(form), visitor.source.household)
        except LoginError as error:
            wait = () if error.wait_seconds is None else (("retry-after", str(max(1, round(error.wait_seconds)))),)
            return answer_of(self.renderer.login_page(str(error), error.status), *wait)
        exchange.cookie = page_answers.session_cookie(COOKIE, token, SESSION_SECONDS, visitor.is_https)
        return page_answers.redirection(DASHBOARD_PATH)

    def log_out(self, exchange: Exchange, visitor: Visitor) -> Answer:
        """End a login here, and have the browser forget it."""
        self.desk.sessions.end(visitor.session)
        exchange.cookie = page_answers.session_cookie(COOKIE, "", 0, visitor.is_https)
        return page_answers.redirection(LOGIN_PATH)
