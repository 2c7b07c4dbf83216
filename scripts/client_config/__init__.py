"""Codex's configuration, edited for a person: what `codexlb client-config` does."""
