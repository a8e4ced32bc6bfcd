"""Programs of this Python on this machine that end with this process, whatever ends it.

They need no ``__main__`` guard in the user's script, unlike ``multiprocessing``, because they do not import it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_END_SECONDS = 2.0
# Runs a module as a program, and exits when its standard input, which this process holds open, is closed.
_WRAPPER = """
import os, runpy, sys, threading
def wait_for_parent():
    while os.read(0, 4096):
        pass
    os._exit(0)
threading.Thread(target=wait_for_parent, daemon=True).start()
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


class LocalProgram:
    """A module that runs as a program of its own. A context manager: at its end the program is ended.

    What it prints goes into a temporary file, of which ``read_log`` returns the last lines.
    """

    def __init__(self, module: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self._log = tempfile.TemporaryFile(prefix="pdfbatch-")  # noqa: SIM115 (closed at the program's end)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _WRAPPER, module, *arguments],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                env={**os.environ, **environment},
                cwd=Path.home().anchor,
                start_new_session=True,  # Ctrl-C in a terminal is this process's affair
            )
        except BaseException:
            self._log.close()
            raise

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it, as the kernel might."""
        self._process.kill()
        self._process.wait()

    def read_log(self) -> str:
        """Return the last line that it printed."""
        lines = os.pread(self._log.fileno(), 1 << 20, 0).decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def __enter__(self) -> Self:
        """Return the program itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program: by its standard input, and if it does not end, by a signal."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
