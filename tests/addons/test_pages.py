"""The pages that the proxy answers itself."""

from __future__ import annotations

import pytest

from addons.exchange import Exchange, Exchanges
from addons.pages import Pages
from addons.wire.routes import Route
from tests.addons.samples import a_flow, an_answered_flow, an_exchange


def test_health_is_answered_here() -> None:
    flow = a_flow(method="GET", path="/health")

    Pages(Exchanges({flow: an_exchange(route=Route.HEALTH)})).request(flow)

    assert flow.response
    assert (flow.response.status_code, flow.response.content) == (200, b'{"status":"ok"}')
    assert flow.response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("route", [route for route in Route if route is not Route.HEALTH])
def test_every_other_route_goes_on(route: Route) -> None:
    flow = a_flow()

    Pages(Exchanges({flow: an_exchange(route=route)})).request(flow)

    assert flow.response is None


@pytest.mark.parametrize("exchange", [None, an_exchange(route=Route.HEALTH, client=None)], ids=["unknown", "stranger"])
def test_who_was_not_let_in_gets_no_page(exchange: Exchange | None) -> None:
    flow = a_flow(method="GET", path="/health")

    Pages(Exchanges({flow: exchange} if exchange else {})).request(flow)

    assert flow.response is None


def test_an_answer_that_is_there_already_stays() -> None:
    flow = an_answered_flow(401)

    Pages(Exchanges({flow: an_exchange(route=Route.HEALTH)})).request(flow)

    assert flow.response and flow.response.status_code == 401
