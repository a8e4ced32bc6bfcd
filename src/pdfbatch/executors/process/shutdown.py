"""How a worker process ends: together with its parent, however that died, or because it is no longer needed."""

import atexit
import os
import select
import signal
import sys
import threading
from contextlib import suppress

from pdfbatch.common import TICK_SECONDS, tick_awake_clock
from pdfbatch.executors.process import descendants
from pdfbatch.executors.process.write_behind import WriteBehind

DRAIN_SECONDS = 0.5
"""Seconds to finish pending writes after the parent died; must stay below the reaper's grace period."""


def exit_with_process(pidfd: int | None, writes: WriteBehind) -> None:
    """Start a thread that ends this process when that of the pidfd ends, or this one's parent where there are no pidfds.

    The end of the pipe to the parent, which is watched on all platforms, does not always tell: a process that the parent
    forked may hold its other end open. The thread also keeps the ``awake_clock`` ticking.
    """
    tick_awake_clock()
    arguments = (pidfd, os.getppid(), writes)
    threading.Thread(target=_tick_and_watch, args=arguments, name="pdfbatch-parent-watch", daemon=True).start()


def _tick_and_watch(pidfd: int | None, parent: int, writes: WriteBehind) -> None:
    watched = [] if pidfd is None else [pidfd]
    while not select.select(watched, [], [], TICK_SECONDS)[0]:
        tick_awake_clock()
        if pidfd is None and os.getppid() != parent:
            break
    kill_own_group(writes)


def kill_own_group(writes: WriteBehind) -> None:
    """Kill this process and all that it started, after its pending writes: a resumed batch need not redo those documents."""
    writes.drain(DRAIN_SECONDS)
    descendants.kill(descendants.list_descendants(os.getpid()))
    os.killpg(0, signal.SIGKILL)


def exit_fast() -> None:
    """Exit after the exit functions, without the interpreter's slow finalization. Return if other threads must be waited for.

    Kills what this process started and left behind. Finalization only gives back what the system takes back anyway.
    """
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        atexit._run_exitfuncs()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (the only way there is)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # nobody may be reading it
                stream.flush()
        descendants.kill_children()
        os._exit(0)
