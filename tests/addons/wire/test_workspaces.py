"""What a workspace demands is read exactly, or it is told that it cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from addons.wire.origins import Origin
from addons.wire.workspaces import Residency, origin_for, residency_of

EU = "https://eu.chatgpt.com"
NOTHING = Residency(None, None)
CHATGPT = Origin("https", "chatgpt.com", 443)
SIMULATED = Origin("http", "127.0.0.1", 8080)


def a_page(*entries: Any) -> bytes:
    """A list of workspaces, as it was seen."""
    return json.dumps({"accounts": entries, "account_ordering": [], "default_account_id": "w1"}).encode()


def an_entry(origin: Any = EU, override: Any = "us", account_id: Any = "w1") -> dict[str, Any]:
    return {
        "id": account_id,
        "plan_type": "team",
        "workspace_backend_origin": origin,
        "account_routing_override": override,
    }


def enveloped(**entries: Any) -> bytes:
    """The other form that Codex reads."""
    return json.dumps({"accounts": {key: {"account": entry} for key, entry in entries.items()}}).encode()


@pytest.mark.parametrize(
    ("page", "residency"),
    [
        pytest.param(a_page(an_entry("https://chatgpt.com", "NO_CONSTRAINT")), NOTHING, id="as most have it"),
        pytest.param(a_page(an_entry("NO_CONSTRAINT", "NO_CONSTRAINT")), NOTHING, id="no constraint"),
        pytest.param(a_page({"id": "w1"}), NOTHING, id="absent"),
        pytest.param(a_page(an_entry(None, None)), NOTHING, id="null"),
        pytest.param(a_page(an_entry()), Residency(EU, "us"), id="both demanded"),
        pytest.param(a_page(an_entry(EU, "NO_CONSTRAINT")), Residency(EU, None), id="origin alone"),
        pytest.param(a_page(an_entry("NO_CONSTRAINT", "us_cr")), Residency(None, "us_cr"), id="override alone"),
        pytest.param(a_page(an_entry(override="eu-2_x" + "y" * 26)), Residency(EU, "eu-2_x" + "y" * 26), id="new one"),
        # one origin has many spellings
        pytest.param(a_page(an_entry("HTTPS://EU.ChatGPT.com:443/")), Residency(EU, "us"), id="origin, spelt out"),
        pytest.param(a_page(an_entry("https://CHATGPT.com:443/")), Residency(None, "us"), id="common one, spelt out"),
        pytest.param(a_page(an_entry(EU + ":8443")), Residency(EU + ":8443", "us"), id="port"),
        pytest.param(a_page(an_entry("http://chatgpt.com")), Residency("http://chatgpt.com", "us"), id="no TLS"),
        pytest.param(a_page(an_entry("http://[::1]:8")), Residency("http://[::1]:8", "us"), id="IPv6"),
        # only the workspace's own entry counts
        pytest.param(
            a_page(an_entry(account_id="w2"), an_entry("NO_CONSTRAINT"), an_entry(account_id="W1")),
            Residency(None, "us"),
            id="among others",
        ),
        pytest.param(
            a_page(None, 5, "w1", [], {}, {"id": None}, {"id": ["w1"]}, an_entry(7, [], "w2"), an_entry()),
            Residency(EU, "us"),
            id="among nonsense",
        ),
        # the form in envelopes
        pytest.param(enveloped(w1=an_entry(), w2=an_entry("x", 1, "w2")), Residency(EU, "us"), id="enveloped"),
        pytest.param(
            enveloped(own={"account_id": "w1", "workspace_backend_origin": EU}, odd=None, w1=an_entry(account_id="w2")),
            Residency(EU, None),
            id="the key is no id",
        ),
    ],
)  # fmt: skip
def test_what_a_workspace_demands_is_read(page: bytes, residency: Residency) -> None:
    assert residency_of(page, "w1") == residency


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        pytest.param(b"", "no page of workspaces", id="nothing"),
        pytest.param(b"<html>", "no page of workspaces", id="not JSON"),
        pytest.param(b"\xff\xfe{}", "no page of workspaces", id="not UTF-8"),
        pytest.param(b"[" * 100_000, "no page of workspaces", id="very deep"),
        pytest.param(b"[]", "no page of workspaces", id="list"),
        pytest.param(b"{}", "no page of workspaces", id="no accounts"),
        pytest.param(b'{"accounts": null}', "no page of workspaces", id="accounts null"),
        pytest.param(b'{"accounts": "w1"}', "no page of workspaces", id="accounts text"),
        pytest.param(b'{"accounts": {"w1": 1}}', "no page of workspaces", id="no envelope"),
        pytest.param(a_page(), "0 times", id="no workspaces"),
        pytest.param(a_page(an_entry(account_id="w2")), "0 times", id="not among them"),
        pytest.param(a_page(an_entry(), an_entry()), "2 times", id="doubled"),
        pytest.param(a_page(an_entry(), {"id": "w2", "account_id": "w1"}), "2 times", id="doubled, the other id"),
        pytest.param(enveloped(a=an_entry(), b=an_entry()), "2 times", id="doubled in envelopes"),
        pytest.param(a_page(an_entry(origin=7)), "is no text", id="origin a number"),
        pytest.param(a_page(an_entry(origin=[EU])), "is no text", id="origin a list"),
        pytest.param(a_page(an_entry(override=True)), "is no text", id="override a flag"),
        pytest.param(a_page(an_entry(origin="")), "is not an origin", id="origin empty"),
        pytest.param(a_page(an_entry(origin="no_constraint")), "is not an origin", id="origin a word"),
        pytest.param(a_page(an_entry(origin="eu.chatgpt.com")), "is not an origin", id="host alone"),
        pytest.param(a_page(an_entry(origin=EU + "/backend-api")), "is not an origin", id="path"),
        pytest.param(a_page(an_entry(origin=EU + "//")), "is not an origin", id="two slashes"),
        pytest.param(a_page(an_entry(origin=EU + "?a=b")), "is not an origin", id="query"),
        pytest.param(a_page(an_entry(origin=" " + EU)), "is not an origin", id="space"),
        pytest.param(a_page(an_entry(origin=EU + "\r\nx: y")), "is not an origin", id="second line"),
        pytest.param(a_page(an_entry(origin="ftp://chatgpt.com")), "is not an origin", id="scheme"),
        pytest.param(a_page(an_entry(origin="https://me:secret@chatgpt.com")), "no user name", id="user and password"),
        pytest.param(a_page(an_entry(origin="https://" + "a" * 100_000)), "characters long", id="origin very long"),
        pytest.param(a_page(an_entry(override="")), "routing override", id="override empty"),
        pytest.param(a_page(an_entry(override="US")), "routing override", id="override in capitals"),
        pytest.param(a_page(an_entry(override="us\r\nx: y")), "routing override", id="override of two lines"),
        pytest.param(a_page(an_entry(override="us\n")), "routing override", id="override with its line end"),
        pytest.param(a_page(an_entry(override="\xfcs")), "routing override", id="override with an umlaut"),
        pytest.param(a_page(an_entry(override="u" * 33)), "routing override", id="override too long"),
        pytest.param(a_page(an_entry(override="u" * 100_000)), "routing override", id="override very long"),
    ],
)
def test_what_cannot_be_understood_is_told_in_a_sentence(page: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as raised:
        residency_of(page, "w1")

    assert len(str(raised.value)) < 500
    assert str(raised.value).endswith(".")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("demanded", "upstream", "origin"),
    [
        pytest.param(None, CHATGPT, CHATGPT, id="nothing demanded"),
        pytest.param(None, SIMULATED, SIMULATED, id="nothing demanded of a simulator"),
        pytest.param(EU, CHATGPT, Origin("https", "eu.chatgpt.com", 443), id="https"),
        pytest.param(EU, SIMULATED, Origin("https", "eu.chatgpt.com", 443), id="https beside a simulator"),
        pytest.param("http://127.0.0.1:9", SIMULATED, Origin("http", "127.0.0.1", 9), id="http beside http"),
    ],
)
def test_requests_go_where_the_workspace_wants_them(demanded: str | None, upstream: Origin, origin: Origin) -> None:
    assert origin_for(demanded, upstream) == origin


@pytest.mark.parametrize("demanded", ["http://eu.chatgpt.com", "https://eu.chatgpt.com/x", "eu", "", "https://a@b"])
def test_a_demand_that_cannot_be_honoured_has_no_origin(demanded: str) -> None:
    """Above all not the configured one."""
    with pytest.raises(ValueError, match=r"\.$"):
        origin_for(demanded, CHATGPT)
