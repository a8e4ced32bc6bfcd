"""A file that appears whole or not at all, at a path or behind a URL."""

import os
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Protocol, TypeVar, cast

from pdfbatch import retry
from pdfbatch.common import without_credentials
from pdfbatch.errors import DocumentError, OutputError
from pdfbatch.storage import REQUEST_RETRY, check_local_path, lists_versions, open_url, storage_error, temporary_name

T = TypeVar("T")

# S3 takes this much in one PUT, which a kill leaves whole or absent. s3fs would split it into parts unless it is told not to.
_LARGEST_PUT_BYTES = 5 << 30


class _Receiver(Protocol):
    """The method of ``fsspec.AbstractFileSystem`` that sends a file."""

    def put_file(self, lpath: str, rpath: str, **options: object) -> object: ...


@contextmanager
def atomic_file(address: str, options: Mapping[str, object]) -> Generator[IO[bytes]]:
    """Open a file for writing. It gets its name, or is sent to its URL, when the block ends without an exception.

    ``options`` are those of fsspec for a URL. Raises ``OutputError`` when the file cannot be written or sent,
    ``UsageError`` for a path that is meant as a URL.
    """
    local = address.removeprefix("file://")
    if "://" in local:
        with tempfile.TemporaryDirectory(prefix="pdfbatch-export-") as folder:
            path = os.path.join(folder, "rows")
            with open(path, "xb") as file:
                yield file
            _send(path, address, options)
        return
    check_local_path(local)
    with _temporary_sibling(os.path.abspath(os.path.expanduser(local))) as file:
        yield file


@contextmanager
def _temporary_sibling(path: str) -> Generator[IO[bytes]]:
    """Open a temporary file in the folder of ``path``, and rename it to ``path`` at the end."""
    temporary = os.path.join(os.path.dirname(path), temporary_name())
    try:
        with _translate_errors(path, lambda: open(temporary, "xb")) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _translate_errors(path, lambda: os.replace(temporary, path))
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _translate_errors(path: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except OSError as error:
        raise OutputError(f"The export {path} cannot be written: {error.strerror or error}") from error


def _send(path: str, address: str, options: Mapping[str, object]) -> None:
    """Send a file to its URL, and retry as any remote request is retried."""
    opened, remote = open_url(address, options)
    is_one_put = lists_versions(opened) and os.path.getsize(path) < _LARGEST_PUT_BYTES
    chosen: dict[str, object] = {"chunksize": _LARGEST_PUT_BYTES} if is_one_put else {}

    def send_once() -> None:
        try:
            cast("_Receiver", opened).put_file(path, remote, **chosen)
        except Exception as error:  # noqa: BLE001 (the library behind the URL may raise anything)
            found = storage_error(error, address, options)
        else:
            return
        raise found  # here, so that a traceback shows nothing of what the library said but what is in it

    try:
        retry.call(send_once, REQUEST_RETRY)
    except DocumentError as error:
        raise OutputError(f"The export {without_credentials(address)} cannot be written: {error}") from error
