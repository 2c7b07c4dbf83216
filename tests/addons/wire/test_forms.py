"""What a multipart form says of a field, where every reader would say the same; else nothing."""

from __future__ import annotations

import pytest

from addons.wire.forms import MOST_PARTS, MOST_VALUE_BYTES, FormError, is_form, values_of_form

TYPE = "multipart/form-data; boundary=B0"
PICTURE = (
    b'content-disposition: form-data; name="image"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n\x89PNG\r\n\x00'
)


def field(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    return b'Content-Disposition: form-data; name="%s"%s\r\n\r\n%s' % (name, more, value)


def form(*parts: bytes) -> bytes:
    return b"".join(b"--B0\r\n" + part + b"\r\n" for part in parts) + b"--B0--\r\n"


MODEL = field(b"model", b"gpt-image-2")

READ: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "one": (TYPE, form(field(b"prompt", b"a cat"), PICTURE, MODEL), ("gpt-image-2",)),
    "none": (TYPE, form(PICTURE), ()),
    "twice": (TYPE, form(MODEL, field(b"model", b"x")), ("gpt-image-2", "x")),
    "a quoted boundary": ('multipart/form-data;boundary="B0"', form(MODEL), ("gpt-image-2",)),
    "in other letters": ("Multipart/Form-Data; Boundary=B0", form(MODEL), ("gpt-image-2",)),
    "no line end behind the last": (TYPE, form(MODEL).rstrip(), ("gpt-image-2",)),
    "a name without quotes": (TYPE, form(b"content-disposition: form-data; name=model\r\n\r\nm"), ("m",)),
    "with a type": (
        TYPE,
        form(b'Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="model"\r\n\r\nm'),
        ("m",),
    ),
    "empty": (TYPE, form(field(b"model", b"")), ("",)),
    "other names": (TYPE, form(field(b"Model", b"x"), field(b"model[]", b"x"), field(b"xmodel", b"x")), ()),
    "a name in a value": (TYPE, form(field(b"prompt", b'name="model"\r\n\r\nx')), ()),
    "a file with a strange name": (
        TYPE, form(field(b"image", b"x", b'; filename="a\\"b; name=model.png"'), MODEL), ("gpt-image-2",),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "expected"), READ.values(), ids=READ.keys())
def test_the_values_of_a_field_are_read(kind: str, body: bytes, expected: tuple[str, ...]) -> None:
    assert is_form(kind)
    assert values_of_form(kind, body, "model") == expected


UNCLEAR: dict[str, tuple[str, bytes]] = {
    # where its parts are
    "no boundary": ("multipart/form-data", form(MODEL)),
    "two boundaries": (f"{TYPE}; boundary=B1", form(MODEL)),
    "another boundary": ("multipart/form-data; boundary=B1", form(MODEL)),
    "another kind": ("multipart/mixed; boundary=B0", form(MODEL)),
    "two types": (f"{TYPE}, {TYPE}", form(MODEL)),
    "empty": (TYPE, b""),
    "no end": (TYPE, b"--B0\r\n" + MODEL),
    "something before": (TYPE, b"x\r\n" + form(MODEL)),
    "something behind": (TYPE, form(MODEL) + b"--B0\r\n" + MODEL),
    "bare line feeds": (TYPE, form(MODEL).replace(b"\r\n", b"\n")),
    "a boundary in a value": (TYPE, form(field(b"prompt", b"x\n--B0\n" + MODEL))),
    "a longer boundary": (TYPE, form(MODEL).replace(b"--B0\r\n", b"--B0 \r\n", 1)),
    "too many parts": (TYPE, form(*[field(b"x", b"y")] * (MOST_PARTS + 1))),
    # which field a part is
    "no disposition": (TYPE, form(b"content-type: text/plain\r\n\r\nx")),
    "no head": (TYPE, form(b"x")),
    "two dispositions": (TYPE, form(b"Content-Disposition: form-data; name=a\r\n" + MODEL)),
    "a name with an escape": (TYPE, form(field(b"mo\\del", b"x"))),
    "an encoded name": (TYPE, form(b"content-disposition: form-data; name*=utf-8''model\r\n\r\nx")),
    "two names": (TYPE, form(field(b"x", b"y", b'; name="model"'))),
    "a folded head": (TYPE, form(b'content-disposition: form-data;\r\n name="model"\r\n\r\nx')),
    "a line feed in the head": (TYPE, form(b'content-type: x\ncontent-disposition: form-data; name="model"\r\n\r\nx')),
    "a large head": (TYPE, form(field(b"x" * 5000, b"y"))),
    # what the field says
    "in base64": (TYPE, form(b"content-transfer-encoding: base64\r\n" + field(b"model", b"eA=="))),
    "a file": (TYPE, form(field(b"model", b"x", b'; filename="x"'))),
    "in another encoding": (TYPE, form(b"content-type: text/plain; charset=utf-16\r\n" + field(b"model", b"x"))),
    "not ASCII": (TYPE, form(field(b"model", b"\xc3\xa4"))),
    "too long": (TYPE, form(field(b"model", b"x" * (MOST_VALUE_BYTES + 1)))),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), UNCLEAR.values(), ids=UNCLEAR.keys())
def test_a_form_that_may_be_read_in_two_ways_is_not_read(kind: str, body: bytes) -> None:
    with pytest.raises(FormError, match=r"\.$"):
        values_of_form(kind, body, "model")


@pytest.mark.parametrize("kind", ["", "application/json", "application/x-www-form-urlencoded"])
def test_what_is_no_form(kind: str) -> None:
    assert not is_form(kind)
