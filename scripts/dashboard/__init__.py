"""Who may see the dashboard in a browser: `codexlb dashboard`."""
