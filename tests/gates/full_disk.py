"""Outputs without room: a folder on a small disk, and a folder that refuses more than some number of files."""

import os
import subprocess
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import Locality
from pdfbatch.storage import Storage


@contextmanager
def small_disk(folder: Path, kibibytes: int) -> Generator[bool]:
    """Mount a file system of this size at the folder; yield whether this process may do that."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder)]
    mounted = os.path.exists("/bin/mount") and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@dataclass(frozen=True, slots=True)
class SmallStorage:
    """A folder that is full when it holds ``files`` files. To a batch it looks like a small disk, and needs no mount."""

    folder: str
    files: int
    locality = Locality.MACHINE

    def check(self) -> None:
        self._storage.check()

    def uri(self, name: str) -> str:
        return self._storage.uri(name)

    def write(self, name: str, data: bytes) -> None:
        if len(os.listdir(self.folder)) >= self.files:
            raise DocumentError(f"{name}: no space left", cause=Cause.STORAGE_FULL)
        self._storage.write(name, data)

    def read(self, name: str) -> bytes:
        return self._storage.read(name)

    def delete(self, name: str) -> None:
        self._storage.delete(name)

    def names(self, below: str = "") -> Iterable[str]:
        return self._storage.names(below)

    @property
    def _storage(self) -> Storage:
        return Storage(self.folder)
