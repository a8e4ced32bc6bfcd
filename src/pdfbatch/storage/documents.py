"""What a worker reads: a document's path, checked without opening anything odd, or its bytes."""

import errno
import os
import stat
from dataclasses import dataclass, field

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import fingerprints
from pdfbatch.storage.errors import storage_error
from pdfbatch.storage.fingerprints import Fingerprint

_NOT_A_PATH = (errno.ELOOP, errno.ENAMETOOLONG)
_KINDS = {stat.S_IFDIR: "folder", stat.S_IFIFO: "FIFO", stat.S_IFSOCK: "socket"}
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What an engine can open: a local path, or the bytes. ``fingerprint`` says which version of the input it is."""

    data: str | bytes = field(repr=False)
    fingerprint: Fingerprint


def read_document(
    document: Document,
    *,
    max_file_bytes: int | None = None,
    retry: RetryPolicy | None = None,
    seconds: float | None = None,
) -> Source:
    """Make a document ready for an engine; its size is checked before a byte of it is read. Runs in the worker.

    Raises ``DocumentError``: ``not_a_file`` (folder, FIFO, device, endless link, impossible name; never opened),
    ``empty_input``, ``limit_bytes``, ``input_changed`` (while it was fetched), or a storage cause. ``retry`` bounds the
    tries of a remote request (nine by default), ``seconds`` all its tries together (60 by default); a large body has a
    second more for each MiB. A local read is not repeated.
    """
    if document.content is not None:
        fingerprints.check_size(document.file_path, len(document.content), max_file_bytes)
        return Source(data=document.content, fingerprint=fingerprints.of_bytes(document.content))
    if document.is_remote:
        from pdfbatch.storage import calls as remotecalls  # noqa: PLC0415 (tenacity and fsspec, which local documents spare)
        from pdfbatch.storage import remote_documents  # noqa: PLC0415 (fsspec, which local documents spare)

        data, found = remote_documents.fetch(document, max_file_bytes, remotecalls.terms(retry, seconds))
        return Source(data=data, fingerprint=found)
    return _local(local_path(document), max_file_bytes)


def fingerprint(document: Document, *, retry: RetryPolicy | None = None, seconds: float | None = None) -> Fingerprint:
    """Which version of a document is there now, without its body: for resume, and to notice a change.

    Raises ``DocumentError`` as ``read_document`` does.
    """
    if document.content is not None:
        return fingerprints.of_bytes(document.content)
    if document.is_remote:
        from pdfbatch.storage import calls as remotecalls  # noqa: PLC0415 (as above)
        from pdfbatch.storage import remote_documents  # noqa: PLC0415 (as above)

        return remote_documents.remote_fingerprint(document, remotecalls.terms(retry, seconds))
    return fingerprints.of_stat(_facts_of_file(local_path(document)))


def local_path(document: Document) -> str:
    """The path of a local document, without ``file://``."""
    return document.file_path.removeprefix("file://")


def _local(path: str, max_file_bytes: int | None) -> Source:
    facts = _facts_of_file(path)
    fingerprints.check_size(path, facts.st_size, max_file_bytes)
    try:  # only the kernel knows whether it may be read; it must not block if the file has just become a FIFO
        os.close(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)))
    except OSError as error:
        raise storage_error(error, path) from error
    return Source(data=path, fingerprint=fingerprints.of_stat(facts))


def _facts_of_file(path: str) -> os.stat_result:
    """The facts of a regular file; anything else is refused unopened."""
    try:
        facts = os.stat(path)
    except ValueError as error:  # a NUL, or what the file system's encoding lacks
        raise _refused(path, "no possible file name") from error
    except OSError as error:
        if error.errno in _NOT_A_PATH:
            raise _refused(path, error.strerror or "no possible file name") from error
        raise storage_error(error, path) from error
    if stat.S_ISDIR(facts.st_mode) and not os.access(path, os.R_OK | os.X_OK):
        raise DocumentError(f"{path}: access denied (a folder that may not be searched)", cause=Cause.STORAGE_DENIED)
    if not stat.S_ISREG(facts.st_mode):
        kind = _KINDS.get(stat.S_IFMT(facts.st_mode), "device")
        raise _refused(path, f"a {kind}, not a regular file")
    return facts


def _refused(path: str, reason: str) -> DocumentError:
    shown = path if len(path) <= _SHOWN_CHARACTERS else f"{path[:_SHOWN_CHARACTERS]}..."
    return DocumentError(f"{shown!a}: {reason}", cause=Cause.NOT_A_FILE)
