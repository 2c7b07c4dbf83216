"""The same figures as the report's, as JSON for machines: /api/v1/accounts, usage, requests, requests/ID, keys,
conversations, anomalies. Who may ask is decided before."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from mitmproxy import http
from sqlite_utils import Database

from addons.api_questions import QUESTIONS, Asked, Question, request
from addons.exchange import Exchanges
from addons.replies import reply
from addons.store_reader import ReadError, StoreReader
from addons.wire import page_answers
from addons.wire.answers import Answer
from addons.wire.page_parameters import parameters_of
from addons.wire.routes import Route
from addons.wire.targets import path_of

VERSION = 1
"""Goes up when something that is there now means something else or is gone."""


def document(db: Database, question: Question, asked: Asked, id_prefix: str) -> bytes | None:
    """In a thread: what was found as JSON; None when there is no such thing."""
    found = request(db, asked, id_prefix) if id_prefix else question(db, asked)
    return None if found is None else msgspec.json.encode({"version": VERSION, **found})


class Api:
    """Answers machines; one question of each kind at a time."""

    def __init__(self, exchanges: Exchanges, home: Path, reader: StoreReader) -> None:
        self.exchanges = exchanges
        self.home = home
        self.reader = reader

    async def request(self, flow: http.HTTPFlow) -> None:
        """Answer if the path is one of these."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None or exchange.route is not Route.API:
            return
        name = path_of(flow.request.path).removeprefix("/api/v1/")
        flow.response = reply(await self.answer(name, flow.request.path.partition("?")[2]))

    async def answer(self, name: str, query: str) -> Answer:
        """The JSON for `usage`, `requests/ID` and so on, or what is wrong with the question."""
        kind, _, id_prefix = name.partition("/")
        question, known = QUESTIONS[kind]
        try:
            asked = Asked(self.home, parameters_of(query, () if id_prefix else known), time.time())
            body = await self.reader.read(f"api/{kind}", lambda db: document(db, question, asked, id_prefix))
        except ReadError as error:
            return page_answers.not_now(str(error))
        except ValueError as error:
            return page_answers.bad_parameter(str(error))
        return page_answers.document(body) if body else page_answers.no_page()
