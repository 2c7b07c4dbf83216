"""What was used, and how the accounts are: `codexlb report`."""
