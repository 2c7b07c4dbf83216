from __future__ import annotations

import os

import click
import pytest

from codexlb_store.home import home_folder
from scripts.data_folder import DataFolder, data_folder


def test_a_locked_database_is_one_sentence(folder: DataFolder) -> None:
    with pytest.raises(click.ClickException) as raised, data_folder() as opened:
        folder.db.execute("BEGIN IMMEDIATE")
        opened.db.execute("PRAGMA busy_timeout = 0")
        opened.db.execute("DELETE FROM homes")

    assert raised.value.message == (
        f"The database {folder.home / 'codexlb.db'} is locked by another program: end that program and try again."
    )


def test_a_database_that_fails_while_it_is_used_is_one_sentence() -> None:
    with pytest.raises(click.ClickException) as raised, data_folder() as opened:
        opened.db.execute("SELECT * FROM absent")

    assert "cannot be used (no such table: absent): check the disk" in raised.value.message


def test_a_file_that_is_no_database_is_one_sentence() -> None:
    home = home_folder(os.environ)
    home.mkdir()
    (home / "codexlb.db").write_text("nothing " * 200)

    with pytest.raises(click.ClickException, match=r"is not a database"), data_folder():
        pass


def test_other_errors_are_not_hidden(folder: DataFolder) -> None:
    with pytest.raises(ZeroDivisionError), data_folder():
        raise ZeroDivisionError
