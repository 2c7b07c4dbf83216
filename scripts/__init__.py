"""The command line of Codex-LB: one module per subcommand."""
