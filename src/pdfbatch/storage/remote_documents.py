"""Documents behind URLs: how they carry their storage options, and how their bytes are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from pdfbatch.common import without_credentials
from pdfbatch.errors import Cause, DocumentError, UsageError
from pdfbatch.model import Document
from pdfbatch.storage import fingerprints
from pdfbatch.storage.fingerprints import Fingerprint

if TYPE_CHECKING:
    from pdfbatch.storage.bodies import Body, Intake
    from pdfbatch.storage.calls import BoundedFileSystem, CallPolicy

T = TypeVar("T")

RANGE_BYTES = 16 << 20
PEEK_BYTES = 1 << 20
"""A document of so many bytes or fewer comes with its version, by one request, where a storage gives both."""
_NO_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class RemoteDocument(Document):
    """A document whose URL needs options or has credentials in it, or whose version (``found``) a listing has told.

    ``file_path`` is then the URL without credentials, and ``url`` the one to open. Options and ``url`` travel to the worker
    with the document, and into no result and no record.
    """

    options: Mapping[str, object] = field(default_factory=dict[str, object], repr=False, kw_only=True, compare=False)
    found: Fingerprint | None = field(default=None, repr=False, kw_only=True, compare=False)
    url: str = field(default="", repr=False, kw_only=True, compare=False)

    def without_content(self) -> Document:
        """Return the document without its options and credentials."""
        return replace(self, options={}, found=None, url="", password=None)


def with_options(document: Document, options: Mapping[str, object]) -> Document:
    """Return the document, carrying the options of its URL."""
    if not options or not document.is_remote:
        return document
    return _to_remote(document, options, document.file_path)


def without_secrets(document: Document) -> Document:
    """Return the document under a ``file_path`` that may be written down; ``url`` then has the credentials."""
    if "://" not in document.file_path or (path := without_credentials(document.file_path)) == document.file_path:
        return document
    if document.content is not None:
        return replace(document, file_path=path)
    if not document.is_remote:
        return document
    return replace(_to_remote(document, options_of(document), path), url=url_of(document))


def _to_remote(document: Document, options: Mapping[str, object], path: str) -> RemoteDocument:
    return RemoteDocument(
        path,
        document.document_uuid,
        document.project_uuid,
        document.metadata,
        password=document.password,
        pages=document.pages,
        languages=document.languages,
        output_name=document.output_name,
        options=options,
        found=listed_fingerprint(document),
        url=document.url if isinstance(document, RemoteDocument) else "",
    )


def listed_fingerprint(document: Document) -> Fingerprint | None:
    """Return the fingerprint that a listing has told of a document; ``None`` when none has."""
    return document.found if isinstance(document, RemoteDocument) else None


def options_of(document: Document) -> Mapping[str, object]:
    """Return the options of a document's URL."""
    return document.options if isinstance(document, RemoteDocument) else {}


def url_of(document: Document) -> str:
    """Return the URL to open, with its credentials."""
    return (isinstance(document, RemoteDocument) and document.url) or document.file_path


def fetch(document: Document, max_file_bytes: int | None, policy: "CallPolicy") -> tuple[bytes, Fingerprint]:
    """Read a remote document, after its size. Raises ``DocumentError``."""
    from pdfbatch.storage.bodies import MemoryBody  # noqa: PLC0415 (as below)

    found, data = ask_document(document, max_file_bytes, policy)
    check_found_size(document, found, max_file_bytes)
    if data is not None:
        return data, found
    body = MemoryBody()
    copy_body(document, found, max_file_bytes, policy, body)
    return body.getvalue(), found


def remote_fingerprint(document: Document, policy: "CallPolicy") -> Fingerprint:
    """Ask the storage which version of a remote document is there. Raises ``DocumentError``."""

    def ask(filesystem: "BoundedFileSystem", path: str) -> Fingerprint:
        info = filesystem.info(path)
        if info.get("type") == "directory":
            raise DocumentError(
                f"{without_credentials(document.file_path)}: a folder, not a file", cause=Cause.NOT_A_FILE
            )
        return Fingerprint.of_info(info)

    return _call(document, policy, ask)


def ask_document(
    document: Document, max_file_bytes: int | None, policy: "CallPolicy"
) -> tuple[Fingerprint, bytes | None]:
    """Ask which version of a document is there, and for its bytes in the same request, where a storage gives both.

    The bytes are ``None`` where it does not, and when there are more than ``PEEK_BYTES``. They are not asked for where
    ``max_file_bytes`` allows fewer. Raises ``DocumentError``.
    """
    if max_file_bytes is None or max_file_bytes >= PEEK_BYTES:
        return peek_document(document, policy, PEEK_BYTES)
    return remote_fingerprint(document, policy), None


def peek_document(document: Document, policy: "CallPolicy", most: int) -> tuple[Fingerprint, bytes | None]:
    """Return the version of a document and, if it has ``most`` bytes or fewer, its bytes where they come with it."""

    def ask(filesystem: "BoundedFileSystem", path: str) -> tuple[Fingerprint, bytes | None] | None:
        peeked = filesystem.peek(path, most)
        if peeked is None:
            return None
        found, data = Fingerprint.of_info(peeked[0]), peeked[1]
        if data is not None and len(data) != found.size_bytes:
            message = f"{without_credentials(document.file_path)}: {found.size_bytes} bytes announced, {len(data)} read"
            raise DocumentError(message, cause=Cause.STORAGE_UNAVAILABLE, transient=True)
        return found, data

    return _call(document, policy, ask) or (remote_fingerprint(document, policy), None)


def check_found_size(document: Document, found: Fingerprint, max_file_bytes: int | None) -> Fingerprint:
    """Return the fingerprint. Raises ``DocumentError`` when it says that the document is empty or too large."""
    if found.size_bytes is not None:
        fingerprints.check_size(without_credentials(document.file_path), found.size_bytes, max_file_bytes)
    return found


def copy_body(
    document: Document, found: Fingerprint, max_file_bytes: int | None, policy: "CallPolicy", body: "Body"
) -> None:
    """Read a remote document into ``body``, range by range, so that a large one is neither held nor repeated as a whole.

    Reading stops one byte after what ``found`` says, or else after ``max_file_bytes``, however much the server sends.

    Raises ``DocumentError``; ``input_changed`` when there are not as many bytes as ``found`` says, or it is another version.
    """
    size, address = found.size_bytes, without_credentials(document.file_path)
    if size is None:
        most = _NO_LIMIT if max_file_bytes is None else max_file_bytes + 1
        intake = _read_range(document, policy, body, start=0, end=None, most=most)
        fingerprints.check_size(address, intake.count, max_file_bytes)
        return
    read, is_whole = 0, False
    while read < size and not is_whole:
        count = min(size - read, RANGE_BYTES)
        # The last range asks for one byte more, which shows whether the file has grown.
        end = read + count + (read + count == size)
        intake = _read_range(document, policy, body, start=read, end=end, most=size + 1 - read)
        read += intake.count
        is_whole = intake.is_whole or intake.count < count
    if read != size or (size > RANGE_BYTES and remote_fingerprint(document, policy) != found):
        message = f"{address}: {size} bytes announced, {_count_words(read, size)} read, or another version of it"
        raise DocumentError(message, cause=Cause.INPUT_CHANGED, transient=True)


def _count_words(read: int, size: int) -> str:
    return "more" if read > size else str(read)


def _read_range(
    document: Document, policy: "CallPolicy", body: "Body", *, start: int, end: int | None, most: int
) -> "Intake":
    """Read some bytes by one request, which begins anew when it is repeated."""
    from pdfbatch.storage.calls import Location  # noqa: PLC0415 (tenacity, which local documents do not need)

    body.mark()
    location = Location(url_of(document), options_of(document))
    try:
        return policy.call(location, lambda filesystem, path: filesystem.read_body(path, start, end, body, most))
    except UsageError as error:
        raise DocumentError(str(error), cause=Cause.STORAGE_UNAVAILABLE) from error


def _call(document: Document, policy: "CallPolicy", function: Callable[["BoundedFileSystem", str], T]) -> T:
    from pdfbatch.storage.calls import Location  # noqa: PLC0415 (tenacity, which local documents do not need)

    try:
        return policy.call(Location(url_of(document), options_of(document)), function)
    except UsageError as error:
        raise DocumentError(str(error), cause=Cause.STORAGE_UNAVAILABLE) from error
