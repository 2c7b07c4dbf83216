"""The dashboard's own pages: what the store holds goes in, HTML comes out. No mitmproxy, no event loop, no cookies."""
