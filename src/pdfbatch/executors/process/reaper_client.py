"""The parent's side of the reaper, which kills the workers when the parent can no longer do so."""

import os
import subprocess
import sys
from contextlib import suppress

from pdfbatch.common import SafeLogger
from pdfbatch.executors.process import reaper

log: SafeLogger = SafeLogger(__name__)


class ReaperClient:
    """Start the reaper of a pool, and tell it which process groups exist. It also removes ``folder``."""

    def __init__(self, python: str, folder: str) -> None:
        # Outside of any sandbox that a script puts around the workers' interpreter: it kills what is in there.
        python = python if getattr(sys, "frozen", False) or not sys.executable else sys.executable
        command = [python, "-I", "-S", reaper.__file__, folder, str(os.getpid())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert self._process.stdin is not None
        self._pipe = self._process.stdin
        os.set_blocking(self._pipe.fileno(), False)

    def add(self, group: int) -> None:
        """Report a new process group."""
        self._send(b"+%d\n" % group)

    def remove(self, group: int) -> None:
        """Report that a process group is about to be reaped, after which its number may be used by others."""
        self._send(b"-%d\n" % group)

    def close(self) -> None:
        """Kill the reaper, which is not needed once all groups are gone and the folder is removed."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._pipe.close()

    def _send(self, line: bytes) -> None:
        if self._process.returncode is not None:
            return
        try:
            os.write(self._pipe.fileno(), line)
        except OSError:
            # A reaper that misses a message may later kill a group whose number belongs to somebody else: better none.
            self._process.kill()
            self._process.wait()
            log.warning("The reaper of the worker processes has exited: if this process is killed, workers may remain")
