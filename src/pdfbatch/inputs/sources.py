"""Turn whatever people call a pile of PDFs into a lazy stream of documents, each of them once."""

import hashlib
import os
from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, Self, TypeAlias, cast

from pdfbatch.common import without_credentials
from pdfbatch.errors import DuplicateDocumentError, InputError, NoDocumentsError, PdfBatchError, UsageError
from pdfbatch.inputs.local_copy import get_working_directory
from pdfbatch.inputs.manifest import Manifest, ManifestPlace, document_from_entry
from pdfbatch.inputs.name_list import NameList
from pdfbatch.inputs.search import ALL, count_below, documents_of, find_documents, is_one_document
from pdfbatch.inputs.selection import Selection
from pdfbatch.inputs.shard import Share
from pdfbatch.inputs.unique import Occurrence, UniqueDocuments
from pdfbatch.model import Document, derive_uuid
from pdfbatch.storage import (
    Options,
    check_protocol,
    is_file_system,
    is_file_url,
    options_of,
    path_of_file_url,
    url_of,
    with_filesystem,
    with_options,
    without_secrets,
)

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


Address: TypeAlias = "str | os.PathLike[str]"
Access: TypeAlias = "Mapping[str, object] | AbstractFileSystem"
Input: TypeAlias = (
    "Address | tuple[Address, Access] | Document | Manifest | NameList | Mapping[str, object] | bytes | BinaryIO"
)
Inputs: TypeAlias = "Input | Iterable[Input]"

_SINGLE = (str, os.PathLike, bytes, bytearray, memoryview, Mapping, Document, Manifest, NameList)

# Up to this many documents are held in memory (some hundred bytes each) so that a pile is counted without a second search.
_READ_AHEAD_DOCUMENTS = 1000


def documents_from(inputs: Inputs, selection: Selection = ALL) -> "DocumentStream":
    """Return the documents that the inputs stand for: an iterator, which never holds them all at once.

    An input, or an iterable of inputs (an endless generator too), is one of:

    - a path or URL of a document, of a folder (searched at any depth for ``*.pdf``), of a manifest (``*.json``, or with one
      document a row ``*.jsonl``, ``*.csv``, ``*.parquet``), or a glob pattern; a name that exists is taken as it is, even if
      it looks like a pattern; a ``*.pdf`` is not looked up,
    - a pair of a URL and its storage options, or of a URL (or path) and a ready fsspec file system, which each worker
      opens anew, by its class and options,
    - a ``NameList``: a file or stream with one path or URL a line,
    - ``bytes``, or an open binary file, with the content of a document,
    - a ``Document``, a mapping in the shape of a manifest's entry, a ``Manifest``, or a mapping in its shape.

    The ``selection`` takes a part of them. Manifests with rows are checked as a whole at the call, and then read row by row.

    A document that is named twice comes once. Paths that do not exist come, too: each fails later, alone.

    Raises ``UsageError`` for anything else, and for a URL with an unknown protocol, ``NoDocumentsError`` when a pattern, folder
    or manifest stands for nothing, ``InputError`` when it cannot be searched, ``ManifestError`` for a broken manifest,
    ``DependencyError`` for a URL whose package is not installed: for a sized collection of inputs at once, else when the
    iterator gets there. The same holds of ``DuplicateDocumentError``, when two different ``Document``s have the same id; of
    documents that have to be searched, the iterator raises it.

    A relative path starts at the working directory of this call, whatever the process does later.
    """
    items, folder = _as_items(inputs), get_working_directory()
    searches = dict[int, Iterator[Document]]()
    if isinstance(items, Collection):
        _check_ids(items)
        searches = _start_searches(items, folder, selection)
    found = (
        searches.pop(index) if index in searches else _open_input(item, folder, selection)
        for index, item in enumerate(items)
    )
    return DocumentStream(_iter_unique(chain.from_iterable(found), items), items, selection)


class DocumentStream(Iterator[Document]):
    """An iterator over the documents of some inputs that can count them. ``share`` is ``None`` without a shard."""

    def __init__(self, documents: Iterator[Document], items: Iterable[object], selection: Selection = ALL) -> None:
        self.share: Share | None = None if selection.shard is None else Share(selection.shard)
        self._documents = documents if selection.takes_all else _select(documents, selection, self.share)
        self._items: Iterable[object] = items
        self._selection = selection
        self._ahead = deque[Document]()
        self._error: Exception | None = None

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> Document:
        """Return the next document. Raises what ``documents_from`` says."""
        if self._ahead:
            return self._ahead.popleft()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return next(self._documents)

    def close(self) -> None:
        """Close the caller's generator, if the inputs are one. Call it in the thread that runs it."""
        items: object = self._items
        if isinstance(items, Generator):
            cast("Generator[object, None, None]", items).close()

    def count(self) -> int | None:
        """Return how many documents there are; ``None`` when only reading them all would tell. Call it before ``next``.

        No remote storage is asked and no open file is read. Local searches are read ahead for some documents, so that a
        small pile is searched once; a larger one is searched a second time, of a single folder or pattern for names alone.
        """
        items = self._items
        if not isinstance(items, Collection) or any(_is_remote(item) for item in items):
            return None
        if not self._selection.takes_all:
            return self._count_selected(items)
        searched = [item for item in items if not _is_plain(item)]
        if searched and not any(hasattr(item, "read") for item in items) and self._read_ahead():
            return len(self._ahead)
        if len(searched) == len(items) == 1 and isinstance(searched[0], (str, os.PathLike)):
            found = count_below(os.fsdecode(cast("Address", searched[0])))
            if found is not None:
                return found
        names = {item for item in items if isinstance(item, str) and is_one_document(item)}
        others = sum(1 for item in items if not isinstance(item, str) and _is_plain(item))
        try:
            return len(names) + others + sum(1 for _ in documents_from(cast("Inputs", searched)))
        except PdfBatchError:  # the stream itself raises it, when it gets there
            return None

    def _count_selected(self, items: Collection[object]) -> int | None:
        """Count the documents that the selection takes; ``None`` where the inputs can be read once only."""
        if any(hasattr(item, "read") for item in items):
            return None
        if self._read_ahead():
            return len(self._ahead)
        try:
            return sum(1 for _ in documents_from(cast("Inputs", items), self._selection))
        except PdfBatchError:  # as above
            return None

    def _read_ahead(self) -> bool:
        """Read some documents, and return whether these are all, or all before an error."""
        try:
            for document in islice(self._documents, _READ_AHEAD_DOCUMENTS):
                self._ahead.append(document)
        except Exception as error:  # noqa: BLE001 (raised when all documents before it have been handed out)
            self._error = error
            return True
        return len(self._ahead) < _READ_AHEAD_DOCUMENTS


def _as_items(inputs: object) -> Iterable[object]:
    if isinstance(inputs, _SINGLE) or _as_pair(inputs) is not None or hasattr(inputs, "read"):
        single: list[object] = [inputs]
        return single
    if isinstance(inputs, Iterable):
        return cast("Iterable[object]", inputs)
    raise _unknown_input(inputs)


def _check_ids(items: Collection[object]) -> None:
    """Raise ``DuplicateDocumentError`` when two different ``Document``s among the items have the same id."""
    documents = [item for item in items if isinstance(item, Document)]
    if len({document.document_uuid for document in documents}) < len(documents):
        deque(_iter_unique(documents, documents), maxlen=0)


def _start_searches(items: Collection[object], folder: str, selection: Selection) -> dict[int, Iterator[Document]]:
    """Start every search as far as its first document, so that one that finds nothing is known at once."""
    searches = dict[int, Iterator[Document]]()
    for index, item in enumerate(items):
        if _is_plain(item):
            _check_protocol(item)
            continue
        if isinstance(item, NameList) and item.is_stream:  # which may let us wait
            continue
        found = _open_input(item, folder, selection)
        if isinstance(found, Sequence):  # of a manifest: all are known
            for document in found:
                _check_protocol(document)
        documents = iter(found)
        first = next(documents, None)
        if first is not None:
            searches[index] = chain((first,), documents)
    return searches


def _check_protocol(item: object) -> None:
    """Raise ``DependencyError`` or ``UsageError`` when nothing that is installed reads the URL of a document."""
    if isinstance(item, Document):
        if item.is_remote:
            check_protocol(url_of(item), options_of(item))
    elif isinstance(item, str) and "://" in item and not is_file_url(item):
        check_protocol(item, {})


def _is_plain(item: object) -> bool:
    """Whether an item surely is one document, so that nothing need be looked up before its turn."""
    if isinstance(item, str):
        return is_one_document(item)
    return isinstance(item, (Document, bytes, bytearray, memoryview)) or hasattr(item, "read")


def _is_read_once(item: object) -> bool:
    return hasattr(item, "read") or (isinstance(item, NameList) and item.is_stream)


def _is_remote(item: object) -> bool:
    """Whether an item names something that only fsspec can read, or that can be read once only."""
    if isinstance(item, NameList):
        return item.is_stream or _is_remote(item.source)
    return isinstance(item, tuple) or (
        isinstance(item, (str, os.PathLike)) and "://" in os.fsdecode(cast("Address", item))
    )


def _open_input(item: object, folder: str = "", selection: Selection = ALL) -> Iterable[Document]:
    """Return the documents that one input stands for."""
    match item:
        case str() | os.PathLike():
            return find_documents(os.fsdecode(cast("Address", item)), {}, folder, selection)
        case NameList():
            return _read_list(item, folder, selection)
        case _ if (pair := _as_pair(item)) is not None:
            return find_documents(os.fsdecode(pair[0]), pair[1], "", selection)
        case _:
            documents = _open_value(item)
            if not selection.has_patterns:
                return documents
            return [document for document in documents if selection.accepts_name(document.file_path)]


def _open_value(item: object) -> Sequence[Document]:
    """Return the documents of an input that is no name."""
    match item:
        case Document():
            return (item,)
        case Manifest():
            return documents_of(item)
        case bytes() | bytearray() | memoryview():
            return (_from_content(bytes(cast("bytes", item)), ""),)
        case Mapping():
            return _from_mapping(cast("Mapping[str, object]", item))
        case _:
            return (_from_file(item),)


def _read_list(names: NameList, folder: str, selection: Selection) -> Iterator[Document]:
    """Yield the documents of a list. What a name means is looked up only if it may be a folder."""
    options, is_empty = names.options or {}, True
    for name in names.read_names():
        is_empty = False
        if "://" in name and not is_file_url(name):
            if name.partition("::")[0].endswith("/"):
                yield from _search_alone(name, options, folder, selection)
            elif selection.accepts_name(name):
                yield with_options(Document(name), options)
        elif not is_one_document(name) and os.path.isdir(os.path.join(folder, name)):
            yield from _search_alone(name, {}, folder, selection)
        elif selection.accepts_name(name):
            path = path_of_file_url(name) if is_file_url(name) else name
            yield Document(path, base_folder="" if os.path.isabs(path) else folder)
    if is_empty:
        raise NoDocumentsError(f"The list {names.name} names no document")


def _search_alone(name: str, options: Options, folder: str, selection: Selection) -> Iterator[Document]:
    """Yield what is below a folder that a list names. One that holds no PDF, or cannot be listed, is a document that fails."""
    try:
        yield from find_documents(name, options, folder, selection)
    except (NoDocumentsError, InputError):
        yield with_options(Document(name, base_folder=folder if "://" not in name else ""), options)


def _as_pair(item: object) -> tuple[Address, Mapping[str, object]] | None:
    """Return a URL with its storage options; ``None`` for anything else.

    Two inputs of which the second is a mapping (a path and a manifest's entry) are no pair.
    """
    if not isinstance(item, tuple) or len(cast("tuple[object, ...]", item)) != 2:
        return None
    address, options = cast("tuple[object, object]", item)
    if isinstance(address, (str, os.PathLike)) and is_file_system(options):
        return with_filesystem(os.fsdecode(cast("Address", address)), options)
    if not isinstance(options, Mapping) or "file_path" in options or "documents" in options:
        return None
    return cast("tuple[Address, Mapping[str, object]]", item) if isinstance(address, (str, os.PathLike)) else None


def _from_mapping(fields: Mapping[str, object]) -> Sequence[Document]:
    if "documents" in fields:
        return documents_of(Manifest.load(fields))
    return (document_from_entry(fields, ManifestPlace(name="a document given as a mapping")),)


def _from_file(file: object) -> Document:
    read = getattr(file, "read", None)
    if not callable(read):
        raise _unknown_input(file)
    content = read()
    if not isinstance(content, bytes):
        raise UsageError(f"{file!r} gives text, not bytes: open it in binary mode ('rb')")
    name = getattr(file, "name", "")
    return _from_content(content, name if isinstance(name, str) else "")


def _from_content(content: bytes, name: str) -> Document:
    """Make a document that has no path. Its id comes from content and name, so that a later run gives the same."""
    if name:
        return Document(name, content=content)
    digest = hashlib.sha256(content).hexdigest()
    return Document(f"bytes-{digest[:12]}.pdf", derive_uuid("", content=content), content=content)


def _unknown_input(item: object) -> UsageError:
    return UsageError(
        f"Cannot take {type(item).__name__} as documents: give paths, URLs, (URL, options) pairs, bytes, binary files, "
        "Document, Manifest, or mappings in a manifest's shape"
    )


def _select(documents: Iterator[Document], selection: Selection, share: Share | None) -> Iterator[Document]:
    """Yield the documents up to the limit, of these those of the shard.

    Raises ``NoDocumentsError`` when the patterns let none pass.
    """
    if selection.has_patterns:
        documents = _require_one(documents, selection)
    if selection.limit is not None:
        documents = islice(documents, selection.limit)
    return documents if share is None else share.filter(documents)


def _require_one(documents: Iterator[Document], selection: Selection) -> Iterator[Document]:
    first = next(documents, None)
    if first is None:
        words = [f"{name}={pattern!r}" for name in ("include", "exclude") for pattern in getattr(selection, name)]
        raise NoDocumentsError(f"No document of the inputs is left by {', '.join(words)}")
    yield first
    yield from documents


def _iter_unique(documents: Iterable[Document], items: Iterable[object]) -> Iterator[Document]:
    """Yield each document once, under a path that may be written down. Raises ``DuplicateDocumentError``."""
    with UniqueDocuments() as seen:
        for given in documents:
            _check_protocol(given)
            document = without_secrets(given)
            if seen.add_both(document):
                yield document
                continue
            occurrence = seen.add(document)
            if occurrence is Occurrence.NEW:
                yield seen.with_own_name(document)
            elif occurrence is Occurrence.CONFLICT:
                first, second = _find_first(document.document_uuid, items), without_credentials(document.file_path)
                raise DuplicateDocumentError(
                    f"Two documents have the same id {document.document_uuid!r}: {first} and {second!r}. "
                    "Give each its own document_uuid"
                )


def _find_first(document_uuid: str, items: Iterable[object]) -> str:
    """Search the inputs again for the path of the first document with an id, for the message of an error."""
    if not isinstance(items, Collection):
        return "an earlier one"
    documents = chain.from_iterable(_open_input(item) for item in items if not _is_read_once(item))
    found = next((document for document in documents if document.document_uuid == document_uuid), None)
    return "an earlier one" if found is None else repr(without_credentials(found.file_path))
