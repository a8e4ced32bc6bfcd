"""The guardian: outlives a killed parent by moments, to kill workers that do not end by themselves and remove its temporary
files.

Run by path as ``python -I -S guardian.py FOLDER PARENT``, so it imports nothing of pdfbatch and as little as it can. On
stdin it hears the process groups that live (``+123``) and those that are about to be reaped (``-123``).
"""

import os
import select
import signal
import sys
import time

_PARTING_SECONDS = 1.0  # workers that can end by themselves write down what they have read, and do so within half of it
_CLEANING_SECONDS = 5.0


def main() -> None:
    """Wait for the end of the parent, then clean up after it."""
    folder, parent = sys.argv[1], int(sys.argv[2])
    os.chdir("/")
    groups = _groups_when_parent_ends(parent)
    _clean(folder, groups)


def _groups_when_parent_ends(parent: int) -> set[int]:
    # A process that the parent has forked holds our pipe open, too: its end alone would not tell.
    end = _pidfd(parent)
    watched = [0] if end is None else [0, end]
    heard = bytearray()
    os.set_blocking(0, False)
    while _hear(heard) and os.getppid() == parent:
        ready, _, _ = select.select(watched, [], [], 1.0 if end is None else None)
        if end in ready:
            break
    _hear(heard)
    return _living(heard.splitlines())


def _hear(heard: bytearray) -> bool:
    """Take what is in the pipe; whether somebody still holds its other end."""
    try:
        while data := os.read(0, 4096):
            heard += data
    except BlockingIOError:
        return True
    return False


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _living(lines: list[bytearray]) -> set[int]:
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith(b"+") else groups.discard
        change(int(line[1:]))
    return groups


def _clean(folder: str, groups: set[int]) -> None:
    deadline = time.monotonic() + _PARTING_SECONDS
    while any(map(_lives, groups)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            continue  # gone by itself
    _remove(folder)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def _remove(folder: str) -> None:
    import shutil  # noqa: PLC0415 (slow to import, and mostly never needed)

    deadline = time.monotonic() + _CLEANING_SECONDS
    while os.path.isdir(folder) and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.02)  # what has just been killed may still be writing


if __name__ == "__main__":
    main()
