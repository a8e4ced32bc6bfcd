"""Write to a local folder with the standard library alone, so that workers start without loading fsspec."""

import _thread
import errno
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import FileIO
from typing import Literal

from pdfbatch.errors import Cause, DocumentError, OutputError
from pdfbatch.storage.errors import storage_error
from pdfbatch.storage.temporary_names import age_of, is_abandoned, is_ours, temporary_name

Durability = Literal["batch", "each", "none"]

# Up to so many files are written through one by one; for more, the whole file system is, which takes about as long as one.
_SYNCED_SINGLY = 16
_BLOCK_BYTES = 4096

_WRITE_SECONDS = 3.0  # for a file that is being written when Ctrl-C comes

_O_TMPFILE: int | None = getattr(os, "O_TMPFILE", None)  # Linux only
_NO_UNNAMED_FILES = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS})
# /proc is not mounted, links are not allowed, or the file system has none.
_NO_LINK = frozenset(
    {errno.ENOENT, errno.EPERM, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK, errno.EACCES, errno.EINVAL}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStorage:
    """A local folder. ``pdfbatch.ports.Output`` says what its methods promise; ``Storage`` has checked the names."""

    root: str
    durability: Durability = "batch"

    def check(self) -> None:
        """Make the folder, write a file and remove it, then sweep. Raises ``OutputError`` naming folder and reason."""
        try:
            os.makedirs(self.root, exist_ok=True)
            _run_undisturbed(self._probe)
        except OSError as error:
            raise OutputError(f"The output {self.root} cannot be written: {_describe(error)}") from error
        self.sweep()

    def _probe(self) -> None:
        probe = os.path.join(self.root, temporary_name())
        try:
            _write(probe, b"pdfbatch", flush=False)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(probe)

    def uri(self, name: str) -> str:
        """Return the path of a name."""
        return os.path.join(self.root, *name.split("/"))

    def write(self, name: str, data: bytes) -> None:
        """Write beside the final name, then rename: a reader sees the old bytes or the new ones, never a mixture."""
        path = self.uri(name)
        try:
            try:
                self._replace(path, data)
            except FileNotFoundError:  # the folder does not exist yet
                os.makedirs(os.path.dirname(path), exist_ok=True)
                self._replace(path, data)
        except OSError as error:
            raise storage_error(error, path) from error

    def append(self, name: str, data: bytes) -> None:
        """Add lines at the end of a file, in the place of an unfinished one; make the file when it is not there."""
        path = self.uri(name)
        try:
            if not os.path.isdir(os.path.dirname(path)):
                os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "a+b", buffering=0) as file:
                _cut_unfinished_line(file)
                _write_all(file.fileno(), data, flush=self.durability == "each")
        except OSError as error:
            raise storage_error(error, path) from error

    def sync(self, names: Sequence[str]) -> None:
        """Write files that were written before through to the disk, with their names."""
        if self.durability != "batch":
            return
        try:
            if len(names) > _SYNCED_SINGLY and sync_file_system(self.root):
                return
            paths = [self.uri(name) for name in names]
            for path in (*paths, *dict.fromkeys(map(os.path.dirname, paths))):
                _sync_path(path)
        except OSError as error:
            raise storage_error(error, self.root) from error

    def read(self, name: str) -> bytes:
        """Read a regular file; anything else under its name, such as a FIFO, is not waited for."""
        path = self.uri(name)
        try:
            with open(path, "rb", buffering=0, opener=_open_without_waiting) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise DocumentError(f"{path}: not a regular file", cause=Cause.NOT_A_FILE)
                return file.readall()
        except OSError as error:
            raise storage_error(error, path) from error

    def delete(self, name: str) -> None:
        """Remove a file, or a whole folder when the name ends in ``/``."""
        path = self.uri(name)
        try:
            if name.endswith("/"):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise storage_error(error, path) from error

    def names(self, below: str = "") -> Iterator[str]:
        """Yield relative names that begin with ``below``, in no order, without those of files being written."""
        folder = below.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        files = _iter_files(self.uri(folder) if folder else self.root, prefix)
        return (name for name, entry in files if name.startswith(below) and not is_ours(entry.name))

    def sweep(self) -> int:
        """Remove what dead writers left behind, and return how many files that were."""
        stale = [entry.path for _, entry in _iter_files(self.root, "") if is_ours(entry.name) and _is_stale(entry)]
        for path in stale:
            with suppress(OSError):
                os.unlink(path)
        return len(stale)

    def _replace(self, path: str, data: bytes) -> None:
        if not _link_unnamed(path, data, flush=self.durability == "each"):
            _run_undisturbed(partial(self._rename, path, data))

    def _rename(self, path: str, data: bytes) -> None:
        temporary = os.path.join(os.path.dirname(path), temporary_name())
        try:
            _write(temporary, data, flush=self.durability == "each")
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _link_unnamed(path: str, data: bytes, *, flush: bool) -> bool:
    """Write a file that has no name until it is whole, so that a killed writer leaves nothing behind.

    Return false where that cannot be done, because the file system or platform has no such files.
    """
    if _O_TMPFILE is None:
        return False
    try:
        file = os.open(os.path.dirname(path), _O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno in _NO_UNNAMED_FILES:
            return False
        raise
    try:
        _write_all(file, data, flush=flush)
        try:
            _link(file, path)
        except FileExistsError:
            _run_undisturbed(partial(_link_over, file, path))
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    finally:
        os.close(file)
    return True


def _link(file: int, path: str) -> None:
    # With a descriptor of a folder (which an absolute path makes no use of) Python follows the link.
    os.link(f"/proc/self/fd/{file}", path, src_dir_fd=file, follow_symlinks=True)


def _link_over(file: int, path: str) -> None:
    """Give an unnamed file a name that is in use: it has a temporary one for a moment."""
    temporary = os.path.join(os.path.dirname(path), temporary_name())
    try:
        _link(file, temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _run_undisturbed(function: Callable[[], None]) -> None:
    """Call a function that makes a name and removes it, so that Ctrl-C cannot come between.

    Signals are handled in the main thread; another one ends its work. ``threading`` would wait for that thread's start with a
    lock of Python code: interrupted there, the thread waits for ever, and the interpreter for it as it exits.
    """
    if threading.current_thread() is not threading.main_thread():
        function()
        return
    errors: list[BaseException] = []
    running = _thread.allocate_lock()
    running.acquire()

    def run() -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 (raised below)
            errors.append(error)
        finally:
            running.release()

    _thread.start_new_thread(run, ())
    try:
        running.acquire()
    except BaseException:
        running.acquire(timeout=_WRITE_SECONDS)
        raise
    if errors:
        raise errors[0]


def _write(path: str, data: bytes, *, flush: bool) -> None:
    with open(path, "xb", buffering=0) as file:
        _write_all(file.fileno(), data, flush=flush)


def _write_all(file: int, data: bytes, *, flush: bool) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    if flush:
        os.fsync(file)


def _cut_unfinished_line(file: FileIO) -> None:
    end = file.seek(0, os.SEEK_END)
    last = end
    while last:
        start = max(0, last - 1 if last == end else last - _BLOCK_BYTES)
        file.seek(start)
        found = file.read(last - start).rfind(b"\n")
        if found >= 0:
            last = start + found + 1
            break
        last = start
    if last < end:
        file.truncate(last)


def _sync_path(path: str) -> None:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # it has been deleted, or never was there
        return
    except PermissionError:
        if os.name == "nt":  # there folders cannot be opened, and need not be
            return
        raise
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_file_system(path: str) -> bool:
    """Write a whole file system through to its disk; return false where that cannot be done."""
    import ctypes  # noqa: PLC0415 (only where it is needed)

    try:
        sync = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError, TypeError):  # not Linux
        return False
    file = os.open(path, os.O_RDONLY)
    try:
        if sync(file) == 0:
            return True
        error = ctypes.get_errno()
        if error in (errno.ENOSYS, errno.EINVAL):
            return False
        raise OSError(error, os.strerror(error))
    finally:
        os.close(file)


def _iter_files(folder: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield every file below a folder with its relative name; a folder that does not exist has none."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _iter_files(entry.path, f"{prefix}{entry.name}/")
                else:
                    yield prefix + entry.name, entry
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise storage_error(error, folder) from error


def _is_stale(entry: os.DirEntry[str]) -> bool:
    age = age_of(entry.path)
    return age is not None and is_abandoned(entry.name, age)


def _describe(error: OSError) -> str:
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "it, or a folder above it, is a file"
    if error.errno == errno.EROFS:
        return "the file system is read-only"
    return error.strerror or str(error)
