"""Says what went wrong with an attempt; what follows is said by `next_steps`, and the account is marked by
`consequences`."""

from __future__ import annotations

import asyncio
import time

from mitmproxy import http

from addons.consequences import Consequences
from addons.core.attempt import Attempt
from addons.exchange import Exchange, Exchanges, NextStep
from addons.foreign_content import last_word
from addons.known_secrets import sayable, secrets_of
from addons.next_steps import next_step
from addons.replies import reply
from addons.wire.answers import JSON, Answer, error_body
from addons.wire.endpoints import ENDPOINTS
from addons.wire.errors import UpstreamError
from addons.wire.failures import Break, Diagnosis, Evidence, Failure, diagnose
from addons.wire.rate_limits import windows_of_headers
from addons.wire.request_ids import request_id_of
from addons.wire.tokens import STILL_REFRESHING
from codexlb_store.ledger import AttemptRow, Outcome
from codexlb_store.pool import Pool
from codexlb_store.windows import Window

PAUSE_SECONDS = 0.2
"""Before the same account is asked again after a 500."""

NO_CREDENTIAL_SECONDS = 5.0
"""How long an account is passed over when its token could not be refreshed just now."""

CUT_SECONDS = 10.0
"""After a stream was cut in the middle: long enough that the client's own retry lands elsewhere."""

REFUSED_HERE = Answer(
    502,
    (JSON,),
    error_body("upstream_unauthorized", "The upstream refuses the account for this request.", "server_error"),
)


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


def attempt_row(exchange: Exchange, attempt: Attempt, diagnosis: Diagnosis, now: float) -> AttemptRow:
    """The failed attempt as the ledger keeps it."""
    return AttemptRow(
        number=attempt.number,
        account_id=exchange.diagnoses[-1][0],
        failure=exchange.credential_problem or diagnosis.code,
        status=attempt.response.status_code if attempt.response else None,
        upstream_request_id=request_id_of(attempt.response.headers.fields) if attempt.response else None,
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
        exchange.next_step = next_step(exchange, attempt, diagnosis.failure, self.pool, now)
        if exchange.next_step is NextStep.GIVE_UP and (told := self.last_word(exchange, diagnosis.failure, now)):
            attempt.reply = reply(told)
        elif exchange.next_step is NextStep.GIVE_UP and attempt.response:
            return  # the upstream's own answer is the request's, and so is its row
        exchange.in_the_air = False
        exchange.attempts.append(attempt_row(exchange, attempt, diagnosis, now))
        if exchange.next_step is NextStep.OTHER:
            exchange.tried.add(account_id)
        self.mark(exchange, attempt, diagnosis, now)
        if exchange.next_step is not NextStep.OTHER and diagnosis.failure is Failure.SERVER_ERROR:
            await asyncio.sleep(PAUSE_SECONDS)

    def mark(self, exchange: Exchange, attempt: Attempt, diagnosis: Diagnosis, now: float) -> None:
        """Have the account pay for it, where that is its own trouble."""
        account_id, goes_on = exchange.diagnoses[-1][0], exchange.next_step is NextStep.OTHER
        if attempt.how is Break.CREDENTIAL:  # whoever looked for it has marked the account, if it is lost
            if exchange.credential_problem != STILL_REFRESHING.code:  # only this request could not wait for it
                self.pool.health.ail(account_id, now + NO_CREDENTIAL_SECONDS)
        elif not ENDPOINTS[exchange.route].marks_accounts:
            return
        elif goes_on:
            self.consequences.draw(account_id, exchange.ask.model if exchange.ask else None, diagnosis, now)
        elif diagnosis.failure is Failure.SERVER_ERROR:
            self.pool.health.strike(account_id, now)

    def last_word(self, exchange: Exchange, failure: Failure, now: float) -> Answer | None:
        """What the client is told in the place of the upstream's own answer."""
        if failure is Failure.UNAUTHORIZED:
            return REFUSED_HERE  # a pool's 401 would make the client refresh its own token
        return last_word(exchange, self.pool, now) if failure is Failure.FOREIGN_CONTENT else None

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
        if not ENDPOINTS[exchange.route].marks_accounts:
            return
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
