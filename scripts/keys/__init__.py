"""`codexlb keys`: one module per subcommand."""
