"""What a process and its children have used, from Linux's /proc: a process id goes in, seconds and bytes come out."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run; none of one that has ended meanwhile."""
    try:
        tasks = list((PROC / str(pid) / "task").glob("*/children"))
        return [int(child) for task in tasks for child in task.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat behind the name; the name may hold blanks and brackets."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, of its living children and of those it has waited for."""
    # proc(5): utime, stime, cutime, cstime are fields 14 to 17; the name is field 2
    return sum(int(ticks) for member in family(pid) for ticks in stat_fields(member)[11:15]) / TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Memory that a process and its living children hold."""
    pages = (int((PROC / str(member) / "statm").read_text().split()[1]) for member in family(pid))
    return sum(pages) * PAGE_BYTES
