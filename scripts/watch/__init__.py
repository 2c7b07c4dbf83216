"""`codexlb report --watch`: the pool as it is, drawn anew in place."""
