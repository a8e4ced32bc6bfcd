"""How much memory a process holds, and how to bound it, where the platform tells."""

import os
import sys

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process; ``None`` where that cannot be told (no ``/proc``, or no such process)."""
    return _statm(pid, 1)


def own_resident_bytes() -> int:
    """Resident memory of this process; where only the peak can be told, the peak."""
    resident = _statm(os.getpid(), 1)
    return own_peak_bytes() if resident is None else resident


def own_peak_bytes() -> int:
    """The most resident memory that this process, or what it was before it was this program, ever had."""
    import resource  # noqa: PLC0415 (not there on Windows)

    return peak_bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def peak_bytes(ru_maxrss: int) -> int:
    """``ru_maxrss`` in bytes: the kernel counts in KiB, except on macOS."""
    return ru_maxrss if sys.platform == "darwin" else ru_maxrss * 1024


def bound_own_data(more_bytes: int) -> None:
    """Let this process and its children allocate this much more than it has now, on Linux; elsewhere do nothing.

    RLIMIT_DATA counts private writable memory. RLIMIT_AS would count what is only reserved, too (heaps and stacks of
    threads, mapped files), and so fail engines that never touch it.
    """
    data = _statm(os.getpid(), 5)
    if data is None:
        return
    import resource  # noqa: PLC0415 (not there on Windows)

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = data + more_bytes
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def volunteer_for_the_oom_killer() -> None:
    """Make the kernel choose this process before its parent when the machine runs out of memory (Linux)."""
    path = "/proc/self/oom_score_adj"
    try:
        with open(path, encoding="ascii") as file:
            score = int(file.read())
        with open(path, "w", encoding="ascii") as file:
            file.write(str(max(score, 500)))
    except (OSError, ValueError):
        return  # another platform, or a sandbox that does not let us


def _statm(pid: int, field: int) -> int | None:
    """A field of ``/proc/<pid>/statm`` in bytes (proc(5)): 1 is resident, 5 is data and stack."""
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
            return int(file.read().split()[field]) * _PAGE_BYTES
    except (OSError, IndexError):
        return None
