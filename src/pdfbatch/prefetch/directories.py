"""Private folders for downloaded copies: small ones in ``/dev/shm`` if there is room, the rest on disk."""

import errno
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from pdfbatch.prefetch.quota import ByteQuota
from pdfbatch.storage import age_of, boot_mark, is_abandoned, temporary_name

# The folders of killed processes are found by this name, which users see, too.
PREFIX = "pdfbatch-spool"

_USUAL_FOLDER, _MEMORY_FOLDER = "/tmp", "/dev/shm"  # noqa: S108 (private folders are made in them)
# A file system in memory is used when this many times what we may put there is free, because others need it, too.
_TIMES_FREE = 4


# Held, locked, by the owner of a folder for as long as it lives.
_LOCK_NAME = "lock"
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})


class PrivateFolder:
    """A new folder for this user only, in the place for temporary files or in ``parent``.

    Its owner holds a lock in it, which the kernel releases when the owner ends, however that happens. Making a folder removes
    those whose owners have ended, in whatever container of this machine they ran.
    """

    def __init__(self, parent: str | None = None) -> None:
        parent = parent or tempfile.gettempdir()
        sweep(parent)
        self.path: str = os.path.join(parent, PREFIX + temporary_name())
        os.mkdir(self.path, mode=0o700)
        try:
            self._lock = _lock_new(os.path.join(self.path, _LOCK_NAME))
        except BaseException:  # no room, for one: then there will be none for copies either
            shutil.rmtree(self.path, ignore_errors=True)
            raise
        self._numbers = count()

    def new_path(self) -> str:
        """Return a path that is not in use. Callable from any thread."""
        return os.path.join(self.path, f"{next(self._numbers)}.pdf")

    def remove(self) -> None:
        """Remove the folder and all that is in it; can be repeated."""
        shutil.rmtree(self.path, ignore_errors=True)
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def temporary_folder(folder: str | None) -> str:
    """Return where private folders are made: ``folder``, or the place for temporary files, whatever its state."""
    if folder is not None:
        return folder
    try:
        return tempfile.gettempdir()
    except OSError:  # it is full, or read-only, and so are the usual others
        return os.environ.get("TMPDIR") or _USUAL_FOLDER


def sweep(parent: str) -> int:
    """Remove the private folders whose owners have ended from ``parent``, and return how many.

    An owner has ended when its lock is free. Where no lock can tell, its process must be known to have ended; a folder that
    another container or machine left behind without a lock stays for a day.
    """
    names = [name for name in os.listdir(parent) if name.startswith(PREFIX)]
    abandoned = [name for name in names if _is_abandoned_folder(os.path.join(parent, name))]
    for name in abandoned:
        shutil.rmtree(os.path.join(parent, name), ignore_errors=True)
    return len(abandoned)


def _is_abandoned_folder(path: str) -> bool:
    is_free = _is_lock_free(os.path.join(path, _LOCK_NAME))
    if is_free is not None:
        return is_free
    # Between mkdir and the lock there is a moment without one.
    return is_abandoned(os.path.basename(path).removeprefix(PREFIX), age_of(path))


def _lock_new(path: str) -> int | None:
    """Make a file that is locked when it gets its name; return its descriptor, ``None`` where there are no locks.

    The file says which kernel keeps the lock: on a disk that machines share, another one may not see it.
    """
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 (POSIX only)

    unnamed = f"{path}.new"
    lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(lock, boot_mark().encode())
        os.rename(unnamed, path)
    except BaseException as error:
        os.close(lock)
        with suppress(OSError):
            os.unlink(unnamed)
        if isinstance(error, OSError) and error.errno in _NO_LOCKS:
            return None
        raise
    return lock


def _is_lock_free(path: str) -> bool | None:
    """Return whether nobody holds a lock of this machine; ``None`` when that cannot be told."""
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 (POSIX only)

    try:
        lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if os.read(lock, 200) != boot_mark().encode():
            return None
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    finally:
        os.close(lock)
    return True


@dataclass(frozen=True, slots=True)
class Directory:
    """A private folder, and how many bytes it may hold."""

    folder: PrivateFolder
    quota: ByteQuota


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A path for one copy, and the bytes that were acquired for it."""

    path: str
    size_bytes: int
    directory: Directory = field(repr=False)

    def remove(self) -> None:
        """Remove the copy, if it was written, and release its bytes."""
        with suppress(OSError):
            os.unlink(self.path)
        self.directory.quota.release(self.size_bytes)


@dataclass(frozen=True, slots=True)
class Directories:
    """The directory on disk, and the one in memory, if there is one."""

    disk: Directory
    memory: Directory | None = None

    def allocate(self, size_bytes: int) -> LocalFile | None:
        """Wait for room on disk; return ``None`` when the directories were closed instead."""
        disk = self.disk
        return LocalFile(disk.folder.new_path(), size_bytes, disk) if disk.quota.acquire(size_bytes) else None

    def allocate_alone(self) -> LocalFile | None:
        """Wait until the directory on disk holds no other copy; return ``None`` when the directories were closed instead."""
        return self.allocate(self.disk.quota.whole_bytes)

    def try_allocate(self, size_bytes: int) -> LocalFile | None:
        """Return a file in memory, else on disk, without waiting; ``None`` when there is no room."""
        for directory in (self.memory, self.disk):
            if directory is not None and directory.quota.try_acquire(size_bytes):
                return LocalFile(directory.folder.new_path(), size_bytes, directory)
        return None

    def close(self) -> None:
        """Let no thread wait for room any longer."""
        self.disk.quota.close()
        if self.memory is not None:
            self.memory.quota.close()

    def remove(self) -> None:
        """Remove all copies; can be repeated."""
        self.disk.folder.remove()
        if self.memory is not None:
            self.memory.folder.remove()


def find_memory_folder() -> str | None:
    """Return where files in memory may go; ``None`` when the user chose a place for temporary files (``TMPDIR``)."""
    return _MEMORY_FOLDER if tempfile.gettempdir() == _USUAL_FOLDER else None


def make_directories(folder: str | None, max_bytes: int, memory_bytes: int, memory_folder: str | None) -> Directories:
    """Make a directory on disk, in ``folder`` or where temporary files go, and one in ``memory_folder``.

    There is none in memory when ``folder`` is given, or when the file system in memory is missing or has little room (as
    in many containers).
    """
    disk = Directory(PrivateFolder(folder), ByteQuota(max_bytes))
    if folder is not None or memory_bytes <= 0 or memory_folder is None:
        return Directories(disk)
    try:
        facts = os.statvfs(memory_folder)
        if facts.f_bavail * facts.f_frsize < memory_bytes * _TIMES_FREE:
            return Directories(disk)
        return Directories(disk, Directory(PrivateFolder(memory_folder), ByteQuota(memory_bytes)))
    except (AttributeError, OSError):  # no such call on this platform; not there, or not writable
        return Directories(disk)
