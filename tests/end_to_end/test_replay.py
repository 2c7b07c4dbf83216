"""Every captured request of a real client, of three versions, goes through the proxy unchanged."""

from __future__ import annotations

import http.client
import json
from collections import Counter

from tests.captures import CapturedRequest, capture_names, captured
from tests.end_to_end.conftest import BuildLab
from tests.end_to_end.lab import answered, asked, spent

NOT_FOR_THE_PROXY = ("token_refresh", "wham_usage")
"""What clients send to other hosts, whatever base URL is configured."""

EXPECTED_STATUS = {"websocket_handshake": 426}


def send(address: tuple[str, int], request: CapturedRequest) -> tuple[int, bytes]:
    """One request on a connection of its own, header for header as captured but for the port."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers:
        connection.putheader(name, f"127.0.0.1:{address[1]}" if name.lower() == "host" else value)
    connection.endheaders(request.body)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def test_all_captured_requests_pass_unchanged(lab: BuildLab) -> None:
    """One proxy serves all clients one after another, each request with one row and one account."""
    stage = lab()
    names = [name for name in capture_names() if name not in NOT_FOR_THE_PROXY]

    statuses = [
        (name, send(("127.0.0.1", stage.before.server_address[1]), request)[0])
        for name in names
        for request in captured(name)
    ]
    stage.proxy.stop()

    assert [(name, status) for name, status in statuses if status != EXPECTED_STATUS.get(name, 200)] == []
    served = [exchange for exchange in stage.sent() if exchange.status == 200]
    assert asked(served) == asked(stage.passed())
    assert answered(served) == answered(stage.passed())
    rows = [row for row in stage.rows() if row["outcome"] == "completed"]
    assert len(rows) == len(served)
    assert sorted(spent(rows)) == sorted(stage.served())
    assert Counter(row["kind"] for row in rows) == {
        "turn": 17, "compact": 5, "models": 1, "search": 1, "images": 1,
    }  # fmt: skip


def test_the_ledger_knows_the_session_that_the_client_names(lab: BuildLab) -> None:
    """Header `session-id`, `session_id` from old clients, and the body of a request without either."""
    stage = lab()
    requests = [captured(name)[0] for name in ("review_subagent", "legacy_0_105", "alpha_search")]

    for request in requests:
        send(("127.0.0.1", stage.before.server_address[1]), request)
    stage.proxy.stop()

    review, legacy, search = requests
    assert [row["session"] for row in stage.rows()] == [
        dict(review.headers)["session-id"],
        dict(legacy.headers)["session_id"],
        json.loads(search.body)["id"],
    ]
