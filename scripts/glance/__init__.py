"""What the accounts have left, for prompts and scripts: `codexlb status` and `codexlb guard`.

These run before every prompt, so they load neither rich nor sqlite-utils: that alone would take longer than they do.
"""
