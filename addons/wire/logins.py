"""A login in the browser: its secrets go in, the address to open out; what comes back in, what it means out.

As the Codex CLI does it at auth.openai.com: OAuth's authorization code with PKCE (RFC 6749, RFC 7636).
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import re
from urllib.parse import parse_qs, urlencode

from addons.wire.errors import error_of_json
from addons.wire.origins import Origin
from addons.wire.tokens import CLIENT_ID

AUTHORIZE_PATH, TOKEN_PATH = "/oauth/authorize", "/oauth/token"
"""Below the issuer's origin."""

CALLBACK_PATH = "/auth/callback"
"""On this machine."""

SCOPE = "openid profile email offline_access api.connectors.read api.connectors.invoke"

MOST_FIELDS = 32
"""A callback has five."""

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
LONGEST_LINE = 300
"""What somebody else wrote goes onto the screen: a name, and a line of text of that many characters at most."""


@dataclasses.dataclass(frozen=True, slots=True)
class Code:
    """What the browser brought: good once, and only together with the verifier of this login."""

    text: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class LoginProblem:
    """Why a login cannot go on: a code, and the issuer's own words (one line) if it gave some."""

    code: str
    words: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.words.rstrip('.')}" if self.words else self.code


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def callback_url(port: int) -> str:
    """Where the browser comes back to on this machine; the issuer knows ports 1455 and 1457 only."""
    return f"http://127.0.0.1:{port}{CALLBACK_PATH}"


def authorize_url(issuer: Origin, redirect_uri: str, state: str, challenge: str) -> str:
    """The address at which a person logs in, exactly as the Codex CLI writes it."""
    query = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": redirect_uri,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "state": state,
        "scope": SCOPE,
        "id_token_add_organizations": "true",
        "codex_cli_simplified_flow": "true",
        "originator": "codex_cli_rs",
    }
    return f"{issuer.url}{AUTHORIZE_PATH}?{urlencode(query)}"


def read_callback(query: str, state: str) -> Code | LoginProblem | None:
    """Read the query that a browser came back with; None when it is not the answer to the login with this state.

    Anybody can lead a browser here. A field that stands there twice is none.
    """
    try:
        fields = {
            name: values[0] for name, values in parse_qs(query, max_num_fields=MOST_FIELDS).items() if len(values) == 1
        }
    except ValueError:
        return None
    if not hmac.compare_digest(fields.get("state", "").encode(errors="replace"), state.encode()):
        return None
    if error := fields.get("error"):
        return LoginProblem(error if NAME.fullmatch(error) else "unnamed", one_line(fields.get("error_description")))
    return Code(fields["code"]) if "code" in fields else None


def read_pasted(text: str, state: str) -> Code | LoginProblem | None:
    """Likewise, from the address that a browser ended on, or only its query, as a person pastes it."""
    pasted = text.strip().strip("'\"<>")
    _, mark, query = pasted.partition("?")
    return read_callback((query if mark else pasted).partition("#")[0], state)


def redemption(code: str, redirect_uri: str, verifier: str) -> bytes:
    """Write the form that asks for the tokens of a login; the answer is that to a refresh."""
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    return urlencode(form).encode()


def problem_of(status: int, body: bytes) -> LoginProblem:
    """What an answer says went wrong."""
    error = error_of_json(body)
    code = error.code if error.code and NAME.fullmatch(error.code) else f"http_{status}"
    return LoginProblem(code, one_line(error.message))


def one_line(words: str | None) -> str | None:
    """Somebody else's words if they can be printed as one line that is not too long; else None."""
    found = (words or "").strip()
    return found if found.isprintable() and 0 < len(found) <= LONGEST_LINE else None
