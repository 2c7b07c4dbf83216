"""What is wrong with the settings somebody gave."""

from __future__ import annotations


class SettingsError(Exception):
    """The settings cannot be used; the message is one sentence: where, which value, what to do."""
