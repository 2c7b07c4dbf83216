from __future__ import annotations

from scripts.demo_traffic import Traffic
from scripts.simulator.server import Simulator


async def test_traffic_stops_at_the_first_turn_that_fails() -> None:
    async with Simulator(accounts="plus") as service:
        traffic = Traffic(service.origin, seconds=30)

        await traffic.run()  # nobody has logged in

    assert traffic.tally.turns == 0
    assert str(traffic.tally.failure).startswith("HTTP 401: ")
