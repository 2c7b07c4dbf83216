"""Rollouts read and written, plain and compressed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import zstandard

from scripts.sessions.rollout_content import ContentError, blocks, write
from tests.scripts.sessions.rollouts import joined

TEXT = b'{"a":1}\n' * 5000


def kept(path: Path, text: bytes) -> Path:
    """A compressed file as Codex writes it."""
    with path.open("wb") as file:
        write([text[:100], text[100:]], file, len(text))
    return path


@pytest.mark.parametrize("size", [10, 1 << 20])
def test_a_compressed_rollout_reads_like_a_plain_one(tmp_path: Path, size: int) -> None:
    plain = tmp_path / "rollout-1.jsonl"
    plain.write_bytes(TEXT)

    assert joined(blocks(plain, size)) == joined(blocks(kept(tmp_path / "rollout-1.jsonl.zst", TEXT), size)) == TEXT
    assert all(len(block) <= size for block in blocks(tmp_path / "rollout-1.jsonl.zst", size))


def test_it_is_compressed_as_codex_does_it(tmp_path: Path) -> None:
    frame = zstandard.get_frame_parameters(kept(tmp_path / "a.zst", TEXT).read_bytes())

    assert (frame.content_size, frame.has_checksum, frame.dict_id) == (len(TEXT), False, 0)


@pytest.mark.parametrize("cut", [3, 20, -1], ids=["in the header", "in the middle", "at the end"])
def test_a_damaged_file_is_no_shorter_session(tmp_path: Path, cut: int) -> None:
    path = kept(tmp_path / "rollout-1.jsonl.zst", os.urandom(100) + TEXT)
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(ContentError, match="rollout-1"):
        joined(blocks(path))


def test_what_is_no_zstd_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "rollout-1.jsonl.zst"
    path.write_bytes(TEXT)

    with pytest.raises(ContentError):
        joined(blocks(path))
