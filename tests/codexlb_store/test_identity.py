"""What tokens say of themselves, as far as they say anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codexlb_store.identity import AUTH_CLAIM, PROFILE_CLAIM, Identity, expiry_of, identity_of
from tests.codexlb_store.rows import a_jwt

NOBODY = Identity(None, None, None, None, fedramp=False)
ANN = Identity("ann@x", "plus", "user-ann", "workspace-1", fedramp=False)
AUTH = {"chatgpt_user_id": "user-ann", "chatgpt_plan_type": "plus", "chatgpt_account_id": "workspace-1"}


def says(**auth: Any) -> str:
    return a_jwt({"email": "ann@x", "sub": "auth0|1", AUTH_CLAIM: AUTH | auth})


@pytest.mark.parametrize(
    ("access_token", "id_token", "expected"),
    [
        pytest.param("opaque", "", NOBODY, id="opaque"),
        pytest.param("", "", NOBODY, id="none"),
        pytest.param(a_jwt({}), a_jwt({}), NOBODY, id="nothing said"),
        pytest.param(a_jwt({"email": 7, AUTH_CLAIM: "x"}), "", NOBODY, id="nonsense"),
        pytest.param("opaque", says(), ANN, id="the id token"),
        pytest.param(says(), "", ANN, id="the access token"),
        pytest.param(says(), "opaque", ANN, id="the access token beside an opaque one"),
        pytest.param(
            says(chatgpt_plan_type="free"),
            a_jwt({AUTH_CLAIM: {"chatgpt_plan_type": "Pro"}}),
            Identity("ann@x", "pro", "user-ann", "workspace-1", fedramp=False),
            id="both: what the id token says counts, and the access token fills in",
        ),
        pytest.param(
            a_jwt({PROFILE_CLAIM: {"email": "p@x"}}), "", Identity("p@x", None, "p@x", None, fedramp=False),
            id="e-mail in the profile",
        ),
        pytest.param(
            says(chatgpt_account_is_fedramp=True), "", replace(ANN, fedramp=True),
            id="a government's workspace",
        ),
    ],
)  # fmt: skip
def test_whose_tokens_they_are(access_token: str, id_token: str, expected: Identity) -> None:
    assert identity_of(access_token, id_token) == expected


@pytest.mark.parametrize(
    ("token", "expires_at"),
    [
        pytest.param(a_jwt({"exp": 2_000_000_000}), 2e9, id="a whole number"),
        pytest.param(a_jwt({"exp": 1.5}), 1.5, id="a broken one"),
        pytest.param(a_jwt({"exp": True}), None, id="no number"),
        pytest.param(a_jwt({"exp": -1}), None, id="before all time"),
        pytest.param(a_jwt({"exp": 10**400}), None, id="beyond all time"),
        pytest.param(a_jwt({}), None, id="not said"),
        pytest.param("opaque", None, id="opaque"),
        pytest.param("a.%.c", None, id="no base64"),
        pytest.param("a.YWJj.c", None, id="no JSON"),
        pytest.param("a.W10.c", None, id="no object"),
    ],
)
def test_how_long_a_token_is_good(token: str, expires_at: float | None) -> None:
    assert expiry_of(token) == expires_at
