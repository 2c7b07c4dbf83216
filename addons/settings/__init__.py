"""Every setting of the proxy, and how command line, environment and file decide on it. No mitmproxy in here."""
