"""Documents as JSON, as the state of a run has them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from pdfbatch.errors import ManifestError
from pdfbatch.inputs import Manifest, ManifestSource, documents_from, open_manifest
from pdfbatch.model import Document, decode_path

Documents = Sequence[Mapping[str, object]]
ManifestLike: TypeAlias = "ManifestSource | Documents"


def read_documents(documents: object) -> list[Document]:
    """Return the documents of a task's argument. Raises ``ManifestError`` naming entry and key."""
    if not isinstance(documents, Sequence) or isinstance(documents, str):
        raise ManifestError(f"documents: expected a list of documents, found {type(documents).__name__}")
    return list(Manifest.load({"documents": cast("Sequence[object]", documents)}).documents)


def read_manifest(manifest: ManifestLike) -> tuple[str, list[Document]]:
    """Return the id of a manifest, empty when it has none of its own, and its documents.

    It may be parsed, an address that the worker can read, or only the list. Raises ``ManifestError``.
    """
    if isinstance(manifest, Sequence) and not isinstance(manifest, str):
        return "", read_documents(manifest)
    if isinstance(manifest, Mapping):
        found = Manifest.load(manifest)
        return found.id if manifest.get("id") else "", list(found.documents)
    batch_id, documents = open_manifest(manifest)
    return batch_id, list(documents_from(documents))


def entry_of(document: Document) -> str:
    """Return a document as JSON."""
    own = {
        "password": document.password,
        "pages": document.pages,
        "languages": document.languages,
        "base_folder": document.base_folder,
        "output_name": document.output_name,
    }
    return json.dumps({**document.as_dict(), **{name: value for name, value in own.items() if value}})


def document_of(entry: str) -> Document:
    """Return the document that ``entry_of`` has written."""
    fields: dict[str, Any] = json.loads(entry)
    if digits := fields.pop("file_path_bytes", None):
        fields["file_path"] = decode_path(bytes.fromhex(digits))
    return Document(**fields)
