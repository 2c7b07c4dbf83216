"""What real clients sent, sent again header for header; and what then reached the simulated ChatGPT."""

from __future__ import annotations

from scripts.simulator.journal import Entry
from tests.addons.proxy import unchunk
from tests.addons.test_failover import Lab
from tests.captures import CapturedRequest

OF_THE_WIRE = frozenset({"host", "content-length", "connection"})


async def send(stage: Lab, request: CapturedRequest) -> tuple[int, bytes]:
    """One request; its answer's status and body."""
    headers = [(name, value) for name, value in request.headers if name.lower() not in OF_THE_WIRE]
    headers += [("host", "127.0.0.1"), ("connection", "close"), ("content-length", str(len(request.body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    answer = await stage.proxy.send(
        f"{request.method} {request.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + request.body
    )
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), unchunk(rest) if b"chunked" in top.lower() else rest


def calls(stage: Lab, ending: str) -> list[Entry]:
    """The requests that reached the upstream at a path that ends so."""
    return [entry for entry in stage.simulator.log if entry.path.endswith(ending)]
