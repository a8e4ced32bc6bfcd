"""The parent's end of the guardian: a process that kills the workers when the parent can no longer do so."""

import logging
import os
import subprocess
from contextlib import suppress

from pdfbatch.executors.process import reaper

log = logging.getLogger(__name__)


class ReaperClient:
    """Starts the guardian of a pool, and tells it which process groups live. ``folder`` is removed with them."""

    def __init__(self, python: str, folder: str) -> None:
        command = [python, "-I", "-S", reaper.__file__, folder, str(os.getpid())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert self._process.stdin is not None
        self._pipe = self._process.stdin
        os.set_blocking(self._pipe.fileno(), False)

    def add(self, group: int) -> None:
        """A process group lives."""
        self._tell(b"+%d\n" % group)

    def remove(self, group: int) -> None:
        """A process group is about to be reaped, and its number free for others."""
        self._tell(b"-%d\n" % group)

    def close(self) -> None:
        """All groups are gone and the folder is removed: the guardian is no longer needed."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._pipe.close()

    def _tell(self, line: bytes) -> None:
        if self._process.returncode is not None:
            return
        try:
            os.write(self._pipe.fileno(), line)
        except OSError:
            # One that does not hear may kill a number that is somebody else's by then: better none than such a one.
            self._process.kill()
            self._process.wait()
            log.warning("The guardian of the workers has ended: a killed parent may now leave workers behind")
