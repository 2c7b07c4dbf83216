"""Clients that hold their connections and send next to nothing, a process of its own: a port and a count go in.

A third sends a head byte by byte, a third a body, a third nothing; who is cut off comes again. Says `ready` on standard
output once all are connected, and goes on until the process is ended. Started with
`python -m scripts.benchmark.slow_clients <port> <count>`.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

from scripts.benchmark.request import PATH

READY = "ready"
STEP_SECONDS = 0.5
"""Between one byte and the next."""

OPENED_PER_SECOND = 100
"""So that they are not all cut off at the same moment."""

HEAD = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ".encode()
BODY = f'POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000000\r\n\r\n{{"input":"'.encode()
STARTS = (HEAD, BODY, b"")


async def hold(port: int, start: bytes) -> None:
    """Hold one connection until it is cut off."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(start)
    try:
        while not await is_cut_off(reader):
            writer.write(b"x" if start else b"")
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def is_cut_off(reader: asyncio.StreamReader) -> bool:
    """Whether the connection has ended, a step later; what is answered before is of no interest."""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            while await reader.read(4096):
                pass
    except TimeoutError:
        return False
    return True


async def come_again(port: int, start: bytes) -> None:
    """Hold one connection after the other."""
    while True:
        try:
            await hold(port, start)
        except OSError:
            await asyncio.sleep(STEP_SECONDS)


async def stay(port: int, count: int) -> None:
    """Connect one after the other, say so, and stay."""
    async with asyncio.TaskGroup() as clients:
        for number in range(count):
            clients.create_task(come_again(port, STARTS[number % len(STARTS)]))
            await asyncio.sleep(1 / OPENED_PER_SECOND)
        print(READY, flush=True)


if __name__ == "__main__":
    asyncio.run(stay(int(sys.argv[1]), int(sys.argv[2])))
