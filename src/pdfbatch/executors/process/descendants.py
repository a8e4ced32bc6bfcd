"""Processes by descent (Linux): who started whom, also across sessions, and those whose parent has gone.

A process that makes a session of its own leaves its worker's process group, and one whose parent has exited its place in the
tree. A subreaper gets the second kind as its own children, so that descent never breaks. Elsewhere all of this does nothing.
"""

import os
import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36
_POLL_SECONDS = 0.005


def adopt_orphans() -> None:
    """Make this process the parent of each descendant that loses its own (``PR_SET_CHILD_SUBREAPER``)."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 (only where it is needed)

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def list_children(pid: int) -> set[int]:
    """Return the children of a process; none where that cannot be told."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return set()
    children: set[int] = set()
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                children.update(map(int, file.read().split()))
        except FileNotFoundError:
            if os.path.exists(f"/proc/{pid}/task/{thread}"):  # a kernel without this file
                return {child for child, parent in _list_parents() if parent == pid}
        except OSError:
            continue
    return children


def list_descendants(pid: int) -> set[int]:
    """Return the children of a process, their children, and so on."""
    found: set[int] = set()
    new: set[int] = {pid}
    while new:
        new = {child for process in new for child in list_children(process)} - found
        found |= new
    return found - {pid}


def exists(pid: int) -> bool:
    """Return whether there is a process of that number, a zombie included."""
    return os.path.exists(f"/proc/{pid}")


def is_running(pid: int) -> bool:
    """Return whether a process has not exited yet."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (OSError, IndexError):
        return False


def kill(pids: Collection[int]) -> None:
    """Kill processes; one that has exited is fine."""
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def kill_children(keep: Collection[int] = (), seconds: float = 2.0) -> None:
    """Kill and reap the children of this process but those to ``keep``, and what becomes its child by that."""
    deadline = time.monotonic() + seconds
    kept = set(keep)
    while (children := list_children(os.getpid()) - kept) and time.monotonic() < deadline:
        kill(children)
        if not sum(map(reap, children)):
            time.sleep(_POLL_SECONDS)


def reap(pid: int) -> bool:
    """Free the id of a child that has exited, and return whether it had."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except OSError:  # not our child, or somebody else's code has done it
        return False


def _list_parents() -> Iterator[tuple[int, int]]:
    """Yield each process and its parent."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                yield int(name), int(file.read().rpartition(b")")[2].split()[1])
