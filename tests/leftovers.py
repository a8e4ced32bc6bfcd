"""What tests leave behind: processes that still run, or that nobody has waited for, and temporary folders of pdfbatch.

Child processes inherit a mark in their environment and a folder for temporary files. Both belong to one ``Territory``, so
that what is left can be told from the leftovers of other tests, which may run at the same time.
"""

import os
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pdfbatch.testing.probes import wait_until

_MARK = "PDFBATCH_TESTS_TERRITORY"
_PROC = Path("/proc")
_OF_PYTHON_ITSELF = (
    b"multiprocessing.resource_tracker",
    b"multiprocessing.forkserver",
    b"multiprocessing/resource_tracker",
)


@dataclass(frozen=True, slots=True)
class Territory:
    """Where children of this process are born: their temporary files are in ``folder``, and they carry a mark of their own."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    older_zombies: frozenset[str] = field(default_factory=lambda: frozenset(_zombies()))

    @contextmanager
    def entered(self) -> Generator[None]:
        """Give child processes that are started meanwhile the mark and the folder."""
        before = {name: os.environ.get(name) for name in (_MARK, "TMPDIR")}
        os.environ.update({_MARK: self.mark, "TMPDIR": str(self.folder)})
        tempfile.tempdir = None  # it is read from TMPDIR again
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
            tempfile.tempdir = None

    def leftovers(self, seconds: float = 5.0) -> list[str]:
        """Return the processes and folders that are still there, after a while for those that were just told to end."""
        wait_until(lambda: not self._find_all(), seconds)
        return self._find_all()

    def _find_all(self) -> list[str]:
        return [*self._processes(), *self._zombies(), *self._folders()]

    def _folders(self) -> list[str]:
        return sorted(str(path) for path in self.folder.glob("pdfbatch*"))

    def _zombies(self) -> list[str]:
        return [f"{process} has ended, and nobody waits for it" for process in _zombies() - self.older_zombies]

    def _processes(self) -> list[str]:
        """Return the living processes that were started with the mark (on Linux; nothing elsewhere)."""
        return [_shown(process) for process in _PROC.glob("[0-9]*") if _has_mark(process, self.mark.encode())]


def _zombies() -> set[str]:
    """Return the ids of those children of this process that have ended and that it has not waited for (Linux)."""
    own = str(os.getpid())
    return {process.name for process in _PROC.glob("[0-9]*") if _state_and_parent(process) == ["Z", own]}


def _state_and_parent(process: Path) -> list[str]:
    try:
        return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]  # proc(5): fields 3 and 4
    except OSError:
        return []


def _has_mark(process: Path, mark: bytes) -> bool:
    try:
        environment, command = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
    except OSError:  # it has ended, or belongs to another user
        return False
    return mark in environment and not any(name in command for name in _OF_PYTHON_ITSELF)


def _shown(process: Path) -> str:
    try:
        return f"{process.name} {(process / 'cmdline').read_bytes().replace(bytes(1), b' ').decode(errors='replace')}"
    except OSError:
        return process.name
