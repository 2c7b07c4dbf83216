"""How mitmproxy shows a body of Codex: as a transcript of its events, or with the reasons for its account.

mitmproxy 11 calls such a view, 12 asks it to prettify; both take whatever has these names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mitmproxy import contentviews, http

from addons.flows.explainer import Explainer
from addons.wire.transcripts import transcript

EVENTS = "text/event-stream"

OURS, NOT_OURS = 2.0, -2.0
"""mitmproxy's own views have 1 or less; and no other one has -2: those of mitmproxy 11 compare equal ones with each
other, which ours must not take part in."""

OF_MITMPROXY_11: list[Any] = getattr(contentviews, "views", [])
"""There a view must be taken out before another of its name is added: when a script is loaded anew. 12 replaces it."""

NO_EXCHANGE = "This request went to no account."


def is_codex(flow: object) -> bool:
    """Whether a flow is one of Codex; what is not known may be one."""
    return not isinstance(flow, http.HTTPFlow) or "/codex/" in flow.request.path


class CodexView:
    """What both versions of mitmproxy call."""

    name = ""
    syntax_highlight = "none"

    def text(self, data: bytes, flow: Any) -> str:
        """What is shown."""
        raise NotImplementedError

    def suits(self, kind: str | None, flow: Any) -> bool:
        """Whether this view is chosen by itself for a body of this type."""
        return False

    def __call__(self, data: bytes, **known: Any) -> tuple[str, Iterator[list[tuple[str, str]]]]:
        return self.name, ([("text", line)] for line in self.text(data, known.get("flow")).splitlines())

    def prettify(self, data: bytes, metadata: Any) -> str:
        """Called by mitmproxy 12."""
        return self.text(data, metadata.flow)

    def render_priority(self, data: bytes, metadata: Any = None, **known: Any) -> float:
        """Called by both."""
        kind = metadata.content_type if metadata else known.get("content_type")
        flow = metadata.flow if metadata else known.get("flow")
        return OURS if data and self.suits(kind, flow) else NOT_OURS

    def __lt__(self, other: Any) -> bool:
        return bool(self.name < other.name)


class Transcript(CodexView):
    """A stream of events for a person to read."""

    name = "Codex-Transcript"

    def text(self, data: bytes, flow: Any) -> str:
        return transcript(data)

    def suits(self, kind: str | None, flow: Any) -> bool:
        return kind == EVENTS and is_codex(flow)


class Explanation(CodexView):
    """Why the request went where it did: in mitmweb a flow is chosen with the mouse, not by a command."""

    name = "Codex-Explain"

    def __init__(self, explainer: Explainer) -> None:
        self.explainer = explainer

    def text(self, data: bytes, flow: Any) -> str:
        exchange_id = self.explainer.id_of(flow)
        return self.explainer.explain(exchange_id) if exchange_id else NO_EXCHANGE


class FlowViews:
    """Adds the views, in the place of those of a chain before."""

    def __init__(self, explainer: Explainer) -> None:
        self.views: tuple[Any, ...] = (Transcript(), Explanation(explainer))

    def load(self, loader: object) -> None:
        for view in self.views:
            for older in [one for one in OF_MITMPROXY_11 if one.name == view.name]:
                contentviews.remove(older)
            contentviews.add(view)
