"""What has been served since the proxy started, as Prometheus counts it: closed ledger rows go in, metrics come out.

No label says more than an account's id; models are the only ones that a client may choose, so they are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from codexlb_store.ledger import UNKNOWN, AttemptRow, Closing, Tokens

MOST_NAMES = 100
"""Distinct models, and distinct failures; later ones count together as `other`."""
OTHER = "other"
NONE = "none"
NOT_PLAIN = re.compile(r"[^A-Za-z0-9._:/@+-]")
MOST_CHARACTERS = 64

FIRST_TOKEN_SECONDS = (0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120)
DURATION_SECONDS = (0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800)


class Names:
    """Turns texts from elsewhere into so many labels at most."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def label(self, text: str | None) -> str:
        """The label for a text; one that was never seen is `other` once there are too many."""
        if text is None:
            return NONE
        if (found := self._known.get(text)) is not None:
            return found
        if len(self._known) >= MOST_NAMES:
            return OTHER
        found = self._known[text] = NOT_PLAIN.sub("_", text[:MOST_CHARACTERS])
        return found


@dataclass(frozen=True, slots=True)
class Use:
    """The counters of one account and model."""

    input: Counter
    cached: Counter
    output: Counter
    reasoning: Counter
    cost: Counter

    def add(self, tokens: Tokens, cost_usd: float | None) -> None:
        """Count what the upstream said; what it did not say is not counted as 0 either."""
        if tokens.input is not None:
            self.input.inc(tokens.input)
        if tokens.cached is not None:
            self.cached.inc(tokens.cached)
        if tokens.output is not None:
            self.output.inc(tokens.output)
        if tokens.reasoning is not None:
            self.reasoning.inc(tokens.reasoning)
        if cost_usd is not None:
            self.cost.inc(cost_usd)


class Tallies:
    """Counters and histograms of one proxy; finding those of a request again costs a look into a dict each."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter("codexlb_requests", "Requests that have ended.", ("kind", "outcome"), registry=registry)
        self.attempts = Counter(
            "codexlb_attempts", "Tries at an account; failure is none for one that served.", ("account", "failure"),
            registry=registry,
        )  # fmt: skip
        self.tokens = Counter(
            "codexlb_tokens", "Tokens as the upstream counted them; cached is part of input, reasoning of output.",
            ("type", "account", "model"), registry=registry,
        )  # fmt: skip
        self.cost = Counter(
            "codexlb_cost_usd", "What the tokens would have cost at API prices, in US dollars.", ("account", "model"),
            registry=registry,
        )  # fmt: skip
        self.first_token = Histogram(
            "codexlb_first_token_seconds", "From a request's head to the first output that was passed on.", ("kind",),
            registry=registry, buckets=FIRST_TOKEN_SECONDS,
        )  # fmt: skip
        self.duration = Histogram(
            "codexlb_duration_seconds", "From a request's head to the end of its answer.", ("kind",),
            registry=registry, buckets=DURATION_SECONDS,
        )  # fmt: skip
        self.models, self.failures = Names(), Names()
        self._ended: dict[tuple[str, str], Counter] = {}
        self._tried: dict[tuple[str | None, str | None], Counter] = {}
        self._used: dict[tuple[str | None, str], Use] = {}
        self._timed: dict[str, tuple[Histogram, Histogram]] = {}

    def count(self, kind: str, model: str | None, closing: Closing) -> None:
        """Count a request that has ended; `model` is what it asked for."""
        ended = self._ended.get((kind, closing.outcome))
        if ended is None:
            ended = self._ended[kind, closing.outcome] = self.requests.labels(kind, closing.outcome.value)
        ended.inc()
        for attempt in closing.attempts:
            self.count_attempt(attempt)
            if attempt.tokens != UNKNOWN:  # else anybody could make up names of models
                used = self.use(attempt.account_id, self.models.label(closing.model or model))
                used.add(attempt.tokens, attempt.cost_usd)
        timed = self._timed.get(kind)
        if timed is None:
            timed = self._timed[kind] = self.first_token.labels(kind), self.duration.labels(kind)
        if closing.first_token_ms is not None:
            timed[0].observe(closing.first_token_ms / 1000)
        timed[1].observe(closing.total_ms / 1000)

    def count_attempt(self, attempt: AttemptRow) -> None:
        """Count a try."""
        key = attempt.account_id, attempt.failure
        tried = self._tried.get(key)
        if tried is None:
            failure = self.failures.label(attempt.failure)
            tried = self.attempts.labels(attempt.account_id or NONE, failure)
            if failure != OTHER:  # what is kept must be as bounded as the labels
                self._tried[key] = tried
        tried.inc()

    def use(self, account_id: str | None, model: str) -> Use:
        """The counters of an account and a model's label."""
        found = self._used.get((account_id, model))
        if found is None:
            account = account_id or NONE
            found = self._used[account_id, model] = Use(
                self.tokens.labels("input", account, model),
                self.tokens.labels("cached", account, model),
                self.tokens.labels("output", account, model),
                self.tokens.labels("reasoning", account, model),
                self.cost.labels(account, model),
            )
        return found
