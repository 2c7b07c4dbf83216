from __future__ import annotations

from dataclasses import replace

import pytest

from codexlb_store.keyring import KeyProblem, Keyring
from codexlb_store.keys import Key, Secret, digest_of

NOW = 1000.0


def secret(plain: str, valid_until: float | None = None) -> Secret:
    return Secret(digest_of(plain), plain[:15], 0, valid_until)


KEY = Key("laptop", 0, id="k1", secrets=(secret("sk-clb-old", NOW + 60), secret("sk-clb-new")))
OTHER = Key("desk", 0, id="k2", secrets=(secret("sk-clb-other"),))


@pytest.mark.parametrize(
    ("key", "plain", "problem"),
    [
        pytest.param(KEY, "sk-clb-new", None, id="good"),
        pytest.param(KEY, "sk-clb-old", None, id="within the overlap"),
        pytest.param(replace(KEY, expires_at=NOW + 1), "sk-clb-new", None, id="not yet expired"),
        pytest.param(KEY, "sk-clb-none", "unknown", id="unknown"),
        pytest.param(KEY, "SK-CLB-NEW", "unknown", id="case counts"),
        pytest.param(KEY, "", "unknown", id="empty"),
        pytest.param(KEY, "\udcff", "unknown", id="not text"),
        pytest.param(KEY, digest_of("sk-clb-new"), "unknown", id="the digest is no key"),
        pytest.param(replace(KEY, expires_at=NOW), "sk-clb-new", "expired", id="expired"),
        pytest.param(replace(KEY, disabled_at=NOW), "sk-clb-new", "disabled", id="disabled"),
        pytest.param(replace(KEY, revoked_at=NOW), "sk-clb-new", "revoked", id="revoked"),
        pytest.param(replace(KEY, secrets=(secret("sk-clb-a", NOW),)), "sk-clb-a", "replaced", id="after the overlap"),
        # of several reasons the one that nobody can lift comes first
        pytest.param(
            replace(KEY, revoked_at=1, disabled_at=1, expires_at=1), "sk-clb-new", "revoked", id="all at once"
        ),
    ],
)
def test_who_is_let_in(key: Key, plain: str, problem: str | None) -> None:
    found = Keyring([OTHER, key]).authenticate(plain, NOW)

    assert found == (KeyProblem(problem) if problem else key)


def test_a_change_counts_at_once() -> None:
    keyring = Keyring([])
    assert not keyring.has_keys
    assert keyring.authenticate("sk-clb-new", NOW) is KeyProblem.UNKNOWN

    keyring.replace([KEY])
    assert keyring.has_keys
    assert keyring.authenticate("sk-clb-new", NOW) is KEY

    keyring.replace([OTHER])
    assert keyring.authenticate("sk-clb-new", NOW) is KeyProblem.UNKNOWN


def test_to_revoke_the_last_key_does_not_open_the_door() -> None:
    assert Keyring([replace(KEY, revoked_at=NOW)]).has_keys
