"""Keeps an uploaded file where it is: what is said of it goes to the account that has it, as do prompts naming it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

from mitmproxy import http

from addons.exchange import Exchange, Exchanges
from addons.plain_body import plain_body
from addons.wire.decoding import BodyError
from addons.wire.files import file_announced, file_of_path, files_in
from addons.wire.routes import Route
from addons.wire.targets import path_of
from addons.wire.unary import Body
from codexlb_store.pool import Pool
from codexlb_store.sessions import Home, save_home
from codexlb_store.writer import Writer

PIN_SECONDS = 1800.0
"""An upload takes seconds, and the prompt follows; from then on the session's own home keeps it there."""

NAMES_FILES = frozenset({Route.RESPONSES, Route.COMPACT, Route.IMAGES})
"""Where a prompt may name files that were uploaded before."""

PREFIX = "file\t"
"""Of what pins are called among the homes of sessions: they outlive a restart with them. What a session is called can
be printed, so none can be taken for a pin."""


def pin_name(file_id: str) -> str:
    """What the pin of a file is called."""
    return PREFIX + file_id


def file_about(request: http.Request) -> str | None:
    """The file that a request to confirm one is about."""
    return file_of_path(path_of(request.path))


class FilePins:
    """Writes which account has the file that a request names."""

    def __init__(self, exchanges: Exchanges, pool: Pool, writer: Writer) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.writer = writer
        self.homes: Mapping[str, Home] = {}
        """As the store had them when they were last looked through."""
        self.last_pin_at = 0.0

    def request(self, flow: http.HTTPFlow) -> None:
        """Look for the file, if one is named."""
        exchange = self.exchanges.get(flow)
        if not flow.response and exchange and exchange.permitted:
            exchange.file_home = self.account_with(self.files_of(exchange, flow.request), exchange.opened_at)

    def files_of(self, exchange: Exchange, request: http.Request) -> tuple[str, ...]:
        """The ids of the files that a request names."""
        if exchange.route is Route.FILES:
            file_id = file_about(request)
            return (file_id,) if file_id else ()
        if exchange.route not in NAMES_FILES or not self.may_be_named(exchange.opened_at):
            return ()
        try:
            return files_in(plain_body(request))
        except BodyError:  # of a picture's request, say: what cannot be read is the upstream's to judge
            return ()

    def may_be_named(self, now: float) -> bool:
        """Whether a file was announced lately: only then a prompt is searched, which may cost as much as reading it."""
        if self.homes is not self.pool.homes:  # another process has written, and may have pinned one
            self.homes = self.pool.homes
            pins = [home.last_used_at for name, home in self.homes.items() if name.startswith(PREFIX)]
            self.last_pin_at = max(pins, default=0.0)
        return now - self.last_pin_at <= PIN_SECONDS

    def account_with(self, files: tuple[str, ...], now: float) -> str | None:
        """The account with the file that was announced last."""
        pins = [pin for file_id in files if (pin := self.pool.homes.get(pin_name(file_id)))]
        pins = [pin for pin in pins if now - pin.last_used_at <= PIN_SECONDS]
        return max(pins, key=lambda pin: pin.last_used_at).account_id if pins else None

    def response(self, flow: http.HTTPFlow) -> None:
        """Note which account has just given a file its id."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.route is not Route.FILES or file_about(flow.request):
            return
        if pin := self.pin_of(exchange):
            self.last_pin_at = pin.last_used_at
            self.pool.remember(pin)
            self.writer.put(partial(save_home, home=pin))

    def pin_of(self, exchange: Exchange) -> Home | None:
        """The pin of the file that an answer names for the first time."""
        answer, lease = exchange.answer, exchange.lease
        if answer is None or lease is None or answer.status >= 300 or not isinstance(answer.tap, Body):
            return None
        file_id = file_announced(answer.tap.content)
        return Home(pin_name(file_id), lease.account_id, time.time()) if file_id else None
