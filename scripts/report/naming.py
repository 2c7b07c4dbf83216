"""What people call the parts of a report: a name as it was typed goes in, the id that the ledger has comes out.

Every error is a ValueError with one sentence that names what is near. Accounts and keys that have been removed are
still in the ledger: their ids mean them.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from fnmatch import fnmatchcase

from sqlite_utils import Database

from codexlb_store.accounts import load_accounts
from codexlb_store.key_names import KeyNameError, find_key
from codexlb_store.keys import load_keys
from codexlb_store.names import AccountNameError, find_account
from codexlb_store.projects import find_project, project_uses, unknown_project
from codexlb_store.usage import Dimension, usage
from scripts.report.printable import printable

MOST_NEAR = 5
"""So many names a message offers."""


def find_account_id(db: Database, name: str) -> str:
    """The id of the account of this name, or of one that is only in the ledger any more."""
    try:
        return find_account(load_accounts(db), name).id
    except AccountNameError:
        if name in known(db, Dimension.ACCOUNT):
            return name
        raise


def find_key_id(db: Database, name: str) -> str:
    """The id of the client key of this name."""
    try:
        return find_key(load_keys(db), name).id
    except KeyNameError:
        if name in known(db, Dimension.KEY):
            return name
        raise


def find_model(db: Database, glob: str) -> str:
    """The glob, if any model fits it; where there has been none at all, all fit."""
    models = known(db, Dimension.MODEL)
    if not models or any(fnmatchcase(model, glob) for model in models):
        return glob
    raise ValueError(f"No request was for a model {glob!r}: {_offer(glob, models)}.")


def find_project_id(db: Database, name: str) -> str:
    """The id of the project of this name or id, or of this beginning of one."""
    names = {use.id: use.name for use in project_uses(db)}
    found = find_project(names, name)
    if found is None:
        raise unknown_project(names, name)
    return found


def find_session(db: Database, start: str) -> str:
    """The session of this id, or of this beginning of one."""
    sessions = known(db, Dimension.SESSION)
    if start in sessions:
        return start
    found = [session for session in sessions if start and session.startswith(start)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{start!r} is how {len(found)} sessions begin: write more of the one you mean.")
    raise ValueError(f"There is no session {start!r}: {_offer(start, sessions)}.")


def known(db: Database, by: Dimension) -> dict[str, None]:
    """Every value the ledger has of this, busiest first."""
    return {group: None for row in usage(db, (by,)) for group in row.groups if group}


def _offer(wanted: str, names: Mapping[str, object]) -> str:
    """The names nearest to what was typed, else the first there are."""
    if not names:
        return "the ledger has none yet"
    near = difflib.get_close_matches(wanted, names, MOST_NEAR) or list(names)[:MOST_NEAR]
    return f"there is {', '.join(map(printable, near))}"
