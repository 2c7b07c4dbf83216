"""What the bytes on the Codex wire mean: pure functions, no mitmproxy, no database, no clock."""
