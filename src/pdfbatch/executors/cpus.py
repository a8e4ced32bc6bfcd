"""How many workers: what was asked for, or the processors that affinity allows and a container's quota pays for."""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pdfbatch.errors import UsageError


def check_workers(executor: object, workers: int | None) -> None:
    """Raise ``UsageError`` when an executor is asked for less than one worker."""
    if workers is not None and workers < 1:
        raise UsageError(f"{type(executor).__name__}(workers={workers}): give at least 1 worker")


def available_cpus(root: str = "/") -> int:
    """Number of processors that this process may keep busy, at least 1.

    The smaller of the CPU affinity and the CPU quota of the control groups (v1 and v2) that the process is in, a broken
    quota rounded up. ``root`` is where ``/proc`` and ``/sys`` are looked for.
    """
    quota = min(_quotas(Path(root)), default=math.inf)
    return max(1, min(_affinity(), math.ceil(quota) if math.isfinite(quota) else _affinity()))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """The quotas, in processors, of all control groups from ours up to the root: the tightest of them binds."""
    for mount, group in _groups(root):
        for folder in _upwards(mount, group):
            quota = _quota_v2(folder) if mount.name == "cgroup" else _quota_v1(folder)
            if quota is not None:
                yield quota


def _groups(root: Path) -> Iterator[tuple[Path, str]]:
    """Where our control groups with a CPU controller are mounted, and their paths below that."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, controllers, group = line.split(":", 2)
        if number == "0" and not controllers:
            yield root / "sys/fs/cgroup", group
        elif "cpu" in controllers.split(","):
            yield root / "sys/fs/cgroup/cpu", group


def _upwards(mount: Path, group: str) -> Iterator[Path]:
    # Inside a container the path may be the host's while the mount shows the container's own group: what is not there
    # is skipped, and the mount itself always counts.
    path = PurePosixPath(group.lstrip("/"))
    for below in (path, *path.parents):
        yield mount / below


def _quota_v2(folder: Path) -> float | None:
    quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
    return _ratio(quota, period)


def _quota_v1(folder: Path) -> float | None:
    return _ratio(_read(folder / "cpu.cfs_quota_us").strip(), _read(folder / "cpu.cfs_period_us").strip())


def _ratio(quota: str, period: str) -> float | None:
    """Quota by period; ``None`` when there is no quota (``max`` in v2, ``-1`` in v1)."""
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return int(quota) / int(period) or None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
