"""The chain with all that mitmweb adds to it, in the test's event loop, and the list of flows it makes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from mitmproxy import contentviews, ctx, http
from mitmproxy.addons.view import View
from mitmproxy.version import VERSION

from addons.chain import Chain
from addons.flows.inspection import inspection
from addons.ledger import Ledger
from addons.shared import Shared
from addons.store_keeper import StoreKeeper
from tests.addons.proxy import OK_HEAD, Proxy, Upstream, chunk, running

TURN = b'{"model":"gpt-5.5","stream":true,"input":[]}'
HAS_TEXTS = VERSION.startswith("12")
"""Since then a view of a body gives a text, before it gave lines."""


def one_of(chain: Chain, kind: type) -> Any:
    """The step of this class."""
    (found,) = (addon for addon in chain.addons if isinstance(addon, kind))
    return found


def shared_by(chain: Chain) -> Shared:
    """What `chain` hands to further steps."""
    keeper = one_of(chain, StoreKeeper)
    return Shared(keeper.home, one_of(chain, Ledger).exchanges, keeper.pool, keeper.writer)


@contextlib.asynccontextmanager
async def inspecting(
    home: Path, upstream: Upstream | None = None, tamper: Callable[[Chain], None] | None = None, **options: object
) -> AsyncIterator[tuple[Proxy, View]]:
    """The proxy and the flows that a person sees."""
    view = View()

    def add(chain: Chain) -> None:
        chain.addons += inspection(view)(shared_by(chain))
        if tamper:
            tamper(chain)
        chain.addons.append(view)

    async with running(home, upstream, tamper=add, stock=True, **options) as proxy:
        yield proxy, view


def flows_of(view: View) -> list[http.HTTPFlow]:
    """All flows there are, in the order they are shown."""
    return list(view)


def text_of(flow: http.HTTPFlow, view_name: str = "auto") -> str:
    """How mitmproxy shows the body of a flow's answer."""
    assert flow.response
    api: Any = contentviews
    if HAS_TEXTS:
        return str(api.prettify_message(flow.response, flow, view_name).text)
    _, lines, error = api.get_message_content_view(view_name, flow.response, flow)
    assert error is None
    return "\n".join("".join(text for _, text in line) for line in lines)


def run_command(name: str, *arguments: str) -> Any:
    """What mitmproxy answers to a command as a person types it."""
    return ctx.master.commands.call_strings(name, list(arguments))


async def until(holds: Callable[[], object]) -> None:
    """Wait for what the writer writes a moment later."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


def failing(status: int, body: bytes, *lines: str) -> bytes:
    """An answer with an error."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *lines))
    return head.encode() + b"\r\n" + body


class Scripted(Upstream):
    """Gives these answers to turns, one after the other, and a good one when there are no more."""

    def __init__(self, *answers: bytes) -> None:
        super().__init__()
        self.left = list(answers)

    def __getattribute__(self, name: str) -> Any:
        left = object.__getattribute__(self, "__dict__").get("left") if name == "answer" else None
        return left.pop(0) if left else super().__getattribute__(name)


def stream(*pieces: bytes) -> bytes:
    """A streamed answer of these pieces."""
    return OK_HEAD + b"".join(map(chunk, pieces)) + b"0\r\n\r\n"
