"""`codexlb config`: the settings in $CODEXLB_HOME/config.toml, seen and changed."""
