"""What a run takes of the machine: memory at its peak, room on the disk."""

from __future__ import annotations

import re
import resource
import sys
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


def peak_megabytes() -> float:
    """The most memory (resident, MiB) that this process has held, since its start or since :func:`forget_peak`."""
    try:
        if found := re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii")):
            return int(found[1]) / 1024
    except OSError:
        pass  # not Linux: the other count, which is of the whole life of the process
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 if sys.platform != "darwin" else 2**20)


def forget_peak() -> None:
    """Count the peak from here, where the system can (Linux, proc(5): clear_refs)."""
    with suppress(OSError):
        _RESET.write_text("5", encoding="ascii")


def megabytes_on_disk(path: Path) -> float:
    """Room (MiB) that a file, or a folder with all below it, takes on the disk; 0 where there is none."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_blocks for file in files) * 512 / 2**20
