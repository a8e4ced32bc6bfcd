"""Faults that a document can cause in the worker that reads it, and a function that commits them on purpose."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Never

from pdfbatch.common import SafeLogger

log: SafeLogger = SafeLogger(__name__)

HANG_SECONDS = 3600
"""How long a fault hangs: for ever, as far as a batch can tell, but a forgotten process ends some day."""

MEMORY_CAP_BYTES = 4 << 30
"""How much ``Fault.MEMORY`` takes when nobody stops it, so that a mistake in a test does not take the machine down."""

FLOOD_RECORDS = 10_000
"""Number of log records that ``Fault.FLOOD_LOG`` writes."""

_CHUNK_BYTES = 16 << 20
_SLEEPER = (sys.executable, "-I", "-S", "-c", f"import time; time.sleep({HANG_SECONDS})")


class Fault(StrEnum):
    """One thing that can go wrong while a page is read. All but ``ORPHAN`` and ``FLOOD_LOG`` keep the page from being read."""

    RAISE = "raise"
    """An exception that does not survive pickling."""
    RECURSION = "recursion"
    """Recursion up to Python's limit: a ``RecursionError`` from the bottom of a full stack."""
    HANG = "hang"
    """A loop in Python."""
    HANG_GIL = "hang_gil"
    """A C function that holds the GIL: no thread of the worker runs any more."""
    CHILD = "child"
    """A child process that hangs, and a worker that waits for it, as for a tesseract that hangs."""
    ORPHAN = "orphan"
    """A child process that hangs and that nobody waits for. The page is read all the same."""
    SYSTEM_EXIT = "system_exit"
    """A call of ``sys.exit()``, as by a library that thinks it is a program."""
    EXIT = "exit"
    """The process exits with status 3, without clean-up."""
    KILL = "kill"
    """The process kills itself with SIGKILL, as the kernel does when memory is short."""
    SEGFAULT = "segfault"
    """The process reads address 0."""
    ABORT = "abort"
    """The process calls ``abort()``, as C++ libraries do."""
    MEMORY = "memory"
    """The process takes and touches memory until somebody stops it; ``MemoryError`` at ``MEMORY_CAP_BYTES``."""
    FLOOD_LOG = "flood_log"
    """Very many log records. The page is read all the same."""


class InjectedError(Exception):
    """The error of ``Fault.RAISE``. It cannot be unpickled, because its constructor takes a keyword."""

    def __init__(self, what: str, *, why: str) -> None:
        super().__init__(f"{what}: {why}")


def commit(fault: Fault, *, journal: str | None = None) -> None:
    """Commit a fault in this process. ``CHILD`` and ``ORPHAN`` note their child in ``journal``, as ``note`` does.

    Raises ``InjectedError`` (``RAISE``), ``RecursionError`` (``RECURSION``), ``SystemExit`` (``SYSTEM_EXIT``) and
    ``MemoryError`` (``MEMORY``). Returns from ``ORPHAN`` and ``FLOOD_LOG``, and after ``HANG_SECONDS`` from a fault that
    hangs. The others end the process.
    """
    match fault:
        case Fault.CHILD:
            _child(journal).wait()
        case Fault.ORPHAN:
            _child(journal)
        case _:
            _COMMIT[fault]()


def note(journal: str, process: int, name: str) -> None:
    """Append a line to the file ``journal``: the process, and the name of what it starts.

    Unbuffered, so that lines of several processes stay whole and a kill loses none.
    """
    with Path(journal).open("ab", buffering=0) as file:
        file.write(f"{process} {name}\n".encode())


def _raise() -> Never:
    raise InjectedError("fault", why="injected for a test")


def _recursion() -> None:
    _recursion()


def _hang() -> None:
    end = time.monotonic() + HANG_SECONDS
    while time.monotonic() < end:
        time.sleep(0.1)


def _hang_gil() -> None:
    end = time.monotonic() + HANG_SECONDS
    while time.monotonic() < end:  # a signal interrupts the call
        _sleep_with_the_gil(60)


def _sleep_with_the_gil(seconds: int) -> None:
    # PyDLL, unlike CDLL, keeps the GIL during a call
    if sys.platform == "win32":
        ctypes.PyDLL("kernel32").Sleep(seconds * 1000)
    else:
        ctypes.PyDLL(None).sleep(seconds)


def _child(journal: str | None) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(_SLEEPER)
    if journal is not None:
        note(journal, child.pid, "child")
    return child


def _system_exit() -> Never:
    sys.exit(4)


def _exit() -> Never:
    os._exit(3)


def _kill() -> None:
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _segfault() -> None:
    ctypes.string_at(0)


def _memory() -> Never:
    taken: list[bytearray] = []
    while len(taken) * _CHUNK_BYTES < MEMORY_CAP_BYTES:
        taken.append(bytearray(b"\x01") * _CHUNK_BYTES)
    raise MemoryError(f"{MEMORY_CAP_BYTES} bytes were taken and nobody minded")


def _flood_log() -> None:
    for number in range(FLOOD_RECORDS):
        log.warning("record %d of a flood", number)


_COMMIT = {
    Fault.RAISE: _raise,
    Fault.RECURSION: _recursion,
    Fault.HANG: _hang,
    Fault.HANG_GIL: _hang_gil,
    Fault.SYSTEM_EXIT: _system_exit,
    Fault.EXIT: _exit,
    Fault.KILL: _kill,
    Fault.SEGFAULT: _segfault,
    Fault.ABORT: os.abort,
    Fault.MEMORY: _memory,
    Fault.FLOOD_LOG: _flood_log,
}
