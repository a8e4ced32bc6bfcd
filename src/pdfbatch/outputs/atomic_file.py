"""A file that appears whole or not at all, at a path or behind a URL."""

import os
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Protocol, TypeVar, cast

from pdfbatch import retry
from pdfbatch.errors import DocumentError, OutputError
from pdfbatch.storage import REQUEST_RETRY, lists_versions, open_url, storage_error, temporary_name
from pdfbatch.urls import without_credentials

T = TypeVar("T")

# S3 takes so much in one PUT, which a kill leaves whole or absent; s3fs splits less into parts, unless it is told.
_LARGEST_PUT_BYTES = 5 << 30


class _Receiver(Protocol):
    """What is used of ``fsspec.AbstractFileSystem``."""

    def put_file(self, lpath: str, rpath: str, **options: object) -> object: ...


@contextmanager
def written(address: str, options: Mapping[str, object]) -> Generator[IO[bytes]]:
    """A file to write; it gets its name, or is sent to its URL, when the block has ended well.

    Raises ``OutputError`` when that cannot be done.
    """
    local = address.removeprefix("file://")
    if "://" in local:
        with tempfile.TemporaryDirectory(prefix="pdfbatch-export-") as folder:
            path = os.path.join(folder, "rows")
            with open(path, "xb") as file:
                yield file
            _send(path, address, options)
        return
    with _beside(os.path.abspath(os.path.expanduser(local))) as file:
        yield file


@contextmanager
def _beside(path: str) -> Generator[IO[bytes]]:
    """A temporary file in the same folder, renamed at the end."""
    temporary = os.path.join(os.path.dirname(path), temporary_name())
    try:
        with _refusing(path, lambda: open(temporary, "xb")) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _refusing(path, lambda: os.replace(temporary, path))
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _refusing(path: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except OSError as error:
        raise OutputError(f"The export {path} cannot be written: {error.strerror or error}") from error


def _send(path: str, address: str, options: Mapping[str, object]) -> None:
    """Send a file to its URL, with the tries of any remote request."""
    opened, remote = open_url(address, options)
    is_one_put = lists_versions(opened) and os.path.getsize(path) < _LARGEST_PUT_BYTES
    chosen: dict[str, object] = {"chunksize": _LARGEST_PUT_BYTES} if is_one_put else {}

    def once() -> None:
        try:
            cast("_Receiver", opened).put_file(path, remote, **chosen)
        except Exception as error:  # whatever library is behind the URL
            raise storage_error(error, address, options) from error

    try:
        retry.call(once, REQUEST_RETRY)
    except DocumentError as error:
        raise OutputError(f"The export {without_credentials(address)} cannot be written: {error}") from error
