"""What Codex-LB knows and decides: one SQLite file, a few verbs per table, pure rules over the rows."""
