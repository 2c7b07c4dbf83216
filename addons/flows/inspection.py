"""Puts together what mitmweb and mitmproxy's console show: steps behind the last step of the chain.

They stand there so that nothing depends on them: a request is cleared, and an attempt decided, before they look.
"""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy import ctx, http
from mitmproxy.addons.save import Save
from mitmproxy.addons.view import View

from addons.flows.attempts import AttemptFlows
from addons.flows.bodies import FlowBodies
from addons.flows.bounds import FlowBounds
from addons.flows.commands import FlowCommands
from addons.flows.explainer import Explainer
from addons.flows.notes import ID, FlowNotes
from addons.flows.views import FlowViews
from addons.shared import Shared


def inspection(view: View | None) -> Callable[[Shared], tuple[object, ...]]:
    """The steps for this list of flows; none when there is no list."""

    def steps(shared: Shared) -> tuple[object, ...]:
        if view is None:
            return ()
        explainer = Explainer(shared)
        bounds = FlowBounds(shared.exchanges, view)

        def show(flow: http.HTTPFlow) -> None:
            """Show a flow that mitmproxy does not know of, and save it where others are saved."""
            view.add([flow])
            bounds.count(flow)
            saver: Save | None = ctx.master.addons.get("save")
            if saver:
                saver.save_flow(flow)

        return (
            FlowViews(explainer),
            FlowCommands(shared, explainer),
            AttemptFlows(shared.exchanges, shared.pool, ID, show),
            FlowBodies(shared.exchanges, shared.pool),
            FlowNotes(shared.exchanges, shared.pool),
            bounds,  # last: it counts what the others have put into the flow
        )

    return steps
