"""What a path or URL stands for: one document, a manifest, or all that a folder or pattern holds."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pdfbatch.errors import DocumentError, NoDocumentsError, UsageError
from pdfbatch.inputs.manifest import Manifest
from pdfbatch.model import Document
from pdfbatch.storage import (
    Entry,
    LocalTree,
    Options,
    Pattern,
    RemoteDocument,
    Tree,
    protocol_of,
    redacted,
    split_pattern,
    walk,
    with_options,
)

if TYPE_CHECKING:
    from pdfbatch.storage import RemoteTree

Addressed = Callable[[str], str]


def found_documents(address: str, options: Options) -> Iterable[Document]:
    """The documents that a path, URL or pattern stands for, as they are found.

    Raises ``UsageError`` for an empty address, ``ManifestError``, and ``NoDocumentsError`` when a folder or pattern
    matches nothing.
    """
    if is_one_document(address) and "://" not in address and address[0] != "~":  # the most common, and the quickest
        return (Document(address),)
    if not address:
        raise UsageError("An empty path stands for no document")
    if address.lower().startswith("file://"):
        address = address[len("file://") :]
    if _suffix(address) == ".json":
        return Manifest.load(address, options).documents
    if "://" in address:
        return _remote(address, options)
    is_home = address.startswith("~") and not os.path.lexists(address)
    return _local(os.path.expanduser(address) if is_home else address)


def is_one_document(address: str) -> bool:
    """Whether the name alone says that this is a single document."""
    path = address.partition("::")[0]
    return path[-4:].lower() == ".pdf" and not glob.has_magic(path)


def _local(path: str) -> Iterable[Document]:
    if is_one_document(path):
        return (Document(path),)
    if os.path.isdir(path):
        return _below(LocalTree(path), path, lambda name: os.path.join(path, name))
    if not glob.has_magic(path) or os.path.lexists(path):
        return (Document(path),)
    root, pattern = split_pattern(path.replace(os.sep, "/"))
    return _matching(LocalTree(root or "."), pattern, path, lambda name: root + name)


def _remote(url: str, options: Options) -> Iterable[Document]:
    if is_one_document(url) or protocol_of(url) in ("http", "https"):
        return (with_options(Document(url), options),)
    return (with_options(document, options) for document in _searched(url, options))


def _searched(url: str, options: Options) -> Iterator[Document]:
    """What is behind a URL that does not say by its name what it is: asks the storage."""
    from pdfbatch.storage import RemoteTree  # noqa: PLC0415 (tenacity and fsspec, which local documents spare)

    protocol, _, rest = url.partition("://")
    inside, link, outside = rest.partition("::")
    tree, has_magic = RemoteTree(protocol, inside, link + outside, options), glob.has_magic(inside)
    try:
        if (has_magic and tree.is_file()) or not (has_magic or inside.endswith("/") or tree.is_folder()):
            yield Document(url)
        elif has_magic:
            yield from _remote_matches(tree, url)
        else:
            yield from _below(tree, url, tree.address)
    except DocumentError as error:
        raise NoDocumentsError(f"{redacted(url)} cannot be listed: {error}") from error


def _remote_matches(tree: "RemoteTree", url: str) -> Iterator[Document]:
    root, pattern = split_pattern(tree.root)
    below = replace(tree, root=root)
    yield from _matching(below, pattern, url, below.address)


def _below(tree: Tree, name: str, address: Addressed) -> Iterator[Document]:
    """Every PDF at any depth, by its name's ending."""
    entries = _entries(tree, name)
    found = (entry for entry in entries if not entry.is_listed or (not entry.is_folder and _is_pdf(entry.path)))
    return _some((_document(entry, address) for entry in found), f"The folder {redacted(name)!r} holds no PDF")


def _matching(tree: Tree, pattern: Pattern, name: str, address: Addressed) -> Iterator[Document]:
    """Every file that matches, and, as with a shell's patterns, every PDF below a folder that matches."""
    entries = _entries(tree, name, lambda folder: pattern.leads_on(folder) or pattern.covers(folder))
    found = (entry for entry in entries if not entry.is_listed or (not entry.is_folder and _is_meant(pattern, entry)))
    message = f"The pattern {redacted(name)!r} matches no document"
    return _some((_document(entry, address) for entry in found), message)


def _document(entry: Entry, address: Addressed) -> Document:
    """The document of an entry; the name of a folder that could not be listed stands for one that will fail."""
    path = address(entry.path)
    return Document(path) if entry.found is None else RemoteDocument(path, found=entry.found)


def _is_meant(pattern: Pattern, entry: Entry) -> bool:
    return pattern.matches(entry.path) or (_is_pdf(entry.path) and pattern.covers(entry.path))


def _entries(tree: Tree, name: str, enter: Callable[[str], bool] = bool) -> Iterator[Entry]:
    try:
        yield from walk(tree, enter)
    except (FileNotFoundError, NotADirectoryError):  # then nothing matches
        return
    except OSError as error:
        raise NoDocumentsError(f"{redacted(name)} cannot be searched: {error.strerror}") from error


def _some(documents: Iterator[Document], message: str) -> Iterator[Document]:
    """The documents; an error when there is none."""
    first = next(documents, None)
    if first is None:
        raise NoDocumentsError(message)
    yield first
    yield from documents


def _is_pdf(path: str) -> bool:
    # macOS leaves a "._name.pdf" with attributes beside each file that it copies to a foreign disk.
    return path[-4:].lower() == ".pdf" and not path.rpartition("/")[2].startswith("._")


def _suffix(address: str) -> str:
    path = address.partition("::")[0] if "://" in address else address
    return os.path.splitext(path)[1].lower()
