"""Resolve a document to a local path or to bytes; only regular files are ever opened."""

import errno
import os
import stat
from dataclasses import dataclass, field

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import fingerprints
from pdfbatch.storage.errors import storage_error
from pdfbatch.storage.file_urls import is_file_url, path_of_file_url
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.fsspec import DEADLINE_SECONDS, REQUEST_RETRY

_NOT_A_PATH = (errno.ELOOP, errno.ENAMETOOLONG)
_KINDS = {stat.S_IFDIR: "folder", stat.S_IFIFO: "FIFO", stat.S_IFSOCK: "socket"}
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableDocument:
    """What an engine can open: a local path, or the bytes. ``fingerprint`` says which version of the input it is."""

    data: str | bytes = field(repr=False)
    fingerprint: Fingerprint


def read_document(
    document: Document,
    *,
    max_file_bytes: int | None = None,
    retry: RetryPolicy = REQUEST_RETRY,
    seconds: float = DEADLINE_SECONDS,
) -> ReadableDocument:
    """Make a document ready for an engine. Its size is checked before a byte of it is read. Runs in the worker.

    ``retry`` bounds the tries of a remote request, ``seconds`` all its tries together; a large body gets one more second
    for each MiB. A local read is not repeated.

    Raises ``DocumentError``: ``not_a_file`` (folder, FIFO, device, endless link, impossible name; never opened),
    ``empty_input``, ``limit_bytes``, ``input_changed`` (while it was fetched), or a storage cause.
    """
    if document.content is not None:
        fingerprints.check_size(document.file_path, len(document.content), max_file_bytes)
        return ReadableDocument(data=document.content, fingerprint=Fingerprint.of_bytes(document.content))
    if document.is_remote:
        from pdfbatch.storage.calls import CallPolicy  # noqa: PLC0415 (tenacity, which local documents do not need)
        from pdfbatch.storage.remote_documents import fetch  # noqa: PLC0415 (as above)

        data, found = fetch(document, max_file_bytes, CallPolicy(retry=retry, seconds=seconds))
        return ReadableDocument(data=data, fingerprint=found)
    path = local_path(document)
    facts = _stat_file(path)
    fingerprints.check_size(path, facts.st_size, max_file_bytes)
    try:  # only the kernel knows whether it may be read; it must not block if the file has just become a FIFO
        os.close(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)))
    except OSError as error:
        raise storage_error(error, path) from error
    return ReadableDocument(data=path, fingerprint=Fingerprint.of_stat(facts))


def fingerprint(
    document: Document, *, retry: RetryPolicy = REQUEST_RETRY, seconds: float = DEADLINE_SECONDS
) -> Fingerprint:
    """Return which version of a document is there now, without reading its body: for resume, and to notice a change.

    Raises ``DocumentError`` as ``read_document`` does.
    """
    if document.content is not None:
        return Fingerprint.of_bytes(document.content)
    if document.is_remote:
        from pdfbatch.storage.calls import CallPolicy  # noqa: PLC0415 (as above)
        from pdfbatch.storage.remote_documents import remote_fingerprint  # noqa: PLC0415 (as above)

        return remote_fingerprint(document, CallPolicy(retry=retry, seconds=seconds))
    return Fingerprint.of_stat(_stat_file(local_path(document)))


def local_fingerprint(document: Document) -> Fingerprint | None:
    """Return the fingerprint of a local document; ``None`` for a remote one, or one that cannot be read."""
    if document.is_remote:
        return None
    try:
        return fingerprint(document)
    except DocumentError:  # the worker meets the same error, and reports it
        return None


def local_path(document: Document) -> str:
    """Return the absolute path of a local document, of a ``file:`` URL the one that it means."""
    path = document.file_path
    return path_of_file_url(path) if is_file_url(path) and document.content is None else document.location


def _stat_file(path: str) -> os.stat_result:
    """Return the facts of a regular file. Raises ``DocumentError`` for anything else, without opening it."""
    try:
        facts = os.stat(path)
    except ValueError as error:  # a NUL, or a character that the file system's encoding does not have
        raise _not_a_file(path, "no possible file name") from error
    except OSError as error:
        if error.errno in _NOT_A_PATH:
            raise _not_a_file(path, error.strerror or "no possible file name") from error
        raise storage_error(error, path) from error
    if stat.S_ISDIR(facts.st_mode) and not os.access(path, os.R_OK | os.X_OK):
        raise DocumentError(f"{path}: access denied (a folder that may not be searched)", cause=Cause.STORAGE_DENIED)
    if not stat.S_ISREG(facts.st_mode):
        kind = _KINDS.get(stat.S_IFMT(facts.st_mode), "device")
        raise _not_a_file(path, f"a {kind}, not a regular file")
    return facts


def _not_a_file(path: str, reason: str) -> DocumentError:
    shown = path if len(path) <= _SHOWN_CHARACTERS else f"{path[:_SHOWN_CHARACTERS]}..."
    return DocumentError(f"{shown!a}: {reason}", cause=Cause.NOT_A_FILE)
