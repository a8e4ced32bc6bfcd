"""How a worker ends: with its parent, by whatever signal that died, or because it is no longer needed."""

import atexit
import os
import select
import signal
import sys
import threading
from contextlib import suppress

from pdfbatch.executors.process.write_behind import WriteBehind

LAST_WORDS_SECONDS = 0.5
"""What is being written when the parent dies has so long to get there; the guardian kills later than that."""


def die_with(parent: int, finisher: WriteBehind) -> None:
    """Watch the parent where that is possible (Linux): a process that it forked may hold our pipe open when it is gone."""
    if not hasattr(os, "pidfd_open"):
        return
    with suppress(OSError):
        watch(os.pidfd_open(parent), finisher)
    if os.getppid() != parent:
        die(finisher)


def watch(end: int, finisher: WriteBehind) -> None:
    """Die with the process of this pidfd."""
    threading.Thread(target=_wait_and_die, args=(end, finisher), name="pdfbatch-parent-watch", daemon=True).start()


def _wait_and_die(end: int, finisher: WriteBehind) -> None:
    select.select([end], [], [])
    die(finisher)


def die(finisher: WriteBehind) -> None:
    """End this process and all that it started, once what has been read is written: a resume need not do that again."""
    finisher.drain(LAST_WORDS_SECONDS)
    os.killpg(os.getpid(), signal.SIGKILL)


def leave() -> None:
    """End this process, once its exit functions have run and while none of its threads wants to be waited for.

    Taking the interpreter apart takes some hundredths of a second, and gives back what the system takes anyway.
    """
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        atexit._run_exitfuncs()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (the only way there is)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # nobody may be there to hear it
                stream.flush()
        os._exit(0)
