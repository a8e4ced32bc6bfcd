"""CPU seconds of a thread and of the programs it started, those that still run among them."""

import os
import threading
import time
from dataclasses import dataclass


@dataclass
class _Running(threading.local):
    seconds: float = 0.0


_running = _Running()


def count_cpu_seconds() -> float:
    """Return the CPU seconds of this thread so far, and of the programs that this process started.

    Of a program that still runs only those count that ``note_cpu_seconds`` was told of.
    """
    children = os.times()
    return time.thread_time() + children.children_user + children.children_system + _running.seconds


def note_cpu_seconds(seconds: float) -> None:
    """Add CPU seconds of a program that runs on.

    Add them as a negative number when it has ended: it then counts itself.
    """
    _running.seconds += seconds


def cpu_seconds_of(pid: int) -> float:
    """Return the CPU seconds of another process so far, 0 where the platform does not tell. Linux does."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED, as clock_getcpuclockid(3) makes it
    except (AttributeError, OSError):
        return 0.0
