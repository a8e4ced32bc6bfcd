"""The reaper: a process that outlives a killed parent for a moment, to kill its workers and remove its temporary files.

It is run by path as ``python -I -S reaper.py FOLDER PARENT``: it imports nothing of pdfbatch and starts quickly. On stdin it
reads the process groups that exist (``+123``), and those that are about to be reaped (``-123``).
"""

import os
import select
import signal
import sys
import time

_GRACE_SECONDS = 1.0  # workers that exit on their own flush their output within half of it
_CLEANING_SECONDS = 5.0
_POLL_SECONDS = 0.02


def main() -> None:
    """Wait for the end of the parent, then clean up after it."""
    folder, parent = sys.argv[1], int(sys.argv[2])
    os.chdir("/")  # so that no file system stays busy because of this process
    groups = _wait_for_parent(parent)
    _kill(groups)
    _remove(folder)


def _wait_for_parent(parent: int) -> set[int]:
    """Wait until the parent has exited, and return the process groups that it left behind."""
    # The end of the pipe alone would not tell: a process that the parent forked holds the other end open, too.
    try:
        pidfd = os.pidfd_open(parent)
    except (AttributeError, OSError):  # not Linux, or the parent has exited already
        pidfd = None
    watched = [0] if pidfd is None else [0, pidfd]
    received = bytearray()
    os.set_blocking(0, False)
    while _read_pipe(received) and os.getppid() == parent:
        ready, _, _ = select.select(watched, [], [], 1.0 if pidfd is None else None)
        if pidfd in ready:
            break
    _read_pipe(received)
    groups: set[int] = set()
    for line in received.splitlines():
        change = groups.add if line.startswith(b"+") else groups.discard
        change(int(line[1:]))
    return groups


def _read_pipe(received: bytearray) -> bool:
    """Append what is in the pipe, and return whether some process still holds its other end."""
    try:
        while data := os.read(0, 4096):
            received += data
    except BlockingIOError:
        return True
    return False


def _kill(groups: set[int]) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    while any(map(_exists, groups)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            continue  # it exited by itself


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def _remove(folder: str) -> None:
    import shutil  # noqa: PLC0415 (slow to import, and mostly not needed)

    deadline = time.monotonic() + _CLEANING_SECONDS
    while os.path.isdir(folder) and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(_POLL_SECONDS)  # a process that was just killed may still be writing


if __name__ == "__main__":
    main()
