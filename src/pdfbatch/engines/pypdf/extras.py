"""What a document has beside its pages, as pypdf reads its catalog."""

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from pdfbatch.ports import DocumentExtras


def document_extras(reader: PdfReader) -> DocumentExtras:
    """Return the extras of a document."""
    catalog = reader.root_object
    form = catalog.get("/AcroForm")
    form = form.get_object() if form is not None else None
    has_xfa = isinstance(form, DictionaryObject) and "/XFA" in form
    needs_rendering = catalog.get("/NeedsRendering")
    is_dynamic = has_xfa and needs_rendering is not None and bool(needs_rendering.get_object())
    return DocumentExtras(
        attachments=len(reader.attachments),
        portfolio="/Collection" in catalog,
        xfa="dynamic" if is_dynamic else "static" if has_xfa else "none",
        form_fields=len(reader.get_fields() or {}),
    )
