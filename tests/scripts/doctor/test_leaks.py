"""Secrets that lie about: found in every form, in pieces of any size, in packed files; and never told."""

from __future__ import annotations

import base64
import gzip
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from codexlb_store.accounts import load_accounts
from codexlb_store.home import DATABASE_NAME, home_folder
from codexlb_store.key_changes import rotate_key
from codexlb_store.keys import load_keys
from codexlb_store.schema import open_store
from codexlb_store.vault import KEY_NAME, Vault
from scripts.data_folder import DataFolder
from scripts.doctor.finding import Finding, Verdict
from scripts.doctor.leak_check import MOST_PER_FILE, check_leaks
from scripts.doctor.leak_places import PIECE_BYTES, Pieces, files
from scripts.doctor.leak_scan import Leak, leaks
from scripts.doctor.needles import LONGEST_MATCH, needles_of
from scripts.doctor.store_seen import see_store
from tests.addons.key_lab import a_key
from tests.scripts.logins import auth_json
from tests.scripts.sample_ledger import add_account, add_request

PART = base64.urlsafe_b64encode(b'{"a":"bcdefghijklmnop"}').rstrip(b"=").decode()
JWT = f"{PART}.{PART}.{'s' * 43}"
OPAQUE = "ab/cd+ef" * 12 + "the-end-of-it-all"
REFRESH = "rt_" + "Zz09" * 20
CLIENT_KEY = "sk-clb-" + "k" * 43
API_KEY = "sk-proj-" + "A1b2" * 12
SECRETS = {("ann", "access token"): JWT, ("ann", "refresh token"): OPAQUE}
NEEDLES = needles_of(SECRETS)


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def found_in(data: bytes, size: int = 1 << 20) -> list[Leak]:
    """What is found in bytes that come in pieces of this size."""
    return list(leaks((data[start : start + size] for start in range(0, len(data), size)), NEEDLES))


@pytest.mark.parametrize(
    ("text", "owner", "kind", "beginning"),
    [
        (PART + "." + PART, None, "JSON web token", "eyJh"),
        (f"{PART}.{PART}.other-signature", None, "JSON web token", "eyJh"),
        (REFRESH, None, "refresh token", "rt_Z"),
        (CLIENT_KEY, None, "client key", "sk-c"),
        (API_KEY, None, "API key", "sk-p"),
        (JWT, "ann", "access token", None),
        (OPAQUE, "ann", "refresh token", None),
        (quote(OPAQUE, safe=""), "ann", "refresh token", None),
        *((in_base64("x" * shift + OPAQUE), "ann", "refresh token", None) for shift in range(3)),
        (base64.urlsafe_b64encode(OPAQUE.encode()).decode(), "ann", "refresh token", None),
    ],
    ids=[
        *("JWT without signature", "JWT", "refresh token", "client key", "API key", "own JWT", "own token"),
        *("own in a URL", "in base64", "in base64, shifted", "in base64, shifted twice", "in base64 for URLs"),
    ],
)  # fmt: skip
def test_what_is_a_secret(text: str, owner: str | None, kind: str, beginning: str | None) -> None:
    [found] = found_in(f'{{"x": "{text}"}}'.encode())

    assert (found.owner, found.kind) == (owner, kind)
    assert beginning in (None, found.beginning)
    assert len(found.beginning) == 4
    assert text not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eyJhbGciOi",
        f"x{REFRESH}",
        "rt_short",
        "sk-clb-12345678",
        "a-task-force-that-is-not-a-key-of-anybody-at-all",
        "gAAAAABn" + "Aa0-" * 60,
        "0f1e2d3c" * 8,
    ],
    ids=["nothing", "one part", "within a word", "short", "prefix of a key", "words", "sealed", "a digest"],
)
def test_what_is_none(text: str) -> None:
    assert found_in(text.encode()) == []


WORDS = [JWT, OPAQUE, REFRESH, CLIENT_KEY, "x" * 3000, "-", " ", "\n\0", "eyJ", "rt_"]
PLACED = st.lists(st.sampled_from(WORDS), max_size=8)


@given(PLACED, st.integers(LONGEST_MATCH + 1, 3 * LONGEST_MATCH))
def test_it_does_not_matter_where_pieces_end(words: list[str], size: int) -> None:
    data = " ".join(words).encode()

    assert found_in(data, size) == found_in(data)
    assert [leak.offset for leak in found_in(data, 1000)] == [leak.offset for leak in found_in(data)]


def test_a_short_secret_is_not_looked_for() -> None:
    assert needles_of({("ann", "refresh token"): "rt"}) == []


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder of which somebody has written a token into the ledger."""
    home = home_folder(os.environ)
    with closing(open_store(home)) as db:
        folder = DataFolder(home, db)
        ann = add_account(folder, "ann@example.com", "plus")
        with db.conn:
            sealed = Vault.open(home, {}).seal(OPAQUE)
            db.execute("UPDATE tokens SET refresh_token = ?", (sealed,))
        add_request(folder, ann, at=0, error=f"The upstream said {OPAQUE}.")
        db.conn.commit()
        yield home


def checked(home: Path, *places: Path) -> list[Finding]:
    store = see_store(home, home / KEY_NAME, (), 0.0)
    return check_leaks([home, *places], store.known.secrets, store.key_file, store.known.keys)


def test_a_token_in_the_database_is_found_and_its_owner_is_named(home: Path) -> None:
    found = checked(home)

    assert found
    assert {one.verdict for one in found} == {Verdict.ERROR}
    assert {one.mend for one in found} == {"codexlb accounts refresh ann@example.com"}
    assert "refresh token of ann@example.com" in found[0].sentence
    assert OPAQUE[:8] not in str(found)


def test_what_lies_in_the_database_is_not_mended_by_its_removal(home: Path) -> None:
    with closing(open_store(home)) as db, db.conn:
        db.execute("UPDATE exchanges SET error = ?", (CLIENT_KEY,))

    found = [one for one in checked(home) if "client key" in one.sentence]
    assert {(one.verdict, one.mend) for one in found} == {(Verdict.ERROR, None)}


def test_two_seats_of_one_name_are_told_apart(tmp_path: Path) -> None:
    home, tokens = tmp_path / "home", {"acct": f"{OPAQUE}1", "team": f"{OPAQUE}2"}
    with closing(open_store(home)) as db:
        seats = {
            workspace: add_account(DataFolder(home, db), "ann@example.com", "plus", workspace) for workspace in tokens
        }
        with db.conn:
            for workspace, token in tokens.items():
                values = (Vault.open(home, {}).seal(token), seats[workspace].id)
                db.execute("UPDATE tokens SET refresh_token = ? WHERE account_id = ?", values)
    for workspace, token in tokens.items():
        log = tmp_path / workspace
        log.write_text(token)

        assert [one.mend for one in checked(home, log)] == [f"codexlb accounts refresh {seats[workspace].id}"]


def test_a_file_that_grows_is_read_as_far_as_it_went(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * (PIECE_BYTES + 1))
    read = 0
    for piece in Pieces(log):
        read += len(piece)
        with log.open("ab") as more:
            more.write(b"x" * PIECE_BYTES)

    assert read == PIECE_BYTES + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_a_folder_that_is_closed_is_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    try:
        found = check_leaks([tmp_path], {}, tmp_path / "no.key", [])
    finally:
        closed.chmod(0o700)

    assert [one.verdict for one in found] == [Verdict.WARNING, Verdict.OK]
    assert found[0].sentence.startswith(f"{closed} was not searched")


def test_tokens_that_could_not_be_read_are_told(home: Path) -> None:
    assert not see_store(home, home / KEY_NAME, (), 0.0).hides_tokens
    (home / KEY_NAME).unlink()
    assert see_store(home, home / KEY_NAME, (), 0.0).hides_tokens
    (home / DATABASE_NAME).write_bytes(b"This is no database." * 99)
    assert see_store(home, home / KEY_NAME, (), 0.0).hides_tokens


def test_sealed_tokens_and_the_key_to_them_are_where_they_belong(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with closing(open_store(home)) as db:
        add_account(DataFolder(home, db), "ann@example.com", "plus")
        assert load_accounts(db)

    [found] = checked(home)
    assert (found.verdict, found.sentence) == (Verdict.OK, "No token and no key lies open in 2 files.")
    copy = tmp_path / "backup.tar"
    copy.write_bytes(b"..." + (home / KEY_NAME).read_bytes())
    [found] = checked(home, copy)
    assert (found.verdict, found.mend) == (Verdict.ERROR, f"rm {copy}")
    assert "key to all tokens" in found.sentence


LOGIN = auth_json(token=JWT, refresh_token=REFRESH)


@pytest.mark.parametrize(
    ("name", "content", "verdicts", "words"),
    [
        (
            "flows",
            REFRESH.encode(),
            ["error"],
            "at byte 0, a secret in the clear: refresh token (begins with rt_Z, SHA-256",
        ),
        ("log.gz", gzip.compress(b"." * 99 + REFRESH.encode()), ["error"], "at byte 99"),
        ("log.zst", zstandard.compress(b"." * 99 + REFRESH.encode()), ["error"], "at byte 99"),
        (
            "broken.gz",
            gzip.compress(f"{REFRESH}\n".encode() * 9)[:-9],
            ["error"] * 9 + ["warning"],
            "a secret in the clear",
        ),
        ("many", f"{REFRESH}\n".encode() * (MOST_PER_FILE + 7), ["error"] * (MOST_PER_FILE + 1), "secret"),
        ("auth.json", LOGIN.encode(), ["note", "ok"], "there tokens belong"),
        ("clean", b"nothing", ["ok"], "in 1 file."),
    ],
    ids=["in the clear", "gzip", "zstd", "broken off", "many", "login", "clean"],  # gzip's bytes hold the time
)
def test_files(tmp_path: Path, name: str, content: bytes, verdicts: list[str], words: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    found = check_leaks([file], {}, tmp_path / "no.key", [])

    assert [one.verdict for one in found] == verdicts
    assert words in found[0].sentence
    assert REFRESH not in str(found)


def test_a_client_key_of_ours_is_known_by_its_digest(tmp_path: Path) -> None:
    home = tmp_path / "home"
    plain = a_key(home, "my laptop")
    log = tmp_path / "log"
    log.write_text(f"Authorization: Bearer {plain}\n")

    [found] = checked(home, log)
    assert found.mend == "codexlb keys rotate 'my laptop' --overlap 0h"
    assert "client key of my laptop (begins with sk-c, SHA-256 " in found.sentence
    with closing(open_store(home)) as db:
        rotate_key(db, load_keys(db)[0].id, 0, time.time())
    assert [one.mend for one in checked(home, log)] == [f"rm {log}"]


def test_of_many_leaks_the_rest_is_counted(tmp_path: Path) -> None:
    (tmp_path / "many").write_text(f"{REFRESH}\n" * (MOST_PER_FILE + 7))

    assert check_leaks([tmp_path], {}, tmp_path / "no.key", [])[-1].sentence == f"{tmp_path / 'many'} has 7 more."


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "one").write_text("x")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    (tmp_path / "loop").symlink_to(tmp_path)

    assert list(files([tmp_path, tmp_path / "one"])) == [tmp_path / "one"]
