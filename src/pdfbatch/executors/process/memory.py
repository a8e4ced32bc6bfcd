"""Measure and limit the memory of a process, where the platform allows it."""

import os
import sys
from contextlib import suppress

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_STATM_RESIDENT, _STATM_DATA = 1, 5  # fields of /proc/<pid>/statm, see proc(5)
_STATM_BYTES = 256
_OOM_SCORE = 500


def read_resident_bytes(pid: int) -> int | None:
    """Return the resident memory of a process, ``None`` when it is unknown (no ``/proc``, or no such process)."""
    return _read_statm(pid, _STATM_RESIDENT)


def read_own_resident_bytes() -> int:
    """Return the resident memory of this process; its peak on platforms that tell only that."""
    resident = _read_statm(os.getpid(), _STATM_RESIDENT)
    return read_own_peak_bytes() if resident is None else resident


class OwnMemory:
    """The resident memory of the process that made this, which keeps a file of ``/proc`` open: it is asked for each task."""

    def __init__(self) -> None:
        self._fd: int | None = None
        with suppress(OSError):  # no ``/proc``
            self._fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> int:
        """Return what ``read_own_resident_bytes`` returns."""
        if self._fd is not None:
            with suppress(OSError, IndexError, ValueError):  # a library has closed the file, or taken its number
                return int(os.pread(self._fd, _STATM_BYTES, 0).split()[_STATM_RESIDENT]) * _PAGE_BYTES
        return read_own_resident_bytes()


def read_own_peak_bytes() -> int:
    """Return the highest resident memory that this process ever had. It survives ``exec``: see ``WorkerHandle.mark_ready``."""
    import resource  # noqa: PLC0415 (not there on Windows)

    return convert_maxrss(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def convert_maxrss(ru_maxrss: int) -> int:
    """Return ``ru_maxrss`` in bytes: macOS counts bytes, other kernels KiB."""
    return ru_maxrss if sys.platform == "darwin" else ru_maxrss * 1024


def limit_own_data(more_bytes: int) -> None:
    """Let this process and its children allocate ``more_bytes`` beyond what it has now. Does nothing outside Linux.

    Sets RLIMIT_DATA, which counts private writable memory. RLIMIT_AS would also count memory that is only reserved (heaps and
    stacks of threads, mapped files), and so stop engines that never touch it.
    """
    data = _read_statm(os.getpid(), _STATM_DATA)
    if data is None:
        return
    import resource  # noqa: PLC0415 (not there on Windows)

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = data + more_bytes
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def raise_oom_score() -> None:
    """Volunteer for the OOM killer: when the machine runs out of memory, Linux kills this process before its parent."""
    path = "/proc/self/oom_score_adj"
    try:
        with open(path, encoding="ascii") as file:
            score = int(file.read())
        with open(path, "w", encoding="ascii") as file:
            file.write(str(max(score, _OOM_SCORE)))
    except (OSError, ValueError):
        return  # another platform, or a sandbox that forbids it


def _read_statm(pid: int, field: int) -> int | None:
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
            return int(file.read().split()[field]) * _PAGE_BYTES
    except (OSError, IndexError):
        return None
