"""Ids of uploaded files are found where they stand, and are nothing else."""

from __future__ import annotations

import json

import pytest

from addons.wire.files import MOST_NAMED, file_announced, file_of_path, files_in


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/backend-api/codex/files/file_1-a/uploaded", "file_1-a"),
        ("/backend-api/files/file-1/uploaded", "file-1"),
        ("/backend-api/files", None),
        ("/backend-api/codex/files/a b/uploaded", None),
        ("/backend-api/codex/files/a/uploaded/x", None),
    ],
)
def test_the_file_that_a_path_is_about(path: str, expected: str | None) -> None:
    assert file_of_path(path) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"input": "hi"}, (), id="none"),
        pytest.param({"image_url": "sediment://file_1"}, ("file_1",), id="as a URL"),
        pytest.param({"image_url": "see sediment://file_1?x=1 there"}, ("file_1",), id="in a text"),
        pytest.param({"type": "input_file", "file_id": "file-2"}, ("file-2",), id="as a member"),
        pytest.param({"output": json.dumps({"file_id": "file_3"})}, ("file_3",), id="in the output of a tool"),
        pytest.param([{"file_id": "b"}, {"file_id": "a"}, {"file_id": "b"}], ("b", "a"), id="each once"),
        pytest.param({"file_id": 5, "x": "sediment://"}, (), id="no id"),
        pytest.param({"text": "what is a file_id?"}, (), id="the word alone"),
        pytest.param([{"file_id": f"f{n}"} for n in range(1000)], tuple(f"f{n}" for n in range(MOST_NAMED)), id="more"),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["dense", "spaced"])
def test_the_files_that_a_body_names(body: object, expected: tuple[str, ...], separators: tuple[str, str]) -> None:
    assert files_in(json.dumps(body, separators=separators).encode()) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"file_id":"file_1","upload_url":"https://x.invalid/1"}', "file_1"),
        (b'{"file_id":"../x"}', None),
        (b'{"file_id":""}', None),
        (b'{"file_id":null}', None),
        (b'{"id":"file_1"}', None),
        (b"[]", None),
        (b"", None),
    ],
)
def test_the_file_that_an_account_has_announced(body: bytes, expected: str | None) -> None:
    assert file_announced(body) == expected
