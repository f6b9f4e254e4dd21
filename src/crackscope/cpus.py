"""How many processors this process may really use, also inside a container."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP_ROOT = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def available_cpus() -> int:
    """The smallest of the machine's processors, this process's affinity and its container's CPU limit."""
    return max(1, int(min(_allowed_cpus(), _quota_cpus(_CGROUP_ROOT, _OWN_CGROUP))))


def _allowed_cpus() -> int:
    # Python 3.13 asks for the affinity on every system, and honours PYTHON_CPU_COUNT.
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota_cpus(root: Path, own_cgroup: Path) -> float:
    """The smallest ``cpu.max`` (cgroup v2) of this process's group and the groups above it, rounded up."""
    try:
        lines = own_cgroup.read_text(encoding="utf-8").splitlines()
    except OSError:
        return math.inf
    group = next((line[3:].strip("/") for line in lines if line.startswith("0::")), "")
    folder = root / group
    folders = [folder, *folder.parents]
    return min(_cpu_max(folder) for folder in folders if folder.is_relative_to(root))


def _cpu_max(folder: Path) -> float:
    try:
        quota_us, period_us = (folder / "cpu.max").read_text(encoding="utf-8").split()
        return math.ceil(int(quota_us) / int(period_us))
    except (OSError, ValueError):  # no limit: the file is missing, or its quota is "max"
        return math.inf
