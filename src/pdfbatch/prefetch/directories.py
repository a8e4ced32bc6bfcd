"""Where the copies of a spool lie: on the disk, and small ones in a file system in memory where there is one."""

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from pdfbatch.prefetch.quota import ByteQuota
from pdfbatch.storage import is_abandoned, temporary_name

PREFIX = "pdfbatch-spool"


class PrivateFolder:
    """A new folder in the place for temporary files (or in ``parent``). Folders of dead processes there are removed."""

    def __init__(self, parent: str | None = None) -> None:
        parent = parent or tempfile.gettempdir()
        sweep(parent)
        self.path = os.path.join(parent, PREFIX + temporary_name())
        os.mkdir(self.path, mode=0o700)
        self._numbers = count()

    def new_path(self) -> str:
        """A path that nothing has yet. Callable from any thread."""
        return os.path.join(self.path, f"{next(self._numbers)}.pdf")

    def remove(self) -> None:
        """Remove the folder and all that is in it; can be repeated."""
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(parent: str) -> int:
    """Remove the spools that killed processes of this host left in a folder. Returns how many."""
    names = [name for name in os.listdir(parent) if name.startswith(PREFIX)]
    abandoned = [name for name in names if is_abandoned(name.removeprefix(PREFIX))]
    for name in abandoned:
        shutil.rmtree(os.path.join(parent, name), ignore_errors=True)
    return len(abandoned)


_USUAL, _MEMORY = "/tmp", "/dev/shm"  # noqa: S108 (private folders in them)
# A file system in memory is used when this many times what we may put there is free: it is not ours alone.
_TIMES_FREE = 4


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder of copies, and the room that they have there."""

    folder: PrivateFolder
    room: ByteQuota


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A path on a shelf for one copy, and the room that was taken for it."""

    path: str
    size_bytes: int
    shelf: Directory = field(repr=False)

    def clear(self) -> None:
        """Remove the copy, if there is one, and give its room back."""
        with suppress(OSError):
            os.unlink(self.path)
        self.shelf.room.give_back(self.size_bytes)


@dataclass(frozen=True, slots=True)
class Directories:
    """The shelf on the disk, and the one in memory, if there is one."""

    disk: Directory
    memory: Directory | None = None

    def place(self, size_bytes: int) -> LocalFile | None:
        """Wait for room on the disk; ``None`` when the spool was closed instead."""
        disk = self.disk
        return LocalFile(disk.folder.new_path(), size_bytes, disk) if disk.room.take(size_bytes) else None

    def place_now(self, size_bytes: int) -> LocalFile | None:
        """A place in memory, else on the disk, without waiting; ``None`` when there is no room."""
        shelves = (self.memory, self.disk)
        shelf = next((one for one in shelves if one is not None and one.room.take_now(size_bytes)), None)
        return None if shelf is None else LocalFile(shelf.folder.new_path(), size_bytes, shelf)

    def close(self) -> None:
        """Let nobody wait for room any more."""
        self.disk.room.close()
        if self.memory is not None:
            self.memory.room.close()

    def remove(self) -> None:
        """Remove all copies; can be repeated."""
        self.disk.folder.remove()
        if self.memory is not None:
            self.memory.folder.remove()


def memory_place() -> str | None:
    """Where files in memory may go; ``None`` when temporary files are wanted in a place of somebody's choice (``TMPDIR``)."""
    return _MEMORY if tempfile.gettempdir() == _USUAL else None


def shelves(folder: str | None, max_bytes: int, memory_bytes: int, memory: str | None) -> Directories:
    """New shelves: on the disk in ``folder``, or else where temporary files go, and in ``memory``.

    A memory that is small (that of a container often is) or not there is left alone; so is any when a folder is given.
    """
    disk = Directory(PrivateFolder(folder), ByteQuota(max_bytes))
    is_wanted = folder is None and memory_bytes > 0
    if not is_wanted or memory is None or _free_bytes(memory) < memory_bytes * _TIMES_FREE:
        return Directories(disk)
    try:
        return Directories(disk, Directory(PrivateFolder(memory), ByteQuota(memory_bytes)))
    except OSError:  # it may not be written
        return Directories(disk)


def _free_bytes(folder: str) -> int:
    try:
        facts = os.statvfs(folder)
    except (AttributeError, OSError):  # not there, or no such call on this platform
        return 0
    return facts.f_bavail * facts.f_frsize
