"""`codexlb sessions`: one module per subcommand."""
