"""What the pool does for its accounts on its own behalf: tokens kept fresh, windows read. No mitmproxy in here."""
