"""What Codex-LB costs, measured beside plain mitmproxy in one run."""
