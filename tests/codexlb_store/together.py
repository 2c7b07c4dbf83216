"""Several real Python processes that run the same lines at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

START = """
import sys
from pathlib import Path
{imports}
home = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
{lines}
"""


def run_together(imports: str, lines: str, home: Path, count: int = 4) -> list[str]:
    """Let `count` processes import, then run `lines` (they know `home`) at once; what each printed."""
    command = [sys.executable, "-c", START.format(imports=imports, lines=lines), str(home)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    for process in started:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=30)[0].strip() for process in started]
    assert [process.returncode for process in started] == [0] * count
    return printed
