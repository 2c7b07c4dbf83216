"""The machine a benchmark runs on: nothing goes in, what a reader must know to compare figures comes out."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """Processor, cores this process may use, versions, and how busy the machine was (load average of one minute)."""

    processor: str
    cores: int
    system: str
    python: str
    mitmproxy: str
    codexlb: str
    load_average: float


def processor_name(cpuinfo: str) -> str:
    """The processor's name in the text of /proc/cpuinfo; not every architecture gives one."""
    names = (line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name"))
    return next(names, "unknown processor")


def this_machine() -> Machine:
    """Look at the machine now, before any load."""
    return Machine(
        processor=processor_name(Path("/proc/cpuinfo").read_text()),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(),
        mitmproxy=version("mitmproxy"),
        codexlb=version("codexlb"),
        load_average=round(os.getloadavg()[0], 2),
    )
