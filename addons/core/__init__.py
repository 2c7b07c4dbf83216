"""Our extension of the HTTP core of mitmproxy."""
