"""Find out what a path or URL stands for: one document, a manifest, or all that a folder or pattern holds."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pdfbatch.common import name_of_path, without_credentials
from pdfbatch.errors import Cause, DocumentError, InputError, NoDocumentsError, UsageError
from pdfbatch.inputs.local_copy import get_working_directory
from pdfbatch.inputs.manifest import Manifest, ManifestPlace, ManifestSource, place_of
from pdfbatch.inputs.selection import Selection
from pdfbatch.model import Document, derive_uuid, make_document_at
from pdfbatch.storage import (
    Entry,
    LocalTree,
    Options,
    Pattern,
    RemoteDocument,
    Tree,
    check_bucket,
    check_protocol,
    is_file_url,
    path_of_file_url,
    protocol_of,
    run_in_thread,
    split_pattern,
    walk,
    with_options,
)

if TYPE_CHECKING:
    from pdfbatch.inputs.table_manifest import TableManifest
    from pdfbatch.storage import RemoteTree

ALL = Selection()
TABLES = frozenset({".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"})
"""Endings of manifests with one document a row."""


def find_documents(
    address: str, options: Options, base_folder: str = "", selection: Selection = ALL
) -> Iterable[Document]:
    """Return the documents that a path, URL or pattern stands for, lazily where it has to be searched.

    A relative path starts at ``base_folder``, by default the working directory. The documents are those whose paths the
    patterns of the ``selection`` let pass.

    Raises ``UsageError`` for an empty address and an unknown protocol, ``DependencyError`` when the package for a protocol is
    not installed, ``ManifestError``, ``NoDocumentsError`` when a folder, pattern or manifest stands for nothing, and
    ``InputError`` when it cannot be searched.
    """
    # The most common input, answered with as little work as possible; only a path that begins with "~" must be expanded.
    if is_one_document(address) and "://" not in address and address[0] != "~" and address[:5].lower() != "file:":
        return (Document(address, base_folder=base_folder),) if selection.accepts_name(address) else ()
    if not address:
        raise UsageError("An empty path stands for no document")
    if is_file_url(address):
        address = path_of_file_url(address)
    elif "://" in address:
        check_bucket(address)
        check_protocol(address, options)
    path = address.partition("::")[0] if "://" in address else address
    ending = os.path.splitext(path)[1].lower()
    if ending == ".json":
        documents = documents_of(Manifest.load(address, options), without_credentials(address))
        return _select_below(documents, place_of(address, options), selection)
    if ending in TABLES:
        from pdfbatch.inputs.table_manifest import TableManifest  # noqa: PLC0415 (csv, which few batches need)

        return _find_in_table(TableManifest(_expand_home(address), options), selection)
    if "://" in address:
        return _find_remote(address, options, selection)
    return _find_local(_expand_home(address), base_folder or get_working_directory(), selection)


def documents_of(manifest: Manifest, name: str = "") -> Sequence[Document]:
    """Return the documents of a manifest. Raises ``NoDocumentsError`` for one that has none, as for an empty folder."""
    if not manifest.documents:
        raise NoDocumentsError(f"The manifest {name or manifest.id!r} names no document")
    return manifest.documents


def open_manifest(source: ManifestSource) -> tuple[str, "Manifest | str"]:
    """Return the id of a manifest, and what ``documents_from`` takes for its documents.

    A manifest with rows is not read here, so that it need not fit into memory. Raises ``ManifestError``.
    """
    if not isinstance(source, (Manifest, Mapping)):
        address = os.fspath(source)
        path = address.partition("::")[0] if "://" in address else address
        if os.path.splitext(path)[1].lower() in TABLES:
            return derive_uuid(address), address
    loaded = Manifest.load(source)
    return loaded.id, loaded


def _find_in_table(table: "TableManifest", selection: Selection) -> Iterable[Document]:
    """Check all rows of a manifest, and return its documents."""
    if not table.check():
        raise NoDocumentsError(f"The manifest {without_credentials(table.address)!r} names no document")
    return _select_below(table.read_documents(), table.place, selection)


def _select_below(documents: Iterable[Document], place: ManifestPlace, selection: Selection) -> Iterable[Document]:
    """Return the documents of a manifest whose paths, as they stand there, the patterns let pass."""
    if not selection.has_patterns:
        return documents
    folder = place.folder if not place.folder or place.folder.endswith("/") else f"{place.folder}/"
    chosen = (document for document in documents if selection.accepts_name(document.file_path.removeprefix(folder)))
    return list(chosen) if isinstance(documents, Sequence) else chosen


def _expand_home(path: str) -> str:
    return os.path.expanduser(path) if path.startswith("~") and not os.path.lexists(path) else path


def is_one_document(address: str) -> bool:
    """Whether the name alone says that this is a single document."""
    path = address.partition("::")[0]
    return path[-4:].lower() == ".pdf" and not glob.has_magic(path)


def count_below(address: str) -> int | None:
    """Return how many documents a local folder or pattern stands for; ``None`` for anything else, and where that has an error.

    It makes none of them, which takes a fifth of the time.
    """
    path = path_of_file_url(address) if is_file_url(address) else _expand_home(address)
    is_manifest = os.path.splitext(path)[1].lower() in (".json", *TABLES)
    if not path or "://" in path or is_manifest or is_one_document(path):
        return None
    try:
        found = _search_local(path, get_working_directory(), ALL)
        return None if found is None else sum(1 for _ in found[0])
    except (NoDocumentsError, InputError):  # whoever reads the documents meets it
        return None


def _find_local(path: str, base_folder: str, selection: Selection) -> Iterable[Document]:
    """Search below ``base_folder``, which stays the same when the process changes its working directory."""
    found = None if is_one_document(path) else _search_local(path, base_folder, selection)
    if found is not None:
        return _to_documents(*found, base_folder)
    return (Document(path, base_folder=base_folder),) if selection.accepts_name(path) else ()


def _search_local(
    path: str, base_folder: str, selection: Selection
) -> tuple[Iterator[Entry], Callable[[str], str]] | None:
    """Return what is below a folder, or matches a pattern, and what gives the path of an entry; ``None`` for a single name."""
    absolute = os.path.join(base_folder, path)
    if os.path.isdir(absolute):
        start = os.path.join(path, "")
        return _find_below(LocalTree(absolute), path, selection), lambda name: start + name
    if not glob.has_magic(path) or os.path.lexists(absolute):
        return None
    root, pattern = split_pattern(path.replace(os.sep, "/"))
    found = _find_matching(LocalTree(os.path.join(base_folder, root or ".")), pattern, path, selection)
    return found, lambda name: root + name


def _find_remote(url: str, options: Options, selection: Selection) -> Iterable[Document]:
    if is_one_document(url) or protocol_of(url) in ("http", "https"):
        return (with_options(Document(url), options),) if selection.accepts_name(url) else ()
    return (with_options(document, options) for document in _search_remote(url, options, selection))


def _search_remote(url: str, options: Options, selection: Selection) -> Iterator[Document]:
    """Ask the storage what is behind a URL whose name does not tell, and yield the documents there."""
    from pdfbatch.storage import RemoteTree  # noqa: PLC0415 (loads tenacity and fsspec, which local documents do not need)

    protocol, _, rest = url.partition("://")
    inside, link, outside = rest.partition("::")
    tree = RemoteTree(protocol, inside, link + outside, options)
    try:
        searched = _open_tree(tree)
        if searched is None:
            if selection.accepts_name(url):
                yield Document(url)
            return
        below, pattern = searched
        found = (
            _find_below(below, url, selection) if pattern is None else _find_matching(below, pattern, url, selection)
        )
        yield from _to_documents(found, below.address)
    except DocumentError as error:
        kind = NoDocumentsError if error.cause is Cause.STORAGE_NOT_FOUND else InputError
        raise kind(f"{without_credentials(url)} cannot be listed: {error}") from error


def _open_tree(tree: "RemoteTree") -> "tuple[RemoteTree, Pattern | None] | None":
    """Return the tree below a URL, and the pattern in it; ``None`` when it stands for a single object.

    What can be known by the listing itself is not asked for before it: each request is a round trip before the first document.
    """
    if glob.has_magic(tree.root):
        root, pattern = split_pattern(tree.root)
        below = replace(tree, root=root)
        listing = run_in_thread(below.begin)  # at once, because hardly ever is an object called like a pattern
        if "[" in tree.root or tree.root.endswith("/"):  # as folders of years or drafts may be
            folder = run_in_thread(tree.begin)
            if (begun := folder.result()) is not None or tree.is_folder():
                return begun or tree, None
        return None if tree.is_file() else (listing.result() or below, pattern)
    if tree.root.endswith("/"):
        return tree, None
    begun = tree.begin()
    return (begun or tree, None) if begun is not None or tree.is_folder() else None


def _find_below(tree: Tree, name: str, selection: Selection) -> Iterator[Entry]:
    """Yield every PDF at any depth, by the ending of its name."""
    found = (
        entry for entry in _walk(tree, name) if not entry.is_listed or (not entry.is_folder and _is_pdf(entry.path))
    )
    return _select(found, selection, f"The folder {without_credentials(name)!r} holds no PDF")


def _find_matching(tree: Tree, pattern: Pattern, name: str, selection: Selection) -> Iterator[Entry]:
    """Yield every file that matches, and every PDF below a folder that matches, as with a shell's patterns."""

    def is_match(entry: Entry) -> bool:
        return pattern.matches(entry.path) or (_is_pdf(entry.path) and pattern.covers(entry.path))

    entries = _walk(tree, name, lambda folder: pattern.may_match_below(folder) or pattern.covers(folder))
    found = (entry for entry in entries if not entry.is_listed or (not entry.is_folder and is_match(entry)))
    return _select(found, selection, f"The pattern {without_credentials(name)!r} matches no document")


def _walk(tree: Tree, name: str, enter: Callable[[str], bool] = bool) -> Iterator[Entry]:
    try:
        yield from walk(tree, enter)
    except (FileNotFoundError, NotADirectoryError):  # then nothing matches
        return
    except OSError as error:
        raise InputError(f"{without_credentials(name)} cannot be searched: {error.strerror}") from error


def _select(entries: Iterator[Entry], selection: Selection, message: str) -> Iterator[Entry]:
    """Yield the entries that the patterns let pass, and what could not be listed.

    Raises ``NoDocumentsError`` with the message when there is none before the patterns.
    """
    is_empty, has_patterns = True, selection.has_patterns
    for entry in entries:
        is_empty = False
        if not has_patterns or not entry.is_listed or selection.accepts(entry.path):
            yield entry
    if is_empty:
        raise NoDocumentsError(message)


def _to_documents(
    entries: Iterator[Entry], address_of: Callable[[str], str], base_folder: str = ""
) -> Iterator[Document]:
    """Yield a document for each entry.

    The name of a folder that could not be listed stands for a document that will fail.
    """
    for entry in entries:
        path = address_of(entry.path)
        if entry.found is None:
            yield make_document_at(path, "" if os.path.isabs(path) else base_folder, name_of_path(entry.path))
        else:
            yield RemoteDocument(path, found=entry.found, output_name=name_of_path(entry.path))


def _is_pdf(path: str) -> bool:
    # macOS leaves a "._name.pdf" with attributes beside each file that it copies to a foreign disk.
    return path[-4:].lower() == ".pdf" and not path.rpartition("/")[2].startswith("._")
