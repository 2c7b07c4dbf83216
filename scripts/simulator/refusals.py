"""The error answers of chatgpt.com and auth.openai.com, word for word where they are known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Refusal(Exception):
    """A request is answered with an error status and a JSON body."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body
        self.headers = headers


def _error(status: int, code: str, message: str) -> Refusal:
    return Refusal(
        status,
        {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}},
    )


def _oauth(status: int, error: str, description: str) -> Refusal:
    """An error in the shape of RFC 6749."""
    return Refusal(status, {"error": error, "error_description": description})


def invalid_token() -> Refusal:
    return _error(401, "invalid_jwt", "Could not parse your authentication token. Please try signing in again.")


def token_expired() -> Refusal:
    return _error(401, "token_expired", "Provided authentication token is expired. Please try signing in again.")


def token_revoked() -> Refusal:
    return _error(
        401,
        "token_invalidated",
        "Your authentication token has been invalidated. Please try signing in again.",
    )


def account_deactivated() -> Refusal:
    return _error(401, "account_deactivated", "Your OpenAI account has been deactivated.")


def workspace_deactivated() -> Refusal:
    return Refusal(402, {"detail": {"code": "deactivated_workspace"}})


def wrong_workspace() -> Refusal:
    return Refusal(403, {"detail": "Forbidden"})


def usage_limit(plan: str, resets_at: float, now: float, headers: Mapping[str, str]) -> Refusal:
    """The account's window is full until `resets_at` (unix seconds)."""
    error = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": plan,
        "resets_at": math.ceil(resets_at),
        "resets_in_seconds": math.ceil(resets_at - now),
    }
    return Refusal(429, {"error": error}, headers)


def foreign_content() -> Refusal:
    return _error(
        400,
        "invalid_encrypted_content",
        "The encrypted content could not be verified. Reason: Encrypted content organization_id did not "
        "match the target organization.",
    )


def unknown_model(model: str) -> Refusal:
    return _error(404, "model_not_found", f"The model `{model}` does not exist or you do not have access to it.")


def not_with_this_account(model: str) -> Refusal:
    """The account's plan does not have it."""
    return Refusal(400, {"detail": f"The '{model}' model is not supported when using Codex with a ChatGPT account."})


def broken_body(why: str) -> Refusal:
    return _error(400, "invalid_request_body", why)


def body_too_large(limit: int) -> Refusal:
    return _error(413, "request_too_large", f"The request is larger than {limit} bytes.")


def not_found() -> Refusal:
    return Refusal(404, {"detail": "Not Found"})


def upgrade_required() -> Refusal:
    return Refusal(426, {"detail": "Upgrade Required"})


def refresh_token_reused() -> Refusal:
    return _error(
        401,
        "refresh_token_reused",
        "Your refresh token has already been used to generate a new access token. Please try signing in again.",
    )


def refresh_token_expired() -> Refusal:
    return _error(401, "refresh_token_expired", "Your refresh token has expired. Please try signing in again.")


def refresh_token_revoked() -> Refusal:
    return _error(401, "refresh_token_invalidated", "Your refresh token was revoked. Please try signing in again.")


def device_unknown(status: int) -> Refusal:
    """Nobody has approved it: 403 yet, 404 because it does not exist. The real service says "unknown" to both."""
    return _error(status, "deviceauth_authorization_unknown", "Device authorization is unknown. Please try again.")


def device_expired() -> Refusal:
    return _oauth(400, "expired_token", "The device code has expired.")


def device_refused() -> Refusal:
    return _oauth(400, "access_denied", "The login was refused.")


def invalid_grant(why: str) -> Refusal:
    return _oauth(400, "invalid_grant", why)


def invalid_client(client_id: object) -> Refusal:
    return _oauth(401, "invalid_client", f"Unknown client: {client_id}")


def unsupported_grant(grant: object) -> Refusal:
    return _oauth(400, "unsupported_grant_type", f"Unsupported grant type: {grant}")


def no_organization() -> Refusal:
    """Asked to exchange an id token for an API key: these accounts are in no organization of the API platform."""
    return _error(401, "invalid_subject_token", "Invalid ID token: missing organization_id")
