"""Documents behind URLs: how they carry their options, and how their bytes come."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.model import Document
from pdfbatch.storage import fingerprints
from pdfbatch.storage.errors import redacted
from pdfbatch.storage.fingerprints import Fingerprint
from pdfbatch.storage.fsspec import FileSystem
from pdfbatch.urls import recorded

if TYPE_CHECKING:
    from pdfbatch.storage.calls import CallPolicy

T = TypeVar("T")

RANGE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class RemoteDocument(Document):
    """A document whose URL needs options or has secrets in it, or whose version (``found``) a listing has told.

    ``file_path`` then is the URL without its secrets, and ``url`` is what is asked for. They travel to the worker with it,
    and into no result and no record.
    """

    options: Mapping[str, object] = field(default_factory=dict[str, object], repr=False, kw_only=True, compare=False)
    found: Fingerprint | None = field(default=None, repr=False, kw_only=True, compare=False)
    url: str = field(default="", repr=False, kw_only=True, compare=False)

    def without_content(self) -> Document:
        """The document without its options."""
        return replace(self, options={}, found=None, url="", password=None)


def with_options(document: Document, options: Mapping[str, object]) -> Document:
    """The document, carrying the options of its URL."""
    if not options or not document.is_remote:
        return document
    return _remote(document, options, document.file_path)


def without_secrets(document: Document) -> Document:
    """The document under a ``file_path`` that may be written down."""
    if not document.is_remote or (path := recorded(document.file_path)) == document.file_path:
        return document
    return replace(_remote(document, options_of(document), path), url=url_of(document))


def _remote(document: Document, options: Mapping[str, object], path: str) -> RemoteDocument:
    return RemoteDocument(
        path,
        document.document_uuid,
        document.project_uuid,
        document.metadata,
        password=document.password,
        pages=document.pages,
        languages=document.languages,
        options=options,
        found=listed_fingerprint(document),
        url=document.url if isinstance(document, RemoteDocument) else "",
    )


def listed_fingerprint(document: Document) -> Fingerprint | None:
    """What a listing has told of a document, if it came from one that tells so much."""
    return document.found if isinstance(document, RemoteDocument) else None


def options_of(document: Document) -> Mapping[str, object]:
    """The options of a document's URL."""
    return document.options if isinstance(document, RemoteDocument) else {}


def url_of(document: Document) -> str:
    """The URL to ask for."""
    return (isinstance(document, RemoteDocument) and document.url) or document.file_path


def fetch(document: Document, max_file_bytes: int | None, terms: "CallPolicy") -> tuple[bytes, Fingerprint]:
    """The bytes of a remote document. Its size is asked for first. Raises ``DocumentError``."""
    found = check_found_size(document, remote_fingerprint(document, terms), max_file_bytes)
    return b"".join(iter_ranges(document, found, max_file_bytes, terms)), found


def remote_fingerprint(document: Document, terms: "CallPolicy") -> Fingerprint:
    """What the storage says about a remote document. Raises ``DocumentError``."""

    def asked(filesystem: FileSystem, path: str) -> Fingerprint:
        info = filesystem.info(path)
        if info.get("type") == "directory":
            raise DocumentError(f"{redacted(document.file_path)}: a folder, not a file", cause=Cause.NOT_A_FILE)
        return fingerprints.of_info(info)

    return _called(document, terms, asked)


def check_found_size(document: Document, found: Fingerprint, max_file_bytes: int | None) -> Fingerprint:
    """What was found of a document, unless it is empty or too large. Raises ``DocumentError``."""
    if found.size_bytes is not None:
        fingerprints.check_size(redacted(document.file_path), found.size_bytes, max_file_bytes)
    return found


def iter_ranges(
    document: Document, found: Fingerprint, max_file_bytes: int | None, terms: "CallPolicy"
) -> Iterator[bytes]:
    """The bytes of a remote document, range by range, so that a large one is neither held nor repeated as a whole.

    Raises ``DocumentError``: ``input_changed`` when they are not as many as ``found`` says, or another version.
    """
    size, address = found.size_bytes, redacted(document.file_path)
    if size is None:
        data = _range(document, terms, 0, max_file_bytes)
        fingerprints.check_size(address, len(data), max_file_bytes)
        yield data
        return
    read = 0
    for start in range(0, size, RANGE_BYTES):
        data = _range(document, terms, start, min(size - start, RANGE_BYTES), is_last=start + RANGE_BYTES >= size)
        read += len(data)
        yield data
        if read >= size:  # a server that knows no ranges sends all at once
            break
    is_whole = read == size and (size <= RANGE_BYTES or remote_fingerprint(document, terms) == found)
    if not is_whole:
        message = f"{address}: {size} bytes announced, {read} read, or another version of it"
        raise DocumentError(message, cause=Cause.INPUT_CHANGED, transient=True)


def _range(document: Document, terms: "CallPolicy", start: int, count: int | None, *, is_last: bool = True) -> bytes:
    """Some of the bytes by one request; after the last ones, one more, which is proof enough of too many."""
    end = None if count is None else start + count + is_last
    if end is None:
        return _called(document, terms, lambda filesystem, path: filesystem.cat_file(path))
    return _called(
        document, terms, lambda filesystem, path: filesystem.cat_file(path, start=start, end=end), count or 0
    )


def _called(
    document: Document, terms: "CallPolicy", function: Callable[[FileSystem, str], T], size_bytes: int = 0
) -> T:
    from pdfbatch.storage.calls import Location  # noqa: PLC0415 (tenacity, which local documents spare)

    try:
        return terms.called(Location(url_of(document), options_of(document)), function, size_bytes=size_bytes)
    except DependencyError as error:
        raise DocumentError(str(error), cause=Cause.STORAGE_UNAVAILABLE) from error
