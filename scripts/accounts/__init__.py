"""`codexlb accounts`: one module per subcommand."""
