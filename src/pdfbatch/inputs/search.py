"""Find out what a path or URL stands for: one document, a manifest, or all that a folder or pattern holds."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from pdfbatch.common import name_of_path, without_credentials
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
    check_protocol,
    is_file_url,
    path_of_file_url,
    protocol_of,
    split_pattern,
    walk,
    with_options,
)


def find_documents(address: str, options: Options, base_folder: str = "") -> Iterable[Document]:
    """Return the documents that a path, URL or pattern stands for, lazily where it has to be searched.

    A relative path starts at ``base_folder``, by default the working directory.

    Raises ``UsageError`` for an empty address and an unknown protocol, ``DependencyError`` when the package for a protocol is
    not installed, ``ManifestError``, and ``NoDocumentsError`` when a folder, pattern or manifest stands for nothing.
    """
    # The most common input, answered with as little work as possible; only a path that begins with "~" must be expanded.
    if is_one_document(address) and "://" not in address and address[0] != "~" and address[:5].lower() != "file:":
        return (Document(address, base_folder=base_folder),)
    if not address:
        raise UsageError("An empty path stands for no document")
    if is_file_url(address):
        address = path_of_file_url(address)
    elif "://" in address:
        check_protocol(address, options)
    path = address.partition("::")[0] if "://" in address else address
    if os.path.splitext(path)[1].lower() == ".json":
        return documents_of(Manifest.load(address, options), without_credentials(address))
    if "://" in address:
        return _find_remote(address, options)
    is_home = address.startswith("~") and not os.path.lexists(address)
    return _find_local(os.path.expanduser(address) if is_home else address, base_folder or get_working_directory())


def documents_of(manifest: Manifest, name: str = "") -> Sequence[Document]:
    """Return the documents of a manifest. Raises ``NoDocumentsError`` for one that has none, as for an empty folder."""
    if not manifest.documents:
        raise NoDocumentsError(f"The manifest {name or manifest.id!r} names no document")
    return manifest.documents


def is_one_document(address: str) -> bool:
    """Whether the name alone says that this is a single document."""
    path = address.partition("::")[0]
    return path[-4:].lower() == ".pdf" and not glob.has_magic(path)


def _find_local(path: str, base_folder: str) -> Iterable[Document]:
    """Search below ``base_folder``, which stays the same when the process changes its working directory."""
    if is_one_document(path):
        return (Document(path, base_folder=base_folder),)
    absolute = os.path.join(base_folder, path)
    if os.path.isdir(absolute):
        return _find_below(LocalTree(absolute), path, lambda name: os.path.join(path, name), base_folder)
    if not glob.has_magic(path) or os.path.lexists(absolute):
        return (Document(path, base_folder=base_folder),)
    root, pattern = split_pattern(path.replace(os.sep, "/"))
    tree = LocalTree(os.path.join(base_folder, root or "."))
    return _find_matching(tree, pattern, path, lambda name: root + name, base_folder)


def get_working_directory() -> str:
    """Return the working directory, or an empty text when it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _find_remote(url: str, options: Options) -> Iterable[Document]:
    if is_one_document(url) or protocol_of(url) in ("http", "https"):
        return (with_options(Document(url), options),)
    return (with_options(document, options) for document in _search_remote(url, options))


def _search_remote(url: str, options: Options) -> Iterator[Document]:
    """Ask the storage what is behind a URL whose name does not tell, and yield the documents there."""
    from pdfbatch.storage import RemoteTree  # noqa: PLC0415 (loads tenacity and fsspec, which local documents do not need)

    protocol, _, rest = url.partition("://")
    inside, link, outside = rest.partition("::")
    tree, has_magic = RemoteTree(protocol, inside, link + outside, options), glob.has_magic(inside)
    try:
        if (has_magic and tree.is_file()) or not (has_magic or inside.endswith("/") or tree.is_folder()):
            yield Document(url)
        elif has_magic:
            root, pattern = split_pattern(inside)
            below = replace(tree, root=root)
            yield from _find_matching(below, pattern, url, below.address)
        else:
            yield from _find_below(tree, url, tree.address)
    except DocumentError as error:
        raise NoDocumentsError(f"{without_credentials(url)} cannot be listed: {error}") from error


def _find_below(tree: Tree, name: str, address_of: Callable[[str], str], base_folder: str = "") -> Iterator[Document]:
    """Yield every PDF at any depth, by the ending of its name."""
    found = (
        entry for entry in _walk(tree, name) if not entry.is_listed or (not entry.is_folder and _is_pdf(entry.path))
    )
    return _to_documents(found, address_of, f"The folder {without_credentials(name)!r} holds no PDF", base_folder)


def _find_matching(
    tree: Tree, pattern: Pattern, name: str, address_of: Callable[[str], str], base_folder: str = ""
) -> Iterator[Document]:
    """Yield every file that matches, and every PDF below a folder that matches, as with a shell's patterns."""

    def is_match(entry: Entry) -> bool:
        return pattern.matches(entry.path) or (_is_pdf(entry.path) and pattern.covers(entry.path))

    entries = _walk(tree, name, lambda folder: pattern.may_match_below(folder) or pattern.covers(folder))
    found = (entry for entry in entries if not entry.is_listed or (not entry.is_folder and is_match(entry)))
    message = f"The pattern {without_credentials(name)!r} matches no document"
    return _to_documents(found, address_of, message, base_folder)


def _walk(tree: Tree, name: str, enter: Callable[[str], bool] = bool) -> Iterator[Entry]:
    try:
        yield from walk(tree, enter)
    except (FileNotFoundError, NotADirectoryError):  # then nothing matches
        return
    except OSError as error:
        raise NoDocumentsError(f"{without_credentials(name)} cannot be searched: {error.strerror}") from error


def _to_documents(
    entries: Iterator[Entry], address_of: Callable[[str], str], message: str, base_folder: str
) -> Iterator[Document]:
    """Yield a document for each entry. Raises ``NoDocumentsError`` with the message when there is none.

    The name of a folder that could not be listed stands for a document that will fail.
    """
    is_empty = True
    for entry in entries:
        is_empty = False
        path = address_of(entry.path)
        if entry.found is None:
            folder = "" if os.path.isabs(path) else base_folder
            yield Document(path, base_folder=folder, output_name=name_of_path(entry.path))
        else:
            yield RemoteDocument(path, found=entry.found, output_name=name_of_path(entry.path))
    if is_empty:
        raise NoDocumentsError(message)


def _is_pdf(path: str) -> bool:
    # macOS leaves a "._name.pdf" with attributes beside each file that it copies to a foreign disk.
    return path[-4:].lower() == ".pdf" and not path.rpartition("/")[2].startswith("._")
