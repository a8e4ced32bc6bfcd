"""Read documents where the kernel allows nothing else: ``python -m tests.gates.locked_in FILE...`` prints their texts.

The kernel kills this process (SIGSYS) when it makes a socket or a process, or opens a file for writing (Linux, seccomp).
``locked_in socket``, ``process`` or ``write`` tries just that. The exit code is 77 where the kernel has no such lock.
"""

import ctypes
import os
import platform
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.engines.pypdf import PypdfEngine
from pdfbatch.ports import TextEngine
from pdfbatch.samples import text_pdf

NO_LOCK = 77

_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_KILL, _ALLOW = 0x80000000, 0x7FFF0000


class Kernel(NamedTuple):
    """Numbers of one architecture: its own, that of ``openat``, and those of the system calls that the lock forbids."""

    audit: int
    openat: int
    forbidden: Sequence[int]


# From the kernel's tables: socket, connect, clone, fork, vfork, execve, execveat, clone3, unlinkat, renameat2, mkdirat, and
# on x86 the older calls that write: open, creat, unlink, rename, mkdir.
_KERNELS = {
    "x86_64": Kernel(0xC000003E, 257, (41, 42, 56, 57, 58, 59, 322, 435, 263, 316, 258, 2, 85, 87, 82, 83)),
    "aarch64": Kernel(0xC00000B7, 56, (198, 203, 220, 221, 281, 435, 35, 276, 34)),
}


def lock() -> bool:
    """Lock this process in; return whether that can be done here."""
    kernel = _KERNELS.get(platform.machine())
    if kernel is None or sys.platform != "linux":
        return False
    code = _program(kernel)
    instructions = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions))
    control = ctypes.CDLL(None, use_errno=True).prctl
    return bool(control(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 == control(_SET_SECCOMP, _FILTER, program, 0, 0))


def _program(kernel: Kernel) -> bytes:
    """Return the filter. Offsets in ``struct seccomp_data``: 0 the call, 4 the architecture, 32 the flags of ``openat``."""
    count = len(kernel.forbidden)
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 0, count + 5, kernel.audit), (_LOAD, 0, 0, 0)]
    steps += [(_EQUAL, count + 3 - place, 0, call) for place, call in enumerate(kernel.forbidden)]
    steps += [(_EQUAL, 0, 2, kernel.openat), (_LOAD, 0, 0, 32), (_ANY_BIT, 1, 0, os.O_WRONLY | os.O_RDWR)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _KILL)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def texts(engine: TextEngine, path: str) -> str:
    """Return the text of a document's pages."""
    said: list[str] = []
    with engine.open(path) as document:
        for number in range(1, document.page_count + 1):
            with document.page(number) as page:
                said.append(page.text())
                page.facts()
    return " ".join(said)


def _load(engine: TextEngine) -> None:
    """Load all of an engine's libraries, which cannot be done behind the lock."""
    with engine.open(text_pdf(["first"])) as document, document.page(1) as page:
        page.text()
        page.facts()


_ATTEMPTS: dict[str, Callable[[], object]] = {
    "socket": socket.socket,
    "process": lambda: os.fork() or os._exit(0),
    "write": lambda: os.open("written", os.O_WRONLY | os.O_CREAT),
}


def main(arguments: Sequence[str]) -> int:
    """Lock, then read the files, or try what the arguments name."""
    engines = (PdfiumEngine(), PypdfEngine())
    for engine in engines:
        _load(engine)
    if not lock():
        return NO_LOCK
    for argument in arguments:
        if argument in _ATTEMPTS:
            _ATTEMPTS[argument]()
        for engine in engines if argument not in _ATTEMPTS else ():
            print(engine.name, texts(engine, argument).strip())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
