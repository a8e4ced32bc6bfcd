"""One entry of a manifest, checked key by key."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from pdfbatch.errors import ManifestError
from pdfbatch.model import Document
from pdfbatch.storage.fsspec import Options, protocol_of
from pdfbatch.storage.remote_documents import with_options

_KEYS = frozenset({"file_path", "document_uuid", "project_uuid", "metadata", "password", "pages", "languages"})
_RENAMED = {"filename": "original_name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entry stands: what to call it in a message, and where its relative path starts.

    ``folder`` is a path, or the beginning of a URL up to a slash; ``archive`` is what follows a relative path when the
    manifest lies in an archive (``::s3://bucket/all.zip``). ``options`` are those of the manifest's own URL; they are used
    for entries of the same protocol.
    """

    name: str
    folder: str = ""
    archive: str = ""
    options: Options = field(default_factory=dict[str, object], repr=False)

    def entry(self, number: int) -> "Place":
        """The place of an entry, counted from 1."""
        return replace(self, name=f"{self.name}: entry {number}")


def document_from_entry(entry: object, place: Place, *, project_uuid: object = None) -> Document:
    """The document that an entry describes. Raises ``ManifestError`` naming place and key."""
    if not isinstance(entry, Mapping):
        raise ManifestError(f'{place.name}: expected an object {{"file_path": ...}}, found {type(entry).__name__}')
    fields = cast("Mapping[str, object]", entry)
    try:
        document = Document(
            _address(fields, place),
            _text(fields, "document_uuid", place) or "",
            _text(fields, "project_uuid", place) or _text({"project_uuid": project_uuid}, "project_uuid", place),
            _metadata(fields, place),
            password=_text(fields, "password", place),
            pages=_text(fields, "pages", place),
            languages=_text(fields, "languages", place),
        )
    except ManifestError:
        raise
    except ValueError as error:
        raise ManifestError(f"{place.name}: key 'pages': {error}") from None
    return _with_options(document, place)


def _with_options(document: Document, place: Place) -> Document:
    same = protocol_of(document.file_path) == protocol_of(place.folder)
    return with_options(document, place.options) if same else document


def _address(fields: Mapping[str, object], place: Place) -> str:
    path = _text(fields, "file_path", place)
    if not path:
        found = ", ".join(repr(key) for key in fields) or "no key at all"
        raise ManifestError(f"{place.name}: key 'file_path' is missing or empty (found {found})")
    if not place.folder or "://" in path or os.path.isabs(path):
        return path
    if "://" not in place.folder:
        return os.path.join(place.folder, path)
    return place.folder + path + place.archive


def _text(fields: Mapping[str, object], key: str, place: Place) -> str | None:
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


def _metadata(fields: Mapping[str, object], place: Place) -> dict[str, object]:
    given = fields.get("metadata")
    if given is not None and not isinstance(given, Mapping):
        raise ManifestError(f"{place.name}: key 'metadata': expected an object, found {type(given).__name__}")
    further = {_RENAMED.get(key, key): value for key, value in fields.items() if key not in _KEYS}
    return {**further, **cast("Mapping[str, object]", given or {})}
