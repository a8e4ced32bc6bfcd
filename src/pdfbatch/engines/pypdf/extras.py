"""What a document has beside its pages, as pypdf reads its catalog."""

from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from pdfbatch.engines.xfa import PAGES, kind_of_form
from pdfbatch.model import DocumentExtras, Xfa

_XFA_PACKETS = 50


def document_extras(reader: PdfReader) -> DocumentExtras:
    """Return the extras of a document."""
    catalog = reader.root_object
    return DocumentExtras(
        attachments=len(list(reader.attachment_list)),
        portfolio="/Collection" in catalog,
        xfa=_xfa_kind(reader, catalog),
        form_fields=len(reader.get_fields() or {}),
    )


def _xfa_kind(reader: PdfReader, catalog: DictionaryObject) -> Xfa:
    form = catalog.get("/AcroForm")
    form = form.get_object() if form is not None else None
    if not isinstance(form, DictionaryObject) or "/XFA" not in form:
        return Xfa.NONE
    needs_rendering = catalog.get("/NeedsRendering")
    is_dynamic = needs_rendering is not None and bool(needs_rendering.get_object())
    texts = (page.extract_text() for page in reader.pages[:PAGES])
    has_fields = bool(reader.get_fields())
    return kind_of_form(b"".join(_xfa_packets(form)), texts, is_dynamic=is_dynamic, has_fields=has_fields)


def _xfa_packets(form: DictionaryObject) -> Iterator[bytes]:
    found = form["/XFA"].get_object()
    for entry in found[: 2 * _XFA_PACKETS] if isinstance(found, ArrayObject) else [found]:
        packet = None if entry is None else entry.get_object()
        if isinstance(packet, StreamObject):
            yield packet.get_data()
