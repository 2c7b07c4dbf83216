"""One refresh at a time, whichever account, whichever process."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.claims import release_claim, take_claim
from codexlb_store.processes import living
from codexlb_store.schema import open_store
from tests.codexlb_store.together import run_together

NOW = 1000.0
LIVING = {"p1", "p2"}


@pytest.mark.parametrize(
    ("holder", "living", "now", "is_taken"),
    [
        pytest.param("p2", {"p1", "p2"}, NOW + 29.9, False, id="another holds it"),
        pytest.param("p2", {"p1", "p2"}, NOW + 30.0, True, id="another's time is over"),
        pytest.param("p2", {"p2"}, NOW, True, id="its holder is dead"),
        pytest.param("p2", set(), NOW, True, id="nobody lives"),
        pytest.param("p1", {"p1", "p2"}, NOW + 1, True, id="it is ours"),
    ],
)
def test_who_may_refresh(holder: str, living: set[str], now: float, is_taken: bool, db: Database) -> None:
    assert take_claim(db, "a", "p1", LIVING, NOW, seconds=30)

    assert take_claim(db, "b", holder, living, now, seconds=30) is is_taken
    first = {"lane": 1, "account_id": "a", "holder": "p1", "expires_at": NOW + 30}
    mine = {"lane": 1, "account_id": "b", "holder": holder, "expires_at": now + 30}
    assert list(db["refresh_claim"].rows) == [mine if is_taken else first]


def test_what_is_given_up_is_free(db: Database) -> None:
    take_claim(db, "a", "p1", LIVING, NOW, seconds=30)

    release_claim(db, "p2")
    assert not take_claim(db, "b", "p2", LIVING, NOW, seconds=30)
    release_claim(db, "p1")
    assert take_claim(db, "b", "p2", LIVING, NOW, seconds=30)


def test_another_process_sees_a_claim_only_once_it_is_committed_and_cannot_take_it_meanwhile(home: Path) -> None:
    with closing(open_store(home)) as first, closing(open_store(home)) as second:
        second.execute("PRAGMA busy_timeout = 0")
        with first.atomic():
            assert take_claim(first, "a", "p1", LIVING, NOW, seconds=30)
            with pytest.raises(Exception, match="locked"):
                take_claim(second, "b", "p2", LIVING, NOW, seconds=30)

        assert not take_claim(second, "b", "p2", LIVING, NOW, seconds=30)


IMPORTS = """
import time
from codexlb_store.claims import take_claim
from codexlb_store.processes import ProcessMark, living
from codexlb_store.schema import open_store
from codexlb_store.sessions import Home, load_homes, save_home
"""

TAKE = """
mark = ProcessMark.take(home)
db = open_store(home)
db.execute("BEGIN IMMEDIATE")
with db.conn:
    taken = take_claim(db, "a", mark.id, living(home), 1000.0, seconds=30)
save_home(db, Home(mark.id, "a", 1.0))
deadline = time.monotonic() + 20
while len(load_homes(db, 0.0)) < 4 and time.monotonic() < deadline:
    time.sleep(0.01)  # a process that ended would leave its claim to the others
print(taken)
db.close()
"""


def test_of_several_processes_at_once_one_takes_it(home: Path) -> None:
    open_store(home).close()

    assert sorted(run_together(IMPORTS, TAKE, home)) == ["False", "False", "False", "True"]


DIE = """
import os, pathlib, signal, sys
home = pathlib.Path(sys.argv[1])
mark = ProcessMark.take(home)
assert take_claim(open_store(home), "a", mark.id, living(home), 1000.0, seconds=30)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_was_killed_leaves_it_to_the_next(home: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", IMPORTS + DIE, str(home)], timeout=30, check=False)

    with closing(open_store(home)) as db:
        assert (killed.returncode, db["refresh_claim"].count) == (-signal.SIGKILL, 1)
        assert take_claim(db, "b", "p2", living(home), 1000.0, seconds=30)
