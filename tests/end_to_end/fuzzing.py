"""Sends odd bytes to a proxy over a few connections at a time, and keeps what each was answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.end_to_end.oracle import Verdict, may_pass, read

AT_A_TIME = 24
PATIENCE_SECONDS = 10.0
SILENCE_SECONDS = 1.0
"""After that, who has no answer hangs up; a proxy that waits for more has all the time it allows."""

HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n(.*?\r\n)\r\n", re.DOTALL)
LAST_CHUNK = b"\r\n0\r\n\r\n"
ERROR_KEYS = {"type", "code", "message", "param"}


@dataclass(slots=True)
class Sample:
    """Some bytes, what an independent reader makes of them, and what they were answered."""

    data: bytes
    verdict: Verdict
    may_pass: bool
    answers: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    """Status, head and body of each."""
    silent: bool = False
    """Nothing came, and the client hung up."""

    @property
    def passed(self) -> int:
        """How many of the answers came from the upstream."""
        return sum(b"x-request-id: " in head for _, head, _ in self.answers)

    @property
    def is_told_in_json(self) -> bool:
        """Whether each answer that is the proxy's own is an error as OpenAI's clients read it."""
        own = [(status, body) for status, head, body in self.answers if b"x-request-id: " not in head and status != 100]
        return all(400 <= status < 500 and json.loads(body)["error"].keys() >= ERROR_KEYS for status, body in own)


def samples(seeds: Iterable[bytes]) -> Iterator[Sample]:
    """Each with the independent reader's opinion."""
    for data in seeds:
        yield Sample(data, read(data)[0], may_pass(data))


class Connection:
    """A connection to the proxy, opened anew whenever the last one ended."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def send(self, sample: Sample) -> None:
        """Send a sample, and read all that it is answered; once more when the connection had ended before."""
        used = self.writer is not None
        await self.send_once(sample)
        if used and not sample.answers and not sample.silent:
            await self.send_once(sample)

    async def send_once(self, sample: Sample) -> None:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address)
        with contextlib.suppress(ConnectionError):
            self.writer.write(sample.data)
            ends = await self.first(sample)
            if not ends and sample.verdict is Verdict.WHOLE:
                return
            with contextlib.suppress(OSError):  # it may have ended already
                self.writer.write_eof()
            await self.rest(sample)
        await self.close()

    async def first(self, sample: Sample) -> bool:
        """Read the first answer; whether the connection is of no use behind it."""
        assert self.reader
        if sample.verdict is Verdict.PART:
            return True
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                status = 100
                while status == 100:
                    status, head, _ = await self.answer(sample)
        except TimeoutError:
            sample.silent = True
            return True
        except asyncio.IncompleteReadError:  # the end came instead
            return True
        return b"connection: close" in head

    async def answer(self, sample: Sample) -> tuple[int, bytes, bytes]:
        assert self.reader
        head = await self.reader.readuntil(b"\r\n\r\n")
        match = HEAD.fullmatch(head)
        assert match, head
        length = re.search(rb"content-length: (\d+)", head)
        body = await (self.reader.readexactly(int(length[1])) if length else self.streamed(head))
        sample.answers.append((int(match[1]), head, body))
        return sample.answers[-1]

    async def streamed(self, head: bytes) -> bytes:
        assert self.reader
        return await self.reader.readuntil(LAST_CHUNK) if b"chunked" in head else b""

    async def rest(self, sample: Sample) -> None:
        """Read to the end, which must come."""
        assert self.reader
        async with asyncio.timeout(PATIENCE_SECONDS):
            with contextlib.suppress(asyncio.IncompleteReadError):
                while True:
                    await self.answer(sample)

    async def close(self) -> None:
        assert self.writer
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
        self.writer = None


async def send_all(address: tuple[str, int], found: Iterator[Sample]) -> list[Sample]:
    """Send every sample, some at a time."""
    done: list[Sample] = []

    async def work() -> None:
        connection = Connection(address)
        for sample in found:
            await connection.send(sample)
            sample.data = sample.data[:300]  # enough to tell which it was
            done.append(sample)
        if connection.writer:
            await connection.close()

    await asyncio.gather(*itertools.starmap(work, [()] * AT_A_TIME))
    return done
