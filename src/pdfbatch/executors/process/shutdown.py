"""How a worker process ends: together with its parent, however that died, or because it is no longer needed."""

import atexit
import os
import select
import signal
import sys
import threading
from contextlib import suppress

from pdfbatch.executors.process.write_behind import WriteBehind

DRAIN_SECONDS = 0.5
"""Seconds to finish pending writes after the parent died; must stay below the reaper's grace period."""


def exit_with_parent(parent: int, writes: WriteBehind) -> None:
    """Watch the parent by a pidfd, on Linux.

    The end of the pipe to the parent, which is watched on all platforms, does not always tell: a process that the parent
    forked may hold its other end open.
    """
    if not hasattr(os, "pidfd_open"):
        return
    with suppress(OSError):
        exit_with_process(os.pidfd_open(parent), writes)
    if os.getppid() != parent:  # it died before the pidfd was opened
        kill_own_group(writes)


def exit_with_process(pidfd: int, writes: WriteBehind) -> None:
    """Start a thread that ends this process when the process of this pidfd ends."""
    threading.Thread(target=_wait_and_kill, args=(pidfd, writes), name="pdfbatch-parent-watch", daemon=True).start()


def _wait_and_kill(pidfd: int, writes: WriteBehind) -> None:
    select.select([pidfd], [], [])
    kill_own_group(writes)


def kill_own_group(writes: WriteBehind) -> None:
    """Kill this process and all that it started, after its pending writes: a resumed batch need not redo those documents."""
    writes.drain(DRAIN_SECONDS)
    os.killpg(os.getpid(), signal.SIGKILL)


def exit_fast() -> None:
    """Exit after the exit functions, without the interpreter's slow finalization. Return if other threads must be waited for.

    Finalization only gives back what the system takes back anyway.
    """
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        atexit._run_exitfuncs()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (the only way there is)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # nobody may be reading it
                stream.flush()
        os._exit(0)
