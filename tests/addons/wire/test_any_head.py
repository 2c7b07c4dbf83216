"""Whatever bytes a client begins with: a head that h11 reads the same way, a refusal, or a wait for more."""

from __future__ import annotations

import h11
from hypothesis import given
from hypothesis import strategies as st

from addons.wire.request_heads import MOST_HEAD_BYTES, Head, read_head
from addons.wire.routes import Refusal, route
from tests.hunts import damaged, hunt

TOKEN = st.text("!#$%&'*+-.^_`|~09azAZ", min_size=1, max_size=8).map(str.encode)
VALUE = st.binary(max_size=12).map(lambda value: bytes(c for c in value if c > 31 and c != 127).strip())
TARGET = st.binary(max_size=12).map(lambda path: b"/" + bytes(c for c in path if 32 < c < 127))
BLANK = st.sampled_from([b"", b" ", b"\t", b"  \t"])
LENGTHS = st.sampled_from([b"0", b"17", b"007", b"-1", b"1e3", b"", b"9" * 19, b"\xb2"])
SPECIAL = st.sampled_from([b"Host", b"HOST", b"Expect", b"Transfer-Encoding", b"content-length"])
SPOKEN = st.sampled_from([b"a.example", b"100-continue", b"chunked", b"gzip, chunked"]) | LENGTHS


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """Heads that are hardly ever wrong."""
    names = st.tuples(TOKEN, BLANK, VALUE, BLANK) | st.tuples(SPECIAL, BLANK, SPOKEN, BLANK)
    lines = [b"%b:%b%b%b" % field for field in draw(st.lists(names, max_size=5))]
    first = b"%b %b %b" % (draw(TOKEN), draw(TARGET), draw(st.sampled_from([b"HTTP/1.1", b"HTTP/1.0"])))
    return b"\r\n".join([first, b"host: localhost", *lines, b"", b""])


def as_h11_reads(data: bytes) -> tuple[bytes, bytes, bytes, list[tuple[bytes, bytes]]]:
    """Method, target, version and fields; raises h11.RemoteProtocolError."""
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    reader.receive_data(data)
    event = reader.next_event()
    assert isinstance(event, h11.Request), event
    return event.method, event.target, event.http_version, list(event.headers)


def is_refused(head: Head) -> bool:
    """Whether it is turned away a step later: for what its target holds, or for want of a host."""
    found = route("GET", head.target.decode("latin-1"), upgrade=False)
    has_host = any(name.lower() == b"host" for name, _ in head.fields)
    return not has_host or (isinstance(found, Refusal) and found.status == 400)


@hunt
@given(heads() | damaged(heads()))
def test_a_head_that_is_read_is_the_one_that_h11_reads(data: bytes) -> None:
    head = read_head(data)
    if isinstance(head, Head) and not is_refused(head):
        fields = [(name.lower(), value) for name, value in head.fields]
        assert as_h11_reads(data) == (head.method, head.target, head.version.removeprefix(b"HTTP/"), fields)
        assert head.size <= len(data)


@hunt
@given(heads() | damaged(heads()) | st.binary(max_size=80), st.binary(max_size=40))
def test_what_is_behind_a_head_changes_nothing(data: bytes, behind: bytes) -> None:
    found = read_head(data)
    if isinstance(found, Head):
        assert read_head(data[: found.size]) == read_head(data[: found.size] + behind) == found


@hunt
@given(heads(), st.data())
def test_a_head_that_comes_in_pieces_is_waited_for(whole: bytes, data: st.DataObject) -> None:
    """And what is refused of a part is refused of all of it."""
    part = read_head(whole[: data.draw(st.integers(0, len(whole) - 1))])
    if isinstance(read_head(whole), Head):
        assert part is None
    elif part is not None:
        assert isinstance(part, Refusal)


@hunt
@given(st.binary(max_size=200) | st.binary(max_size=4).map(lambda data: data * (MOST_HEAD_BYTES // 3)))
def test_any_bytes_are_a_head_a_refusal_or_a_part(data: bytes) -> None:
    found = read_head(data)

    assert found is None or isinstance(found, Head) or 400 <= found.status < 500
    assert found is not None or len(data) <= MOST_HEAD_BYTES
