"""A person with a data folder, a Codex and maybe a proxy, who runs `codexlb doctor` and then what it says."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.doctor.finding import Trouble
from tests.processes import command
from tests.scripts.client_config.people import install_codex

SECONDS = 60

Told = dict[str, Any]
"""A finding, as --json has it."""

ASKS_FIRST = ("codexlb client-config", "codexlb sessions retag")


@dataclass
class Household:
    """A person whose HOME is `folder`, with a `codex` of this version on PATH; `upstream` is what is there of ChatGPT.

    Nothing else can be reached from here.
    """

    folder: Path
    upstream: str
    codex: str = "0.169.0"
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "codexlb-home"

    @property
    def codex_home(self) -> Path:
        return self.folder / ".codex"

    def environment(self) -> dict[str, str]:
        """All variables there are."""
        programs = self.folder / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        path = f"{Path(command('codexlb')).parent}:{install_codex(programs, self.codex)}"
        origins = {"CODEXLB_UPSTREAM": self.upstream, "CODEXLB_ISSUER": self.upstream}
        return {"PATH": path, "HOME": str(self.folder), "CODEXLB_HOME": str(self.home), **origins, **self.variables}

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """`codexlb ARGUMENTS` to its end, without a traceback."""
        done = subprocess.run(
            [command("codexlb"), *arguments],
            env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def doctor(self, *arguments: str | Path) -> Diagnosis:
        """What `codexlb doctor ARGUMENTS --json` finds."""
        done = self.run("doctor", "--json", *arguments)
        assert done.stderr == ""
        return Diagnosis(done.returncode, json.loads(done.stdout))

    def follow(self, mend: str) -> None:
        """Do what was said in a shell, as a person who says yes; a variable that it sets is set from then on."""
        line = f"{mend} --yes" if mend.startswith(ASKS_FIRST) else mend
        shell = f"{line} && env -0"
        done = subprocess.run(
            ["/bin/bash", "-c", shell],
            env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        if mend.startswith("export "):
            name = mend.removeprefix("export ").partition("=")[0]
            values = dict(each.partition("=")[::2] for each in done.stdout.split("\0"))
            self.variables[name] = values[name]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the doctor said, and its exit code."""

    exit_code: int
    record: dict[str, Any]

    @property
    def findings(self) -> list[Told]:
        found: list[Told] = self.record["findings"]
        return found

    def of(self, check: str) -> list[Told]:
        """The findings of one check."""
        return [one for one in self.findings if one["check"] == check]

    def verdict(self, trouble: Trouble) -> str | None:
        """How it stands with a trouble; None where that could not be seen."""
        found: str | None = self.record["troubles"][trouble.value]
        return found

    def cause(self, trouble: Trouble) -> Told:
        """The one thing that shows itself as this trouble."""
        [found] = [one for one in self.findings if one["covers"] == trouble.value and one["verdict"] != "ok"]
        return found

    @property
    def bad(self) -> dict[str, str]:
        """Everything that is more than a note, by its check."""
        return {one["check"]: one["sentence"] for one in self.findings if one["verdict"] in ("warning", "error")}
