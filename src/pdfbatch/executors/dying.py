"""How a worker ends with its parent, by whatever signal that died."""

import os
import select
import signal
import threading
from contextlib import suppress

from pdfbatch.executors.finisher import Finisher

LAST_WORDS_SECONDS = 0.5
"""What is being written when the parent dies has so long to get there; the guardian kills later than that."""


def die_with(parent: int, finisher: Finisher) -> None:
    """Watch the parent where that is possible (Linux): a process that it forked may hold our pipe open when it is gone."""
    if not hasattr(os, "pidfd_open"):
        return
    with suppress(OSError):
        watch(os.pidfd_open(parent), finisher)
    if os.getppid() != parent:
        die(finisher)


def watch(end: int, finisher: Finisher) -> None:
    """Die with the process of this pidfd."""
    threading.Thread(target=_wait_and_die, args=(end, finisher), name="pdfbatch-parent-watch", daemon=True).start()


def _wait_and_die(end: int, finisher: Finisher) -> None:
    select.select([end], [], [])
    die(finisher)


def die(finisher: Finisher) -> None:
    """End this process and all that it started, once what has been read is written: a resume need not do that again."""
    finisher.drain(LAST_WORDS_SECONDS)
    os.killpg(os.getpid(), signal.SIGKILL)
