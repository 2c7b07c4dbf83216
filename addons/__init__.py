"""Codex-LB: mitmproxy addons."""
