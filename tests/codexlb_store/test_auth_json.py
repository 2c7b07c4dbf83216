from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from codexlb_store.auth_json import AuthJsonError, Login, auth_json_text, login_of_tokens, parse_auth_json
from codexlb_store.identity import AUTH_CLAIM, PROFILE_CLAIM
from tests.codexlb_store.rows import a_jwt

AUTH = {"chatgpt_account_id": "workspace-1", "chatgpt_plan_type": "Plus", "chatgpt_user_id": "user-1"}
ID_TOKEN = a_jwt({"email": "ann@example.com", "sub": "auth0|1", AUTH_CLAIM: AUTH})
ACCESS_TOKEN = a_jwt({"exp": 2_000_000_000, AUTH_CLAIM: {"chatgpt_user_id": "user-1"}})
TOKENS = {
    "id_token": ID_TOKEN,
    "access_token": ACCESS_TOKEN,
    "refresh_token": "rt_1",
    "account_id": "workspace-1",
}
LAST_REFRESH = "2026-01-31T10:00:00.123456789Z"
CURRENT = {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": TOKENS, "last_refresh": LAST_REFRESH}
LOGIN = Login(
    email="ann@example.com",
    plan="plus",
    user_id="user-1",
    chatgpt_account_id="workspace-1",
    fedramp=False,
    access_token=ACCESS_TOKEN,
    refresh_token="rt_1",
    id_token=ID_TOKEN,
    expires_at=2_000_000_000.0,
    last_refresh=1769853600.123456,
)


def with_tokens(**tokens: Any) -> dict[str, Any]:
    return CURRENT | {"tokens": TOKENS | tokens}


def with_claims(**claims: Any) -> dict[str, Any]:
    return with_tokens(id_token=a_jwt({"email": "ann@example.com", "sub": "auth0|1"} | claims))


def with_auth(**auth: Any) -> dict[str, Any]:
    return with_claims(**{AUTH_CLAIM: AUTH | auth})


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(CURRENT, id="current"),
        pytest.param({"tokens": TOKENS, "last_refresh": LAST_REFRESH}, id="older: no auth_mode"),
        pytest.param(CURRENT | {"OPENAI_API_KEY": "sk-1"}, id="older: the login got a key as well"),
        pytest.param(with_tokens(account_id=None), id="older: account only in the claims"),
        pytest.param(with_tokens(oauth_provenance="x", login_owner_id="y"), id="newer: keys we do not read"),
        pytest.param(
            {
                "tokens": {
                    "idToken": ID_TOKEN,
                    "accessToken": ACCESS_TOKEN,
                    "refreshToken": "rt_1",
                    "accountId": "workspace-1",
                },
                "lastRefreshAt": LAST_REFRESH,
            },
            id="camel case",
        ),
    ],
)
def test_every_shape_of_the_file_is_the_same_login(document: dict[str, Any]) -> None:
    assert parse_auth_json(json.dumps(document)) == LOGIN


@pytest.mark.parametrize(
    ("document", "field", "value"),
    [
        pytest.param(with_auth(chatgpt_plan_type="PRO"), "plan", "pro", id="plan in lower case"),
        pytest.param(with_auth(chatgpt_plan_type="hc2"), "plan", "hc2", id="plan we do not know"),
        pytest.param(with_auth(chatgpt_plan_type=None), "plan", "unknown", id="no plan"),
        pytest.param(with_auth(chatgpt_account_is_fedramp=True), "fedramp", True, id="fedramp"),
        # who it is: the user, else the subject, else the e-mail address
        pytest.param(with_auth(user_id="u", chatgpt_user_id="c"), "user_id", "c", id="user id"),
        pytest.param(
            with_tokens(access_token="opaque", id_token=a_jwt({AUTH_CLAIM: {"user_id": "u"}})),
            "user_id",
            "u",
            id="older user id",
        ),
        pytest.param(
            with_tokens(access_token="opaque", id_token=a_jwt({"sub": "s", "email": "e"})),
            "user_id",
            "s",
            id="subject",
        ),
        pytest.param(
            with_tokens(access_token="opaque", id_token=a_jwt({"email": "e@x"})),
            "user_id",
            "e@x",
            id="e-mail as user",
        ),
        pytest.param(
            with_claims(email=None, **{PROFILE_CLAIM: {"email": "p@x"}}),
            "email",
            "p@x",
            id="e-mail in the profile",
        ),
        pytest.param(with_claims(email=None), "email", "user-1", id="no e-mail"),
        # without an id token the access token speaks
        pytest.param(with_tokens(id_token=None), "user_id", "user-1", id="no id token: user"),
        pytest.param(with_tokens(id_token=None), "id_token", "", id="no id token"),
        pytest.param(with_tokens(id_token="a.b.c"), "user_id", "user-1", id="broken id token"),
        pytest.param(with_tokens(id_token="a.YWJj.c"), "user_id", "user-1", id="id token without JSON"),
        # times
        pytest.param(with_tokens(access_token="opaque"), "expires_at", None, id="opaque access token"),
        pytest.param(with_tokens(access_token=a_jwt({"exp": True})), "expires_at", None, id="exp no number"),
        pytest.param(with_tokens(access_token=a_jwt({"exp": 10**400})), "expires_at", None, id="exp beyond time"),
        pytest.param(CURRENT | {"last_refresh": "soon"}, "last_refresh", None, id="last refresh no time"),
        pytest.param(CURRENT | {"last_refresh": None}, "last_refresh", None, id="no last refresh"),
        pytest.param(
            CURRENT | {"last_refresh": "0001-01-01T00:00:00+23:59"}, "last_refresh", None, id="last refresh before time"
        ),
        pytest.param(
            CURRENT | {"last_refresh": "2026-01-31T11:00:00+01:00"}, "last_refresh", 1769853600.0, id="offset"
        ),
        pytest.param(
            CURRENT | {"last_refresh": "2026-01-31T10:00:00"},
            "last_refresh",
            1769853600.0,
            id="no offset is UTC",
        ),
        pytest.param(with_tokens(refresh_token=" rt_2\n"), "refresh_token", "rt_2", id="blanks around"),
        pytest.param(with_tokens(refresh_token=None), "refresh_token", "", id="no refresh token"),
        pytest.param(with_tokens(refresh_token=""), "refresh_token", "", id="an empty refresh token"),
    ],
)
def test_what_a_login_says(document: dict[str, Any], field: str, value: object) -> None:
    assert getattr(parse_auth_json(json.dumps(document)), field) == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("", "no JSON object", id="empty"),
        pytest.param("tokens: [SECRET]", "no JSON object", id="not JSON"),
        pytest.param("[" * 100_000, "no JSON object", id="nested without end"),
        pytest.param('["SECRET"]', "no JSON object", id="a list"),
        pytest.param("{}", "holds no tokens: log in with `codexlb accounts login`", id="no tokens"),
        pytest.param('{"tokens": null}', "holds no tokens", id="logged out"),
        pytest.param('{"tokens": "SECRET"}', "holds no tokens", id="tokens no object"),
        pytest.param('{"OPENAI_API_KEY": "SECRET"}', "an API key, not a ChatGPT login", id="older API key login"),
        pytest.param('{"auth_mode": "apikey"}', "an API key, not a ChatGPT login", id="API key login"),
        pytest.param(json.dumps(with_tokens(access_token=None)), "lack access_token", id="no access token"),
        pytest.param(json.dumps(with_tokens(refresh_token=" ")), "lack refresh_token", id="blank refresh token"),
        pytest.param(json.dumps(with_tokens(refresh_token=7)), "lack refresh_token", id="refresh token no text"),
        pytest.param(json.dumps(with_tokens(access_token=7)), "lack access_token", id="token no text"),
        pytest.param(json.dumps(with_tokens(access_token="SECRET\r\nx: y")), "lack access_token", id="two lines"),
        pytest.param(json.dumps(with_tokens(access_token="SECRET\ud800")), "lack access_token", id="half a letter"),
        pytest.param(json.dumps(with_tokens(access_token="SECRETé")), "lack access_token", id="not ASCII"),
        pytest.param(
            '{"tokens": {"access_token": "SECRET", "refresh_token": "SECRET"}}',
            "whose account",
            id="opaque tokens",
        ),
        pytest.param(json.dumps(with_tokens(account_id="é")), "whose account", id="account not ASCII"),
    ],
)
def test_what_is_no_login_says_what_to_do_and_nothing_of_it(text: str, sentence: str) -> None:
    with pytest.raises(AuthJsonError, match=sentence) as caught:
        parse_auth_json(text)
    error = caught.value
    assert "SECRET" not in str(error)
    assert error.__context__ is None


UNTIL_2033 = 2_000_000_000.0


@pytest.mark.parametrize(
    ("document", "now", "is_good"),
    [
        pytest.param(CURRENT, UNTIL_2033, True, id="expired: it can be refreshed"),
        pytest.param(with_tokens(refresh_token=None), UNTIL_2033 - 1, True, id="no refresh token: while it lasts"),
        pytest.param(with_tokens(refresh_token=None), UNTIL_2033, False, id="no refresh token: expired"),
        pytest.param(
            with_tokens(refresh_token=None, access_token="opaque"), UNTIL_2033, True, id="no refresh token: end unknown"
        ),
    ],
)
def test_a_login_that_is_over_and_cannot_be_refreshed_is_none(
    document: dict[str, Any], now: float, is_good: bool
) -> None:
    text = json.dumps(document)
    if is_good:
        assert parse_auth_json(text, now).access_token
    else:
        with pytest.raises(AuthJsonError, match="has expired and has no refresh token: log in anew"):
            parse_auth_json(text, now)


def test_what_the_issuer_gives_is_a_login() -> None:
    assert login_of_tokens(with_account(), "rt_1", ID_TOKEN, now=1769853600.123456) == replace(
        LOGIN, access_token=with_account()
    )


def with_account() -> str:
    """The access token, which here says whose workspace it is for."""
    return a_jwt({"exp": 2_000_000_000, AUTH_CLAIM: {"chatgpt_account_id": "workspace-1"}})


def test_tokens_that_say_nothing_are_no_login() -> None:
    with pytest.raises(AuthJsonError, match="whose account"):
        login_of_tokens("opaque", "rt_1", "", now=1.0)


@pytest.mark.parametrize(
    "login",
    [
        pytest.param(LOGIN, id="whole"),
        pytest.param(replace(LOGIN, refresh_token=""), id="no refresh token"),
        pytest.param(replace(LOGIN, last_refresh=None), id="never refreshed"),
        pytest.param(replace(LOGIN, last_refresh=1769853600.0), id="refreshed at a whole second"),
        pytest.param(parse_auth_json(json.dumps(with_auth(chatgpt_account_is_fedramp=True))), id="fedramp"),
    ],
)
def test_a_login_that_was_taken_elsewhere_comes_back_as_it_was(login: Login) -> None:
    assert parse_auth_json(auth_json_text(login)) == login


def test_codex_needs_an_id_token_and_an_access_token_will_do() -> None:
    login = parse_auth_json(json.dumps(with_tokens(id_token=None)))

    assert parse_auth_json(auth_json_text(login)) == replace(login, id_token=login.access_token)


def test_the_file_has_the_shape_that_codex_writes() -> None:
    text = auth_json_text(LOGIN)

    assert text.endswith("}\n")
    assert json.loads(text) == {**CURRENT, "last_refresh": "2026-01-31T10:00:00.123456Z"}


def test_a_login_does_not_show_its_tokens() -> None:
    shown = repr(LOGIN)

    assert "ann@example.com" in shown
    assert all(token not in shown for token in (ACCESS_TOKEN, ID_TOKEN, "rt_1"))
