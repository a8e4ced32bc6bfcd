"""Where documents come from: whatever people call a pile of PDFs, as a lazy stream of documents."""

import hashlib
import os
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

from pdfbatch.errors import DuplicateDocumentError, UsageError
from pdfbatch.inputs.manifest import Manifest, ManifestPlace, document_from_entry
from pdfbatch.inputs.search import found_documents, is_one_document
from pdfbatch.inputs.unique import Meeting, UniqueDocuments
from pdfbatch.model import Document
from pdfbatch.storage import is_file_system, on_file_system, redacted, without_secrets

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


Address: TypeAlias = "str | os.PathLike[str]"
Access: TypeAlias = "Mapping[str, object] | AbstractFileSystem"
Input: TypeAlias = "Address | tuple[Address, Access] | Document | Manifest | Mapping[str, object] | bytes | BinaryIO"
Inputs: TypeAlias = "Input | Iterable[Input]"

_SINGLE = (str, os.PathLike, bytes, bytearray, memoryview, Mapping, Document, Manifest)


def documents_from(inputs: Inputs) -> Iterator[Document]:
    """The documents that the inputs stand for, one after the other, never held all at once.

    An input, or an iterable of inputs (an endless generator too), is one of:

    - a path or URL of a document, of a folder (searched at any depth for ``*.pdf``), of a manifest (``*.json``), or a
      glob pattern; a name that exists is taken as it is, whatever signs it holds; a ``*.pdf`` is taken unseen,
    - a pair of a URL and its storage options, or of a URL (or path) and a ready fsspec file system, which is opened anew in
      each worker, by its class and options,
    - ``bytes``, or an open binary file, with the content of a document,
    - a ``Document``, a mapping in the shape of a manifest's entry, a ``Manifest``, or a mapping in its shape.

    A document that is named twice comes once. Paths that do not exist come, too: they fail alone, later.

    Raises ``UsageError`` for anything else, ``NoDocumentsError`` when a pattern or folder matches nothing,
    ``ManifestError`` for a broken manifest, ``DependencyError`` for a URL whose package is not installed: for a sized
    collection of inputs at once, else when the iterator gets there. ``DuplicateDocumentError`` is raised by the iterator
    when two different documents have the same id.
    """
    items = _items(inputs)
    begun = _begun(items) if isinstance(items, Collection) else {}
    found = (begun.pop(index) if index in begun else _documents(item) for index, item in enumerate(items))
    return _unique(map(without_secrets, chain.from_iterable(found)), items)


def _items(inputs: object) -> Iterable[object]:
    if _is_single(inputs):
        return [inputs]
    if isinstance(inputs, Iterable):
        return cast("Iterable[object]", inputs)
    raise _unknown(inputs)


def _is_single(inputs: object) -> bool:
    return isinstance(inputs, _SINGLE) or _pair(inputs) is not None or hasattr(inputs, "read")


def _begun(items: Collection[object]) -> dict[int, Iterator[Document]]:
    """The searches among the items, each as far as its first document, so that what finds nothing is known at once."""
    begun = dict[int, Iterator[Document]]()
    for index, item in enumerate(items):
        if _is_plain(item):
            continue
        documents = iter(_documents(item))
        first = next(documents, None)
        if first is not None:
            begun[index] = chain((first,), documents)
    return begun


def _is_plain(item: object) -> bool:
    """Whether an item surely is one document, so that nothing need be looked up before its turn."""
    if isinstance(item, str):
        return is_one_document(item)
    return isinstance(item, (Document, bytes, bytearray, memoryview)) or hasattr(item, "read")


def _documents(item: object) -> Iterable[Document]:
    """The documents that one input stands for."""
    match item:
        case Document():
            return (item,)
        case Manifest():
            return item.documents
        case str() | os.PathLike():
            return _named(cast("Address", item), {})
        case bytes() | bytearray() | memoryview():
            return (_from_content(bytes(cast("bytes", item)), ""),)
        case Mapping():
            return _from_mapping(cast("Mapping[str, object]", item))
        case _:
            return _named(*pair) if (pair := _pair(item)) else (_from_file(item),)


def _named(address: Address, options: Mapping[str, object]) -> Iterable[Document]:
    return found_documents(os.fsdecode(address), options)


def _pair(item: object) -> tuple[Address, Mapping[str, object]] | None:
    """A URL with its storage options; ``None`` for all else, two inputs of which the second is a mapping among it."""
    if not isinstance(item, tuple) or len(cast("tuple[object, ...]", item)) != 2:
        return None
    address, options = cast("tuple[object, object]", item)
    if isinstance(address, (str, os.PathLike)) and is_file_system(options):
        return on_file_system(os.fsdecode(cast("Address", address)), options)
    if not isinstance(options, Mapping) or "file_path" in options or "documents" in options:
        return None
    return cast("tuple[Address, Mapping[str, object]]", item) if isinstance(address, (str, os.PathLike)) else None


def _from_mapping(item: Mapping[str, object]) -> Iterable[Document]:
    if "documents" in item:
        return Manifest.load(item).documents
    return (document_from_entry(item, ManifestPlace(name="a document given as a mapping")),)


def _from_file(file: object) -> Document:
    read = getattr(file, "read", None)
    if not callable(read):
        raise _unknown(file)
    content = read()
    if not isinstance(content, bytes):
        raise UsageError(f"{file!r} gives text, not bytes: open it in binary mode ('rb')")
    name = getattr(file, "name", "")
    return _from_content(content, name if isinstance(name, str) else "")


def _from_content(content: bytes, name: str) -> Document:
    """A document that has no path. Its id comes from content and name, so that a later run gives the same."""
    digest = hashlib.sha256(content).hexdigest()
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{digest}/{name!a}"))
    return Document(name or f"bytes-{digest[:12]}.pdf", identity, content=content)


def _unknown(item: object) -> UsageError:
    return UsageError(
        f"Cannot take {type(item).__name__} as documents: give paths, URLs, (URL, options) pairs, bytes, binary files, "
        "Document, Manifest, or mappings in a manifest's shape"
    )


def _unique(documents: Iterable[Document], items: Iterable[object]) -> Iterator[Document]:
    seen = UniqueDocuments()
    for document in documents:
        match seen.meet(document.document_uuid, _identity(document)):
            case Meeting.NEW:
                yield document
            case Meeting.CONFLICT:
                raise _conflict(document, items)
            case Meeting.AGAIN:
                continue


def _identity(document: Document) -> str:
    """What is the same for two namings of one document."""
    path = document.file_path
    if document.content is not None:
        return f"{path}\0{hash(document.content)}"
    return path if "://" in path else os.path.abspath(path)


def _conflict(document: Document, items: Iterable[object]) -> DuplicateDocumentError:
    first = _first_with(document.document_uuid, items)
    paths = f"{first} and {redacted(document.file_path)!r}"
    return DuplicateDocumentError(
        f"Two documents have the same id {document.document_uuid!r}: {paths}. Give each its own document_uuid"
    )


def _first_with(document_id: str, items: Iterable[object]) -> str:
    """The path of the first document with an id, looked for anew: paths are not kept, and this is no hot path."""
    if not isinstance(items, Collection):
        return "an earlier one"
    documents = chain.from_iterable(_documents(item) for item in items if not hasattr(item, "read"))
    found = next((document for document in documents if document.document_uuid == document_id), None)
    return "an earlier one" if found is None else repr(redacted(found.file_path))


def known_number(inputs: Inputs) -> int | None:
    """The number of documents behind the inputs; ``None`` when only going through them would tell.

    Local folders and patterns are gone through for it, which costs microseconds a file; remote ones and iterators are not.
    A document that is named in two ways is counted twice: the batch knows better when it has come to its end.
    """
    if isinstance(inputs, (str, os.PathLike, bytes, Document, Manifest, Mapping)):
        return _number([cast("Input", inputs)])
    return _number(cast("Collection[Input]", inputs)) if isinstance(inputs, Collection) else None


def _number(items: Collection[Input]) -> int | None:
    searched = [item for item in items if isinstance(item, (str, os.PathLike))]
    if any("://" in os.fspath(item) for item in searched) or any(isinstance(item, tuple) for item in items):
        return None
    named = {item for item in searched if isinstance(item, str) and is_one_document(item)}
    found = sum(1 for _ in documents_from([item for item in searched if item not in named]))
    return len(named) + found + sum(_number_in(item) for item in items if not isinstance(item, (str, os.PathLike)))


def _number_in(item: Input) -> int:
    if isinstance(item, Manifest):
        return len(item.documents)
    if isinstance(item, Mapping):
        entries = item.get("documents", [item])
        return len(cast("Collection[object]", entries))
    return 1
