"""What the client's key allows of an ask: models and reasoning efforts; and what the key makes of it, if it says so."""

from __future__ import annotations

import dataclasses

from mitmproxy import http

from addons.exchange import Exchange, Exchanges
from addons.plain_body import plain_body, put_plain_body
from addons.replies import reply
from addons.wire import denials
from addons.wire.answers import Answer
from addons.wire.asks import UNREAD, Ask
from addons.wire.decoding import BodyError
from addons.wire.forms import FormError, is_form, values_of_form
from addons.wire.rewrites import says_twice, with_text
from addons.wire.routes import Route
from codexlb_store.keys import Key

SERVED_MODEL = "openai-model"

RULED = frozenset({Route.RESPONSES, Route.COMPACT, Route.SEARCH})
"""Where a body's model, effort and tier are those of a turn, and the body is JSON; an image model elsewhere is another
matter, and nothing is enforced there."""

OF_ANOTHER_KIND = frozenset({Route.IMAGES, Route.TRANSCRIBE})
"""Where models draw or listen: the model that a key puts into turns is none of these."""

HIDES_ITS_MODEL = frozenset({Route.REALTIME})
"""Where it stands somewhere inside of the body, in more than one form: what else is called a model there is none."""

NAMES_A_MODEL = RULED | {Route.IMAGES}
"""Where a body without a model would be served with one that only the upstream knows."""


def enforced(key: Key) -> list[tuple[tuple[str, ...], str]]:
    """What the key puts into a body, and where."""
    places = {
        ("model",): key.enforced_model,
        ("reasoning", "effort"): key.enforced_effort,
        ("service_tier",): key.enforced_tier,
    }
    return [(path, text) for path, text in places.items() if text is not None]


def as_enforced(ask: Ask, key: Key) -> Ask:
    """The ask as the key makes it."""
    return dataclasses.replace(
        ask,
        model=key.enforced_model or ask.model,
        effort=key.enforced_effort or ask.effort,
        tier=key.enforced_tier or ask.tier,
    )


def enforce(request: http.Request, key: Key) -> None:
    """Change the body where it does not say what the key wants; else its bytes stay, compressed as they came."""
    before = plain = plain_body(request)
    for path, text in enforced(key):
        plain = with_text(plain, path, text)
    if plain != before:
        put_plain_body(request, plain)


def counts_models(key: Key) -> bool:
    """Whether the key's rules or limits hang on the model."""
    return key.models is not None or any(limit.model is not None for limit in key.limits)


def with_model_of_form(ask: Ask, kind: str, form: bytes) -> Ask:
    """The ask with the model that a form of this content type names; raises FormError."""
    models = set(values_of_form(kind, form, "model"))
    if len(models) > 1:
        raise FormError("The form names more than one model.")
    return dataclasses.replace(ask, model=models.pop() if models else None)


def ambiguity(key: Key, ask: Ask, request: http.Request) -> Answer | None:
    """Why it is not clear what is asked for, where the key's rules or limits hang on it: no parser but the upstream's
    own knows which of two members counts there. What the key puts into a body itself says the same in both."""
    judged = {
        ("model",): key.enforced_model is None and counts_models(key),
        ("reasoning", "effort"): key.enforced_effort is None and key.efforts is not None,
    }
    if ask.model is None and ask.effort is None:
        return None  # it was not read as JSON, or it asks for neither
    paths = [path for path, counts in judged.items() if counts]
    plain = plain_body(request) if paths else b""
    return next((denials.said_twice(".".join(path)) for path in paths if says_twice(plain, path)), None)


def objection(key: Key, ask: Ask, route: Route, has_body: bool) -> Answer | None:
    """Why the key may not be used for this; None when it may.

    An effort that is not named is the model's own default. A model must be named, wherever there is a body.
    """
    if ask.model is None and key.models is None and counts_models(key) and has_body and route in NAMES_A_MODEL:
        return denials.model_unnamed()
    if key.models is not None and has_body and (ask.model is None or not key.allows_model(ask.model)):
        return denials.model_not_allowed(ask.model, key.models)
    if key.efforts is not None and ask.effort is not None and not key.allows_effort(ask.effort):
        return denials.effort_not_allowed(ask.effort, key.efforts)
    return None


def objection_to_query(key: Key, request: http.Request) -> Answer | None:
    """Likewise for the models that its target names behind the path."""
    named = request.query.get_all("model") if key.models is not None else []
    return next((denials.model_not_allowed(m, key.models or ()) for m in named if not key.allows_model(m)), None)


def as_bound(key: Key) -> Key:
    """The key where nothing is put into a body: what it would put there is all that may stand there."""
    return dataclasses.replace(
        key,
        models=key.models if key.enforced_model is None else (key.enforced_model,),
        efforts=key.efforts if key.enforced_effort is None else (key.enforced_effort,),
        enforced_model=None,
        enforced_effort=None,
    )


class KeyRules:
    """Writes that the ask is permitted, and the ask as the key makes it; or answers 403."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    def request(self, flow: http.HTTPFlow) -> None:
        """Hold the ask against the key's rules."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.ask is None or exchange.client is None:
            return
        key = exchange.client.key
        answer = self.judge(exchange, exchange.ask, flow.request, key) if key else None
        if answer:
            flow.response = reply(answer)
        else:
            exchange.permitted = True

    def judge(self, exchange: Exchange, ask: Ask, request: http.Request, key: Key) -> Answer | None:
        """Why the key may not be used for this; None when it may, and then the ask is what the key makes of it."""
        if exchange.route in UNREAD:
            return None
        if exchange.route not in RULED:
            return self.judge_unruled(exchange, ask, request, key)
        if enforced(key):
            enforce(request, key)
            exchange.ask = ask = as_enforced(ask, key)
        answer = objection(key, ask, exchange.route, bool(request.raw_content))
        return answer or ambiguity(key, ask, request)

    def judge_unruled(self, exchange: Exchange, ask: Ask, request: http.Request, key: Key) -> Answer | None:
        """Likewise where nothing is put into a body, which may be a form."""
        key = key if exchange.route in OF_ANOTHER_KIND else as_bound(key)
        if answer := objection_to_query(key, request):
            return answer
        if exchange.route in HIDES_ITS_MODEL:
            exchange.ask = ask = dataclasses.replace(ask, model=None)
        elif is_form(kind := ", ".join(request.headers.get_all("content-type"))):
            try:
                exchange.ask = with_model_of_form(ask, kind, plain_body(request))
            except (FormError, BodyError) as error:  # a body that must be read has been
                if counts_models(key):
                    return denials.form_unclear(str(error))
            else:
                return objection(key, exchange.ask, exchange.route, has_body=True)
        answer = objection(key, ask, exchange.route, bool(request.raw_content))
        return answer or ambiguity(key, ask, request)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """The upstream names the model it served; where that is the one that the key demands, Codex must not hear of
        it: it would tell its user that another model than asked for is a penalty."""
        exchange = self.exchanges.get(flow)
        key = exchange.client.key if exchange and exchange.client else None
        if key is None or key.enforced_model is None or flow.response is None:
            return
        if flow.response.headers.get(SERVED_MODEL) == key.enforced_model:
            del flow.response.headers[SERVED_MODEL]
