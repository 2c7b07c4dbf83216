"""The tap finds how an answer ended, however the stream is cut into pieces, and never stands in its way."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Iterable

import pytest

from addons.wire.errors import UpstreamError
from addons.wire.sse import Tap, Terminal, TerminalType
from codexlb_store.ledger import UNKNOWN, Tokens

MEBIBYTE = 1024 * 1024


def event(payload: object, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(payload)}\n\n".encode()


def ending(kind: str, **response: object) -> dict[str, object]:
    return {"type": f"response.{kind}", "response": response}


def read(pieces: Iterable[bytes]) -> Tap:
    """Feed the pieces, the time being the number of bytes so far, and close."""
    tap, fed = Tap(), 0
    for piece in pieces:
        fed += len(piece)
        tap.feed(piece, float(fed))
    tap.close()
    return tap


USAGE = {
    "input_tokens": 1200,
    "input_tokens_details": {"cached_tokens": 1024},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 8},
    "total_tokens": 1220,
}
TOKENS = Tokens(1200, 1024, 20, 8)
CREATED = event(ending("created", id="r1", error=None), "response.created")
WORKING = event({"type": "response.in_progress"})
DELTA = event({"type": "response.output_text.delta", "delta": "hällo"})
TRAP = event({"type": "response.output_text.delta", "delta": '"response.completed" "type":"error" codex.rate_limits'})
LIMITS = {"type": "codex.rate_limits", "rate_limits": {"primary": {"used_percent": 1, "window_minutes": 300}}}
OTHER_LIMITS = LIMITS | {"metered_limit_name": "codex_bengalfox"}
DONE = event(ending("completed", id="r1", model="gpt-6", service_tier="default", usage=USAGE, output=[{"a": "b"}]))
COMPLETED = Terminal(TerminalType.COMPLETED, "r1", "gpt-6", "default", TOKENS, UpstreamError())
LOST = Terminal(TerminalType.COMPLETED, None, None, None, UNKNOWN, UpstreamError())
STREAM = CREATED + b": ping\n\n" + event(LIMITS) + WORKING + TRAP + DELTA + DONE


@pytest.mark.parametrize(
    ("stream", "terminal"),
    [
        pytest.param(STREAM, COMPLETED, id="whole answer"),
        pytest.param(DONE + b"data: [DONE]\n\n", COMPLETED, id="end mark behind it"),
        pytest.param(CREATED + DONE[:-2], COMPLETED, id="no blank line at the end"),
        pytest.param(b":\n\n\n\n" + DONE, COMPLETED, id="comments and empty lines"),
        pytest.param(DONE.replace(b'"response":', b'\ndata: "response":'), COMPLETED, id="data on two lines"),
        pytest.param(DONE.replace(b": ", b":"), COMPLETED, id="no spaces"),
        pytest.param(b"event: response.completed\ndata:{}\n\n", LOST, id="type on the event line only"),
        pytest.param(event(ending("completed", usage=None)), LOST, id="usage is null"),
        pytest.param(event(ending("completed", id=5)), LOST, id="strange response"),
        pytest.param(event({"type": "response.completed"}), LOST, id="no response"),
        pytest.param(
            event(ending("completed", id="r1", usage={"input_tokens": "many"})),
            Terminal(TerminalType.COMPLETED, "r1", None, None, UNKNOWN, UpstreamError()),
            id="strange usage",
        ),
        pytest.param(
            DELTA + event(ending("failed", id="r1", error={"code": "server_error", "message": "Oh."})),
            Terminal(TerminalType.FAILED, "r1", None, None, UNKNOWN, UpstreamError("server_error", None, "Oh.")),
            id="failed",
        ),
        pytest.param(
            event(ending("incomplete", incomplete_details={"reason": "max_output_tokens"}, usage=USAGE)),
            Terminal(TerminalType.INCOMPLETE, None, None, None, TOKENS, UpstreamError("max_output_tokens")),
            id="incomplete",
        ),
        pytest.param(
            event(ending("incomplete")),
            Terminal(TerminalType.INCOMPLETE, None, None, None, UNKNOWN, UpstreamError()),
            id="incomplete without a reason",
        ),
        pytest.param(
            event({"type": "error", "error": {"type": "usage_limit_reached", "message": "No.", "resets_at": 9}}),
            Terminal(
                TerminalType.FAILED, None, None, None, UNKNOWN, UpstreamError(None, "usage_limit_reached", "No.", 9.0)
            ),
            id="error event",
        ),
        pytest.param(event({"type": "error", "code": "x"}) + DONE, COMPLETED, id="an ending outranks an error"),
        pytest.param(DONE + event({"type": "error", "code": "x"}), COMPLETED, id="also one behind it"),
        # No ending.
        pytest.param(b"", None, id="nothing"),
        pytest.param(CREATED + TRAP + DELTA, None, id="cut, the names stand in a text"),
        pytest.param(event({"delta": "response.failed"}), None, id="no type"),
        pytest.param(DONE[:-9], None, id="cut in the last event"),
        pytest.param(b"data: response.completed\n\n", None, id="not JSON"),
        pytest.param(b"data: response.completed " + b"[" * 100_000 + b"\n\n", None, id="deep"),
        pytest.param(b": response.completed\n\n", None, id="comment"),
        pytest.param(b"id: response.completed\n\n", None, id="another field"),
        pytest.param(b'data: {"type":"response.completed","x":"\xff\xfe"\n\n', None, id="not UTF-8"),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_how_it_ended(stream: bytes, terminal: Terminal | None, line_end: bytes) -> None:
    stream = stream.replace(b"\n", line_end)

    assert read([stream]).terminal == terminal
    assert read(stream[at : at + 7] for at in range(0, len(stream), 7)).terminal == terminal


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_a_stream_may_be_cut_anywhere(line_end: bytes) -> None:
    stream = STREAM.replace(b"\n", line_end)
    whole = read([stream])
    taps = [read(stream[at : at + 1] for at in range(len(stream)))]
    taps += [read([stream[:at], stream[at:]]) for at in range(len(stream) + 1)]

    assert {(tap.terminal, tap.rate_limits) for tap in taps} == {(whole.terminal, whole.rate_limits)}
    assert whole.terminal == COMPLETED
    assert whole.rate_limits == json.dumps(LIMITS).encode()


def test_line_ends_may_be_mixed() -> None:
    """A blank line is one however its two line ends are written, also when they arrive apart."""
    lines = DELTA.strip() + b"%b" + DONE.strip() + b"%b"
    ends = (b"\n", b"\r\n", b"\r")
    pairs = [first + second for first in ends for second in ends if first + second != b"\r\n"]

    for pair in pairs:
        stream = lines % (pair, pair)
        for at in range(len(stream)):
            assert read([stream[:at], stream[at:]]).terminal == COMPLETED


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (CREATED + WORKING + b": x\n\n" + event(LIMITS) + DELTA, True),
        (CREATED + event({"type": "response.queued"}) + event({"type": "codex.keepalive"}), False),
        (CREATED + event(ending("failed")) + event({"type": "error"}) + b"data: [DONE]\n\n", False),
        (CREATED + event({"type": "response.output_item.added"}), True),
    ],
    ids=["text", "only signs of life", "failed at once", "item"],
)
def test_first_output_is_the_piece_that_completed_the_first_event_with_output(stream: bytes, expected: bool) -> None:
    tap = read([stream[:10], stream[10:], DELTA[:9]] if expected else [stream])
    single = read(stream[at : at + 1] for at in range(len(stream)))

    assert tap.first_output_at == single.first_output_at == (len(stream) if expected else None)


def test_the_time_of_first_output_does_not_move() -> None:
    assert read([DELTA, DELTA, DONE]).first_output_at == len(DELTA)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (event(LIMITS) + event(OTHER_LIMITS), LIMITS),
        (event(LIMITS) + event(LIMITS | {"plan_type": "pro"}), LIMITS | {"plan_type": "pro"}),
        (event(OTHER_LIMITS), None),
        (TRAP, None),
    ],
    ids=["another limit does not hide ours", "the newest", "another limit", "in a text"],
)
def test_rate_limits(stream: bytes, expected: object) -> None:
    found = read([stream]).rate_limits

    assert (found and json.loads(found)) == expected


def test_an_event_over_the_bound_is_dropped_and_the_next_one_read() -> None:
    giant = b'data: {"type":"response.completed","text":"' + b"x" * 17 * MEBIBYTE + b'"}\n\n'
    pieces = [giant[at : at + MEBIBYTE] for at in range(0, len(giant), MEBIBYTE)]
    tracemalloc.start()
    try:
        dropped = read(pieces)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert dropped.terminal is None
    assert peak_bytes < 40 * MEBIBYTE
    assert read([*pieces, DONE]).terminal == COMPLETED
    assert read([giant[:-2], b"\n", b"\n" + DONE]).terminal == COMPLETED


@pytest.mark.parametrize("seed", range(20))
def test_no_bytes_make_it_raise(seed: int) -> None:
    """Pieces of real streams, shuffled, cut and salted with random bytes."""
    rng = random.Random(seed)
    scraps = [STREAM, DONE, b"\r", b"\n", b"data:", b'{"type":', b'"error"', b".failed", rng.randbytes(50)]
    tap = Tap()

    for _ in range(300):
        scrap = rng.choice(scraps)
        start = rng.randrange(len(scrap))
        tap.feed(scrap[start : start + rng.randrange(400)], 1.0)
    tap.close()
    tap.close()

    tap.feed(b"\n\n" + DONE, 2.0)
    assert tap.terminal == COMPLETED


def test_an_ending_says_why() -> None:
    tap = read([event(ending("failed", error={"type": "usage_limit_reached", "message": "No."}))])

    assert tap.terminal is not None
    assert (tap.terminal.error_code, tap.terminal.error.message) == ("usage_limit_reached", "No.")


def sealed(characters: int, name: str = "encrypted_content") -> bytes:
    item = {"type": "reasoning", name: "g" * characters}
    return b"data: " + json.dumps({"type": "response.output_item.done", "item": item}).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("events", "tokens"),
    [
        pytest.param(sealed(4000), (3000 - 650) // 4, id="one"),
        pytest.param(sealed(4000) + sealed(2000), (3000 - 650) // 4 + (1500 - 650) // 4, id="two"),
        pytest.param(sealed(600), 0, id="a seal alone"),
        pytest.param(sealed(4000, "text"), 0, id="nothing sealed"),
        pytest.param(b'data: {"delta":"\\"encrypted_content\\":\\"' + b"g" * 4000 + b'"}\n\n', 0, id="in a text"),
    ],
)
@pytest.mark.parametrize("size", [10_000, 1000, 7])
def test_sealed_reasoning_is_measured_however_it_comes(events: bytes, tokens: int, size: int) -> None:
    tap = Tap()
    for start in range(0, len(events), size):
        tap.feed(events[start : start + size], 5.0)

    assert tap.sealed_tokens == tokens
