"""Says what went wrong with an attempt and what follows for the request; the account is marked by `consequences`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from mitmproxy import http

from addons.consequences import Consequences
from addons.core.attempt import Attempt
from addons.empty_pool import beyond_reach
from addons.exchange import Exchange, Exchanges, NextStep
from addons.known_secrets import sayable, secrets_of
from addons.replies import reply
from addons.wire.answers import JSON, Answer, error_body
from addons.wire.decoding import MOST_BODY_BYTES, BodyError, decode_body
from addons.wire.errors import UpstreamError
from addons.wire.failures import Break, Diagnosis, Evidence, Failure, diagnose
from addons.wire.rate_limits import windows_of_headers
from addons.wire.reasoning import without_foreign_reasoning
from addons.wire.request_ids import request_id_of
from addons.wire.routes import Route
from codexlb_store.accounts import Account
from codexlb_store.ledger import AttemptRow, Outcome
from codexlb_store.pool import Pool
from codexlb_store.windows import Window

PAUSE_SECONDS = 0.2
"""Before the same account is asked again after a 500."""

NO_CREDENTIAL_SECONDS = 5.0
"""How long an account is passed over when its token could not be refreshed just now."""

CUT_SECONDS = 10.0
"""After a stream was cut in the middle: long enough that the client's own retry lands elsewhere."""

ACCOUNTS_BEFORE_HOST_IS_BLAMED = 2

REFUSED_HERE = Answer(
    502,
    (JSON,),
    error_body("upstream_unauthorized", "The upstream refuses the account for this request.", "server_error"),
)

MARKS_ACCOUNTS = frozenset({Route.RESPONSES, Route.COMPACT})
"""What fails elsewhere may be that path's own trouble, and must not cost the pool its accounts."""

MEANT_FOR_ANY_ACCOUNT = frozenset(Route) - {Route.OTHER}
"""An unknown request may have taken effect although its answer failed: it is not sent to another account."""

TO_THE_NEXT_ACCOUNT = frozenset(
    {
        Failure.WINDOW_FULL,
        Failure.RATE_LIMITED,
        Failure.OUT_OF_QUOTA,
        Failure.DEACTIVATED,
        Failure.BLOCKED,
        Failure.MODEL_UNAVAILABLE,
        Failure.OVERLOADED,
    }
)
"""One account's trouble, for certain."""


def evidence_of(attempt: Attempt, known: tuple[Window, ...], account_id: str, now: float) -> Evidence:
    """What is known of a failed attempt."""
    fields = attempt.response.headers.fields if attempt.response else ()
    headers = {name.lower().decode("latin-1"): value.decode("utf-8", "replace") for name, value in fields}
    return Evidence(
        how=attempt.how or Break.TRANSPORT,
        status=attempt.response.status_code if attempt.response else None,
        headers=headers,
        body=attempt.body,
        error=attempt.error or error_of_connection(attempt),
        windows=windows_of_headers(account_id, headers.items(), now) or known,
    )


def error_of_connection(attempt: Attempt) -> UpstreamError | None:
    """What the system said of a connection that never came to an answer."""
    return UpstreamError(message=attempt.message) if attempt.how is Break.CONNECT else None


def strip_reasoning(request: http.Request) -> bool:
    """Take the reasoning that another account sealed out of the body; False when that cannot be done."""
    try:
        plain = decode_body(request.raw_content or b"", request.headers.get("content-encoding", ""), MOST_BODY_BYTES)
    except BodyError:
        return False
    stripped = without_foreign_reasoning(plain)
    if stripped is None:
        return False
    request.headers.pop("content-encoding", None)
    request.headers.pop("transfer-encoding", None)
    request.headers["content-length"] = str(len(stripped))
    request.raw_content = stripped
    return True


def accounts_of_a_dead_host(exchange: Exchange, accounts: Mapping[str, Account]) -> set[str]:
    """The accounts that are served at the same origin as the last one, when two of them could not reach it in this
    request: then none of them can."""
    account = accounts.get(exchange.diagnoses[-1][0])
    there = {other.id for other in accounts.values() if account and other.origin == account.origin}
    failed = {account_id for account_id, diagnosis in exchange.diagnoses if diagnosis.failure is Failure.UNREACHABLE}
    return there if len(failed & there) >= ACCOUNTS_BEFORE_HOST_IS_BLAMED else set()


def attempt_row(exchange: Exchange, attempt: Attempt, diagnosis: Diagnosis, now: float) -> AttemptRow:
    """The failed attempt as the ledger keeps it."""
    return AttemptRow(
        number=attempt.number,
        account_id=exchange.diagnoses[-1][0],
        failure=exchange.credential_problem or diagnosis.code,
        status=attempt.response.status_code if attempt.response else None,
        upstream_request_id=request_id_of(attempt.response.headers) if attempt.response else None,
        started_at=attempt.started_at,
        milliseconds=(now - attempt.started_at) * 1000,
        tokens=attempt.tokens,
    )


class Verdict:
    """Judges every failed attempt, and an answer that failed after it was passed on."""

    def __init__(self, exchanges: Exchanges, pool: Pool, consequences: Consequences) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.consequences = consequences

    async def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Write down the attempt, mark the account, and say what follows."""
        exchange, now = self.exchanges[attempt.flow], time.time()
        assert exchange.lease is not None
        account_id = exchange.lease.account_id
        known = self.pool.windows.get(account_id, ())
        diagnosis = diagnose(evidence_of(attempt, known, account_id, now), now)
        diagnosis = sayable(diagnosis, secrets_of(self.pool, exchange))
        exchange.diagnoses.append((account_id, diagnosis))
        exchange.next_step = self.next_step(exchange, attempt, diagnosis.failure)
        if exchange.next_step is NextStep.GIVE_UP and diagnosis.failure is Failure.UNAUTHORIZED:
            attempt.reply = reply(REFUSED_HERE)  # a pool's 401 would make the client refresh its own token
        elif exchange.next_step is NextStep.GIVE_UP and attempt.response:
            return  # the upstream's own answer is the request's, and so is its row
        exchange.in_the_air = False
        exchange.attempts.append(attempt_row(exchange, attempt, diagnosis, now))
        if exchange.next_step is NextStep.OTHER:
            exchange.tried.add(account_id)
            if attempt.how is Break.CREDENTIAL:  # whoever looked for it has marked the account, if it is lost
                self.pool.health.ail(account_id, now + NO_CREDENTIAL_SECONDS)
            elif exchange.route in MARKS_ACCOUNTS:
                self.consequences.draw(account_id, exchange.ask.model if exchange.ask else None, diagnosis, now)
        elif diagnosis.failure is Failure.SERVER_ERROR:
            self.pool.health.strike(account_id, now)
            await asyncio.sleep(PAUSE_SECONDS)

    def next_step(self, exchange: Exchange, attempt: Attempt, failure: Failure) -> NextStep:
        """What follows; never the same failure twice on the same account."""
        if exchange.route not in MEANT_FOR_ANY_ACCOUNT and not (
            failure is Failure.UNAUTHORIZED and attempt.number == 1
        ):
            return NextStep.GIVE_UP
        if failure in TO_THE_NEXT_ACCOUNT:
            return NextStep.OTHER
        account_id = exchange.diagnoses[-1][0]
        is_first = [(a, d.failure) for a, d in exchange.diagnoses].count((account_id, failure)) == 1
        match failure:
            case Failure.UNAUTHORIZED:
                return NextStep.REFRESH if is_first and attempt.how is not Break.CREDENTIAL else NextStep.OTHER
            case Failure.SERVER_ERROR:
                return NextStep.SAME if is_first and attempt.how is Break.STATUS else NextStep.OTHER
            case Failure.UNREACHABLE:
                exchange.tried |= accounts_of_a_dead_host(exchange, self.pool.accounts)
                within_reach = self.pool.accounts.keys() - beyond_reach(exchange, self.pool)
                return NextStep.OTHER if within_reach - exchange.tried else NextStep.GIVE_UP
            case Failure.FOREIGN_CONTENT:
                return self.after_foreign_content(exchange, attempt)
            case _:
                return NextStep.GIVE_UP

    def after_foreign_content(self, exchange: Exchange, attempt: Attempt) -> NextStep:
        """The account that sealed the content, if it can serve; else once without it."""
        session = exchange.affinity.session if exchange.affinity else None
        home = self.pool.homes.get(session) if session else None
        model = exchange.ask.model if exchange.ask else None
        here = exchange.diagnoses[-1][0]
        is_elsewhere = home is not None and home.account_id not in exchange.tried | beyond_reach(
            exchange, self.pool
        ) | {here}
        if home and is_elsewhere and self.pool.serves_its_sessions(home.account_id, model, time.time()):
            return NextStep.OTHER
        if exchange.stripped or not strip_reasoning(attempt.flow.request):
            return NextStep.GIVE_UP
        exchange.stripped = True
        return NextStep.SAME

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """An account that served is well; one whose answer failed after it was passed on is marked for it."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.result is None or exchange.lease is None or exchange.judged:
            return
        exchange.judged = True
        account_id, now = exchange.lease.account_id, time.time()
        if exchange.result.outcome is Outcome.COMPLETED:
            self.pool.health.recover(account_id)
        elif exchange.result.outcome is Outcome.FAILED and exchange.answer and exchange.answer.status == 200:
            error = UpstreamError(code=exchange.result.error) if exchange.result.response_id else None
            evidence = Evidence(Break.STREAM, 200, {}, b"", error, self.pool.windows.get(account_id, ()))
            self.consequences.draw(
                account_id, exchange.ask.model if exchange.ask else None, diagnose(evidence, now), now
            )
            self.pool.health.ail(account_id, now + CUT_SECONDS)
