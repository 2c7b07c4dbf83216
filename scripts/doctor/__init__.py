"""What is wrong, and the command that mends it: `codexlb doctor`."""
