"""How many workers to start: the number asked for, or the processors that CPU affinity and container quotas allow.

And how much memory there is for them.
"""

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pdfbatch.checks import Check, check_fields, optional, whole_number

_WORKERS: Mapping[str, Check] = {"workers": optional(whole_number(1))}


def check_workers(executor: object) -> None:
    """Raise ``UsageError`` when the ``workers`` of an executor are no whole number from 1, nor ``None``."""
    check_fields(executor, _WORKERS)


def available_cpus(root: str = "/") -> int:
    """Return the number of processors that this process may keep busy, at least 1.

    This is the smaller of the CPU affinity and the tightest CPU quota of this process's control groups (v1 and v2); a
    quota that is not a whole number is rounded up. ``root`` is the folder that contains ``/proc`` and ``/sys``.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = min(_read_quotas(Path(root)), default=math.inf)
    return max(1, min(affinity, math.ceil(quota) if math.isfinite(quota) else affinity))


def available_memory_bytes(root: str = "/") -> int | None:
    """Return the memory that this process may use: the machine's, or less where a control group of it has a limit.

    ``None`` where the system does not tell. ``root`` as above.
    """
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on this system
        return None
    return min([total, *_read_memory_limits(Path(root))])


def _read_memory_limits(root: Path) -> Iterator[int]:
    """Yield the limits of memory of all control groups, as of processors."""
    for mount, group in _find_groups(root, "memory"):
        for folder in _walk_up(mount, group):
            for name in ("memory.max", "memory.limit_in_bytes"):
                # No limit is "max" in v2, and more than any machine has in v1.
                if (text := _read_text(folder / name).strip()).isdigit():
                    yield int(text)


def _read_quotas(root: Path) -> Iterator[float]:
    """Yield the quotas, in processors, of all control groups from this process's own up to the root group."""
    for mount, group in _find_groups(root):
        for folder in _walk_up(mount, group):
            if mount.name == "cgroup":
                quota, _, period = _read_text(folder / "cpu.max").partition(" ")
            else:
                quota = _read_text(folder / "cpu.cfs_quota_us")
                period = _read_text(folder / "cpu.cfs_period_us")
            # No quota is "max" in v2 and -1 in v1, neither of which is a row of digits.
            if quota.isdigit() and period.isdigit() and int(quota) and int(period):
                yield int(quota) / int(period)


def _find_groups(root: Path, controller: str = "cpu") -> Iterator[tuple[Path, str]]:
    """Yield the control groups with a controller: where they are mounted, and this process's path below that."""
    for line in _read_text(root / "proc/self/cgroup").splitlines():
        number, controllers, group = line.split(":", 2)
        if number == "0" and not controllers:  # the one line of v2
            yield root / "sys/fs/cgroup", group
        elif controller in controllers.split(","):
            yield root / "sys/fs/cgroup" / controller, group


def _walk_up(mount: Path, group: str) -> Iterator[Path]:
    # Inside a container the path may be the host's, while the mount shows only the container's own group. Folders that
    # do not exist are skipped later, as their files read as empty; the mount itself always counts.
    path = PurePosixPath(group.lstrip("/"))
    for below in (path, *path.parents):
        yield mount / below


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
