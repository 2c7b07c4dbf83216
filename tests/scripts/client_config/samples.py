"""Configurations of Codex as people have them: every way to write a provider, among things that must not move."""

from __future__ import annotations

from collections.abc import Iterator

HEADS = {
    "nothing": "",
    "comment": "# my Codex\n\n",
    "keys": "# my Codex\nmodel = \"gpt-5.5\"   # the good one\n\napproval_policy = 'on-request'\n",
    "odd keys": '"quoted key" = 1\n\tmodel="x"\nnotify = [\n  "a]", # ]\n  \'b\',\n]\n'
    'text = """\n[no.header]\nx = 1 # "\n"""\n',
    "chosen": "model_provider='openai' # until now\nmodel = \"x\"\n\n",
}

PROVIDERS = {
    "none": "",
    "header": '\n[model_providers.other]\nname = "Other"\nbase_url = "https://other.example/v1"\n',
    "own header": '[model_providers."codex-lb"]\n  name = "Mine"  # ?\n\n  request_max_retries = 8\n# end\n',
    "own subtable": '[model_providers.codex-lb.http_headers]\nx-a = "b"\n',
    "parent": "[ model_providers ] # all\n\n# none\n",
    "inline in parent": '[model_providers]\nother = {name = "x"}\ncodex-lb = { name = "y", wire_api = "chat" } # c\n',
    "dotted in parent": '[model_providers]\n  codex-lb.name = "z"\n  codex-lb.wire_api = "chat"\n',
}

ROOT_PROVIDERS = {
    "inline": 'model_providers = { other = { name = "x", http_headers = { a = "}" } } } # all\n',
    "empty inline": "model_providers = {}\n",
    "inline over lines": 'model_providers = {\n  other = { name = "x" }, # c\n}\n',
    "dotted": 'model_providers.other.name = "x"\nmodel_providers.codex-lb.name = "y" # mine\n',
}
"""These stand before the first header."""

TAILS = {
    "nothing": "",
    "tables": '\n# tools\n[mcp_servers.docs] # c\ncommand = "x"\nenv = { A = "1" , B="2"}\n'
    '\n[profiles.p]\nmodel = "y"\n\n\n',
    "arrays": "[[hooks]]\nx.y = 1\n  [[hooks.inner]]\n  z = {}\n[[hooks]]\n[hooks.more]\n# last",
    "no line end": '[projects."/home/ann/a.b = [c]"]\ntrust_level = "trusted"',
    "blanks": "[tui]\ntheme = 'é'   \n\n   \n\t# odd \n",
}


def samples() -> Iterator[tuple[str, str]]:
    """Every head with every way to write providers, each time before another tail."""
    for row, (head, start) in enumerate(HEADS.items()):
        for column, (ways, middle) in enumerate((PROVIDERS | ROOT_PROVIDERS).items()):
            tail, end = list(TAILS.items())[(row + column) % len(TAILS)]
            text = start + middle + end
            yield f"{head}, {ways}, {tail}", text
            yield f"{head}, {ways}, {tail}, CRLF", text.replace("\n", "\r\n")


SAMPLES = dict(samples())
