"""What went wrong with an account, in words: a code goes in, a phrase comes out that keeps the code for searching."""

from __future__ import annotations

WORDS = {
    "issuer_timeout": "the issuer did not answer in time",
    "issuer_unreachable": "the issuer cannot be reached",
    "upstream_timeout": "the upstream did not answer in time",
    "upstream_unreachable": "the upstream cannot be reached",
    "no_usage_page": "the upstream's answer does not tell the usage",
    "no_workspaces_page": "the upstream's answer does not tell of the account's workspace",
    "no_origin": "its workspace demands an origin without encryption",
    "refresh_busy": "another process has been refreshing for too long",
    "still_refreshing": "its token was still being refreshed",
    "store_unavailable": "the database cannot be written now",
    "account_removed": "the account has been removed meanwhile",
    "no_refresh_token": "the login has no refresh token",
    "refresh_token_expired": "the refresh token has expired",
    "refresh_token_reused": "the refresh token has been used by somebody else",
    "refresh_token_invalidated": "the refresh token has been revoked",
    "token_expired": "its login has expired",
    "token_invalidated": "its login has been revoked",
    "account_deactivated": "the account is deactivated",
    "deactivated_workspace": "the workspace is deactivated",
}
"""Codes of our own, and the upstream's and issuer's that people meet most; others speak for themselves."""


def in_words(code: str) -> str:
    """`the issuer did not answer in time (issuer_timeout)`; an unknown code by itself."""
    return f"{WORDS[code]} ({code})" if code in WORDS else code
