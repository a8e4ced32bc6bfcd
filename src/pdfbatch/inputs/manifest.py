"""Read manifests: an id and its documents, from JSON or from a mapping."""

import json
import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeAlias, cast

from pdfbatch.checks import languages, page_range
from pdfbatch.common import name_of_address, without_credentials
from pdfbatch.errors import DocumentError, DuplicateDocumentError, ManifestError
from pdfbatch.model import Document, decode_path, derive_uuid
from pdfbatch.storage import (
    Options,
    RemoteDocument,
    is_file_url,
    path_of_file_url,
    protocol_of,
    read_document,
    with_options,
)

_KEYS = frozenset(
    {"file_path", "file_path_bytes", "document_uuid", "project_uuid", "metadata", "password", "pages", "languages"}
)
_MOST_KEYS, _MOST_CHARACTERS = 10, 60
_RENAMED = {"filename": "original_name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPlace:
    """Where an entry stands: its name in messages, and where its relative path starts.

    ``folder`` is a path, or the beginning of a URL up to a slash. ``archive`` is what follows a relative path when the
    manifest lies in an archive (``::s3://bucket/all.zip``). ``options`` are those of the manifest's own URL, used for
    entries of the same protocol. A relative ``folder`` starts at ``base_folder``, by default the working directory.
    """

    name: str
    folder: str = ""
    base_folder: str = ""
    archive: str = ""
    options: Options = field(default_factory=dict[str, object], repr=False)

    def entry(self, number: int) -> "ManifestPlace":
        """Return the place of an entry, counted from 1."""
        return replace(self, name=f"{self.name}: entry {number}")


def document_from_entry(entry: object, place: ManifestPlace, *, project_uuid: object = None) -> Document:
    """Return the document that an entry describes. Raises ``ManifestError`` naming place and key."""
    fields = _as_fields(entry, place)
    address = _get_address(fields, place)
    try:
        document = Document(
            address,
            _get_text(fields, "document_uuid", place) or "",
            _get_text(fields, "project_uuid", place)
            or _get_text({"project_uuid": project_uuid}, "project_uuid", place),
            _get_metadata(fields, place),
            password=_get_text(fields, "password", place),
            pages=_check_value(fields, "pages", page_range, place),
            languages=_check_value(fields, "languages", languages, place),
            output_name=_get_name(fields),
            base_folder=place.base_folder if _is_relative(address) else "",
        )
    except ManifestError:
        raise
    except ValueError as error:  # a name that no id can be derived from
        raise ManifestError(f"{place.name}: {error}") from None
    is_same_protocol = protocol_of(document.file_path) == protocol_of(place.folder)
    return with_options(document, place.options) if is_same_protocol else document


def check_entry(entry: object, place: ManifestPlace) -> None:
    """Raise ``ManifestError`` naming place and key where ``document_from_entry`` would, without making the document."""
    fields = _as_fields(entry, place)
    path = _get_address(fields, place)
    for key in ("document_uuid", "project_uuid", "password"):
        if key in fields:
            _get_text(fields, key, place)
    if "metadata" in fields:
        _get_metadata(fields, place)
    if "pages" in fields:
        _check_value(fields, "pages", page_range, place)
    if "languages" in fields:
        _check_value(fields, "languages", languages, place)
    if not path.isascii():  # an id may not be derived of it
        document_from_entry({"file_path": path}, place)


def _is_relative(path: str) -> bool:
    return "://" not in path and not os.path.isabs(path)


def _as_fields(entry: object, place: ManifestPlace) -> Mapping[str, object]:
    if not isinstance(entry, Mapping):
        raise ManifestError(f'{place.name}: expected an object {{"file_path": ...}}, found {type(entry).__name__}')
    return cast("Mapping[str, object]", entry)


def _check_value(
    fields: Mapping[str, object], key: str, check: Callable[[object], str], place: ManifestPlace
) -> str | None:
    """Return a page range or languages, which may be lists, too."""
    value = fields.get(key)
    if value is None or value == "":
        return None
    try:
        return check(value)
    except ValueError as error:
        raise ManifestError(f"{place.name}: key {key!r}: {error}") from None


def _get_name(fields: Mapping[str, object]) -> str:
    """Return the name of an entry's files in an output: an entry without an id is called after its own relative path."""
    path = fields.get("file_path")
    has_id = fields.get("document_uuid") not in (None, "")
    return "" if has_id or not isinstance(path, (str, os.PathLike)) else name_of_address(os.fsdecode(cast("str", path)))


def _get_address(fields: Mapping[str, object], place: ManifestPlace) -> str:
    path = _get_path_of_bytes(fields, place) or _get_text(fields, "file_path", place)
    if not path:
        found = ", ".join(repr(key)[:_MOST_CHARACTERS] for key in islice(fields, _MOST_KEYS)) or "no key at all"
        raise ManifestError(f"{place.name}: key 'file_path' is missing or empty (found {found})")
    if is_file_url(path):
        return path_of_file_url(path)
    if not place.folder or "://" in path or os.path.isabs(path):
        return path
    if "://" not in place.folder:
        return os.path.join(place.folder, path)
    return place.folder + path + place.archive


def _get_path_of_bytes(fields: Mapping[str, object], place: ManifestPlace) -> str | None:
    """Return the path whose bytes stand beside it, because it is not UTF-8: ``None`` where there are no bytes."""
    digits = _get_text(fields, "file_path_bytes", place)
    if not digits:
        return None
    try:
        return decode_path(bytes.fromhex(digits))
    except ValueError:
        raise ManifestError(
            f"{place.name}: key 'file_path_bytes': expected the bytes of a path in hexadecimal digits"
        ) from None


def _get_text(fields: Mapping[str, object], key: str, place: ManifestPlace) -> str | None:
    match fields.get(key):
        case None:
            return None
        case str(text):
            return text
        case uuid.UUID() as identity:
            return str(identity)
        case other:
            if key == "file_path" and isinstance(other, os.PathLike):
                return os.fsdecode(cast("os.PathLike[str]", other))
            raise ManifestError(f"{place.name}: key {key!r}: expected text, found {type(other).__name__}")


def _get_metadata(fields: Mapping[str, object], place: ManifestPlace) -> dict[str, object]:
    given = fields.get("metadata")
    if given is not None and not isinstance(given, Mapping):
        raise ManifestError(f"{place.name}: key 'metadata': expected an object, found {type(given).__name__}")
    further = {_RENAMED.get(key, key): value for key, value in fields.items() if key not in _KEYS}
    return {**further, **cast("Mapping[str, object]", given or {})}


ManifestSource: TypeAlias = "Manifest | Mapping[str, object] | str | os.PathLike[str]"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Documents that belong together, and the id under which their batch is shown.

    Raises ``DuplicateDocumentError`` when two entries share an id.
    """

    id: str
    documents: Sequence[Document]

    def __post_init__(self) -> None:
        _check_unique(self.documents)

    @classmethod
    def load(cls, source: ManifestSource, options: Mapping[str, object] | None = None) -> "Manifest":
        """Read a manifest from a path, a URL (with its storage ``options``) or a mapping.

        Its shape is ``{"id": ..., "documents": [{"file_path", "document_uuid", "project_uuid", "metadata", "password",
        "pages", "languages"}]}``. Only ``file_path`` is needed; a relative one starts at the manifest's own folder (a
        mapping's at the working directory). ``file_path_bytes`` takes its place where a name is not UTF-8, as in records.
        ``filename`` becomes ``original_name`` in the metadata; any further key is kept there under its own name, and
        ``language`` there names the language for OCR. A ``project_uuid`` beside the ``id`` holds for all entries without their
        own. A missing ``id`` is derived from the manifest's address, or from its documents' ids.

        Raises ``ManifestError`` naming the manifest, the entry (counted from 1) and the key.
        """
        if isinstance(source, Manifest):
            return source
        if isinstance(source, Mapping):
            return _to_manifest(source, ManifestPlace(name="the manifest"), address=None)
        address = os.fspath(source)
        place = place_of(address, options or {})
        return _to_manifest(_read_json(address, place), place, address=address)


def _to_manifest(content: object, place: ManifestPlace, *, address: str | None) -> Manifest:
    if not isinstance(content, Mapping):
        raise ManifestError(f'{place.name}: expected an object {{"id": ..., "documents": [...]}}')
    fields = cast("Mapping[str, object]", content)
    entries = fields.get("documents")
    if not isinstance(entries, Sequence) or isinstance(entries, str | bytes):
        raise ManifestError(f"{place.name}: key 'documents': expected a list of documents, found {_kind(entries)}")
    project = fields.get("project_uuid")
    documents = tuple(
        document_from_entry(entry, place.entry(number), project_uuid=project)
        for number, entry in enumerate(cast("Sequence[object]", entries), start=1)
    )
    return Manifest(id=_get_id(fields.get("id"), place, address, documents), documents=documents)


def _get_id(given: object, place: ManifestPlace, address: str | None, documents: Iterable[Document]) -> str:
    if given is None or given == "":
        if address is not None:
            return derive_uuid(address)
        ids = "\n".join(document.document_uuid for document in documents)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, ids.encode("utf-8", "backslashreplace").decode()))
    if not isinstance(given, str | uuid.UUID):
        raise ManifestError(f"{place.name}: key 'id': expected text, found {_kind(given)}")
    return str(given)


def _read_json(address: str, place: ManifestPlace) -> object:
    try:
        data = read_document(RemoteDocument(address, options=place.options)).data
        if isinstance(data, str):
            with open(data, "rb") as file:
                data = file.read()
        return json.loads(data)
    except (DocumentError, OSError) as error:
        raise ManifestError(f"The manifest cannot be read: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{place.name} is not JSON: {error}") from None


def place_of(address: str, options: Mapping[str, object], base_folder: str = "") -> ManifestPlace:
    """Return the place of a manifest by its path or URL: its relative paths start at its own folder."""
    name = without_credentials(address)
    if "://" not in address:
        return ManifestPlace(name=name, folder=os.path.dirname(address), base_folder=base_folder, options=options)
    inside, chain, outside = address.partition("::")
    return ManifestPlace(name=name, folder=f"{inside.rpartition('/')[0]}/", archive=chain + outside, options=options)


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__


def _check_unique(documents: Sequence[Document]) -> None:
    numbers: dict[str, int] = {}
    for number, document in enumerate(documents, start=1):
        first = numbers.setdefault(document.document_uuid, number)
        if first != number:
            paths = f"{without_credentials(documents[first - 1].file_path)!r} and {without_credentials(document.file_path)!r}"
            raise DuplicateDocumentError(
                f"Entries {first} and {number} ({paths}) have the same id {document.document_uuid!r}: "
                "give each document its own, or leave one of them out"
            )
